using System.Globalization;
using System.Numerics;
using Emu.Conformance.Transcendental;
using Xunit;

namespace Emu.Cpu.Conformance.Transcendental;

/// <summary>The reference: known digits, exact values, identities between functions.</summary>
public sealed class ReferenceMathTests
{
    private static readonly BigFloat Three = new(3, 0);

    private static void AssertEqual(BigFloat expected, BigFloat actual, int bits = 320)
    {
        BigFloat difference = (expected - actual).Abs();
        Assert.True(difference.IsZero || difference.Magnitude < (expected.IsZero ? -bits : expected.Magnitude - bits), $"{expected.ToDouble():R} and {actual.ToDouble():R}");
    }

    private static BigFloat Digits(string integerAndFraction)
    {
        string digits = integerAndFraction.Replace(".", "", StringComparison.Ordinal);
        int fraction = integerAndFraction.Length - 1 - integerAndFraction.IndexOf('.', StringComparison.Ordinal);
        return new BigFloat(BigInteger.Parse(digits, CultureInfo.InvariantCulture), 0) / new BigFloat(BigInteger.Pow(10, fraction), 0);
    }

    [Fact]
    public void Constants_have_their_published_digits()
    {
        // OEIS A000796, A002162, A001113, A002193.
        AssertEqual(Digits("3.141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117067982148086513"), ReferenceMath.Pi);
        AssertEqual(Digits("0.693147180559945309417232121458176568075500134360255254120680009493393621969694715605863326996418687542147932140"), ReferenceMath.LnOf2);
        BigFloat e = Digits("2.718281828459045235360287471352662497757247093699959574966967627724076630353547594571382178525166427427466391932");
        AssertEqual(BigFloat.One / ReferenceMath.LnOf2, ReferenceMath.Log2(e));
        BigFloat rootOf2 = Digits("1.414213562373095048801688724209698078569671875376948073176679737990732478462107038850387534327641572735013846230");
        AssertEqual(rootOf2 - BigFloat.One, ReferenceMath.TwoToXMinus1(new BigFloat(1, -1)));
    }

    [Theory]
    [InlineData(-0.3)]
    [InlineData(0.0)]
    [InlineData(1e-9)]
    [InlineData(0.7)]
    [InlineData(1.0)]
    public void Logarithm_undoes_the_power(double x) => AssertEqual(BigFloat.From(x), ReferenceMath.Log2(ReferenceMath.TwoToXMinus1(BigFloat.From(x)) + BigFloat.One), 320 - 32);

    [Fact]
    public void Logarithms_of_powers_of_two_are_exact_and_products_add()
    {
        AssertEqual(new BigFloat(-16445, 0), ReferenceMath.Log2(BigFloat.One.Scale(-16445)));
        AssertEqual(new BigFloat(1, 0), ReferenceMath.Log2(new BigFloat(2, 0)));
        AssertEqual(ReferenceMath.Log2(Three) + ReferenceMath.Log2(new BigFloat(7, 0)), ReferenceMath.Log2(new BigFloat(21, 0)));
    }

    [Theory]
    [InlineData(1e-12)]
    [InlineData(0.4)]
    [InlineData(-1.3)]
    [InlineData(2.9)]
    [InlineData(1e6)]
    [InlineData(-9e18)]
    public void The_point_of_an_angle_lies_on_the_circle_and_has_that_angle(double angle)
    {
        (BigFloat sine, BigFloat cosine) = ReferenceMath.SineCosine(BigFloat.From(angle));
        AssertEqual(BigFloat.One, sine * sine + cosine * cosine);
        if (Math.Abs(angle) < 0.7) AssertEqual(BigFloat.From(angle), ReferenceMath.ArcTangent(sine, cosine));
        // A double has pi to 53 bits, the processor to 66: near enough for small angles.
        if (Math.Abs(angle) < 10) Assert.Equal(Math.Sin(angle), sine.ToDouble(), 1e-14);
    }

    [Theory]
    [InlineData(1, 1, 1, 4)]
    [InlineData(1, -1, 3, 4)]
    [InlineData(-1, -1, -3, 4)]
    [InlineData(1, 0, 1, 2)]
    [InlineData(0, -1, 1, 1)]
    public void Angles_of_the_axes_and_diagonals_are_fractions_of_pi(int y, int x, int numerator, int denominator) =>
        AssertEqual(ReferenceMath.Pi * new BigFloat(numerator, 0) / denominator, ReferenceMath.ArcTangent(new BigFloat(y, 0), new BigFloat(x, 0)));

    [Fact]
    public void The_argument_reduction_uses_the_66_bits_of_pi_that_the_manual_gives()
    {
        // SDM Vol. 1 8.3.8: pi = 0.f * 2^2 with f = C90FDAA2 2168C234 C.
        BigFloat pi = new(BigInteger.Parse("0C90FDAA22168C234C", NumberStyles.HexNumber, CultureInfo.InvariantCulture), -66);
        Assert.True(ReferenceMath.SineCosine(pi).Sine.IsZero);
        AssertEqual(-BigFloat.One, ReferenceMath.SineCosine(pi).Cosine);
        BigFloat eighth = pi.Scale(-3);
        AssertEqual(-ReferenceMath.SineCosine(eighth).Sine, ReferenceMath.SineCosine(eighth + pi).Sine);
    }

    [Fact]
    public void Functions_of_tiny_numbers_keep_their_precision()
    {
        BigFloat tiny = Three.Scale(-16000);
        AssertEqual(tiny * ReferenceMath.LnOf2, ReferenceMath.TwoToXMinus1(tiny));
        AssertEqual(tiny / ReferenceMath.LnOf2, ReferenceMath.Log2Of1Plus(tiny));
        AssertEqual(tiny, ReferenceMath.SineCosine(tiny).Sine);
        AssertEqual(tiny, ReferenceMath.ArcTangent(tiny, BigFloat.One));
        AssertEqual(tiny.Scale(-30000), ReferenceMath.ArcTangent(tiny, BigFloat.One.Scale(30000)));
    }
}
