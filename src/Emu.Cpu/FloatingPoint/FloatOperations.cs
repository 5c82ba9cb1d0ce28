using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>A two-operand arithmetic operation: as the host computes it, and in software.</summary>
internal interface IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Whether a zero result is exact whatever the operands (a sum never underflows to zero); otherwise only a zero operand vouches for it.
    /// </summary>
    static abstract bool ZeroIsExact { get; }

    static abstract T Host(T a, T b);

    static abstract TVector Host<TLanes, TVector>(TVector a, TVector b)
        where TLanes : ILanes<TVector, T>
        where TVector : unmanaged;

    static abstract T Soft(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised);
}

/// <summary>ADDxx.</summary>
internal readonly struct AddOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static bool ZeroIsExact => true;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Host(T a, T b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Host<TLanes, TVector>(TVector a, TVector b)
        where TLanes : ILanes<TVector, T>
        where TVector : unmanaged => TLanes.Add(a, b);
    public static T Soft(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised) => SoftFloat.Add(a, b, environment, ref raised);
}

/// <summary>SUBxx.</summary>
internal readonly struct SubtractOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static bool ZeroIsExact => true;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Host(T a, T b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Host<TLanes, TVector>(TVector a, TVector b)
        where TLanes : ILanes<TVector, T>
        where TVector : unmanaged => TLanes.Subtract(a, b);
    public static T Soft(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised) => SoftFloat.Subtract(a, b, environment, ref raised);
}

/// <summary>MULxx.</summary>
internal readonly struct MultiplyOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static bool ZeroIsExact => false;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Host(T a, T b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Host<TLanes, TVector>(TVector a, TVector b)
        where TLanes : ILanes<TVector, T>
        where TVector : unmanaged => TLanes.Multiply(a, b);
    public static T Soft(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised) => SoftFloat.Multiply(a, b, environment, ref raised);
}

/// <summary>DIVxx.</summary>
internal readonly struct DivideOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static bool ZeroIsExact => false;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Host(T a, T b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Host<TLanes, TVector>(TVector a, TVector b)
        where TLanes : ILanes<TVector, T>
        where TVector : unmanaged => TLanes.Divide(a, b);
    public static T Soft(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised) => SoftFloat.Divide(a, b, environment, ref raised);
}
