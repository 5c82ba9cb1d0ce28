using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu;
using Emu.Cpu.Semantics;

namespace Emu.Jit.Emit;

// Semantics functions in the shape generated code calls them: 64-bit values in, one value out. RyuJIT inlines them.

/// <summary>ROL and ROR by a masked count, which may be zero.</summary>
internal static class RotationFunctions<TOperation>
    where TOperation : IShiftOperation
{
    /// <summary>The result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, ulong count)
        where T : unmanaged
    {
        // Written as the host's rotation where it has one of the width.
        if (Unsafe.SizeOf<T>() == 8 && typeof(TOperation) == typeof(Rol)) return ulong.RotateLeft(value, (int)count);
        if (Unsafe.SizeOf<T>() == 8 && typeof(TOperation) == typeof(Ror)) return ulong.RotateRight(value, (int)count);
        if (Unsafe.SizeOf<T>() == 4 && typeof(TOperation) == typeof(Rol)) return uint.RotateLeft((uint)value, (int)count);
        if (Unsafe.SizeOf<T>() == 4 && typeof(TOperation) == typeof(Ror)) return uint.RotateRight((uint)value, (int)count);
        return TOperation.Result<T>(value, (int)count, 0, out _);
    }

    /// <summary>The auxiliary flags after, from those before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Aux<T>(ulong value, ulong count, ulong before)
        where T : unmanaged
    {
        if (count == 0) return before;
        TOperation.Result<T>(value, (int)count, 0, out uint flags);
        return (before & ~(ulong)(Eflags.Cf | Eflags.Of)) | flags;
    }
}

/// <summary>SHLD and SHRD by a masked count, which may be zero.</summary>
internal static class DoubleShiftFunctions<TOperation>
    where TOperation : IDoubleShiftOperation
{
    /// <summary>The result.</summary>
    public static ulong Result<T>(ulong value, ulong fill, ulong count)
        where T : unmanaged => count == 0 ? value : TOperation.Result<T>(value, fill, (int)count, out _);

    /// <summary>The auxiliary flags after, from those before.</summary>
    public static ulong Aux<T>(ulong before, ulong value, ulong fill, ulong count)
        where T : unmanaged
    {
        if (count == 0) return before;
        TOperation.Result<T>(value, fill, (int)count, out uint flags);
        return flags;
    }

    /// <summary>The flag result after, from that before and the sign-extended result.</summary>
    public static ulong FlagsResult(ulong before, ulong result, ulong count) => count == 0 ? before : result;
}

/// <summary>Products.</summary>
internal static class ProductFunctions
{
    /// <summary>Upper half of an unsigned product, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong UnsignedHigh<T>(ulong left, ulong right)
        where T : unmanaged => Unsafe.SizeOf<T>() == 8
            ? (Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(left, right) : Math.BigMul(left, right, out _))
            : left * right >> (Unsafe.SizeOf<T>() * 8);

    /// <summary>Upper half of a signed product, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignedHigh<T>(ulong left, ulong right)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 8)
        {
            ulong high = UnsignedHigh<ulong>(left, right);
            return high - ((ulong)((long)left >> 63) & right) - ((ulong)((long)right >> 63) & left);
        }

        return Bits.Zero(Bits.Truncate<T>(Bits.Sign(Bits.Truncate<T>(left)) * Bits.Sign(Bits.Truncate<T>(right)) >> (Unsafe.SizeOf<T>() * 8)));
    }

    /// <summary>CF and OF of a signed product of two zero-extended factors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignedFlags<T>(ulong left, ulong right)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 8) return SignedWideFlags<T>(left * right, SignedHigh<T>(left, right));
        ulong product = Bits.Sign(Bits.Truncate<T>(left)) * Bits.Sign(Bits.Truncate<T>(right));
        return product == Bits.Sign(Bits.Truncate<T>(product)) ? 0u : Multiply.Overflow;
    }

    /// <summary>CF and OF of a signed product from its halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignedWideFlags<T>(ulong low, ulong high)
        where T : unmanaged => Multiply.SignedFlags<T>(low, high);

    /// <summary>CF and OF of an unsigned product from its halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong UnsignedWideFlags<T>(ulong low, ulong high)
        where T : unmanaged => Multiply.UnsignedFlags(high);
}

/// <summary>Scans, counts and BMI1 of one operand.</summary>
internal static class CountFunctions<TOperation>
    where TOperation : ICountOperation
{
    /// <summary>The result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => TOperation.Result<T>(source);

    /// <summary>The flag result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FlagsResult<T>(ulong source, ulong result)
        where T : unmanaged
    {
        TOperation.Flags<T>(source, result, 0, out ulong flagsResult);
        return flagsResult;
    }

    /// <summary>The auxiliary flags, from those before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Aux<T>(ulong source, ulong result, ulong before)
        where T : unmanaged => TOperation.Flags<T>(source, result, (uint)before, out _);
}
