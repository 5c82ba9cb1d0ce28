using BenchmarkDotNet.Attributes;
using Emu.Jit;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Bench;

/// <summary>Programs of <see cref="TranslatorBenchmarks"/>.</summary>
public enum TranslatedLoop
{
    /// <summary>Arithmetic, a load, a store and a branch: a region that is not left.</summary>
    Within,

    /// <summary>Two regions on one page that take turns, over links.</summary>
    Linked,

    /// <summary>Two regions on pages of their own that take turns, through the jump cache.</summary>
    Dispatched,

    /// <summary>A load that hits in the TLB, another page every time.</summary>
    TlbHit,

    /// <summary>A load that misses in the TLB every time: the interpreter fills it.</summary>
    TlbMiss,
}

/// <summary>Speed of translated code: time for one turn of a loop, which is a few instructions, a change of regions, or an access to memory.</summary>
[MemoryDiagnoser]
public class TranslatorBenchmarks
{
    private const int Turns = 1_000_000;

    private InterpreterMachine machine = new();
    private int instructionsPerTurn;

    /// <summary>The guest program.</summary>
    [Params(TranslatedLoop.Within, TranslatedLoop.Linked, TranslatedLoop.Dispatched, TranslatedLoop.TlbHit, TranslatedLoop.TlbMiss)]
    public TranslatedLoop Program { get; set; }

    /// <summary>Places the program and has it translated.</summary>
    [GlobalSetup]
    public void Setup()
    {
        machine = new InterpreterMachine();
        // So small that the two halves of a loop become two regions.
        bool halves = Program is TranslatedLoop.Linked or TranslatedLoop.Dispatched;
        Translator.Attach(machine.Code, new TranslatorOptions { Threshold = 1000, Synchronous = true, MaxInstructions = halves ? 4 : 64 });
        instructionsPerTurn = halves ? 6 : 5;
        machine.Load(Program switch
        {
            TranslatedLoop.Within => static a => Access(a, step: 0, pages: 1),
            TranslatedLoop.Linked => static a => Halves(a, distance: 0),
            TranslatedLoop.Dispatched => static a => Halves(a, distance: 0x1000),
            TranslatedLoop.TlbHit => static a => Access(a, step: 0x1000, pages: 256),
            _ => static a => Access(a, step: 0x1000, pages: 4096),
        });
        machine.Cpu.Run(Turns);
    }

    /// <summary>Releases the guest.</summary>
    [GlobalCleanup]
    public void Cleanup() => machine.Dispose();

    /// <summary>A million turns.</summary>
    [Benchmark(OperationsPerInvoke = Turns)]
    public long Turn() => machine.Cpu.Run((long)Turns * instructionsPerTurn);

    /// <summary>Loads from one page after the other, five instructions each.</summary>
    private static void Access(Assembler a, int step, int pages)
    {
        Label loop = a.CreateLabel();
        a.xor(ecx, ecx);
        a.Label(ref loop);
        a.add(eax, __dword_ptr[rcx + 0x20_0000]);
        a.add(ecx, step);
        a.and(ecx, (pages * 0x1000) - 1);
        a.inc(edx);
        a.jmp(loop);
    }

    /// <summary>Two halves of three instructions, <paramref name="distance"/> bytes and a little apart.</summary>
    private static void Halves(Assembler a, int distance)
    {
        Label first = a.CreateLabel(), second = a.CreateLabel();
        a.Label(ref first);
        a.inc(eax);
        a.xor(edx, eax);
        a.jmp(second);
        if (distance != 0) a.db(new byte[distance]);
        a.Label(ref second);
        a.dec(ebx);
        a.add(edx, ebx);
        a.jmp(first);
    }
}

/// <summary>What translating costs: time for one guest instruction that becomes part of a region, from offering the block to installing the code.</summary>
[MemoryDiagnoser]
public unsafe class TranslationCost
{
    private const int Blocks = 12, InstructionsPerBlock = 20;

    private InterpreterMachine machine = new();
    private Translator? translator;

    /// <summary>The interpreter meets the code, which is then one short of being translated.</summary>
    [IterationSetup]
    public void Setup()
    {
        machine = new InterpreterMachine();
        translator = Translator.Attach(machine.Code, new TranslatorOptions { Threshold = 3, Synchronous = true });
        machine.Load(static a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            for (int block = 0; block < Blocks; block++)
            {
                Label next = a.CreateLabel();
                for (int i = 0; i < (InstructionsPerBlock - 2) / 3; i++)
                {
                    a.mov(eax, __dword_ptr[rsi + (0x20_0000 + (4 * i))]);
                    a.lea(rdx, __[rdx + (rax * 2) + i]);
                    a.xor(__dword_ptr[rdi + (0x30_0000 + (4 * block))], edx);
                }

                a.cmp(edx, block);
                a.je(next);
                a.Label(ref next);
            }

            a.jmp(top);
        });
        machine.Cpu.Run(2 * ((Blocks * InstructionsPerBlock) + 1));
        machine.Cpu.State->Rip = InterpreterMachine.CodeBase;
    }

    /// <summary>Releases the guest.</summary>
    [IterationCleanup]
    public void Cleanup() => machine.Dispose();

    /// <summary>One region of 241 instructions, and some turns in it.</summary>
    [Benchmark(OperationsPerInvoke = (Blocks * InstructionsPerBlock) + 1)]
    public long Translate()
    {
        machine.Cpu.Run(10 * Blocks * InstructionsPerBlock);
        return translator?.RegionsCompiled == 1 ? 1 : throw new InvalidOperationException($"{translator?.RegionsCompiled} regions were compiled.");
    }
}
