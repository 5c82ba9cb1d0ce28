using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Every CPUID feature a model can advertise is emulated: instructions by their rows, everything else by what shows here.</summary>
public sealed unsafe class FeatureTests
{
    private delegate bool Probe(LongMachine machine);

    /// <summary>Features that promise speed or the absence of something, which no program can tell from their absence.</summary>
    private static readonly Dictionary<string, string> Invisible = new()
    {
        ["ss"] = "caches snoop their own processor: there are none",
        ["arat"] = "the APIC timer never stops, with or without",
        ["invtsc"] = "the TSC has one rate, with or without",
        ["erms"] = "REP MOVSB and STOSB are fast",
        ["fsrm"] = "short REP MOVSB is fast",
        ["md-clear"] = "VERW also clears buffers: there are none",
        ["hypervisor"] = "a bit, and leaf 40000000h",
        ["xsaveerptr"] = "FXSAVE, XSAVE and their like always store the error pointers",
        ["null-sel-clr-base"] = "loading a null selector clears the base; shown below",
        ["cr8legacy"] = "LOCK MOV CR0 is CR8; shown below",
        ["smap"] = "AC and CR4.SMAP go with STAC and CLAC",
        ["pse"] = "CR4.PSE; large pages are the MMU's tests'",
    };

    /// <summary>Every other feature without instructions of its own: what is there with it, and not without it.</summary>
    private static readonly Dictionary<string, Probe> Probes = new()
    {
        ["vme"] = Cr4Bits(Cr4.Vme | Cr4.Pvi),
        ["de"] = Cr4Bits(Cr4.De),
        ["pae"] = Cr4Bits(Cr4.Pae),
        ["mce"] = Cr4Bits(Cr4.Mce),
        ["pge"] = Cr4Bits(Cr4.Pge),
        ["umip"] = Cr4Bits(Cr4.Umip),
        ["la57"] = Cr4Bits(Cr4.La57),
        ["pcid"] = Cr4Bits(Cr4.Pcide),
        ["smep"] = Cr4Bits(Cr4.Smep),
        ["pks"] = Cr4Bits(Cr4.Pks),
        ["apic"] = ReadsMsr(0x1B),
        ["mtrr"] = ReadsMsr(0xFE),
        ["mca"] = ReadsMsr(0x179),
        ["pat"] = ReadsMsr(0x277),
        ["tsc-adjust"] = ReadsMsr(0x3B),
        ["tsc-deadline"] = ReadsMsr(0x6E0),
        ["arch-capabilities"] = ReadsMsr(0x10A),
        ["spec-ctrl"] = WritesMsr(0x48, 1),
        ["ibrs"] = WritesMsr(0x48, 1),
        ["stibp"] = WritesMsr(0x48, 2),
        ["amd-stibp"] = WritesMsr(0x48, 2),
        ["ssbd"] = WritesMsr(0x48, 4),
        ["amd-ssbd"] = WritesMsr(0x48, 4),
        ["ibpb"] = WritesMsr(0x49, 1),
        ["flush-l1d"] = WritesMsr(0x10B, 1),
        ["nx"] = m => (m.Cpu.Model.EferMask & Efer.Nxe) != 0,
        ["fxsr-opt"] = m => (m.Cpu.Model.EferMask & Efer.Ffxsr) != 0,
        ["auto-ibrs"] = m => (m.Cpu.Model.EferMask & Efer.Aibrse) != 0,
        ["pse36"] = m => m.Cpu.Model.Paging.Pse36,
        ["pdpe1gb"] = m => m.Cpu.Model.Paging.GigabytePages,
        ["topoext"] = m => m.Cpu.Cpuid(0x8000001D, 0) != default,
        ["x2apic"] = m => m.Cpu.TryWriteMsr(0x1B, 0xFEE00D00) && m.Cpu.TryReadMsr(0x802, out _),
        ["xgetbv1"] = m => Completes(m, c =>
        {
            c.mov(ecx, 1);
            c.xgetbv();
        }),
        ["lahf-lm"] = m => Completes(m, c => c.lahf()),
    };

    private static Probe Cr4Bits(ulong bits) => m => (m.Cpu.Model.Cr4Mask & bits) == bits;

    private static Probe ReadsMsr(uint address) => m => m.Cpu.TryReadMsr(address, out _);

    private static Probe WritesMsr(uint address, ulong value) => m => m.Cpu.TryWriteMsr(address, value);

