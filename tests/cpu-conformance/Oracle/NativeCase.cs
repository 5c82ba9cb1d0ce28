using Emu.Conformance.Cases;
using Emu.Conformance.Generation;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>Builds single cases by hand.</summary>
internal static unsafe class NativeCase
{
    /// <summary>An address in the middle of the memory window.</summary>
    public const ulong Data = TestMap.ReadWriteBase + TestMap.ReadWriteSize / 2;

    /// <summary>A case with the given code, quiet registers, and a stack in the window.</summary>
    public static CaseInput Create(int bits, params byte[] code)
    {
        CaseInput input = default;
        input.Bits = (uint)bits;
        input.InstructionCount = 1;
        input.CodeAddress = TestMap.CodeBase + 0x3000;
        input.State.Rip = bits == 16 ? 0x3000UL : input.CodeAddress;
        input.WindowAddress = Data - 256;
        input.WindowLength = 512;
        input.State.Rflags = 0x202;
        input.State.Fcw = 0x37F;
        input.State.Mxcsr = 0x1F80;
        input.State.XstateBv = 7;
        input.State.Gpr[4] = bits == 16 ? TestMap.EspHigh16 | Data & 0xFFFF : Data;
        ushort data = bits == 16 ? TestMap.Data16 : TestMap.UserData;
        for (int i = 0; i < 4; i++) input.State.Segments[i] = data;
        input.State.Segments[1] = bits switch { 16 => TestMap.Code16, 32 => TestMap.UserCode32, _ => TestMap.UserCode64 };
        code.CopyTo(new Span<byte>(input.Code, CaseInput.MaxCode));
        CodeLayout.Finish(&input, code.Length);
        return input;
    }
}
