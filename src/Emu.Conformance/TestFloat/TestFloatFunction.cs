using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.TestFloat;

/// <summary>
/// One function of Berkeley TestFloat and the emulator's function that does the same. Operands and results are encodings, zero-extended.
/// </summary>
public sealed class TestFloatFunction
{
    private readonly Evaluation _evaluate;
    private readonly bool _x87;
    private readonly bool _toInteger;

    internal TestFloatFunction(string name, int operandCount, int resultFloatBits, bool x87, bool toInteger, Evaluation evaluate)
    {
        Name = name;
        OperandCount = operandCount;
        ResultFloatBits = resultFloatBits;
        _x87 = x87;
        _toInteger = toInteger;
        _evaluate = evaluate;
    }

    internal delegate UInt128 Evaluation(ReadOnlySpan<UInt128> operands, ref FloatEnvironment environment);

    /// <summary>All functions by TestFloat's name, such as f64_mulAdd or extF80_to_i32.</summary>
    public static IReadOnlyDictionary<string, TestFloatFunction> All { get; } = TestFloatTable.Build().ToDictionary(function => function.Name);

    /// <summary>TestFloat's name.</summary>
    public string Name { get; }

    /// <summary>Number of operands, 1 to 3.</summary>
    public int OperandCount { get; }

    /// <summary>Width of the result if it is a floating-point number (16, 32, 64, 80), else 0.</summary>
    public int ResultFloatBits { get; }

    /// <summary>Whether -precision matters.</summary>
    public bool DependsOnPrecision => _x87;

    /// <summary>Whether -exact matters.</summary>
    public bool ReportsExactness => _toInteger;

    /// <summary>Runs the emulator's function; #D, which TestFloat does not know, is left out of the flags.</summary>
    public UInt128 Evaluate(ReadOnlySpan<UInt128> operands, TestFloatOptions options, out FloatExceptions flags)
    {
        FloatEnvironment environment = _x87 ? options.X87Environment() : options.SseEnvironment();
        UInt128 result = _evaluate(operands, ref environment);
        flags = environment.Flags & ~FloatExceptions.Denormal;
        if (_toInteger && !options.Exact) flags &= ~FloatExceptions.Inexact;
        return result;
    }

    /// <summary>Whether a result is a quiet NaN.</summary>
    internal bool IsQuietNaN(UInt128 bits)
    {
        UInt128 quiet = ResultFloatBits switch
        {
            16 => 0x7E00,
            32 => 0x7FC0_0000,
            64 => 0x7FF8_0000_0000_0000,
            80 => new UInt128(0x7FFF, 0xC000_0000_0000_0000),
            _ => 0,
        };
        return quiet != 0 && (bits & quiet) == quiet;
    }
}
