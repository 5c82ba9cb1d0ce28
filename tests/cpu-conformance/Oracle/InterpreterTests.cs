using Emu.Conformance.Cases;
using Emu.Conformance.Emulated;
using Emu.Conformance.Forms;
using Emu.Conformance.Run;
using Xunit;
using Xunit.Abstractions;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>The interpreter against the host processor: a short run of every form. <c>emu test oracle</c> runs longer ones.</summary>
public sealed class InterpreterTests(ITestOutputHelper output)
{
    private const int ShownMismatches = 10;

    [NativeTheory]
    [ModeData(64)]
    [ModeData(32)]
    [ModeData(16)]
    public void The_interpreter_does_what_the_host_does_in_every_form(int bits)
    {
        var runner = new OracleRunner(new FormCatalog(new HostFeatures()), segments => new VcpuExecutor(CpuModel.Max, segments, ExecutionEngine.Interpreter));
        OracleReport report = runner.Run(new OracleOptions { Bits = [bits], Cases = 24, Sequences = 500 });
        output.WriteLine($"forms covered {report.CoveredForms()}/{report.TotalForms()}, {report.Cases} cases, {report.Mismatches} mismatches");
        foreach (Mismatch mismatch in report.Forms.SelectMany(f => f.Mismatches).Take(ShownMismatches)) output.WriteLine(mismatch.Description);
        Assert.Equal(0, report.Mismatches);
        Assert.True(report.CoveredForms() >= 0.95 * report.TotalForms(), $"{report.CoveredForms()} of {report.TotalForms()} forms covered");
    }
}
