using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics;

namespace Emu.Jit.Emit;

/// <summary>Moves of elements in the shape generated code calls them; element numbers are constants there.</summary>
internal static class VectorFunctions
{
    /// <summary>An element, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Extract<T>(Vector128<byte> vector, int element)
        where T : unmanaged => Bits.Zero(vector.As<byte, T>().GetElement(element));

    /// <summary>A vector with an element replaced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Insert<T>(Vector128<byte> vector, int element, ulong value)
        where T : unmanaged => vector.As<byte, T>().WithElement(element, Bits.Truncate<T>(value)).AsByte();

    /// <summary>A value below zeroes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Scalar(ulong value) => Vector128.CreateScalar(value).AsByte();

    /// <summary>The sign bits of elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignMask<T>(Vector128<byte> vector)
        where T : unmanaged => Vector128.ExtractMostSignificantBits(vector.As<byte, T>());

    /// <summary>The sign bits of elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignMask256<T>(Vector256<byte> vector)
        where T : unmanaged => Vector256.ExtractMostSignificantBits(vector.As<byte, T>());

    // Not by comparing floating-point values, which would report denormals.

    /// <summary>The low element is a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN<T>(Vector128<T> vector)
        where T : unmanaged => Unsafe.SizeOf<T>() == 8
            ? vector.AsUInt64().ToScalar() << 1 > 0x7FFUL << 53
            : vector.AsUInt32().ToScalar() << 1 > 0xFFU << 24;

    /// <summary>Some element is a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyNaN<T>(Vector128<T> vector)
        where T : unmanaged => Unsafe.SizeOf<T>() == 8
            ? Vector128.GreaterThanAny(vector.AsInt64() & Vector128.Create(long.MaxValue), Vector128.Create(0x7FFL << 52))
            : Vector128.GreaterThanAny(vector.AsInt32() & Vector128.Create(int.MaxValue), Vector128.Create(0xFF << 23));

    /// <summary>Some element is a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyNaN256<T>(Vector256<T> vector)
        where T : unmanaged => Unsafe.SizeOf<T>() == 8
            ? Vector256.GreaterThanAny(vector.AsInt64() & Vector256.Create(long.MaxValue), Vector256.Create(0x7FFL << 52))
            : Vector256.GreaterThanAny(vector.AsInt32() & Vector256.Create(int.MaxValue), Vector256.Create(0xFF << 23));

    /// <summary>A vector from its first eight bytes or less, as <see cref="Emu.Cpu.Semantics.Simd.Extending.Widen"/> takes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen<TFrom, TTo, TMemory, TVector>(ulong packed)
        where TFrom : unmanaged, System.Numerics.INumberBase<TFrom>
        where TTo : unmanaged, System.Numerics.INumberBase<TTo>
        where TMemory : unmanaged
        where TVector : unmanaged => Emu.Cpu.Semantics.Simd.Extending.Widen<TFrom, TTo, TMemory, TVector>(Bits.Truncate<TMemory>(packed));

    /// <summary>One element everywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Broadcast<T, TVector>(ulong value)
        where T : unmanaged
        where TVector : unmanaged => Emu.Cpu.Semantics.Simd.Extending.Broadcast<T, TVector>(Bits.Truncate<T>(value));
}
