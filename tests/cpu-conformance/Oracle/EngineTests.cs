using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Emu.Conformance.Generation;
using Emu.Conformance.Native;
using Emu.Conformance.Run;
using Xunit;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>The engine itself: complete, repeatable, silent where nothing differs, and loud where something does.</summary>
public sealed unsafe class EngineTests
{
    private static readonly FormCatalog Catalog = new(new HostFeatures());

    private delegate void Mutation(in CaseInput input, ref CaseResult result);

    /// <summary>The host, with something changed.</summary>
    private sealed class MutatedHost(Mutation mutation) : IStateExecutor, IDisposable
    {
        private readonly NativeExecutor _native = new();

        public void Execute(in CaseInput input, ref CaseResult result)
        {
            _native.Execute(in input, ref result);
            mutation(in input, ref result);
        }

        public void Dispose() => _native.Dispose();
    }

    private static OracleReport Run(OracleOptions options, Mutation mutation) => new OracleRunner(Catalog, _ => new MutatedHost(mutation)).Run(options);

    [NativeFact]
    public void Nearly_all_forms_of_the_host_can_be_compared()
    {
        foreach (int bits in (int[])[64, 32, 16])
        {
            int runnable = Catalog.Forms(bits).Count(f => f.Status == FormStatus.Runnable);
            int not = Catalog.Forms(bits).Count(f => f.Status == FormStatus.NotComparable);
            Assert.True(runnable > 1500, $"{bits}-bit: {runnable} forms");
            Assert.True(runnable >= 0.95 * (runnable + not), $"{bits}-bit: {runnable} of {runnable + not}");
            Assert.All(Catalog.Forms(bits).Where(f => f.Status != FormStatus.Runnable), f => Assert.NotEmpty(f.Reason));
        }
    }

    [NativeTheory]
    [InlineData(64)]
    [InlineData(32)]
    [InlineData(16)]
    public void A_case_can_be_generated_for_every_runnable_form(int bits)
    {
        var generator = new CaseGenerator(bits, 3);
        CaseInput input = default;
        Assert.All(Catalog.Forms(bits).Where(f => f.Status == FormStatus.Runnable), f => Assert.True(generator.TryGenerate(f, 0, ref input), f.Name));
    }

    [NativeFact]
    public void The_same_seed_form_and_number_give_the_same_case_again()
    {
        InstructionForm form = Catalog.Select(64, "Add_rm32_r32")[0];
        CaseInput first = default, second = default, other = default;
        Assert.True(new CaseGenerator(64, 5).TryGenerate(form, 17, ref first));
        var generator = new CaseGenerator(64, 5);
        Assert.True(generator.TryGenerate(form, 16, ref other));
        Assert.True(generator.TryGenerate(form, 17, ref second));
        Assert.True(new ReadOnlySpan<byte>(&first, (int)first.WindowLength + CaseInput.MemoryOffset)
            .SequenceEqual(new ReadOnlySpan<byte>(&second, (int)second.WindowLength + CaseInput.MemoryOffset)));
        Assert.NotEqual(first.State.Gpr[0], other.State.Gpr[0]);
    }

    [NativeFact]
    public void The_host_agrees_with_itself_in_every_family()
    {
        OracleReport report = Run(new OracleOptions { Bits = HostModes.Current.Supported, Cases = 2, Forms = "/_(r|m|x)/", Sequences = 50 }, (in CaseInput _, ref CaseResult _) => { });
        Assert.True(report.Cases > 1600 * HostModes.Current.Supported.Count, $"{report.Cases} cases");
        Assert.Equal(0, report.Mismatches);
    }

    public static TheoryData<string> Parts => ["gpr", "rip", "flag", "memory", "xmm", "ymm", "mxcsr", "x87", "fsw", "ftw", "segment", "vector", "error", "outcome"];

