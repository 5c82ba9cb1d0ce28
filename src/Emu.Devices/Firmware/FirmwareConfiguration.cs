using System.Buffers.Binary;

using Emu.Devices.Firmware.Acpi;
using Emu.Devices.Firmware.Smbios;

namespace Emu.Devices.Firmware;

/// <summary>What the firmware is told about the board besides ACPI and SMBIOS tables.</summary>
public sealed record FirmwareConfiguration
{
    /// <summary>Bytes of RAM below 4 GiB.</summary>
    public ulong LowRamSize { get; init; } = 128 << 20;

    /// <summary>Bytes of RAM from 4 GiB on.</summary>
    public ulong HighRamSize { get; init; }

    /// <summary>Processors that start at power-on.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>Highest APIC identifier plus one; at least <see cref="CpuCount"/>.</summary>
    public int MaxCpus { get; init; } = 1;

    /// <summary>System UUID.</summary>
    public Guid Uuid { get; init; }

    /// <summary>No graphical display: SeaBIOS talks on the serial line where it can.</summary>
    public bool NoGraphic { get; init; }

    /// <summary>Offers SeaBIOS's boot menu.</summary>
    public bool BootMenu { get; init; }

    /// <summary>Milliseconds the boot menu's invitation stays, or null for the firmware's own choice.</summary>
    public ushort? BootMenuWait { get; init; }

    /// <summary>Milliseconds before a reboot when nothing boots, -1 to stay there, or null for the firmware's own choice (60 s).</summary>
    public int? BootFailWait { get; init; }

    /// <summary>Open Firmware paths of the boot devices, first choice first; empty leaves the order to the CMOS.</summary>
    public IReadOnlyList<string> BootOrder { get; init; } = [];

    /// <summary>Value the firmware writes to IA32_FEATURE_CONTROL (lock bit, VMX enable); 0 leaves it alone.</summary>
    public ulong FeatureControl { get; init; }

    /// <summary>Debug output appears on the screen too (SeaBIOS built for it).</summary>
    public bool ScreenAndDebug { get; init; } = true;

    /// <summary>The guest may suspend to RAM.</summary>
    public bool SuspendToRam { get; init; } = true;

    /// <summary>The guest may suspend to disk.</summary>
    public bool SuspendToDisk { get; init; } = true;

    /// <summary>ACPI tables, or null to offer none.</summary>
    public AcpiConfiguration? Acpi { get; init; }

    /// <summary>SMBIOS tables, or null to let the firmware make its own.</summary>
    public SmbiosConfiguration? Smbios { get; init; }

    /// <summary>Sets every item and file that these settings stand for.</summary>
    public void AddTo(FwCfg fwCfg)
    {
        fwCfg.AddBytes(FwCfgKey.Uuid, Uuid.ToByteArray(bigEndian: true));
        fwCfg.AddUInt64(FwCfgKey.RamSize, LowRamSize + HighRamSize);
        fwCfg.AddUInt16(FwCfgKey.NoGraphic, NoGraphic ? (ushort)1 : (ushort)0);
        fwCfg.AddUInt16(FwCfgKey.CpuCount, (ushort)CpuCount);
        fwCfg.AddUInt16(FwCfgKey.MaxCpus, (ushort)Math.Max(MaxCpus, CpuCount));
        fwCfg.AddBytes(FwCfgKey.Numa, new byte[8 * (1 + Math.Max(MaxCpus, CpuCount))]);
        fwCfg.AddUInt16(FwCfgKey.BootMenu, BootMenu ? (ushort)1 : (ushort)0);
        fwCfg.AddUInt32(FwCfgKey.Irq0Override, 1);
        if (Acpi is { Hpet: true })
            fwCfg.AddBytes(FwCfgKey.Hpet, HpetDescription());
        fwCfg.AddFile(E820Entry.File, E820Entry.Encode(E820Entry.ForRam(LowRamSize, HighRamSize)));
        fwCfg.AddFile("etc/system-states", SystemStates());
        fwCfg.AddFileInteger("etc/screen-and-debug", ScreenAndDebug ? 1u : 0u);
        fwCfg.AddFileInteger("etc/show-boot-menu", BootMenu ? 1u : 0u, 2);
        if (BootMenuWait is ushort menuWait)
            fwCfg.AddFileInteger("etc/boot-menu-wait", menuWait, 2);
        if (BootFailWait is int failWait)
            fwCfg.AddFileInteger("etc/boot-fail-wait", (uint)failWait);
        if (BootOrder.Count > 0)
            fwCfg.AddFileString("bootorder", string.Join('\n', BootOrder));
        if (FeatureControl != 0)
            fwCfg.AddFileInteger("etc/msr_feature_control", FeatureControl, 8);
        if (Acpi is not null)
            AcpiTableSet.Build(Acpi).AddTo(fwCfg);
        if (Smbios is not null)
            SmbiosTables.Build(Smbios).AddTo(fwCfg);
    }

    /// <summary>
    /// Offers an option ROM in one of SeaBIOS's directories: <c>vgaroms/</c> for display adapters without a PCI ROM,
    /// <c>genroms/</c> for all others.
    /// </summary>
    public static void AddOptionRom(FwCfg fwCfg, string directory, string name, byte[] image) => fwCfg.AddFile($"{directory}/{name}", image);

    /// <summary>One byte a sleep state S0 to S5: bit 7 the state exists, bits 2:0 its SLP_TYP.</summary>
    private byte[] SystemStates()
    {
        const byte exists = 0x80, suspendToRamType = 1, suspendToDiskType = 2;
        return
        [
            exists, 0, 0,
            (byte)(suspendToRamType | (SuspendToRam ? exists : 0)),
            (byte)(suspendToDiskType | (SuspendToDisk ? exists : 0)),
            exists,
        ];
    }

    /// <summary>Count, then block identifier (32), address (64), minimum tick (16) and page protection (8) of each HPET, packed.</summary>
    private static byte[] HpetDescription()
    {
        const int entries = 8, entrySize = 15;
        byte[] bytes = new byte[1 + entries * entrySize];
        bytes[0] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), 0x8086A201);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(5), AcpiBoard.HpetAddress);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(13), 100);
        return bytes;
    }
}
