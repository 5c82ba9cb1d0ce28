using System.Numerics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>The classes FXAM tells apart. The value is C3, C2, C0 as bits 2, 1, 0 (SDM Vol. 2A FXAM).</summary>
public enum Float80Class
{
    /// <summary>Pseudo-NaN, pseudo-infinity or unnormal.</summary>
    Unsupported = 0,

    /// <summary>NaN.</summary>
    NaN = 1,

    /// <summary>Normal finite number.</summary>
    Normal = 2,

    /// <summary>Infinity.</summary>
    Infinity = 3,

    /// <summary>Zero.</summary>
    Zero = 4,

    /// <summary>Empty register: for the caller to say, who knows the tags.</summary>
    Empty = 5,

    /// <summary>Denormal or pseudo-denormal.</summary>
    Denormal = 6,
}

/// <summary>x87 comparisons and classification.</summary>
public static class Float80Compare
{
    /// <summary>
    /// FCOM, FCOMI (<paramref name="signalQuiet"/>: any NaN raises #I) and FUCOM, FUCOMI (only signaling NaNs do). Unsupported encodings are unordered
    /// and raise #I. Denormal operands raise #D.
    /// </summary>
    public static FloatOrdering Compare(Float80 a, Float80 b, bool signalQuiet, ref FloatEnvironment environment) =>
        Compare(Unpacked.From(a), Unpacked.From(b), signalQuiet, ref environment);

    /// <summary>FCOM m32fp, m64fp.</summary>
    public static FloatOrdering Compare<T>(Float80 a, T b, bool signalQuiet, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Compare(Unpacked.From(a), Unpacked.From(b, environment), signalQuiet, ref environment);

    /// <summary>FXAM of a register that is not empty; C1 is the sign.</summary>
    public static Float80Class Classify(Float80 value)
    {
        Unpacked x = Unpacked.From(value);
        return x.Class switch
        {
            FloatClass.Zero => Float80Class.Zero,
            FloatClass.Finite => x.Denormal ? Float80Class.Denormal : Float80Class.Normal,
            FloatClass.Infinity => Float80Class.Infinity,
            FloatClass.Unsupported => Float80Class.Unsupported,
            _ => Float80Class.NaN,
        };
    }

    private static FloatOrdering Compare(in Unpacked x, in Unpacked y, bool signalQuiet, ref FloatEnvironment environment)
    {
        if (x.IsNaN || y.IsNaN)
        {
            environment.Raise(signalQuiet ? FloatExceptions.Invalid : x.SignalingInvalid | y.SignalingInvalid);
            return FloatOrdering.Unordered;
        }
        environment.Raise(x.DenormalOperand | y.DenormalOperand);
        int magnitude = CompareMagnitudes(x, y);
        if (magnitude == 0 && (x.Sign == y.Sign || x.Class == FloatClass.Zero)) return FloatOrdering.Equal;
        bool less = x.Sign != y.Sign ? x.Sign : magnitude < 0 != x.Sign;
        return less ? FloatOrdering.Less : FloatOrdering.Greater;
    }

    private static int CompareMagnitudes(in Unpacked x, in Unpacked y)
    {
        // Zero < finite < infinity, in the order of the enumeration.
        if (x.Class != y.Class) return x.Class < y.Class ? -1 : 1;
        if (x.Class != FloatClass.Finite) return 0;
        return x.Exponent != y.Exponent ? x.Exponent.CompareTo(y.Exponent) : x.Significand.CompareTo(y.Significand);
    }
}
