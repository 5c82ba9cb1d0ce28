using System.Collections.Frozen;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>What a processor claims to be: vendor, family and features. Immutable.</summary>
public sealed class CpuModel
{
    /// <summary>Instruction sets that are there whatever CPUID says.</summary>
    private static readonly CpuidFeature[] Always =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486,
        CpuidFeature.CPUID, CpuidFeature.SMM, CpuidFeature.MULTIBYTENOP, CpuidFeature.PAUSE, CpuidFeature.RDPMC,
        // Hints that are no-operations where the extension is missing.
        CpuidFeature.CET_IBT, CpuidFeature.CLDEMOTE, CpuidFeature.PREFETCHWT1, CpuidFeature.PREFETCHITI, CpuidFeature.PREFETCHW,
    ];

    private readonly FrozenSet<string> features;
    private readonly FrozenDictionary<(uint Leaf, uint Subleaf), CpuidResult> featureBits;
    private readonly bool[] supported;

    private CpuModel(CpuModelDefinition definition, IEnumerable<CpuFeature> features)
    {
        Definition = definition;
        Features = [.. features];
        this.features = Features.Select(f => f.Name).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        IsAmd = definition.Vendor == "AuthenticAMD";
        featureBits = Features.GroupBy(f => (f.Leaf, f.Subleaf)).ToFrozenDictionary(g => g.Key, Combine);
        supported = SupportedCodes();
        Cr4Mask = ComputeCr4Mask();
        EferMask = (Has("syscall") ? Efer.Sce : 0) | (Has("lm") ? Efer.Lme : 0) | (Has("nx") ? Efer.Nxe : 0)
            | (Has("fxsr-opt") ? Efer.Ffxsr : 0)
            | (Has("auto-ibrs") ? Efer.Aibrse : 0);
        Xcr0Mask = Xcr0.X87 | Xcr0.Sse | (Has("avx") ? Xcr0.Avx : 0) | (Has("pku") ? Xcr0.Pkru : 0);
        Paging = new PagingFeatures(PhysicalAddressBits, Has("pdpe1gb"), Has("pse36"));
        DecoderOptions = (IsAmd ? DecoderOptions.AMD : DecoderOptions.None)
            | (Has("bmi1") ? 0 : DecoderOptions.NoMPFX_0FBC)
            | (Has("abm") ? 0 : DecoderOptions.NoMPFX_0FBD)
            | (Has("wbnoinvd") ? 0 : DecoderOptions.NoWbnoinvd)
            | (Has("lahf-lm") ? 0 : DecoderOptions.NoLahfSahf64);
    }

    /// <summary>The model with everything that is emulated.</summary>
    public static CpuModel Max { get; } = Parse("max");

    /// <summary>Name as given to <c>-cpu</c>.</summary>
    public string Name => Definition.Name;

    /// <summary>Numbers and strings CPUID reports.</summary>
    public CpuModelDefinition Definition { get; }

    /// <summary>The features it has.</summary>
    public IReadOnlyList<CpuFeature> Features { get; }

    /// <summary>AMD's rules rather than Intel's where the manuals differ.</summary>
    public bool IsAmd { get; }

    /// <summary>Width of physical addresses in bits.</summary>
    public int PhysicalAddressBits => Definition.PhysicalAddressBits;

    /// <summary>Vendor rules that change decoding (APM and SDM differ on near branches with an operand-size prefix).</summary>
    public DecoderOptions DecoderOptions { get; }

    /// <summary>What the model says of paging.</summary>
    public PagingFeatures Paging { get; }

    /// <summary>CR4 bits that may be set.</summary>
    public ulong Cr4Mask { get; }

    /// <summary>EFER bits that may be written.</summary>
    public ulong EferMask { get; }

    /// <summary>XCR0 bits that may be set.</summary>
    public ulong Xcr0Mask { get; }

    /// <summary>IA32_XSS bits that may be set: no supervisor state component is emulated.</summary>
    public ulong XssMask => 0;

    /// <summary>IA32_ARCH_CAPABILITIES: nothing here speculates, so no known weakness applies.</summary>
    public ulong ArchCapabilities => 0x1EB;

    /// <summary>Names of all models, for <c>-cpu help</c>.</summary>
    public static IEnumerable<string> Names => CpuModelDefinition.All.Where(d => d.Name != "base").Select(d => d.Name);

    /// <summary>Whether it has a feature, by the name <see cref="CpuFeature"/> lists it under.</summary>
    public bool Has(string feature) => features.Contains(feature);

    /// <summary>Whether the model has the instruction.</summary>
    public bool Supports(Code code) => supported[(int)code];

    /// <summary>
    /// Makes a model from what follows <c>-cpu</c>: a name, then flags to add or remove, as in <c>Haswell,+avx2,-x2apic,sse4a=off</c>, and
    /// <c>vendor=</c>, <c>family=</c>, <c>model=</c>, <c>stepping=</c>, <c>level=</c>, <c>phys-bits=</c>, <c>model-id=</c>.
    /// </summary>
    /// <exception cref="CpuModelException">Unknown model or feature, or one that is not emulated.</exception>
    public static CpuModel Parse(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        string name = parts[0] is "host" or "" ? "max" : parts[0];
        CpuModelDefinition definition = CpuModelDefinition.All.FirstOrDefault(d => string.Equals(d.Name, name, StringComparison.OrdinalIgnoreCase) && d.Name != "base")
            ?? throw new CpuModelException($"There is no processor model '{name}'; known are {string.Join(", ", Names)}.");
        Dictionary<string, CpuFeature> chosen = definition.FlagNames()
            .Select(CpuFeature.Find).OfType<CpuFeature>().Where(f => f.IsEmulated).DistinctBy(f => f.Name).ToDictionary(f => f.Name);
        foreach (string part in parts[1..])
        {
            if (part.Length == 0 || CpuModelProperty.TryApply(part, ref definition)) continue;
            (string feature, bool wanted) = SplitFlag(part);
            CpuFeature found = CpuFeature.Find(feature) ?? throw new CpuModelException($"There is no processor feature '{feature}'.");
            if (wanted && !found.IsEmulated) throw new CpuModelException($"The processor feature '{found.Name}' is not emulated.");
            if (wanted) chosen[found.Name] = found;
            else chosen.Remove(found.Name);
        }

        return new CpuModel(definition, chosen.Values);
    }

    /// <summary>The feature flags of a CPUID leaf, without the ones computed while running.</summary>
    internal CpuidResult FeatureBits(uint leaf, uint subleaf) => featureBits.GetValueOrDefault((leaf, subleaf));

    private static CpuidResult Combine(IEnumerable<CpuFeature> flags)
    {
        CpuidResult result = default;
        foreach (CpuFeature flag in flags)
        {
            uint bit = 1u << flag.Bit;
            result = flag.Register switch
            {
                CpuidRegister.Eax => result with { Eax = result.Eax | bit },
                CpuidRegister.Ebx => result with { Ebx = result.Ebx | bit },
                CpuidRegister.Ecx => result with { Ecx = result.Ecx | bit },
                _ => result with { Edx = result.Edx | bit },
            };
        }

        return result;
    }

    private static (string Name, bool Wanted) SplitFlag(string part)
    {
        if (part[0] is '+' or '-') return (part[1..], part[0] == '+');
        int equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) return (part, true);
        return part[(equals + 1)..] switch
        {
            "on" or "yes" or "true" => (part[..equals], true),
            "off" or "no" or "false" => (part[..equals], false),
            _ => throw new CpuModelException($"'{part}' is not understood; write +feature, -feature or feature=on|off."),
        };
    }

    private bool[] SupportedCodes()
    {
        HashSet<CpuidFeature> sets = [.. Always, .. Features.SelectMany(f => f.Instructions)];
        Code[] codes = Enum.GetValues<Code>();
        bool[] result = new bool[codes.Length];
        foreach (Code code in codes) result[(int)code] = code.CpuidFeatures().All(sets.Contains);
        // Reads of the shadow-stack pointer are hints as well; the rest of CET_SS is not.
        result[(int)Code.Rdsspd_r32] = result[(int)Code.Rdsspq_r64] = true;
        return result;
    }

    private ulong ComputeCr4Mask()
    {
        ulong mask = Cr4.Tsd | Cr4.Pce;
        (string Feature, ulong Bits)[] bits =
        [
            ("vme", Cr4.Vme | Cr4.Pvi), ("de", Cr4.De), ("pse", Cr4.Pse), ("pae", Cr4.Pae), ("mce", Cr4.Mce), ("pge", Cr4.Pge),
            ("fxsr", Cr4.Osfxsr), ("sse", Cr4.Osxmmexcpt), ("umip", Cr4.Umip), ("la57", Cr4.La57), ("fsgsbase", Cr4.Fsgsbase),
            ("pcid", Cr4.Pcide), ("xsave", Cr4.Osxsave), ("smep", Cr4.Smep), ("smap", Cr4.Smap), ("pku", Cr4.Pke), ("pks", Cr4.Pks),
        ];
        foreach ((string feature, ulong value) in bits)
        {
            if (Has(feature)) mask |= value;
        }

        return mask;
    }
}
