using System.Runtime.CompilerServices;

namespace Emu.Cpu;

/// <summary>The number of an element as a type argument: inserting at a constant place is one instruction of the host.</summary>
internal interface IElementIndex
{
    static abstract int Value { get; }
}

/// <summary>A number below 16 in two digits of base 4, each a type.</summary>
internal readonly struct ElementIndex<THigh, TLow> : IElementIndex
    where THigh : IElementIndex
    where TLow : IElementIndex
{
    public static int Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (THigh.Value * 4) + TLow.Value;
    }
}

/// <summary>0.</summary>
internal readonly struct Index0 : IElementIndex
{
    public static int Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }
}

/// <summary>1.</summary>
internal readonly struct Index1 : IElementIndex
{
    public static int Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }
}

/// <summary>2.</summary>
internal readonly struct Index2 : IElementIndex
{
    public static int Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }
}

/// <summary>3.</summary>
internal readonly struct Index3 : IElementIndex
{
    public static int Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 3;
    }
}

/// <summary>Types of element numbers.</summary>
internal static class ElementIndexes
{
    private static readonly Type[] Digits = [typeof(Index0), typeof(Index1), typeof(Index2), typeof(Index3)];

    /// <summary>The type of a number from 0 to 15.</summary>
    public static Type Of(int number) => typeof(ElementIndex<,>).MakeGenericType(Digits[number >> 2], Digits[number & 3]);
}
