namespace Emu.Cpu;

/// <summary>
/// A segment, system-segment or gate descriptor as read from a descriptor table (SDM Vol. 3A 3.4.5, 3.5, 5.8.3, 6.11).
/// Which properties mean something depends on <see cref="IsSegment"/> and <see cref="Type"/>.
/// </summary>
/// <param name="Raw">The descriptor's 8 bytes (of a 16-byte one, the low half).</param>
/// <param name="Address">Linear address it was read from.</param>
/// <param name="Upper">High half of a 16-byte descriptor, else 0.</param>
internal readonly record struct Descriptor(ulong Raw, ulong Address, ulong Upper = 0)
{
    /// <summary>Type field, 0..15.</summary>
    public int Type => (int)(Raw >> 40) & 0xF;

    /// <summary>S flag: code or data segment.</summary>
    public bool IsSegment => (Raw & (1UL << 44)) != 0;

    /// <summary>Descriptor privilege level.</summary>
    public int Dpl => (int)(Raw >> 45) & 3;

    /// <summary>P flag.</summary>
    public bool Present => (Raw & (1UL << 47)) != 0;

    /// <summary>L flag of a code segment.</summary>
    public bool Long => (Raw & (1UL << 53)) != 0;

    /// <summary>D/B flag.</summary>
    public bool DefaultBig => (Raw & (1UL << 54)) != 0;

    /// <summary>Code segment.</summary>
    public bool IsCode => IsSegment && (Type & 8) != 0;

    /// <summary>Conforming code segment.</summary>
    public bool IsConforming => IsSegment && (Type & 0xC) == 0xC;

    /// <summary>Data segment that may be written.</summary>
    public bool IsWritableData => IsSegment && (Type & 0xA) == 2;

    /// <summary>Data segment, or code segment that may be read.</summary>
    public bool IsReadable => IsSegment && (Type & 0xA) != 8;

    /// <summary>Accessed flag of a code or data segment.</summary>
    public bool Accessed => (Raw & (1UL << 40)) != 0;

    /// <summary>Base address; 64 bits wide for a 16-byte system descriptor.</summary>
    public ulong Base => ((Raw >> 16) & 0xFFFFFF) | ((Raw >> 32) & 0xFF000000) | (Upper << 32);

    /// <summary>Limit in bytes, granularity applied.</summary>
    public uint Limit
    {
        get
        {
            uint limit = (uint)(Raw & 0xFFFF) | ((uint)(Raw >> 32) & 0xF0000);
            return (Raw & (1UL << 55)) != 0 ? (limit << 12) | 0xFFF : limit;
        }
    }

    /// <summary>Access rights in the layout of <see cref="SegmentRegister.Attributes"/>.</summary>
    public ushort Attributes => (ushort)((Raw >> 40) & 0xF0FF);

    /// <summary>Selector of a gate.</summary>
    public ushort GateSelector => (ushort)(Raw >> 16);

    /// <summary>Entry point of a gate: 16, 32 or (16-byte gate) 64 bits, by its type.</summary>
    public ulong GateOffset => (Raw & 0xFFFF) | ((Type & 8) != 0 ? ((Raw >> 32) & 0xFFFF0000) | (Upper << 32) : 0);

    /// <summary>Parameters a call gate copies.</summary>
    public int ParameterCount => (int)(Raw >> 32) & 0x1F;

    /// <summary>Interrupt stack table index of a 64-bit interrupt or trap gate; 0 for none.</summary>
    public int InterruptStack => (int)(Raw >> 32) & 7;

    /// <summary>The segment register this descriptor loads.</summary>
    public SegmentRegister ToRegister(ushort selector)
    {
        SegmentRegister register = new() { Base = Base, Limit = Limit, Selector = selector, Attributes = Attributes };
        register.UpdateDerived();
        return register;
    }
}

/// <summary>System-segment and gate types (SDM Vol. 3A table 3-2). In IA-32e mode the 32-bit ones are the 64-bit ones.</summary>
internal static class SystemType
{
    public const int AvailableTss16 = 1;
    public const int Ldt = 2;
    public const int BusyTss16 = 3;
    public const int CallGate16 = 4;
    public const int TaskGate = 5;
    public const int InterruptGate16 = 6;
    public const int TrapGate16 = 7;
    public const int AvailableTss = 9;
    public const int BusyTss = 11;
    public const int CallGate = 12;
    public const int InterruptGate = 14;
    public const int TrapGate = 15;
}
