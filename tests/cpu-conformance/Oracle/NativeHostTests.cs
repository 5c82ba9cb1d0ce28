using Emu.Conformance.Cases;
using Emu.Conformance.Native;
using Xunit;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>The native runner reports what the processor did.</summary>
public sealed unsafe class NativeHostTests : IDisposable
{
    private readonly NativeHost _host = new(8);

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    private CaseResult Run(CaseInput input)
    {
        _host.Input(0) = input;
        _host.Run(1);
        return _host.Result(0);
    }

    [NativeTheory]
    [ModeData(64)]
    [ModeData(32)]
    [ModeData(16)]
    public void An_addition_sets_the_destination_and_the_flags_in_every_mode(int bits)
    {
        CaseInput input = NativeCase.Create(bits, 0x00, 0xD8); // add al, bl
        input.State.Gpr[0] = 0x1FF;
        input.State.Gpr[3] = 1;
        CaseResult result = Run(input);
        Assert.Equal(CaseOutcome.Completed, result.Outcome);
        Assert.Equal(0x100UL, result.State.Gpr[0]);
        Assert.Equal(0x202UL | Eflags.Cf | Eflags.Pf | Eflags.Af | Eflags.Zf, result.State.Rflags);
        Assert.Equal(input.EndRip, result.State.Rip);
    }

    [NativeTheory]
    [ModeData(64, new byte[] { 0x0F, 0x0B }, ExceptionVector.InvalidOpcode, 0)]
    [ModeData(32, new byte[] { 0x0F, 0x0B }, ExceptionVector.InvalidOpcode, 0)]
    [ModeData(16, new byte[] { 0x0F, 0x0B }, ExceptionVector.InvalidOpcode, 0)]
    [ModeData(64, new byte[] { 0xF6, 0xF1 }, ExceptionVector.DivideError, 0)] // div cl
    [ModeData(64, new byte[] { 0xCC }, ExceptionVector.Breakpoint, 0)]
    [ModeData(32, new byte[] { 0xCE }, -1, 0)] // into, OF clear
    [ModeData(64, new byte[] { 0xF4 }, ExceptionVector.GeneralProtection, 0)] // hlt
    [ModeData(64, new byte[] { 0xCD, 0x20 }, ExceptionVector.GeneralProtection, 0x102)] // int 0x20
    [ModeData(32, new byte[] { 0x8E, 0xD9 }, -1, 0)] // mov ds, null
    [ModeData(32, new byte[] { 0x8E, 0xDA }, ExceptionVector.SegmentNotPresent, 0x34)] // mov ds, not present
    [ModeData(64, new byte[] { 0x0F, 0x28, 0x06 }, ExceptionVector.GeneralProtection, 0)] // movaps xmm0, [rsi], misaligned
    [ModeData(64, new byte[] { 0x8B, 0x07 }, ExceptionVector.PageFault, 4)] // mov eax, [rdi], nothing there
    [ModeData(64, new byte[] { 0x89, 0x45, 0x00 }, ExceptionVector.PageFault, 7)] // mov [rbp], eax, read-only
    public void Exceptions_come_back_as_vector_and_error_code(int bits, byte[] code, int vector, uint errorCode)
    {
        CaseInput input = NativeCase.Create(bits, code);
        input.State.Gpr[2] = TestMap.NotPresentData;
        input.State.Gpr[6] = NativeCase.Data + 1;
        input.State.Gpr[7] = TestMap.DataBase;
        input.State.Gpr[5] = TestMap.ReadOnlyBase + 8;
        CaseResult result = Run(input);
        if (vector < 0)
        {
            Assert.Equal(CaseOutcome.Completed, result.Outcome);
            return;
        }
        Assert.Equal(CaseOutcome.Fault, result.Outcome);
        Assert.Equal((uint)vector, result.Vector);
        Assert.Equal(errorCode, result.ErrorCode);
        if (vector == ExceptionVector.PageFault) Assert.Equal(code[0] == 0x8B ? TestMap.DataBase : TestMap.ReadOnlyBase + 8UL, result.Cr2);
    }

    [NativeTheory]
    [ModeData(64)]
    [ModeData(32)]
    [ModeData(16)]
    public void A_branch_completes_with_RIP_at_its_target(int bits)
    {
        CaseInput input = NativeCase.Create(bits, 0xEB, 0x40);
        CaseResult result = Run(input);
        Assert.Equal(CaseOutcome.Completed, result.Outcome);
        Assert.Equal(input.EndRip + 0x40, result.State.Rip);
    }

    [NativeFact(32)]
    public void A_far_jump_from_64_bit_code_arrives_in_the_32_bit_segment()
    {
        CaseInput input = NativeCase.Create(64, 0xFF, 0x2E); // jmp far [rsi]
        input.State.Gpr[6] = NativeCase.Data;
        *(uint*)(input.Memory + 256) = TestMap.CodeBase + 0x5000;
        *(ushort*)(input.Memory + 260) = TestMap.UserCode32;
        CaseResult result = Run(input);
        Assert.Equal(CaseOutcome.Completed, result.Outcome);
        Assert.Equal(TestMap.UserCode32, result.State.Segments[1]);
        Assert.Equal(TestMap.CodeBase + 0x5000UL, result.State.Rip);
    }

    [NativeFact]
    public void Stores_appear_in_the_memory_window_and_vector_and_x87_registers_in_the_image()
    {
        CaseInput input = NativeCase.Create(64, 0xC5, 0xFC, 0x58, 0xC1); // vaddps ymm0, ymm0, ymm1
        for (int i = 0; i < 4; i++)
        {
            ((float*)(input.State.Xsave + MachineState.YmmhOffset))[i] = 1.5f;
            ((float*)(input.State.Xsave + MachineState.YmmhOffset + 16))[i] = 2;
        }
        CaseResult sum = Run(input);
        Assert.Equal(3.5f, ((float*)(sum.State.Xsave + MachineState.YmmhOffset))[3]);

        CaseResult one = Run(NativeCase.Create(64, 0xD9, 0xE8)); // fld1
        Assert.Equal(0x3FFF, *(ushort*)(one.State.Xsave + MachineState.StOffset + 8));
        Assert.Equal(0x80, one.State.Ftw);
    }

    [NativeTheory]
    [ModeData(64)]
    [ModeData(32)]
    [ModeData(16)]
    public void A_push_appears_in_the_memory_window(int bits)
    {
        CaseResult pushed = Run(NativeCase.Create(bits, 0x66, 0x6A, 0xFE)); // push -2, with the other operand size
        Assert.Equal(bits == 16 ? 0xFFFF_FFFE : 0xFFFE_0000, *(uint*)(pushed.Memory + 252));
    }

    [NativeFact]
    public void A_case_that_never_ends_is_reported_and_the_others_of_its_batch_still_run()
    {
        _host.Input(0) = NativeCase.Create(64, 0x90);
        _host.Input(1) = NativeCase.Create(64, 0xEB, 0xFE); // jmp $
        _host.Input(2) = NativeCase.Create(64, 0x0F, 0x0B);
        _host.Run(3);
        Assert.Equal(CaseOutcome.Completed, _host.Result(0).Outcome);
        Assert.Equal(CaseOutcome.Hung, _host.Result(1).Outcome);
        Assert.Equal(CaseOutcome.Fault, _host.Result(2).Outcome);
        Assert.Equal(1, _host.Restarts);
    }
}
