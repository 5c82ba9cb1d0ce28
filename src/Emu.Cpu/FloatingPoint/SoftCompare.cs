using System.Numerics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>The outcome of comparing two numbers.</summary>
public enum FloatOrdering
{
    /// <summary>The first operand is smaller.</summary>
    Less,

    /// <summary>The operands are equal; +0 equals -0.</summary>
    Equal,

    /// <summary>The first operand is greater.</summary>
    Greater,

    /// <summary>At least one operand is a NaN.</summary>
    Unordered,
}

/// <summary>Comparison, minimum and maximum of one element in software.</summary>
internal static class SoftCompare
{
    /// <summary>
    /// Compares. <paramref name="signalQuiet"/>: a quiet NaN raises #I as a signaling one always does (COMISx and the signaling predicates).
    /// </summary>
    public static FloatOrdering Compare<T>(T a, T b, bool signalQuiet, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment), y = Unpacked.From(b, environment);
        if (x.IsNaN || y.IsNaN)
        {
            raised |= signalQuiet ? FloatExceptions.Invalid : x.SignalingInvalid | y.SignalingInvalid;
            return FloatOrdering.Unordered;
        }
        raised |= x.DenormalOperand | y.DenormalOperand;
        a = Zeroed(a, x);
        b = Zeroed(b, y);
        return a < b ? FloatOrdering.Less : a > b ? FloatOrdering.Greater : FloatOrdering.Equal;
    }

    /// <summary>MINxx: the second operand if either is a NaN (which raises #I) or both are zero.</summary>
    public static T Minimum<T>(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Select(a, b, FloatOrdering.Less, environment, ref raised);

    /// <summary>MAXxx: the second operand if either is a NaN (which raises #I) or both are zero.</summary>
    public static T Maximum<T>(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Select(a, b, FloatOrdering.Greater, environment, ref raised);

    private static T Select<T>(T a, T b, FloatOrdering first, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment), y = Unpacked.From(b, environment);
        if (x.IsNaN || y.IsNaN)
        {
            raised |= FloatExceptions.Invalid;
            return Zeroed(b, y);
        }
        return Compare(a, b, true, environment, ref raised) == first ? Zeroed(a, x) : Zeroed(b, y);
    }

    /// <summary>The operand, or a zero of its sign when DAZ made it one.</summary>
    private static T Zeroed<T>(T value, in Unpacked unpacked)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        unpacked.Class == FloatClass.Zero ? FloatFormat<T>.Zero(unpacked.Sign) : value;
}
