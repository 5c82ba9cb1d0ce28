using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

// Instructions without operands.
internal static unsafe partial class Handlers
{
    /// <summary>NOP, PAUSE, PREFETCHh, ENDBR and everything else without an effect here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Nop(Vcpu cpu, CpuState* s, Op* op)
    {
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CBW, CWDE, CDQE: the lower half of the accumulator sign-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ExtendAccumulator<T, TFrom>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TFrom : unmanaged
    {
        T value = Bits.Truncate<T>(Bits.Sign(*(TFrom*)&s->Gpr[0]));
        if (sizeof(T) == 2) *(T*)&s->Gpr[0] = value;
        else s->Gpr[0] = Bits.Zero(value);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CWD, CDQ, CQO: the accumulator's sign in every bit of DX, EDX, RDX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SpreadSign<T>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
    {
        T value = Bits.Truncate<T>((ulong)((long)Bits.Sign(*(T*)&s->Gpr[0]) >> 63));
        if (sizeof(T) == 2) *(T*)&s->Gpr[2] = value;
        else s->Gpr[2] = Bits.Zero(value);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CLC, STC: CF becomes <typeparamref name="TValue"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SetCarry<TValue>(Vcpu cpu, CpuState* s, Op* op)
        where TValue : IFlag
    {
        s->FlagsAux = (s->FlagsAux & ~Eflags.Cf) | (TValue.Value ? Eflags.Cf : 0);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CMC.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ComplementCarry(Vcpu cpu, CpuState* s, Op* op)
    {
        s->FlagsAux ^= Eflags.Cf;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CLD, STD: DF becomes <typeparamref name="TValue"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SetDirection<TValue>(Vcpu cpu, CpuState* s, Op* op)
        where TValue : IFlag
    {
        s->SystemFlags = (s->SystemFlags & ~Eflags.Df) | (TValue.Value ? Eflags.Df : 0);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>LAHF: SF, ZF, AF, PF, CF and bit 1 to AH.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadFlags(Vcpu cpu, CpuState* s, Op* op)
    {
        *((byte*)&s->Gpr[0] + 1) = (byte)(s->ArithmeticFlags | Eflags.Reserved1);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SAHF: SF, ZF, AF, PF, CF from AH.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreFlags(Vcpu cpu, CpuState* s, Op* op)
    {
        uint image = *((byte*)&s->Gpr[0] + 1) & (Eflags.Arithmetic & 0xFF);
        s->SetArithmeticFlags(image | (s->FlagsAux & Eflags.Of));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SALC (undocumented): AL becomes FFh if CF is set, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SetAccumulatorOnCarry(Vcpu cpu, CpuState* s, Op* op)
    {
        *(byte*)&s->Gpr[0] = (byte)(0 - (s->FlagsAux & 1));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
