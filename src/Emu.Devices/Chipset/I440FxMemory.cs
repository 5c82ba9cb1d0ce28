using Emu.Mmu;

namespace Emu.Devices.Chipset;

/// <summary>
/// The physical memory map of an i440FX board: RAM around the PCI hole, the PCI memory space beneath it, the BIOS at the top of 4 GiB and at
/// 1 MiB, and a second view of it all for processors in system-management mode.
/// </summary>
/// <remarks>
/// Priorities: RAM 0, PCI space -1 (seen where there is no RAM), the chipset's shadow and compatibility windows 1. Devices on the processor bus
/// (I/O APIC, HPET) go into <see cref="System"/> at priority 0.
/// </remarks>
public sealed class I440FxMemory
{
    public const ulong LegacyVideoBase = 0xA0000;
    public const ulong LegacyVideoSize = 0x20000;
    public const ulong LegacyBiosEnd = 0x100000;
    public const ulong LargestLegacyBios = 0x20000;
    public const ulong LargestBios = 16ul << 20;

    private const ulong BiosGranularity = 0x10000;
    private const int PciPriority = -1;
    private const int ChipsetPriority = 1;
    private const int UnclaimedPriority = int.MinValue;

    private readonly MemoryRegion _legacyVideo;
    private readonly MemoryRegion _systemManagementRam;

    /// <param name="memory">The machine's memory.</param>
    /// <param name="ram">Main memory; the part above <see cref="PcMemoryLayout.LowSize"/> appears at 4 GiB.</param>
    /// <param name="layout">How it is split.</param>
    /// <param name="bios">The BIOS image, a multiple of 64 KiB up to 16 MiB, or null for a board that boots without one.</param>
    public I440FxMemory(GuestMemory memory, GuestRam ram, PcMemoryLayout layout, GuestRam? bios)
    {
        Ram = ram;
        Layout = layout;
        Bios = bios;
        System = MemoryRegion.CreateContainer("system");
        Pci = MemoryRegion.CreateContainer("pci");
        // A window on PCI space must hide the RAM beneath it also where no PCI device answers (master abort: all ones).
        Pci.AddSubregion(LegacyVideoBase,
            MemoryRegion.CreateDevice("pci-unclaimed", LegacyBiosEnd - LegacyVideoBase, new Unclaimed()), UnclaimedPriority);
        System.AddSubregion(0, Pci, PciPriority);
        System.AddSubregion(0, MemoryRegion.CreateRam("ram-below-4g", ram, 0, layout.LowSize));
        if (layout.HighSize != 0)
            System.AddSubregion(PcMemoryLayout.HighBase, MemoryRegion.CreateRam("ram-above-4g", ram, layout.LowSize, layout.HighSize));
        if (bios is not null)
            AddBios(bios);

        _legacyVideo = MemoryRegion.CreateAlias("smram-region", Pci, LegacyVideoBase, LegacyVideoSize);
        System.AddSubregion(LegacyVideoBase, _legacyVideo, ChipsetPriority);

        SystemManagement = MemoryRegion.CreateContainer("system-management");
        SystemManagement.AddSubregion(0, MemoryRegion.CreateAlias("smm-system", System, 0, AddressSpace.MaxSize));
        _systemManagementRam = LegacyRam("smram", LegacyVideoBase, LegacyVideoSize);
        SystemManagement.AddSubregion(LegacyVideoBase, _systemManagementRam, ChipsetPriority);

        Space = new AddressSpace("memory", memory, System);
        SystemManagementSpace = new AddressSpace("memory-smm", memory, SystemManagement);
        PciSpace = new AddressSpace("pci", memory, Pci);
    }

    /// <summary>Main memory.</summary>
    public GuestRam Ram { get; }

    public PcMemoryLayout Layout { get; }

    public GuestRam? Bios { get; }

    /// <summary>Root of the map that bus masters and processors outside SMM see.</summary>
    public MemoryRegion System { get; }

    /// <summary>PCI memory space.</summary>
    public MemoryRegion Pci { get; }

    /// <summary>Root of the map that a processor in SMM sees.</summary>
    public MemoryRegion SystemManagement { get; }

    /// <summary>View of <see cref="System"/>.</summary>
    public AddressSpace Space { get; }

    /// <summary>View of <see cref="SystemManagement"/>.</summary>
    public AddressSpace SystemManagementSpace { get; }

    /// <summary>View of <see cref="Pci"/>: what lies behind a shadow window.</summary>
    public AddressSpace PciSpace { get; }

    /// <summary>SMRAM.D_OPEN: the compatible SMRAM at A0000h is visible outside SMM.</summary>
    internal bool SystemManagementRamOpen
    {
        get => !_legacyVideo.Enabled;
        set => _legacyVideo.Enabled = !value;
    }

    /// <summary>SMRAM.G_SMRAME: processors in SMM see RAM at A0000h.</summary>
    internal bool SystemManagementRamEnabled
    {
        get => _systemManagementRam.Enabled;
        set => _systemManagementRam.Enabled = value;
    }

    /// <summary>RAM at its own address, for a window below 1 MiB; less where the machine has so little.</summary>
    internal MemoryRegion LegacyRam(string name, ulong address, ulong size)
    {
        ulong end = Math.Min(Layout.LowSize, address + size);
        return end > address ? MemoryRegion.CreateRam(name, Ram, address, end - address) : MemoryRegion.CreateContainer(name, size);
    }

    /// <summary>Offset in the BIOS image of an address below 1 MiB, or null if the image is not visible there.</summary>
    internal ulong? LegacyBiosOffset(ulong address)
    {
        if (Bios is null || address < LegacyBiosEnd - Math.Min(Bios.Size, LargestLegacyBios))
            return null;
        return Bios.Size - (LegacyBiosEnd - address);
    }

    internal void AddChipsetWindow(ulong address, MemoryRegion window) => System.AddSubregion(address, window, ChipsetPriority);

    private void AddBios(GuestRam bios)
    {
        if (bios.Size == 0 || bios.Size % BiosGranularity != 0 || bios.Size > LargestBios)
            throw new ArgumentException($"A BIOS image is a multiple of 64 KiB up to 16 MiB, not {bios.Size} bytes.", nameof(bios));
        Pci.AddSubregion(PcMemoryLayout.HighBase - bios.Size, MemoryRegion.CreateRom("bios", bios));
        ulong legacy = Math.Min(bios.Size, LargestLegacyBios);
        Pci.AddSubregion(LegacyBiosEnd - legacy, MemoryRegion.CreateRom("isa-bios", bios, null, bios.Size - legacy, legacy), ChipsetPriority);
    }

    private sealed class Unclaimed : IMemoryDevice
    {
        public int MaxAccessSize => 8;

        public ulong ReadMemory(ulong offset, int size) => ulong.MaxValue;

        public void WriteMemory(ulong offset, int size, ulong value)
        {
        }
    }
}
