using Emu.Conformance.Generation;
using Emu.Cpu.FloatingPoint;
using Iced.Intel;

namespace Emu.Conformance.Transcendental;

/// <summary>A transcendental instruction of the x87 unit.</summary>
/// <param name="Name">Its mnemonic, in lower case; with the name of the result where it has two.</param>
/// <param name="Emit">The instruction.</param>
/// <param name="Reference">The true value for ST(0) and ST(1).</param>
/// <param name="Operands">Makes operands, ST(0) and ST(1), of a number and random numbers.</param>
/// <param name="SecondResult">The result looked at is in ST(1).</param>
public sealed record TranscendentalFunction(
    string Name, Action<Assembler> Emit, Func<BigFloat, BigFloat, BigFloat> Reference, TranscendentalFunction.OperandMaker Operands, bool SecondResult = false)
{
    /// <summary>Operands of the case with a number; numbers from 0 on are the edges of the domain.</summary>
    public delegate (Float80 St0, Float80 St1) OperandMaker(int number, ref Random64 random);

    /// <summary>All of them (SDM Vol. 1 8.3.7).</summary>
    public static IReadOnlyList<TranscendentalFunction> All { get; } =
    [
        new("f2xm1", c => c.f2xm1(), (x, _) => ReferenceMath.TwoToXMinus1(x), TranscendentalOperands.Exponent),
        new("fyl2x", c => c.fyl2x(), (x, y) => y * ReferenceMath.Log2(x), TranscendentalOperands.Logarithm),
        new("fyl2xp1", c => c.fyl2xp1(), (x, y) => y * ReferenceMath.Log2Of1Plus(x), TranscendentalOperands.LogarithmNear1),
        new("fsin", c => c.fsin(), (x, _) => ReferenceMath.SineCosine(x).Sine, TranscendentalOperands.Angle),
        new("fcos", c => c.fcos(), (x, _) => ReferenceMath.SineCosine(x).Cosine, TranscendentalOperands.Angle),
        new("fsincos (sine)", c => c.fsincos(), (x, _) => ReferenceMath.SineCosine(x).Sine, TranscendentalOperands.Angle, SecondResult: true),
        new("fsincos (cosine)", c => c.fsincos(), (x, _) => ReferenceMath.SineCosine(x).Cosine, TranscendentalOperands.Angle),
        new("fptan", c => c.fptan(), (x, _) => Tangent(ReferenceMath.SineCosine(x)), TranscendentalOperands.Angle, SecondResult: true),
        new("fpatan", c => c.fpatan(), (x, y) => ReferenceMath.ArcTangent(y, x), TranscendentalOperands.Point),
    ];

    /// <summary>The functions whose names begin with one of these; all for none.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static IReadOnlyList<TranscendentalFunction> Select(IReadOnlyCollection<string> names)
    {
        static bool Is(TranscendentalFunction function, string name) => function.Name.Split(' ')[0].Equals(name, StringComparison.OrdinalIgnoreCase);
        foreach (string name in names)
        {
            if (!All.Any(f => Is(f, name)))
                throw new ArgumentException($"there is no function '{name}'; choose from {string.Join(", ", All.Select(f => f.Name.Split(' ')[0]).Distinct())}");
        }
        return names.Count == 0 ? All : [.. All.Where(f => names.Any(n => Is(f, n)))];
    }

    private static BigFloat Tangent((BigFloat Sine, BigFloat Cosine) of) => of.Sine / of.Cosine;
}