    private static bool Completes(LongMachine m, Action<Assembler> program)
    {
        m.State->Cr4 |= Cr4.Osxsave;
        foreach (byte vector in (byte[])[6, 13])
        {
            m.Handle(vector, c =>
            {
                c.mov(r15d, 1);
                c.hlt();
            });
        }
        m.Run(c =>
        {
            c.xor(r15d, r15d);
            program(c);
            c.hlt();
        });
        return m.State->Gpr[15] == 0;
    }

    private static IEnumerable<CpuFeature> Emulated => CpuFeature.All.Where(f => f.IsEmulated);

    [Fact]
    public void Every_emulated_feature_has_instructions_or_a_probe_or_a_reason_for_none()
    {
        foreach (CpuFeature feature in Emulated.Where(f => f.Instructions.Count == 0))
            Assert.True(Probes.ContainsKey(feature.Name) || Invisible.ContainsKey(feature.Name), feature.Name);
        Assert.All(Probes.Keys.Concat(Invisible.Keys), name => Assert.True(CpuFeature.Find(name)?.IsEmulated == true, name));
    }

    public static TheoryData<string> Probed => [.. Probes.Keys];

    [Theory]
    [MemberData(nameof(Probed))]
    public void A_feature_is_there_when_a_model_has_it_and_not_otherwise(string name)
    {
        // Without the others that share the register.
        string alone = name is "spec-ctrl" or "stibp" or "ssbd" or "ibrs" or "ibpb" or "amd-stibp" or "amd-ssbd" ? "EPYC,-ibpb" : "max";
        using LongMachine with = new($"{alone},+{name}");
        Assert.True(Probes[name](with), $"with {name}");
        using LongMachine without = new($"{alone},-{name}");
        Assert.False(Probes[name](without), $"without {name}");
    }

    [Fact]
    public void Every_instruction_a_feature_stands_for_is_implemented_in_every_model()
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        string everything = "max," + string.Join(',', Emulated.Select(f => "+" + f.Name));
        foreach (CpuModel model in CpuModel.Names.Select(CpuModel.Parse).Append(CpuModel.Parse(everything)))
        {
            foreach (Code code in Enum.GetValues<Code>())
            {
                if (model.Supports(code) && !CpuModelTests.IsNeverDecoded(code) && InstructionTable.Instance[code] == null) missing.Add($"{model.Name}: {code}");
            }
        }
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_instruction_set_of_a_feature_exists_exactly_with_it()
    {
        foreach (CpuFeature feature in Emulated.Where(f => f.Instructions.Count > 0))
        {
            CpuModel with = CpuModel.Parse($"max,+{feature.Name}"), without = CpuModel.Parse($"max,-{feature.Name}");
            Code[] codes = [.. Enum.GetValues<Code>().Where(c => c.CpuidFeatures() is { Length: > 0 } sets && sets.All(feature.Instructions.Contains))];
            Assert.True(codes.Length > 0 && codes.All(with.Supports), feature.Name);
            // Prefetches are no-operations where their feature is missing.
            if (feature.Name != "3dnowprefetch") Assert.DoesNotContain(codes, without.Supports);
        }
    }

    // APM Vol. 3, MOV CRn.
    [Theory]
    [InlineData("max", true)]
    [InlineData("max,-cr8legacy", false)]
    [InlineData("Haswell", false)]
    public void LOCK_MOV_CR0_is_CR8_on_AMDs_processors_with_the_feature(string model, bool there)
    {
        using ProtectedMachine m = new(model);
        m.Cpu.Apic.TaskPriority = 0x70;
        m.Handle(6, c =>
        {
            c.mov(eax, 6000);
            c.hlt();
        });
        m.Run(c =>
        {
            c.db(0xF0, 0x0F, 0x20, 0xC0);
            c.hlt();
        });
        Assert.Equal(there ? 7UL : 6000, m.State->Gpr[0]);
    }

    // APM Vol. 2 4.5.3, Vol. 3 CPUID Fn8000_0021_EAX[NullSelectorClearsBase].
    [Fact]
    public void A_null_selector_clears_the_base()
    {
        using LongMachine m = new();
        m.State->Segment(SegmentIndex.Fs).Base = 0x12345000;
        m.Run(c =>
        {
            c.xor(eax, eax);
            c.mov(fs, eax);
            c.hlt();
        });
        Assert.Equal(0UL, m.State->Segment(SegmentIndex.Fs).Base);
    }
}
