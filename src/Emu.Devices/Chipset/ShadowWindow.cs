using Emu.Mmu;

namespace Emu.Devices.Chipset;

/// <summary>One segment of C0000h-FFFFFh under a PAM attribute pair (82441FX data sheet 3.2.18): where reads and writes go.</summary>
internal sealed class ShadowWindow
{
    private const int ReadEnable = 1;
    private const int WriteEnable = 2;

    // Indexed by attribute: nothing, read, write, read and write.
    private readonly MemoryRegion[] _views;

    public ShadowWindow(I440FxMemory memory, ulong address, ulong size)
    {
        string name = $"{address:x5}";
        MemoryRegion protectedRam = memory.LegacyRam($"pam-ro-{name}", address, size);
        protectedRam.ReadOnly = true;
        _views =
        [
            MemoryRegion.CreateAlias($"pam-pci-{name}", memory.Pci, address, size),
            protectedRam,
            WriteOnly(memory, address, size),
            memory.LegacyRam($"pam-ram-{name}", address, size),
        ];
        foreach (MemoryRegion view in _views)
        {
            view.Enabled = false;
            memory.AddChipsetWindow(address, view);
        }
        Attribute = 0;
        _views[0].Enabled = true;
    }

    /// <summary>Bit 0 RE: reads come from RAM; bit 1 WE: writes go to RAM. Otherwise they go to PCI.</summary>
    public int Attribute
    {
        get;
        set
        {
            int attribute = value & (ReadEnable | WriteEnable);
            if (attribute == field)
                return;
            _views[attribute].Enabled = true;
            _views[field].Enabled = false;
            field = attribute;
        }
    }

    /// <summary>
    /// The state in which a BIOS copies itself: it still runs from ROM, its writes land in the RAM beneath. Over the BIOS image reads are direct, so
    /// that code runs at full speed; elsewhere they go to PCI space access by access.
    /// </summary>
    private static MemoryRegion WriteOnly(I440FxMemory memory, ulong address, ulong size)
    {
        var device = new WriteThrough(memory, address);
        return memory is { Bios: { } bios } && memory.LegacyBiosOffset(address) is { } offset
            ? MemoryRegion.CreateRom($"pam-wo-{address:x5}", bios, device, offset, size)
            : MemoryRegion.CreateDevice($"pam-wo-{address:x5}", size, device);
    }

    private sealed class WriteThrough(I440FxMemory memory, ulong address) : IMemoryDevice
    {
        public int MaxAccessSize => 8;

        public ulong ReadMemory(ulong offset, int size) => memory.PciSpace.Read(address + offset, size);

        public void WriteMemory(ulong offset, int size, ulong value)
        {
            ulong at = address + offset;
            if (at + (ulong)size > memory.Layout.LowSize)
                return;
            Span<byte> bytes = stackalloc byte[size];
            for (int i = 0; i < size; i++)
                bytes[i] = (byte)(value >> 8 * i);
            memory.Ram.Write(at, bytes);
        }
    }
}
