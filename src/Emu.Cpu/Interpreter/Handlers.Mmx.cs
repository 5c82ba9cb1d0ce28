using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics.Simd;
using Emu.Mmu;

namespace Emu.Cpu;

// Moves between MMX registers and the rest of the machine. A pending x87 exception comes before memory faults.
internal static unsafe partial class Handlers
{
    /// <summary>MOVD, MOVQ, MOVDQ2Q to an MMX register, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxLoad<T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IVectorSource
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TSource.TryRead(cpu, s, op, out T value)) return;
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        VectorFile.StoreMmx(s, op->Destination, Semantics.Bits.Zero(value));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MOVD, MOVQ to a general register, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxToRegister<T>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
    {
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        *(ulong*)((byte*)s + op->Destination) = Semantics.Bits.Zero(*(T*)&s->Fpr[op->Source * 2]);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MOVD, MOVQ, MOVNTQ to memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxStore<T, TAddress>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TAddress : IAddressForm
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Write, out ulong linear)) return;
        if (!Vcpu.TryWrite(cpu, s, op, linear, *(T*)&s->Fpr[op->Source * 2])) return;
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MOVQ2DQ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxToVector(Vcpu cpu, CpuState* s, Op* op)
    {
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        VectorFile.Store<Vector128<ulong>, No>(s, op->Destination, Vector128.CreateScalar(s->Fpr[op->Source * 2]));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>PINSRW to word <see cref="Op.Size"/> of an MMX register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxInsertWord<TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TSource.TryRead(cpu, s, op, out ushort value)) return;
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        int shift = op->Size * 16;
        VectorFile.StoreMmx(s, op->Destination, (s->Fpr[op->Destination * 2] & ~(0xFFFFul << shift)) | ((ulong)value << shift));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>PEXTRW from word <see cref="Op.Size"/> of an MMX register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxExtractWord(Vcpu cpu, CpuState* s, Op* op)
    {
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        *(ulong*)((byte*)s + op->Destination) = (ushort)(s->Fpr[op->Source * 2] >> (op->Size * 16));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>PMOVMSKB of an MMX register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxSignMask(Vcpu cpu, CpuState* s, Op* op)
    {
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        *(ulong*)((byte*)s + op->Destination) = Vector128.ExtractMostSignificantBits(Vector128.CreateScalar(s->Fpr[op->Source * 2]).AsByte());
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
