using System.Collections.Frozen;

namespace Emu.Cpu;

/// <summary>Every model-specific register there is, by number. Immutable.</summary>
internal sealed partial class MsrTable
{
    private readonly List<MsrDefinition> all = [];
    private readonly FrozenDictionary<uint, MsrDefinition> byAddress;

    /// <summary>The table.</summary>
    public static MsrTable Instance { get; } = new();

    private MsrTable()
    {
        AddArchitectural();
        AddMemoryTypes();
        AddMachineCheck();
        AddPerformance();
        AddIntel();
        AddAmd();
        byAddress = all.ToFrozenDictionary(d => d.Address);
    }

    /// <summary>All registers.</summary>
    public IReadOnlyList<MsrDefinition> All => all;

    /// <summary>Their number.</summary>
    public int Count => all.Count;

    /// <summary>A register, or null.</summary>
    public MsrDefinition? Find(uint address) => byAddress.GetValueOrDefault(address);

    /// <summary>Fills an array with the values after RESET.</summary>
    public void CopyResetValues(ulong[] values)
    {
        foreach (MsrDefinition definition in all) values[definition.Index] = definition.Reset;
    }

    private void Add(MsrDefinition definition) => all.Add(definition with { Index = all.Count });

    private void Stored(uint address, string name, ulong reset = 0, ulong writable = ulong.MaxValue) =>
        Add(new MsrDefinition(address, name) { Reset = reset, Writable = writable });

    private void ReadOnly(uint address, string name, ulong value) =>
        Add(new MsrDefinition(address, name) { Reset = value, Writable = 0 });

    private void Computed(uint address, string name, MsrReader read, MsrWriter? write, bool canonical = false, Func<CpuModel, bool>? exists = null) =>
        Add(new MsrDefinition(address, name)
        {
            Read = read,
            Write = write,
            Writable = write == null ? 0 : ulong.MaxValue,
            Canonical = canonical,
            Exists = exists,
        });
}
