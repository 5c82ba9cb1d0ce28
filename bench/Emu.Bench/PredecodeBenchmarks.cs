using BenchmarkDotNet.Attributes;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Bench;

/// <summary>Cost of decoding one instruction into an operation, by running code that was never seen, with a branch in every six instructions.</summary>
[MemoryDiagnoser]
public unsafe class PredecodeBenchmarks
{
    private const int Groups = 2_000;
    private const int GroupLength = 6;

    private InterpreterMachine machine = new();

    /// <summary>Places the code; one run compiles the handlers.</summary>
    [GlobalSetup]
    public void Setup()
    {
        machine = new InterpreterMachine();
        machine.Load(a =>
        {
            for (int i = 0; i < Groups; i++)
            {
                Label next = a.CreateLabel();
                a.mov(rax, __qword_ptr[rsi + (i % 64 * 8)]);
                a.add(rax, i);
                a.mov(__dword_ptr[rdi + (rcx * 4) + (i % 128)], eax);
                a.lea(rdx, __[rax + (rdx * 2) + i]);
                a.cmp(rdx, rax);
                if (i % 2 == 0) a.je(next);
                else a.jae(next);
                a.Label(ref next);
            }

            a.nop();
            Label self = a.CreateLabel();
            a.Label(ref self);
            a.jmp(self);
        });
        machine.Cpu.State->Gpr[6] = 0x20_0000;
        machine.Cpu.State->Gpr[7] = 0x30_0000;
        Run();
    }

    /// <summary>Releases the guest.</summary>
    [GlobalCleanup]
    public void Cleanup() => machine.Dispose();

    /// <summary>Decodes and executes all of it once.</summary>
    [Benchmark(OperationsPerInvoke = Groups * GroupLength)]
    public long Predecode()
    {
        machine.Code.Clear();
        return Run();
    }

    /// <summary>Only executes it, for comparison.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Groups * GroupLength)]
    public long Execute() => Run();

    private unsafe long Run()
    {
        machine.Cpu.State->Rip = InterpreterMachine.CodeBase;
        return machine.Cpu.Run((Groups * GroupLength) + 200);
    }
}
