using Emu.Conformance.Emulated;
using Emu.Conformance.Forms;
using Emu.Conformance.Run;
using Xunit;
using Xunit.Abstractions;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>x87 and the saving of extended state against the host processor. Stack faults, unmasked exceptions and precision control
/// combine in so many ways that each form gets more cases here than in a run of everything.</summary>
public sealed class X87Tests(ITestOutputHelper output)
{
    private const int ShownMismatches = 10;

    [NativeTheory]
    [ModeData(64)]
    [ModeData(32)]
    [ModeData(16)]
    public void Every_form_does_what_the_host_does(int bits)
    {
        var runner = new OracleRunner(new FormCatalog(new HostFeatures()), segments => new VcpuExecutor(CpuModel.Max, segments, ExecutionEngine.Interpreter));
        OracleReport report = runner.Run(new OracleOptions
        {
            Bits = [bits],
            Cases = 300,
            Seed = 7,
            Forms = "FPU,FPU387,FPU287,FPU+*,Wait,Emms,FXSR,XSAVE,XSAVEC,XSAVEOPT,XSAVES",
        });
        output.WriteLine($"{report.CoveredForms()} forms, {report.Cases} cases");
        foreach (Mismatch mismatch in report.Forms.SelectMany(f => f.Mismatches).Take(ShownMismatches)) output.WriteLine(mismatch.Description);
        Assert.Equal(0, report.Mismatches);
        Assert.Equal(0, report.Forms.Sum(f => f.NotImplemented));
        Assert.True(report.CoveredForms() > 140, $"{report.CoveredForms()} forms covered");
    }
}
