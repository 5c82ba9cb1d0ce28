using System.Runtime.InteropServices;
using Emu.Cpu.FloatingPoint;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>Operands and outcome of one x87 instruction run natively.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal unsafe struct X87Record
{
    public const int MemoryOffset = 32;

    /// <summary>ST(0) before the instruction.</summary>
    [FieldOffset(0)] public Float80 A;

    /// <summary>ST(1) before the instruction.</summary>
    [FieldOffset(16)] public Float80 B;

    /// <summary>Memory operand, read or written.</summary>
    [FieldOffset(32)] public ulong Memory;
    [FieldOffset(40)] public ulong MemoryHigh;
    [FieldOffset(48)] public ushort Control;
    [FieldOffset(50)] public ushort Status;

    /// <summary>RFLAGS after FCOMI.</summary>
    [FieldOffset(56)] public ulong Rflags;

    /// <summary>What FNSAVE stored: 28 bytes of environment, then ST(0) to ST(7).</summary>
    [FieldOffset(64)] public fixed byte Image[108];

    public readonly Float80 St(int index)
    {
        int offset = 28 + index * 10;
        fixed (byte* image = Image) return new Float80(*(ulong*)(image + offset), *(ushort*)(image + offset + 8));
    }

    /// <summary>
    /// A function that runs an instruction over records with ST(0) = A, ST(1) = B and the control word of the record. Nothing after the instruction
    /// waits, so unmasked exceptions stay pending until FNSAVE clears them.
    /// </summary>
    public static NativeCode Loop(Action<Assembler> instruction) => new(c =>
    {
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.fninit();
        c.fld(__tbyte_ptr[rdi + 16]);
        c.fld(__tbyte_ptr[rdi]);
        c.fldcw(__word_ptr[rdi + 48]);
        instruction(c);
        c.pushfq();
        c.pop(rax);
        c.mov(__qword_ptr[rdi + 56], rax);
        c.fnstsw(__word_ptr[rdi + 50]);
        c.fnsave(__[rdi + 64]);
        c.add(rdi, 192);
        c.dec(rsi);
        c.jnz(loop);
        c.ret();
    });
}
