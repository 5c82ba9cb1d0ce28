namespace Emu.Cpu;

/// <summary>Reads an MSR that is not plain storage.</summary>
internal delegate ulong MsrReader(Vcpu cpu);

/// <summary>Writes an MSR that is not plain storage; false is #GP(0).</summary>
internal delegate bool MsrWriter(Vcpu cpu, ulong value);

/// <summary>One model-specific register (SDM Vol. 4; APM Vol. 2 appendix A).</summary>
/// <param name="Address">Number in ECX.</param>
/// <param name="Name">The manual's name.</param>
internal sealed record MsrDefinition(uint Address, string Name)
{
    /// <summary>Value after RESET.</summary>
    public ulong Reset { get; init; }

    /// <summary>Bits that may be set; a write with any other bit set is #GP(0). 0 makes the register read-only.</summary>
    public ulong Writable { get; init; } = ulong.MaxValue;

    /// <summary>Bits that may be written but stay 0, as write-only command bits do.</summary>
    public ulong Ignored { get; init; }

    /// <summary>Writing a non-canonical address is #GP(0).</summary>
    public bool Canonical { get; init; }

    /// <summary>It holds a physical address: a bit above the model's physical address width is #GP(0) (SDM Vol. 3A 11.11.2.3).</summary>
    public bool PhysicalAddress { get; init; }

    /// <summary>Reading is #GP(0).</summary>
    public bool WriteOnly { get; init; }

    /// <summary>Each byte (or, for <see cref="MemoryTypeBytes"/> 1, the low byte only) must be a memory type.</summary>
    public int MemoryTypeBytes { get; init; }

    /// <summary>UC- (7) is among the memory types, as in the PAT.</summary>
    public bool AllowsUncachedMinus { get; init; }

    /// <summary>Computes the value; null for plain storage.</summary>
    public MsrReader? Read { get; init; }

    /// <summary>Takes a value that passed the checks above; null for plain storage.</summary>
    public MsrWriter? Write { get; init; }

    /// <summary>Models that have the register; null for all.</summary>
    public Func<CpuModel, bool>? Exists { get; init; }

    /// <summary>Slot in <see cref="MsrFile.Values"/>.</summary>
    public int Index { get; init; }

    /// <summary>Whether a value may be written.</summary>
    public bool Accepts(Vcpu cpu, ulong value)
    {
        if (Writable == 0 && Ignored == 0) return false;
        if ((value & ~(Writable | Ignored)) != 0) return false;
        if (PhysicalAddress && value >> cpu.Model.PhysicalAddressBits != 0) return false;
        if (Canonical && !cpu.IsCanonicalBase(value)) return false;
        for (int i = 0; i < MemoryTypeBytes; i++)
        {
            int type = (int)(value >> (i * 8)) & 0xFF;
            if (type is not (0 or 1 or 4 or 5 or 6) && !(type == 7 && AllowsUncachedMinus)) return false;
        }

        return true;
    }
}
