using BenchmarkDotNet.Attributes;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Bench;

/// <summary>
/// Speed of tier 0: time for one guest instruction, through the soft MMU with paging on. 3.3 ns are 300 million instructions a
/// second. Nothing may be allocated.
/// </summary>
[MemoryDiagnoser]
public class InterpreterBenchmarks
{
    private const int Instructions = 10_000_000;

    private InterpreterMachine machine = new();

    /// <summary>The guest program.</summary>
    [Params(GuestLoop.Mixed, GuestLoop.Branches, GuestLoop.ByteScan, GuestLoop.Calls)]
    public GuestLoop Program { get; set; }

    /// <summary>Places the program and lets the interpreter see all of it.</summary>
    [GlobalSetup]
    public void Setup()
    {
        machine = new InterpreterMachine();
        byte[] text = new byte[0x10_0000];
        for (int i = 0; i < text.Length; i++) text[i] = (byte)(i % 61 == 60 ? 0 : 'A' + (i % 26));
        machine.Write(0x20_0000, text);
        machine.Load(Program switch
        {
            GuestLoop.Mixed => Mixed,
            GuestLoop.Branches => Branches,
            GuestLoop.ByteScan => ByteScan,
            _ => Calls,
        });
        machine.Cpu.Run(Instructions);
    }

    /// <summary>Releases the guest.</summary>
    [GlobalCleanup]
    public void Cleanup() => machine.Dispose();

    /// <summary>The interpreter.</summary>
    [Benchmark(OperationsPerInvoke = Instructions)]
    public long Interpret() => machine.Cpu.Run(Instructions);

    /// <summary>Loads, stores, arithmetic and a branch.</summary>
    private static void Mixed(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.mov(rsi, 0x20_0000);
        a.mov(rdi, 0x30_0000);
        a.xor(ecx, ecx);
        a.Label(ref loop);
        a.mov(eax, __dword_ptr[rsi + (rcx * 4)]);
        a.add(eax, ecx);
        a.mov(__dword_ptr[rdi + (rcx * 4)], eax);
        a.add(rcx, 1);
        a.and(ecx, 0x3FFF);
        a.xor(edx, eax);
        a.lea(rbx, __[rbx + (rdx * 2) + 5]);
        a.test(rcx, rcx);
        a.jne(loop);
        a.jmp(loop);
    }

    /// <summary>Collatz sequences: every second instruction is a branch.</summary>
    private static void Branches(Assembler a)
    {
        Label top = a.CreateLabel(), step = a.CreateLabel(), odd = a.CreateLabel(), done = a.CreateLabel();
        a.mov(r8d, 1);
        a.Label(ref top);
        a.mov(eax, r8d);
        a.Label(ref step);
        a.cmp(eax, 1);
        a.jbe(done);
        a.test(al, 1);
        a.jne(odd);
        a.shr(eax, 1);
        a.jmp(step);
        a.Label(ref odd);
        a.lea(eax, __[rax + (rax * 2) + 1]);
        a.cmp(eax, 0x7F_FFFF);
        a.jb(step);
        a.mov(eax, 1);
        a.jmp(step);
        a.Label(ref done);
        a.inc(r8d);
        a.and(r8d, 0xF_FFFF);
        a.jmp(top);
    }

    /// <summary>The inner loop of strlen.</summary>
    private static void ByteScan(Assembler a)
    {
        Label top = a.CreateLabel(), loop = a.CreateLabel();
        a.Label(ref top);
        a.mov(rsi, 0x20_0000);
        a.Label(ref loop);
        a.movzx(eax, __byte_ptr[rsi]);
        a.inc(rsi);
        a.test(al, al);
        a.jne(loop);
        a.jmp(top);
    }

    /// <summary>A function of five instructions, called.</summary>
    private static void Calls(Assembler a)
    {
        Label top = a.CreateLabel(), function = a.CreateLabel();
        a.Label(ref top);
        a.call(function);
        a.dec(ecx);
        a.jne(top);
        a.jmp(top);
        a.Label(ref function);
        a.push(rbx);
        a.mov(rbx, rdi);
        a.add(rbx, rsi);
        a.mov(rax, rbx);
        a.pop(rbx);
        a.ret();
    }
}

/// <summary>Programs of <see cref="InterpreterBenchmarks"/>.</summary>
public enum GuestLoop
{
    /// <summary>Arithmetic, loads, stores, one branch in nine instructions.</summary>
    Mixed,

    /// <summary>Comparisons and branches.</summary>
    Branches,

    /// <summary>Byte loads and branches.</summary>
    ByteScan,

    /// <summary>Calls, returns, pushes and pops.</summary>
    Calls,
}
