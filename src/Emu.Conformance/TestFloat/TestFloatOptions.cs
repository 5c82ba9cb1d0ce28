using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.TestFloat;

/// <summary>The options testfloat_gen was run with, as far as results depend on them.</summary>
/// <param name="Rounding">-rnear_even, -rmin, -rmax or -rminMag.</param>
/// <param name="PrecisionBits">-precision32, -precision64 or -precision80 for extF80: 24, 53 or 64 significand bits.</param>
/// <param name="Exact">-exact: roundings to an integer report inexact results.</param>
public sealed record TestFloatOptions(RoundingMode Rounding = RoundingMode.Nearest, int PrecisionBits = 64, bool Exact = false)
{
    /// <summary>The arguments for testfloat_gen, tininess after rounding as x86 detects it.</summary>
    public IEnumerable<string> GeneratorArguments =>
    [
        "-tininessafter",
        Exact ? "-exact" : "-notexact",
        Rounding switch
        {
            RoundingMode.Down => "-rmin",
            RoundingMode.Up => "-rmax",
            RoundingMode.Zero => "-rminMag",
            _ => "-rnear_even",
        },
        PrecisionBits switch
        {
            24 => "-precision32",
            53 => "-precision64",
            _ => "-precision80",
        },
    ];

    internal FloatEnvironment SseEnvironment()
    {
        FloatEnvironment environment = FloatEnvironment.FromMxcsr(FloatEnvironment.DefaultMxcsr);
        environment.Rounding = Rounding;
        return environment;
    }

    internal FloatEnvironment X87Environment()
    {
        FloatEnvironment environment = FloatEnvironment.FromX87(0x037F, 0);
        environment.Rounding = Rounding;
        environment.PrecisionControl = PrecisionBits switch
        {
            24 => 0,
            53 => 2,
            _ => 3,
        };
        return environment;
    }
}
