using System.Runtime.Versioning;
using Emu.Conformance.TestFloat;
using Xunit;

namespace Emu.Cpu.Conformance;

/// <summary>The runner drives whatever program makes the vectors; here a script.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class TestFloatRunTests : IDisposable
{
    private readonly string _script = Path.Combine(Path.GetTempPath(), $"testfloat-{Guid.NewGuid():N}.sh");

    /// <inheritdoc/>
    public void Dispose() => File.Delete(_script);

    private TestFloatSummary Run(string body, params string[] functions)
    {
        File.WriteAllText(_script, "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(_script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new TestFloatRun(_script, 1, 1, TestFloatRun.Select(functions), 2, Timeout.InfiniteTimeSpan).Execute(null);
    }

    [Fact]
    public void Every_rounding_mode_and_precision_is_asked_for()
    {
        TestFloatSummary summary = Run("echo 3FFF8000000000000000 3FFF8000000000000000 40008000000000000000 00", "extF80_add");
        Assert.True(summary.Passed);
        Assert.Equal(4 * 3, summary.Results.Count);
        Assert.Equal(12, summary.Results.Select(r => r.Name).Distinct().Count());
        Assert.Contains(summary.Results, r => r.Name.Contains("-rminMag -precision32", StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_vector_makes_the_run_fail()
    {
        TestFloatSummary summary = Run("echo 3F800000 3F800000 40000001 00", "f32_add");
        Assert.False(summary.Passed);
        Assert.Equal(4, summary.Results.Sum(r => r.Report.Mismatches));
        Assert.All(summary.ToRunResult().Outcomes, o => Assert.NotEmpty(o.Failures));
    }

    [Theory]
    [InlineData("echo broken >&2; exit 3", "broken")]
    [InlineData("exit 0", "no vectors")]
    public void A_generator_that_fails_or_is_silent_is_reported(string body, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Run(body, "f32_add")).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_function_or_a_missing_program_is_refused()
    {
        Assert.Throws<ArgumentException>(() => TestFloatRun.Select(["f128_add"]));
        Assert.Contains("/nowhere", Assert.Throws<ArgumentException>(() => new TestFloatRun("/nowhere", 1, 1, [], 1, Timeout.InfiniteTimeSpan)).Message, StringComparison.Ordinal);
    }
}
