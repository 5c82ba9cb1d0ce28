namespace Emu.Devices.Firmware.Smbios;

/// <summary>What the SMBIOS tables have to say about a board.</summary>
public sealed record SmbiosConfiguration
{
    /// <summary>Manufacturer of system and chassis.</summary>
    public string Manufacturer { get; init; } = "Emu";

    /// <summary>Product name of the system.</summary>
    public string Product { get; init; } = "Standard PC (i440FX + PIIX, 1996)";

    /// <summary>Version string of the system.</summary>
    public string Version { get; init; } = "pc";

    /// <summary>Serial number of the system; empty for none.</summary>
    public string SerialNumber { get; init; } = "";

    /// <summary>System UUID.</summary>
    public Guid Uuid { get; init; }

    /// <summary>BIOS vendor.</summary>
    public string BiosVendor { get; init; } = "SeaBIOS";

    /// <summary>BIOS version.</summary>
    public string BiosVersion { get; init; } = "1.16";

    /// <summary>BIOS release date, mm/dd/yyyy.</summary>
    public string BiosDate { get; init; } = "04/01/2014";

    /// <summary>Processor brand string.</summary>
    public string ProcessorVersion { get; init; } = "Emu x86-64";

    /// <summary>Logical processors, each described as a socket of its own.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>CPUID leaf 1 EAX and EDX of the processor.</summary>
    public (uint Eax, uint Edx) ProcessorId { get; init; }

    /// <summary>Bytes of RAM below 4 GiB.</summary>
    public ulong LowRamSize { get; init; } = 128 << 20;

    /// <summary>Bytes of RAM from 4 GiB on.</summary>
    public ulong HighRamSize { get; init; }
}
