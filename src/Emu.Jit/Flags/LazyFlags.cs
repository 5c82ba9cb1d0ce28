using System.Runtime.CompilerServices;
using Emu.Cpu;
using Emu.Cpu.Semantics;

namespace Emu.Jit.Flags;

/// <summary>What the two flag words of translated code, X and Y, stand for.</summary>
internal enum FlagKind
{
    /// <summary>X is <see cref="CpuState.FlagsResult"/>, Y is <see cref="CpuState.FlagsAux"/>.</summary>
    Canonical,

    /// <summary>ADD of X and Y, both zero-extended.</summary>
    Add,

    /// <summary>SUB or CMP: X minus Y, both zero-extended. NEG: X is 0.</summary>
    Sub,

    /// <summary>INC: X is the result, sign-extended, Y the carry from before.</summary>
    Inc,

    /// <summary>DEC: X is the result, sign-extended, Y the carry from before.</summary>
    Dec,

    /// <summary>SHL of X, zero-extended, by Y, not zero.</summary>
    Shl,

    /// <summary>SHR of X, zero-extended, by Y, not zero.</summary>
    Shr,

    /// <summary>SAR of X, zero-extended, by Y, not zero.</summary>
    Sar,
}

/// <summary>The flags an instruction leaves, from what translated code keeps of it.</summary>
internal interface ILazyFlags
{
    /// <summary><see cref="CpuState.FlagsResult"/>.</summary>
    static abstract ulong Result<T>(ulong x, ulong y)
        where T : unmanaged;

    /// <summary><see cref="CpuState.FlagsAux"/>.</summary>
    static abstract uint Aux<T>(ulong x, ulong y)
        where T : unmanaged;
}

/// <summary><see cref="FlagKind.Add"/>.</summary>
internal readonly struct LazyAdd : ILazyFlags
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong x, ulong y)
        where T : unmanaged => Bits.Sign(Bits.Truncate<T>(x + y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Aux<T>(ulong x, ulong y)
        where T : unmanaged => Add.Flags<T>(x, y, x + y);
}

/// <summary><see cref="FlagKind.Sub"/>.</summary>
internal readonly struct LazySub : ILazyFlags
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong x, ulong y)
        where T : unmanaged => Bits.Sign(Bits.Truncate<T>(x - y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Aux<T>(ulong x, ulong y)
        where T : unmanaged => Sub.Flags<T>(x, y, x - y);
}

/// <summary><see cref="FlagKind.Inc"/>.</summary>
internal readonly struct LazyInc : ILazyFlags
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong x, ulong y)
        where T : unmanaged => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Aux<T>(ulong x, ulong y)
        where T : unmanaged => Inc.Flags<T>(x - 1, x, (uint)y);
}

/// <summary><see cref="FlagKind.Dec"/>.</summary>
internal readonly struct LazyDec : ILazyFlags
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong x, ulong y)
        where T : unmanaged => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Aux<T>(ulong x, ulong y)
        where T : unmanaged => Dec.Flags<T>(x + 1, x, (uint)y);
}

/// <summary><see cref="FlagKind.Shl"/>, <see cref="FlagKind.Shr"/>, <see cref="FlagKind.Sar"/>.</summary>
internal readonly struct LazyShift<TOperation> : ILazyFlags
    where TOperation : IShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong x, ulong y)
        where T : unmanaged => Bits.Sign(Bits.Truncate<T>(TOperation.Result<T>(x, (int)y, 0, out _)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Aux<T>(ulong x, ulong y)
        where T : unmanaged
    {
        TOperation.Result<T>(x, (int)y, 0, out uint flags);
        return flags;
    }
}

/// <summary>Turns what translated code keeps of the last flag-setting instruction into the flag words of the state.</summary>
internal static unsafe class LazyFlags
{
    /// <summary>Position of the operand size (as log2 of bytes) in a run-time kind.</summary>
    public const int SizeShift = 4;

    /// <summary>The run-time number of a kind.</summary>
    public static int Encode(FlagKind kind, int sizeLog2) => kind == FlagKind.Canonical ? 0 : (int)kind | (sizeLog2 << SizeShift);

    /// <summary>The functions of a kind; null for canonical flags.</summary>
    public static Type? Functions(FlagKind kind) => kind switch
    {
        FlagKind.Add => typeof(LazyAdd),
        FlagKind.Sub => typeof(LazySub),
        FlagKind.Inc => typeof(LazyInc),
        FlagKind.Dec => typeof(LazyDec),
        FlagKind.Shl => typeof(LazyShift<Shl>),
        FlagKind.Shr => typeof(LazyShift<Shr>),
        FlagKind.Sar => typeof(LazyShift<Sar>),
        _ => null,
    };

    /// <summary>Stores the flags in the state. Called where translated code leaves, so not in the hot path.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Store(CpuState* s, int kind, ulong x, ulong y)
    {
        switch (kind >> SizeShift)
        {
            case 0: Store<byte>(s, (FlagKind)kind, x, y); break;
            case 1: Store<ushort>(s, (FlagKind)(kind & 15), x, y); break;
            case 2: Store<uint>(s, (FlagKind)(kind & 15), x, y); break;
            default: Store<ulong>(s, (FlagKind)(kind & 15), x, y); break;
        }
    }

    private static void Store<T>(CpuState* s, FlagKind kind, ulong x, ulong y)
        where T : unmanaged
    {
        switch (kind)
        {
            case FlagKind.Add: Store<LazyAdd, T>(s, x, y); break;
            case FlagKind.Sub: Store<LazySub, T>(s, x, y); break;
            case FlagKind.Inc: Store<LazyInc, T>(s, x, y); break;
            case FlagKind.Dec: Store<LazyDec, T>(s, x, y); break;
            case FlagKind.Shl: Store<LazyShift<Shl>, T>(s, x, y); break;
            case FlagKind.Shr: Store<LazyShift<Shr>, T>(s, x, y); break;
            case FlagKind.Sar: Store<LazyShift<Sar>, T>(s, x, y); break;
            default:
                s->FlagsResult = x;
                s->FlagsAux = (uint)y;
                break;
        }
    }

    private static void Store<TFlags, T>(CpuState* s, ulong x, ulong y)
        where TFlags : ILazyFlags
        where T : unmanaged
    {
        s->FlagsResult = TFlags.Result<T>(x, y);
        s->FlagsAux = TFlags.Aux<T>(x, y);
    }
}
