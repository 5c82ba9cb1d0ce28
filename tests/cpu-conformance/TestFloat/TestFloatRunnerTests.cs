using Emu.Conformance.TestFloat;
using Emu.Cpu.FloatingPoint;
using Xunit;

namespace Emu.Cpu.Conformance;

public sealed class TestFloatRunnerTests
{
    private static TestFloatReport Run(string function, string vectors, TestFloatOptions? options = null) =>
        TestFloatRunner.Run(new StringReader(vectors), TestFloatFunction.All[function], options ?? new TestFloatOptions());

    [Theory]
    [InlineData("f32_add", "3F800000 3F800000 40000000 00")]
    [InlineData("f64_div", "3FF0000000000000 4008000000000000 3FD5555555555555 01")]
    [InlineData("f32_mulAdd", "40000000 40400000 BF800000 40A00000 00")]
    [InlineData("f32_div", "3F800000 00000000 7F800000 08")]
    [InlineData("f64_sqrt", "BFF0000000000000 FFF8000000000000 10")]
    [InlineData("f64_to_i32", "41E0000000000000 80000000 10")]
    [InlineData("f32_lt", "3F800000 40000000 1 00")]
    [InlineData("extF80_mul", "40008000000000000000 4000C000000000000000 4001C000000000000000 00")]
    [InlineData("extF80_rem", "4001A000000000000000 4000C000000000000000 BFFF8000000000000000 00")]
    public void RightVectorsPass(string function, string line) => Assert.Equal((1, 0), (Run(function, line).Cases, Run(function, line).Mismatches));

    [Theory]
    [InlineData("f32_add", "3F800000 3F800000 40000001 00")]
    [InlineData("f32_add", "3F800000 3F800000 40000000 01")]
    [InlineData("extF80_sqrt", "40018000000000000000 40008000000000000001 00")]
    public void AWrongResultOrFlagIsAMismatchWithAnExample(string function, string line)
    {
        TestFloatReport report = Run(function, line);
        Assert.Equal(1, report.Mismatches);
        Assert.StartsWith(line, Assert.Single(report.Examples), StringComparison.Ordinal);
    }

    [Fact]
    public void RoundingAndPrecisionComeFromTheOptions()
    {
        Assert.Equal(0, Run("f64_div", "3FF0000000000000 4008000000000000 3FD5555555555556 01", new TestFloatOptions(RoundingMode.Up)).Mismatches);
        var single = new TestFloatOptions(PrecisionBits: 24);
        Assert.Equal(0, Run("extF80_div", "3FFF8000000000000000 4000C000000000000000 3FFDAAAAAB0000000000 01", single).Mismatches);
    }

    [Theory]
    [InlineData("3F800000 3F800000 40000000")]
    [InlineData("3F800000 3F800000 40000000 00 00")]
    [InlineData("3F800000 zero 40000000 00")]
    public void ALineOfAnotherShapeIsRefusedWithItsNumber(string line) =>
        Assert.Contains("line 1", Assert.Throws<FormatException>(() => Run("f32_add", line)).Message, StringComparison.Ordinal);
}
