using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>CMPxx: all bits of an element set where the predicate (the immediate, 0..31) holds.</summary>
public readonly struct FloatCompareMask : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool holds = ScalarFloat.Compare(left, right, (ComparePredicate)immediate, ref environment);
        return typeof(T) == typeof(float)
            ? Unsafe.BitCast<int, T>(holds ? -1 : 0)
            : Unsafe.BitCast<long, T>(holds ? -1 : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Compare(left, right, (ComparePredicate)immediate, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Compare(left, right, (ComparePredicate)immediate, ref environment);
}
