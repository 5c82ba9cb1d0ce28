using Emu.Conformance.Emulated;
using Emu.Conformance.Forms;
using Emu.Conformance.Run;
using Emu.Frontend.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>Translated code against the host processor: a short run. <c>emu test oracle --engine jit</c> runs longer ones.</summary>
public sealed class TranslatorTests(ITestOutputHelper output)
{
    private const int ShownMismatches = 10;

    [NativeTheory]
    [ModeData(64)]
    [ModeData(32)]
    public void Translated_code_does_what_the_host_does_form_by_form_and_in_sequences(int bits)
    {
        ExecutionEngine engine = TestEngines.Find("jit");
        var runner = new OracleRunner(new FormCatalog(new HostFeatures()), segments => new VcpuExecutor(CpuModel.Max, segments, engine));
        OracleReport report = runner.Run(new OracleOptions { Bits = [bits], Cases = 4, Sequences = 300, States = 6, Seed = 3 });
        output.WriteLine($"forms covered {report.CoveredForms()}/{report.TotalForms()}, {report.Cases} cases, {report.Mismatches} mismatches");
        foreach (Mismatch mismatch in report.Forms.SelectMany(f => f.Mismatches).Take(ShownMismatches)) output.WriteLine(mismatch.Description);
        Assert.Equal(0, report.Mismatches);
        Assert.True(report.CoveredForms() >= 0.95 * report.TotalForms(), $"{report.CoveredForms()} of {report.TotalForms()} forms covered");
    }
}
