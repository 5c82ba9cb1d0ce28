using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;
using Emu.Cpu.Semantics.Simd;

namespace Emu.Cpu;

// Packed conversions.
internal static unsafe partial class Handlers
{
    /// <summary>Packed conversions to a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatConvertPacked<TOperation, TFrom, TTo, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IFloatConversion
        where TFrom : unmanaged
        where TTo : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TFrom value)) return;
        TTo result = TOperation.Apply<TFrom, TTo>(value, (byte)op->Immediate, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<TTo, TVex>(s, op->Destination, result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>VCVTPS2PH to memory. A page fault comes before #XM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatConvertStore<TOperation, TFrom, TTo, TAddress>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IFloatConversion
        where TFrom : unmanaged
        where TTo : unmanaged
        where TAddress : IAddressForm
    {
        if (!TAddress.TryLinear(cpu, s, op, sizeof(TTo), Mmu.AccessKind.Write, out ulong linear)) return;
        if (!cpu.TryProbeWrite(op, linear, sizeof(TTo))) return;
        TTo result = TOperation.Apply<TFrom, TTo>(*(TFrom*)(s->Vector + (op->Source * 64)), (byte)op->Immediate, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        if (!Vcpu.TryWrite(cpu, s, op, linear, result)) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
