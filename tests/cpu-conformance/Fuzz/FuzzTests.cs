using Emu.Conformance.Emulated;
using Emu.Conformance.Fuzz;
using Emu.Conformance.Run;
using Xunit;
using Xunit.Abstractions;

namespace Emu.Cpu.Conformance.Fuzz;

/// <summary>Random code never makes the emulator fail; <c>emu test fuzz</c> runs more of it.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static FuzzReport Run(ExecutionEngine engine, FuzzOptions options) => new FuzzRunner(CpuModel.Parse("max,+monitor"), engine).Run(options);

    public static TheoryData<string> Modes => [.. FuzzMode.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Modes))]
    public void Random_code_is_answered_by_the_architecture_alone(string mode)
    {
        FuzzReport report = Run(ExecutionEngine.Interpreter, new FuzzOptions { Instructions = 10_000, Modes = FuzzMode.Select([mode]), Seed = 3 });
        FuzzModeResult result = Assert.Single(report.Modes);
        foreach (Mismatch failure in result.Failures) output.WriteLine(failure.Description);
        Assert.Equal(0, result.FailureCount);
        Assert.True(result.Instructions >= 10_000, $"{result.Instructions} instructions retired");
        Assert.True(result.Vectors[ExceptionVector.InvalidOpcode] > 50 && result.Vectors[ExceptionVector.GeneralProtection] > 0, $"{result.Events} events");
        Assert.True(report.Passed);
    }

    [Fact]
    public void A_round_is_the_same_every_time()
    {
        var options = new FuzzOptions { Instructions = 5_000, Modes = FuzzMode.Select(["long-user"]), FirstRound = 5 };
        FuzzModeResult first = Run(ExecutionEngine.Interpreter, options).Modes[0], second = Run(ExecutionEngine.Interpreter, options).Modes[0];
        Assert.Equal(first.Vectors, second.Vectors);
        Assert.Equal(first.Instructions, second.Instructions);
        FuzzModeResult other = Run(ExecutionEngine.Interpreter, options with { FirstRound = 6 }).Modes[0];
        Assert.NotEqual(first.Vectors, other.Vectors);
    }

    [Fact]
    public void An_exception_of_the_host_is_a_failure_that_names_its_round()
    {
        var broken = new ExecutionEngine("broken", cpu =>
        {
            cpu.EventDelivered += (_, vector, _) =>
            {
                if (vector == ExceptionVector.InvalidOpcode) throw new InvalidOperationException("broken on purpose");
            };
            return null;
        });
        FuzzReport report = Run(broken, new FuzzOptions { Instructions = 2_000, Modes = FuzzMode.Select(["prot32"]), Seed = 9 });
        Assert.False(report.Passed);
        Assert.Contains("prot32 seed 9 round 0 piece", report.Modes[0].Failures[0].Description, StringComparison.Ordinal);
        Assert.Contains("broken on purpose", report.Modes[0].Failures[0].Description, StringComparison.Ordinal);
        using var file = new MemoryStream();
        ResultFiles.WriteJUnit(report.ToRunResult(), file);
        Assert.Contains("failures=\"1\"", System.Text.Encoding.UTF8.GetString(file.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mode_ends_early_when_everything_goes_wrong()
    {
        var broken = new ExecutionEngine("broken", cpu =>
        {
            cpu.EventDelivered += delegate { throw new InvalidOperationException("broken on purpose"); };
            return null;
        });
        FuzzModeResult result = Run(broken, new FuzzOptions { Instructions = 1_000_000, Modes = FuzzMode.Select(["long"]) }).Modes[0];
        Assert.InRange(result.FailureCount, FuzzOptions.MostFailures, 2 * FuzzOptions.MostFailures);
        Assert.InRange(result.Instructions, 0, 100_000);
    }

    [Fact]
    public void A_state_that_cannot_be_is_a_failure()
    {
        var broken = new ExecutionEngine("broken", cpu =>
        {
            unsafe
            {
                cpu.EventDelivered += (c, _, _) => c.State->Zero = 1;
            }
            return null;
        });
        FuzzReport report = Run(broken, new FuzzOptions { Instructions = 2_000, Modes = FuzzMode.Select(["long"]) });
        Assert.Contains(report.Modes[0].Failures, f => f.Signature == "constant zero");
    }

    [Fact]
    public void An_unknown_mode_is_refused_with_the_known_ones() =>
        Assert.Contains("long-user", Assert.Throws<ArgumentException>(() => FuzzMode.Select(["long64"])).Message, StringComparison.Ordinal);
}
