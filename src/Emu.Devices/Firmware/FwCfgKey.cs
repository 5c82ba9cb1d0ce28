namespace Emu.Devices.Firmware;

/// <summary>Selector values of the firmware configuration device that firmware and kernels know by number (fw_cfg specification).</summary>
public static class FwCfgKey
{
    /// <summary>Four bytes "QEMU": the device is there.</summary>
    public const ushort Signature = 0x00;

    /// <summary>32-bit feature word: bit 0 the selector/data interface, bit 1 DMA.</summary>
    public const ushort Id = 0x01;

    /// <summary>16 bytes of system UUID.</summary>
    public const ushort Uuid = 0x02;

    /// <summary>64-bit RAM size in bytes.</summary>
    public const ushort RamSize = 0x03;

    /// <summary>16-bit: nonzero without a graphical display.</summary>
    public const ushort NoGraphic = 0x04;

    /// <summary>16-bit number of processors started at power-on.</summary>
    public const ushort CpuCount = 0x05;

    /// <summary>Physical address at which the kernel is to be loaded (32-bit).</summary>
    public const ushort KernelAddress = 0x07;

    /// <summary>Bytes of <see cref="KernelData"/> (32-bit).</summary>
    public const ushort KernelSize = 0x08;

    /// <summary>Physical address at which the initial RAM disk is to be loaded (32-bit).</summary>
    public const ushort InitrdAddress = 0x0A;

    /// <summary>Bytes of <see cref="InitrdData"/> (32-bit).</summary>
    public const ushort InitrdSize = 0x0B;

    /// <summary>Node memory and processor affinity: 64-bit words.</summary>
    public const ushort Numa = 0x0D;

    /// <summary>16-bit: nonzero offers the boot menu.</summary>
    public const ushort BootMenu = 0x0E;

    /// <summary>16-bit upper bound of APIC identifiers plus one.</summary>
    public const ushort MaxCpus = 0x0F;

    /// <summary>Physical address of the kernel's entry point (32-bit).</summary>
    public const ushort KernelEntry = 0x10;

    /// <summary>The kernel without its real-mode part.</summary>
    public const ushort KernelData = 0x11;

    /// <summary>The initial RAM disk.</summary>
    public const ushort InitrdData = 0x12;

    /// <summary>Physical address at which the command line is to be loaded (32-bit).</summary>
    public const ushort CommandLineAddress = 0x13;

    /// <summary>Bytes of <see cref="CommandLineData"/>, its NUL included (32-bit).</summary>
    public const ushort CommandLineSize = 0x14;

    /// <summary>The kernel's command line, NUL-terminated.</summary>
    public const ushort CommandLineData = 0x15;

    /// <summary>Physical address at which the kernel's real-mode part is to be loaded (32-bit).</summary>
    public const ushort SetupAddress = 0x16;

    /// <summary>Bytes of <see cref="SetupData"/> (32-bit).</summary>
    public const ushort SetupSize = 0x17;

    /// <summary>The kernel's real-mode part (boot sector and setup).</summary>
    public const ushort SetupData = 0x18;

    /// <summary>The directory of named files.</summary>
    public const ushort FileDirectory = 0x19;

    /// <summary>First selector of a named file.</summary>
    public const ushort FileFirst = 0x20;

    /// <summary>x86: one byte, nonzero when ISA IRQ 0 reaches I/O APIC input 2.</summary>
    public const ushort Irq0Override = 0x8002;

    /// <summary>x86: event timer blocks (HPET) that the firmware is to describe.</summary>
    public const ushort Hpet = 0x8004;

    /// <summary>Selector bit of entries that belong to the architecture.</summary>
    public const ushort ArchitectureLocal = 0x8000;

    /// <summary>Selector bit that once meant writing through the data port; ignored when selecting.</summary>
    public const ushort WriteChannel = 0x4000;

    /// <summary>What a read of the selector yields in snapshots and logs when nothing is selected.</summary>
    public const ushort Invalid = 0xFFFF;
}
