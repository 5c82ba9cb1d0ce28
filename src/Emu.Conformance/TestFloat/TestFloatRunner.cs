using System.Globalization;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.TestFloat;

/// <summary>What a run found.</summary>
/// <param name="Function">TestFloat's name of the function.</param>
/// <param name="Cases">Vectors compared.</param>
/// <param name="Mismatches">Vectors whose result or flags differ.</param>
/// <param name="Examples">The first few of them, each with the emulator's outcome beside it.</param>
public sealed record TestFloatReport(string Function, long Cases, long Mismatches, IReadOnlyList<string> Examples);

/// <summary>
/// Runs the output of testfloat_gen (operands, expected result and flags in hexadecimal, one case a line) against the emulator's functions.
/// </summary>
/// <remarks>
/// Two NaN results are equal whatever their payload, which IEEE 754 leaves open and x86 defines apart. An invalid product plus a quiet NaN is
/// not compared: x86 passes the NaN on without #I (SDM Vol. 1 14.5.2), TestFloat's reference raises it; IEEE 754 7.2 allows both.
/// </remarks>
public static class TestFloatRunner
{
    private const int MaxOperands = 3;

    /// <summary>Compares all lines.</summary>
    /// <exception cref="FormatException">A line is not what testfloat_gen writes for this function; the message says which.</exception>
    public static TestFloatReport Run(TextReader vectors, TestFloatFunction function, TestFloatOptions options, int maxExamples = 10)
    {
        long cases = 0, mismatches = 0;
        var examples = new List<string>();
        Span<UInt128> fields = stackalloc UInt128[MaxOperands + 2];
        while (vectors.ReadLine() is { } line)
        {
            Parse(line, fields[..(function.OperandCount + 2)], cases + 1);
            cases++;
            ReadOnlySpan<UInt128> operands = fields[..function.OperandCount];
            UInt128 expected = fields[function.OperandCount];
            FloatExceptions expectedFlags = ToFlags((uint)fields[function.OperandCount + 1]);
            UInt128 actual = function.Evaluate(operands, options, out FloatExceptions flags);
            bool bothNaN = function.IsQuietNaN(actual) && function.IsQuietNaN(expected);
            if ((actual == expected || bothNaN) && flags == expectedFlags) continue;
            if (function.OperandCount == 3 && bothNaN && flags == FloatExceptions.None && IsInvalidProduct(operands, function)) continue;
            mismatches++;
            if (examples.Count < maxExamples) examples.Add($"{line}: {actual:X} {flags}");
        }
        return new TestFloatReport(function.Name, cases, mismatches, examples);
    }

    private static void Parse(string line, Span<UInt128> fields, long number)
    {
        int count = 0;
        foreach (Range range in line.AsSpan().Split(' '))
        {
            ReadOnlySpan<char> text = line.AsSpan(range);
            if (text.IsEmpty) continue;
            if (count == fields.Length || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out fields[count++]))
                throw new FormatException($"line {number}: '{line}' is not {fields.Length} hexadecimal numbers");
        }
        if (count != fields.Length) throw new FormatException($"line {number}: '{line}' is not {fields.Length} hexadecimal numbers");
    }

    /// <summary>TestFloat's order, from bit 0: inexact, underflow, overflow, infinite, invalid.</summary>
    private static FloatExceptions ToFlags(uint bits) =>
        ((bits & 1) != 0 ? FloatExceptions.Inexact : 0)
        | ((bits & 2) != 0 ? FloatExceptions.Underflow : 0)
        | ((bits & 4) != 0 ? FloatExceptions.Overflow : 0)
        | ((bits & 8) != 0 ? FloatExceptions.DivideByZero : 0)
        | ((bits & 16) != 0 ? FloatExceptions.Invalid : 0);

    /// <summary>Infinity times zero, in either order.</summary>
    private static bool IsInvalidProduct(ReadOnlySpan<UInt128> operands, TestFloatFunction function)
    {
        int width = function.ResultFloatBits;
        UInt128 magnitude = ((UInt128)1 << (width - 1)) - 1;
        UInt128 infinity = width == 32 ? 0x7F80_0000 : 0x7FF0_0000_0000_0000UL;
        UInt128 a = operands[0] & magnitude, b = operands[1] & magnitude;
        return a == infinity && b == 0 || a == 0 && b == infinity;
    }
}
