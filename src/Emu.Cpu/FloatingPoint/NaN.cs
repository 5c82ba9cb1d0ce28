using System.Numerics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>The NaN rules of SSE and AVX (SDM Vol. 1 4.8.3.5, table 4-7).</summary>
internal static class NaN
{
    /// <summary>The first operand if it is a NaN, else the second, quieted; #I if either is signaling.</summary>
    public static T Propagate<T>(T a, in Unpacked x, T b, in Unpacked y, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        raised |= x.SignalingInvalid | y.SignalingInvalid;
        return FloatFormat<T>.Quiet(x.IsNaN ? a : b);
    }

    /// <summary>The response to an invalid operation without NaN operands: #I and the indefinite.</summary>
    public static T Invalid<T>(ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        raised |= FloatExceptions.Invalid;
        return FloatFormat<T>.Indefinite;
    }
}
