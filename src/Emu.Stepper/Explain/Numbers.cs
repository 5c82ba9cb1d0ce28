using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Emu.Stepper.Explain;

/// <summary>Numbers as a student reads them.</summary>
public static class Numbers
{
    private const ulong PlainBelow = 10;

    /// <summary>Hexadecimal, without leading zeros.</summary>
    public static string Hex(ulong value) => value < PlainBelow ? value.ToString(CultureInfo.InvariantCulture) : $"0x{value:x}";

    /// <summary>Hexadecimal with all digits of a size in bytes.</summary>
    public static string Full(ulong value, int size) => value.ToString("x" + (2 * size), CultureInfo.InvariantCulture);

    /// <summary>Hexadecimal with its decimal value, and its signed one where that differs.</summary>
    public static string Value(ulong value, int size)
    {
        value = Truncate(value, size);
        if (value < PlainBelow) return value.ToString(CultureInfo.InvariantCulture);
        long signed = Signed(value, size);
        return signed >= 0 ? $"0x{value:x} ({value})" : $"0x{value:x} ({(value >= 1ul << 63 ? "" : $"{value}, ")}signed {signed})";
    }

    /// <summary>The low bytes of a number.</summary>
    public static ulong Truncate(ulong value, int size) => size >= 8 ? value : value & ((1ul << (8 * size)) - 1);

    /// <summary>A number of some bytes, as two's complement.</summary>
    public static long Signed(ulong value, int size) => size >= 8 ? (long)value : (long)(value << (64 - (8 * size))) >> (64 - (8 * size));

    /// <summary>A little-endian number of 1 to 8 bytes.</summary>
    public static ulong FromBytes(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = Math.Min(bytes.Length, 8) - 1; i >= 0; i--) value = (value << 8) | bytes[i];
        return value;
    }

    /// <summary>The value of an operand: a number up to 8 bytes, lanes beyond or where a lane type is named.</summary>
    /// <param name="bytes">Little-endian bytes.</param>
    /// <param name="lanes">f32, f64, i8..i64, u8..u64, x80, or empty for a plain number.</param>
    public static string Operand(ReadOnlySpan<byte> bytes, string lanes)
    {
        if (lanes == "x80") return bytes.Length == 10 ? Float80(bytes) : bytes.Length == 8 ? Float(MemoryMarshal.Read<double>(bytes)) : bytes.Length == 4 ? Float(MemoryMarshal.Read<float>(bytes)) : Value(FromBytes(bytes), bytes.Length);
        if (bytes.Length <= 8 && lanes.Length == 0) return Value(FromBytes(bytes), bytes.Length);
        return "[" + string.Join(", ", Lanes(bytes, lanes.Length == 0 ? "u64" : lanes)) + "]";
    }

    /// <summary>Bytes of a lane type.</summary>
    public static int LaneSize(string lanes) => lanes is "x80" ? 10 : int.Parse(lanes.AsSpan(1), CultureInfo.InvariantCulture) / 8;

    /// <summary>Each lane as text, lowest first.</summary>
    public static IReadOnlyList<string> Lanes(ReadOnlySpan<byte> bytes, string lanes)
    {
        int size = LaneSize(lanes);
        List<string> result = [];
        for (int at = 0; at + size <= bytes.Length; at += size)
        {
            ReadOnlySpan<byte> lane = bytes.Slice(at, size);
            result.Add(lanes switch
            {
                "f32" => Float(MemoryMarshal.Read<float>(lane)),
                "f64" => Float(MemoryMarshal.Read<double>(lane)),
                "x80" => Float80(lane),
                _ when lanes[0] == 'i' => Signed(FromBytes(lane), size).ToString(CultureInfo.InvariantCulture),
                _ when size >= 4 => Hex(FromBytes(lane)),
                _ => FromBytes(lane).ToString(CultureInfo.InvariantCulture),
            });
        }

        return result;
    }

    /// <summary>A double-precision number, short but exact enough to tell it from its neighbours.</summary>
    public static string Float(double value) => double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? value > 0 ? "inf" : "-inf" : value.ToString("R", CultureInfo.InvariantCulture) is var text && text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;

    /// <summary>A single-precision number.</summary>
    public static string Float(float value) => float.IsNaN(value) ? "NaN" : float.IsInfinity(value) ? value > 0 ? "inf" : "-inf" : value.ToString("R", CultureInfo.InvariantCulture) is var text && text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;

    /// <summary>An x87 number: ten bytes, significand first.</summary>
    public static string Float80(ReadOnlySpan<byte> bytes) => Float80(FromBytes(bytes), (ushort)FromBytes(bytes[8..]));

    /// <summary>An x87 number, to the precision of a double.</summary>
    public static string Float80(ulong significand, ushort signExponent)
    {
        const int bias = 16383, special = 0x7FFF;
        int exponent = signExponent & special;
        string sign = (signExponent & 0x8000) != 0 ? "-" : "";
        if (exponent == special) return significand << 1 == 0 ? sign + "inf" : "NaN";
        if (significand == 0) return sign + "0.0";
        double value = Math.ScaleB(significand, exponent - bias - 63);
        if (value is 0 || double.IsInfinity(value))
        {
            double digits = (exponent - bias - 63 + BigInteger.Log(significand, 2)) * Math.Log10(2);
            return $"{sign}{Math.Pow(10, digits - Math.Floor(digits)):0.########}E{(digits < 0 ? "" : "+")}{Math.Floor(digits)}";
        }

        return sign + Float(value);
    }
}
