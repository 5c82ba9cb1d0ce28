using Emu.Devices.Serial;
using Emu.Jit;

namespace Emu.Machine;

/// <summary>How a kernel given with <c>-kernel</c> is started.</summary>
public enum KernelBoot
{
    /// <summary>The BIOS runs first and hands over, as on QEMU.</summary>
    ThroughBios,

    /// <summary>No BIOS: the machine prepares what a BIOS would and enters the kernel.</summary>
    Direct,
}

/// <summary>A kernel to boot: bzImage, Multiboot or PVH ELF.</summary>
public sealed record KernelConfiguration
{
    /// <summary>Path of the kernel, or with <see cref="Image"/> only a name for it.</summary>
    public required string Path { get; init; }

    /// <summary>Contents of the kernel when it is not a file.</summary>
    public byte[]? Image { get; init; }

    /// <summary>Command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>
    /// Initial ramdisk, or for Multiboot a comma-separated list of modules, each a path and optional arguments.
    /// </summary>
    public string? Initrd { get; init; }

    /// <summary>How it is started.</summary>
    public KernelBoot Boot { get; init; }
}

/// <summary>What drives the virtual clock.</summary>
public sealed record ClockConfiguration
{
    /// <summary>With a value, time is counted in instructions of 2^n ns (<c>-icount shift=n</c>), 0..10.</summary>
    public int? InstructionShift { get; init; }

    /// <summary>While all processors are idle, wait for host time instead of jumping to the next event (<c>sleep=on</c>).</summary>
    public bool SleepWhenIdle { get; init; } = true;

    /// <summary>Time of day at power-on.</summary>
    public DateTime RtcBase { get; init; } = DateTime.UtcNow;
}

/// <summary>How guest code is executed.</summary>
public enum Accelerator
{
    /// <summary>Interpretation of predecoded code only.</summary>
    Interpreter,

    /// <summary>Interpretation, and translation of what runs often.</summary>
    Translator,

    /// <summary>
    /// A machine that translates on the spot, and beside it one that interprets; the first difference between the two stops them. The clock counts
    /// instructions, and disks keep their changes apart.
    /// </summary>
    Lockstep,
}

/// <summary>Everything that defines a PC. Immutable; <see cref="Machine"/> is built from it.</summary>
public sealed record MachineConfiguration
{
    /// <summary>RAM in bytes, a multiple of 1 MiB.</summary>
    public ulong Memory { get; init; } = 128ul << 20;

    /// <summary>Logical processors, 1..255.</summary>
    public int Processors { get; init; } = 1;

    /// <summary>CPU model with feature changes, as <c>-cpu</c> takes it.</summary>
    public string Cpu { get; init; } = "max";

    /// <summary>How guest code is executed.</summary>
    public Accelerator Accelerator { get; init; } = Accelerator.Translator;

    /// <summary>How code is translated.</summary>
    public TranslatorOptions Translator { get; init; } = new();

    /// <summary>BIOS image; null looks in the usual places; empty string for none.</summary>
    public string? Bios { get; init; }

    /// <summary>Kernel to boot.</summary>
    public KernelConfiguration? Kernel { get; init; }

    /// <summary>The clock.</summary>
    public ClockConfiguration Clock { get; init; } = new();

    /// <summary>Remember the past, to go back to it; null for not.</summary>
    public HistoryConfiguration? History { get; init; }

    /// <summary>Record the run, or replay a recorded one; null for neither. Needs a clock that counts instructions.</summary>
    public RecordingConfiguration? Recording { get; init; }

    /// <summary>Lines of the serial ports, in order; null entries leave a port out.</summary>
    public IReadOnlyList<Func<Action<Action>, ICharacterDevice>?> Serial { get; init; } = [];

    /// <summary>Lines of the parallel ports, in order; null entries leave a port out.</summary>
    public IReadOnlyList<Func<Action<Action>, ICharacterDevice>?> Parallel { get; init; } = [];

    /// <summary>Where the firmware's debug console (port 402h) goes; null for nowhere.</summary>
    public ICharacterDevice? FirmwareLog { get; init; }

    /// <summary>Where port E9h goes; null for nowhere.</summary>
    public ICharacterDevice? PortE9 { get; init; }

    /// <summary>Port of isa-debug-exit and its size in ports; null for no such device.</summary>
    public (ushort Port, int Size)? DebugExit { get; init; }

    /// <summary>The test device of kvm-unit-tests.</summary>
    public bool TestDevice { get; init; }

    /// <summary>Stop at a reset instead of restarting (<c>-no-reboot</c>).</summary>
    public bool NoReboot { get; init; }

    /// <summary>Pause instead of ending when the guest switches itself off (<c>-no-shutdown</c>).</summary>
    public bool NoShutdown { get; init; }

    /// <summary>Do not start until told to (<c>-S</c>).</summary>
    public bool StartPaused { get; init; }

    /// <summary>HPET present.</summary>
    public bool Hpet { get; init; } = true;

    /// <summary>Offer ACPI tables.</summary>
    public bool Acpi { get; init; } = true;

    /// <summary>System UUID in SMBIOS and firmware configuration.</summary>
    public Guid Uuid { get; init; }

    /// <summary>VMware's backdoor port with its absolute pointing device (<c>-machine vmport=on|off</c>).</summary>
    public bool VmPort { get; init; } = true;

    /// <summary>A display adapter is present.</summary>
    public bool Vga { get; init; } = true;

    /// <summary>Nobody looks at the display: the firmware talks on the first serial port as well (<c>-nographic</c>).</summary>
    public bool FirmwareOnSerial { get; init; }

    /// <summary>Drives.</summary>
    public IReadOnlyList<DriveConfiguration> Drives { get; init; } = [];

    /// <summary>Boot order letters (a floppy, c disk, d CD-ROM, n network).</summary>
    public string BootOrder { get; init; } = "cad";

    /// <summary>Show the BIOS's boot menu.</summary>
    public bool BootMenu { get; init; }
}

/// <summary>Why a machine stopped for good.</summary>
public enum StopReason
{
    /// <summary>Still running or paused.</summary>
    None,

    /// <summary>The guest switched itself off.</summary>
    PowerOff,

    /// <summary>The user quit.</summary>
    UserQuit,

    /// <summary>isa-debug-exit was written.</summary>
    DebugExit,

    /// <summary>A reset was requested with <see cref="MachineConfiguration.NoReboot"/>.</summary>
    Reset,

    /// <summary>The recording that was being replayed has ended.</summary>
    ReplayEnd,

    /// <summary>A triple fault with <see cref="MachineConfiguration.NoReboot"/>.</summary>
    TripleFault,

    /// <summary>Translated code does something else than tier 0 (<see cref="Accelerator.Lockstep"/>).</summary>
    LockstepDifference,
}