    [NativeTheory]
    [MemberData(nameof(Parts))]
    public void A_difference_in_any_part_of_the_state_is_found(string part)
    {
        OracleReport report = Run(new OracleOptions { Bits = [64], Cases = 40, Forms = "Add_rm32_r32,Paddb_xmm_xmmm128" }, (in CaseInput input, ref CaseResult result) =>
        {
            fixed (byte* image = result.State.Xsave)
            {
                switch (part)
                {
                    case "gpr": result.State.Gpr[13] ^= 1UL << 63; break;
                    case "rip": result.State.Rip++; break;
                    case "flag": result.State.Rflags ^= Eflags.Pf; break;
                    case "memory": result.Memory[input.WindowLength - 1] ^= 1; break;
                    case "xmm": image[MachineState.XmmOffset + 17] ^= 4; break;
                    case "ymm": image[MachineState.YmmhOffset + 255] ^= 4; break;
                    case "mxcsr": result.State.Mxcsr ^= 0x20; break;
                    case "x87": image[MachineState.StOffset + 9] ^= 1; break;
                    case "fsw": result.State.Fsw ^= 0x20; break;
                    case "ftw": result.State.Ftw ^= 1; break;
                    case "segment": result.State.Segments[3] ^= 8; break;
                    case "vector" when result.Outcome == CaseOutcome.Fault: result.Vector ^= 1; break;
                    case "error" when result.Outcome == CaseOutcome.Fault && result.Vector == ExceptionVector.PageFault: result.ErrorCode ^= 4; break;
                    case "outcome" when result.Outcome == CaseOutcome.Completed: (result.Outcome, result.Vector) = (CaseOutcome.Fault, 6); break;
                }
            }
        });
        long faults = part is "vector" or "error" ? 1 : 60;
        Assert.True(report.Mismatches >= faults, $"{report.Mismatches} of {report.Cases} found");
        Assert.All(report.Forms.SelectMany(f => f.Mismatches), m => Assert.Contains("seed 1 case", m.Description, StringComparison.Ordinal));
    }

    [NativeFact]
    public void A_flag_the_manual_leaves_undefined_is_not_compared_and_the_others_are()
    {
        OracleReport undefined = Run(new OracleOptions { Bits = [64], Cases = 50, Forms = "And_rm64_r64" },
            (in CaseInput _, ref CaseResult r) => r.State.Rflags ^= r.Outcome == CaseOutcome.Completed ? Eflags.Af : 0);
        Assert.Equal(0, undefined.Mismatches);
        OracleReport defined = Run(new OracleOptions { Bits = [64], Cases = 50, Forms = "And_rm64_r64" },
            (in CaseInput _, ref CaseResult r) => r.State.Rflags ^= Eflags.Zf);
        Assert.Equal(defined.Cases, defined.Mismatches);
    }

    [NativeFact]
    public void Shards_take_every_form_exactly_once_and_their_files_merge()
    {
        var reports = new List<OracleReport>();
        for (int shard = 0; shard < 3; shard++)
        {
            OracleReport report = Run(new OracleOptions { Bits = [64], Cases = 4, Forms = "Xor_*,Bts_*", Shard = shard, Shards = 3 },
                (in CaseInput _, ref CaseResult r) => r.State.Gpr[1] ^= r.State.Gpr[0] & 1);
            using var file = new MemoryStream();
            ResultFiles.WriteJUnit(OracleResults.ToRunResult(report), file);
            file.Position = 0;
            reports.Add(OracleResults.Read(file));
        }
        OracleReport merged = OracleReport.Merge(reports);
        Assert.Equal(merged.TotalForms(), merged.CoveredForms());
        Assert.All(merged.Forms, f => Assert.Equal(4, f.Cases));
        Assert.Equal(reports.Sum(r => r.Mismatches), merged.Mismatches);
        Assert.True(merged.Mismatches > 0);
        Assert.All(merged.Forms.Where(f => f.MismatchCount > 0), f => Assert.NotEmpty(f.Mismatches));
    }

    [Fact]
    public void Files_that_are_not_shards_of_one_run_are_not_merged()
    {
        static OracleReport Report(int shard, string form, long cases, ulong seed = 1, string settings = "cases=5") => new()
        {
            Seed = seed,
            Settings = settings,
            Shards = [shard],
            Forms = [new FormResult { Form = form, Bits = 64, Family = "X", Status = FormStatus.Runnable, Cases = cases }],
        };
        static string Refused(params OracleReport[] reports) => Assert.Throws<ReportFormatException>(() => OracleReport.Merge(reports)).Message;
        Assert.Equal(5, OracleReport.Merge([Report(1, "A", 5), Report(2, "A", 0)]).Cases);
        Assert.Equal(7, OracleReport.Merge([Report(1, FormResult.Sequences, 3), Report(2, FormResult.Sequences, 4)]).Cases);
        Assert.Contains("seed", Refused(Report(1, "A", 5), Report(2, "B", 5, seed: 2)), StringComparison.Ordinal);
        Assert.Contains("cases=6", Refused(Report(1, "A", 5), Report(2, "B", 6, settings: "cases=6")), StringComparison.Ordinal);
        Assert.Equal("shard 2 is there twice", Refused(Report(1, "A", 5), Report(2, FormResult.Sequences, 5), Report(2, FormResult.Sequences, 5)));
    }

    [Fact]
    public void A_file_that_is_no_report_is_refused_with_a_reason()
    {
        using var noXml = new MemoryStream("hello"u8.ToArray());
        Assert.Throws<ReportFormatException>(() => OracleResults.Read(noXml));
        using var other = new MemoryStream("<testsuites><testsuite><testcase name='x'/></testsuite></testsuites>"u8.ToArray());
        Assert.Throws<ReportFormatException>(() => OracleResults.Read(other));
    }
}
