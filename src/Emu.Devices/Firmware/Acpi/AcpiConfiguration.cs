namespace Emu.Devices.Firmware.Acpi;

/// <summary>What the ACPI tables have to say about a board.</summary>
public sealed record AcpiConfiguration
{
    /// <summary>Logical processors, with APIC identifiers 0 to N-1.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>Bytes of RAM below 4 GiB.</summary>
    public ulong LowRamSize { get; init; } = 128 << 20;

    /// <summary>Bytes of RAM from 4 GiB on.</summary>
    public ulong HighRamSize { get; init; }

    /// <summary>Bytes of the PCI window above RAM above 4 GiB; 0 for none.</summary>
    public ulong PciHole64Size { get; init; } = 2ul << 30;

    /// <summary>The board has an HPET at <see cref="AcpiBoard.HpetAddress"/>.</summary>
    public bool Hpet { get; init; } = true;

    /// <summary>The board has an i8042 with keyboard and mouse.</summary>
    public bool Keyboard { get; init; } = true;

    /// <summary>Floppy drives on the controller at 0x3F0 (0 leaves the controller out).</summary>
    public int FloppyDrives { get; init; }

    /// <summary>I/O base and IRQ of each serial port.</summary>
    public IReadOnlyList<(ushort Port, int Irq)> SerialPorts { get; init; } = [(0x3F8, 4)];

    /// <summary>I/O base and IRQ of each parallel port.</summary>
    public IReadOnlyList<(ushort Port, int Irq)> ParallelPorts { get; init; } = [(0x378, 7)];

    /// <summary>I/O base of the ACPI power-management registers (event, control at +4, timer at +8).</summary>
    public ushort PmBase { get; init; } = 0x600;

    /// <summary>I/O base of the general-purpose event block 0.</summary>
    public ushort GpeBase { get; init; } = 0xAFE0;

    /// <summary>Bytes of general-purpose event block 0 (status and enable together); 0 when the board has none.</summary>
    public byte GpeLength { get; init; } = 4;

    /// <summary>Base of the PCI Express configuration window for an MCFG table, where the board has one.</summary>
    public ulong? EcamBase { get; init; }
}

/// <summary>Fixed addresses of the PC board that appear in several tables.</summary>
public static class AcpiBoard
{
    /// <summary>Local APIC of every processor.</summary>
    public const uint LocalApicAddress = 0xFEE00000;

    /// <summary>The I/O APIC's registers.</summary>
    public const uint IoApicAddress = 0xFEC00000;

    /// <summary>The HPET's registers.</summary>
    public const uint HpetAddress = 0xFED00000;

    /// <summary>IRQ that carries the SCI (PIIX4 data sheet, 7.1).</summary>
    public const byte SciInterrupt = 9;

    /// <summary>SMI command port of the PIIX (APM control).</summary>
    public const ushort SmiCommandPort = 0xB2;

    /// <summary>Value for <see cref="SmiCommandPort"/> that hands the PM registers to the operating system.</summary>
    public const byte AcpiEnable = 0xF1;

    /// <summary>Value for <see cref="SmiCommandPort"/> that takes them back.</summary>
    public const byte AcpiDisable = 0xF0;

    /// <summary>Reset control register of the PIIX3.</summary>
    public const ushort ResetPort = 0xCF9;

    /// <summary>System reset, reset now.</summary>
    public const byte ResetValue = 0x06;

    /// <summary>First address of the 32-bit PCI memory window, where SeaBIOS puts it for a given amount of low RAM.</summary>
    public static uint PciHole32Start(ulong lowRamSize) => lowRamSize switch
    {
        <= 0x8000_0000 => 0x8000_0000,
        <= 0xC000_0000 => 0xC000_0000,
        _ => 0xE000_0000,
    };

    /// <summary>Last address of the 32-bit PCI memory window.</summary>
    public const uint PciHole32End = IoApicAddress - 1;
}
