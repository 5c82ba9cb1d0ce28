using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Emu.Cpu;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Tier 0 beside the translator: silent where they agree, precise where they do not.</summary>
public sealed unsafe class LockstepTests
{
    private const uint Load = 0x100000;

    private static Machine.Machine Guest() => new(new MachineConfiguration
    {
        Memory = 16 << 20,
        Accelerator = Accelerator.Lockstep,
        Translator = new TranslatorOptions { Threshold = 10 },
        Bios = "",
        Vga = false,
        Clock = new ClockConfiguration { InstructionShift = 0, SleepWhenIdle = false, RtcBase = DateTime.UnixEpoch },
        DebugExit = (0xF4, 4),
        Kernel = new KernelConfiguration { Path = "guest", Image = Image(), Boot = KernelBoot.Direct },
    });

    /// <summary>A Multiboot kernel: some million instructions with memory, calls, ports and the time-stamp counter, then the end by isa-debug-exit.</summary>
    private static byte[] Image()
    {
        const uint HeaderSize = 32;
        Assembler c = new(32);
        Label loop = c.CreateLabel(), function = c.CreateLabel(), start = c.CreateLabel();
        c.jmp(start);
        c.Label(ref function);
        c.lea(eax, __dword_ptr[eax + eax * 2 + 1]);
        c.ror(eax, 5);
        c.ret();
        c.Label(ref start);
        c.mov(esp, 0x90000);
        c.mov(esi, 300_000);
        c.mov(edi, 0x200000);
        c.Label(ref loop);
        c.call(function);
        c.mov(__dword_ptr[edi], eax);
        c.add(edi, 4);
        c.and(edi, 0x23FFFF);
        c.add(ebx, __dword_ptr[edi]);
        c.test(esi, 0xFFF);
        Label skip = c.CreateLabel();
        c.jne(skip);
        c.mov(ebp, eax);
        c.@in(al, 0x61);
        c.rdtsc();
        c.mov(eax, ebp);
        c.Label(ref skip);
        c.dec(esi);
        c.jne(loop);
        c.mov(al, 0);
        c.@out(0xF4, al);
        c.hlt();
        MemoryStream code = new();
        c.Assemble(new StreamCodeWriter(code), Load + HeaderSize);
        byte[] image = new byte[HeaderSize + code.Length];
        code.ToArray().CopyTo(image, HeaderSize);
        uint end = Load + (uint)image.Length;
        uint[] header = [0x1BADB002, 0x10000, unchecked(0u - 0x1BADB002 - 0x10000), Load, Load, end, end, Load + HeaderSize];
        for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(i * 4), header[i]);
        return image;
    }

    [Fact]
    public void A_guest_that_runs_the_same_in_both_runs_to_its_end()
    {
        using Machine.Machine machine = Guest();
        Assert.Equal(StopReason.DebugExit, machine.Run());
        Assert.Null(machine.LockstepReport);
        Assert.True(machine.LockstepComparisons > 3, $"{machine.LockstepComparisons} comparisons");
        Assert.True(machine.Board.Translator?.RegionsCompiled > 0);
    }

    [Fact]
    public void A_wrong_translation_is_found_down_to_its_block()
    {
        using Machine.Machine machine = Guest();
        machine.RunInstructions(700_000);
        Vcpu cpu = machine.Board.Processors[0];
        // Whatever the translator has made of the guest's code, a saboteur takes its place.
        int sabotaged = 0;
        for (int offset = 0; offset < 0x80; offset++)
        {
            if (cpu.Code.Find((nint)machine.Board.Ram.Base + (nint)Load + offset, cpu.State->Mode) is not { } block) continue;
            block.Ops->Handler = &Sabotage;
            sabotaged++;
        }

        Assert.True(sabotaged > 3, $"{sabotaged} blocks");
        Assert.Equal(StopReason.LockstepDifference, machine.Run());
        string report = machine.LockstepReport ?? "";
        Assert.Contains("differs from tier 0", report, StringComparison.Ordinal);
        Assert.Contains("RDX", report, StringComparison.Ordinal);
        Assert.Contains("guest code:", report, StringComparison.Ordinal);
        Assert.Matches("IL of the block at [0-9a-f]+, .*\\n  [0-9a-f]{4} ", report);
    }

    [Fact]
    public void A_difference_behind_the_last_regular_comparison_is_found_when_the_guest_has_ended()
    {
        using Machine.Machine machine = Guest();
        // The last piece: what the guest does at its end stops the machine in it.
        while (machine.Board.Processors[0].State->Gpr[6] is 0 or > 1_000 && machine.StopReason == StopReason.None) machine.RunInstructions(100);
        Assert.Equal(StopReason.None, machine.StopReason);
        long comparisons = machine.LockstepComparisons;
        machine.Board.Processors[0].State->Gpr[2] ^= 0x80;

        Assert.Equal(StopReason.LockstepDifference, machine.Run());

        Assert.Equal(comparisons, machine.LockstepComparisons);
        Assert.Contains("RDX", machine.LockstepReport, StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_run_is_compared_when_the_machine_is_stopped_from_outside()
    {
        using Machine.Machine machine = Guest();
        machine.RunInstructions(5_000);
        Assert.Equal(0, machine.LockstepComparisons);
        machine.Quit(StopReason.UserQuit);

        Assert.Equal(StopReason.UserQuit, machine.Run());

        Assert.Equal(1, machine.LockstepComparisons);
    }

    /// <summary>A region that changes EDX and then does what it should.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sabotage(Vcpu cpu, CpuState* s, Op* op)
    {
        s->Gpr[2] ^= 0x80;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
