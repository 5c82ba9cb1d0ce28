using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>Operands and outcome of one SSE or AVX instruction run natively.</summary>
[StructLayout(LayoutKind.Explicit, Size = 96)]
internal struct SseRecord
{
    [FieldOffset(0)] public Vector128<byte> A;
    [FieldOffset(16)] public Vector128<byte> B;
    [FieldOffset(32)] public Vector128<byte> C;
    [FieldOffset(48)] public Vector128<byte> Result;
    [FieldOffset(64)] public uint MxcsrIn;
    [FieldOffset(68)] public uint MxcsrOut;

    /// <summary>Operand of CVTSI2xx, result of CVTxx2SI, RFLAGS of COMISx.</summary>
    [FieldOffset(72)] public ulong Integer;

    /// <summary>
    /// A function that runs an instruction over records: XMM0 = A, XMM1 = B, XMM2 = C, RAX = Integer before it; XMM0 and RAX are kept after it.
    /// </summary>
    public static NativeCode Loop(Action<Assembler> instruction) => new(c =>
    {
        Label loop = c.CreateLabel();
        c.sub(rsp, 8);
        c.stmxcsr(__dword_ptr[rsp]);
        c.Label(ref loop);
        c.movups(xmm0, __xmmword_ptr[rdi]);
        c.movups(xmm1, __xmmword_ptr[rdi + 16]);
        c.movups(xmm2, __xmmword_ptr[rdi + 32]);
        c.mov(rax, __qword_ptr[rdi + 72]);
        c.ldmxcsr(__dword_ptr[rdi + 64]);
        instruction(c);
        c.stmxcsr(__dword_ptr[rdi + 68]);
        c.movups(__xmmword_ptr[rdi + 48], xmm0);
        c.mov(__qword_ptr[rdi + 72], rax);
        c.add(rdi, 96);
        c.dec(rsi);
        c.jnz(loop);
        c.ldmxcsr(__dword_ptr[rsp]);
        c.add(rsp, 8);
        c.ret();
    });
}
