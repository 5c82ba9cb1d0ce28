using Emu.Devices.Debugging;

namespace Emu.Frontend.CommandLine;

/// <summary>Reads <c>-device</c>.</summary>
internal static class DeviceParser
{
    private static readonly string[] NotYet =
    [
        "e1000", "e1000e", "rtl8139", "ne2k_pci", "ne2k_isa", "pcnet", "i82557b", "i82559er", "virtio-net-pci", "virtio-net",
        "virtio-blk-pci", "virtio-blk", "virtio-scsi-pci", "virtio-rng-pci", "virtio-serial-pci", "virtio-balloon-pci", "virtio-vga", "virtio-gpu-pci",
        "ahci", "ich9-ahci", "nvme", "lsi53c895a", "scsi-hd", "scsi-cd", "usb-tablet", "usb-kbd", "usb-mouse", "usb-storage",
        "piix3-usb-uhci", "ich9-usb-ehci1", "nec-usb-xhci", "qemu-xhci", "intel-hda", "hda-duplex", "AC97", "ES1370", "sb16", "adlib",
        "cirrus-vga", "qxl-vga", "vmware-svga", "intel-iommu", "amd-iommu", "ivshmem-plain", "edu", "isa-serial", "isa-parallel", "pvpanic", "floppy",
    ];

    /// <summary>Devices that can be added, with their properties, for <c>-device help</c>.</summary>
    public static IReadOnlyList<(string Driver, string Properties, string Description)> Known { get; } =
    [
        ("isa-debug-exit", "iobase=0x501,iosize=2", "Ends the emulator with exit status (value << 1) | 1"),
        ("pc-testdev", "", "Test device of kvm-unit-tests"),
        ("isa-debugcon", "iobase=0xe9,chardev=ID", "Prints what is written to port 0xe9 or 0x402"),
        ("ide-hd", "drive=ID,bus=ide.0|ide.1,unit=0|1", "Disk for a -drive if=none"),
        ("ide-cd", "drive=ID,bus=ide.0|ide.1,unit=0|1", "CD-ROM drive for a -drive if=none, or empty"),
        ("VGA", "", "Standard display adapter, as -vga std"),
    ];

    /// <summary>Adds a device.</summary>
    /// <exception cref="UsageException">There is no such device, or a property is wrong.</exception>
    public static LaunchOptions Apply(string text, LaunchOptions options)
    {
        PropertyList list = PropertyList.Parse("-device", text, "driver");
        string driver = list.Head ?? throw new UsageException($"-device {text}: a driver is missing; -device help lists them");
        switch (driver)
        {
            case "isa-debug-exit":
                long port = list.Number("iobase", 0, 0xFFFF) ?? IsaDebugExit.DefaultPort;
                long size = list.Number("iosize", 1, 8) ?? IsaDebugExit.DefaultPortCount;
                options = options with { Machine = options.Machine with { DebugExit = ((ushort)port, (int)Math.Min(size, 0x10000 - port)) } };
                break;
            case "pc-testdev":
                options = options with { Machine = options.Machine with { TestDevice = true } };
                break;
            case "isa-debugcon":
                options = DebugConsole(list, options);
                break;
            case "VGA":
                options = options with { Machine = options.Machine with { Vga = true } };
                break;
            case "ide-hd" or "ide-cd":
                return options;
            default:
                throw new UsageException(NotYet.Contains(driver, StringComparer.OrdinalIgnoreCase)
                    ? $"-device {driver}: this device is not available yet; -device help lists those that are"
                    : $"-device {driver}: there is no such device{Suggestion.Phrase(driver, Known.Select(k => k.Driver).Concat(NotYet))}; -device help lists them");
        }

        list.Text("id");
        list.Finish();
        return options;
    }

    private static LaunchOptions DebugConsole(PropertyList list, LaunchOptions options)
    {
        LineSpec line = new(LineKind.Named) { Path = list.Text("chardev") ?? throw new UsageException("-device isa-debugcon: a chardev=ID is needed") };
        return (list.Number("iobase", 0, 0xFFFF) ?? DebugConsolePort.BochsPort) switch
        {
            DebugConsolePort.BochsPort => options with { DebugConsole = line },
            DebugConsolePort.FirmwarePort => options with { FirmwareLog = line },
            long other => throw new UsageException($"-device isa-debugcon: the port is 0xe9 or 0x402, not 0x{other:x}"),
        };
    }
}
