using Emu.Cpu;

namespace Emu.Frontend.CommandLine;

/// <summary>Every option of <c>emu</c> itself; subcommands have their own.</summary>
internal static class QemuOptions
{
    private static readonly string[] LineChoices = ["stdio", "mon:stdio", "null", "pty", "file:", "tcp:127.0.0.1:", "telnet:127.0.0.1:", "unix:"];

    public static QemuOption Machine { get; } = QemuOption.Choice("-machine", OptionGroup.Machine, "TYPE[,prop=...]", "Machine type: pc (default); -M help lists types and properties", ["pc", "help"], "-M");

    public static QemuOption Cpu { get; } = QemuOption.Choice("-cpu", OptionGroup.Machine, "MODEL[,+x,-y]", "Processor model with features to add or remove (default max); -cpu help lists both", [.. CpuModel.Names, "help"]);

    public static QemuOption Smp { get; } = QemuOption.Value("-smp", OptionGroup.Machine, "N", "Number of processors, 1 to 255 (default 1); also cpus=N,sockets=,cores=,threads=");

    public static QemuOption Memory { get; } = QemuOption.Value("-m", OptionGroup.Machine, "SIZE", "RAM in MiB, or with a suffix M or G (default 128)", "--memory");

    public static QemuOption Accel { get; } = QemuOption.Choice("-accel", OptionGroup.Machine, "jit|interp|lockstep[,threshold=N][,sync=on][,cache=SIZE]", "Translate what runs often (default), after N executions, on the spot if so wished, in no more memory than SIZE; only interpret; or do both and compare", ["jit", "interp", "lockstep"]);

    public static QemuOption Device { get; } = QemuOption.Choice("-device", OptionGroup.Machine, "DRIVER[,prop=...]", "Add a device; -device help lists them", ["isa-debug-exit,iobase=0xf4,iosize=0x4", "pc-testdev", "isa-debugcon,iobase=0x402,chardev=", "ide-hd,drive=", "ide-cd,drive=", "VGA", "help"]);

    public static QemuOption NoHpet { get; } = QemuOption.Switch("-no-hpet", OptionGroup.Machine, "Leave the HPET out");

    public static QemuOption NoAcpi { get; } = QemuOption.Switch("-no-acpi", OptionGroup.Machine, "Offer no ACPI tables");

    public static QemuOption Rtc { get; } = QemuOption.Value("-rtc", OptionGroup.Machine, "base=utc|localtime|DATE", "Time of day at power-on; DATE as in 2006-06-17T16:01:21");

    public static QemuOption Icount { get; } = QemuOption.Value("-icount", OptionGroup.Machine, "shift=N[,prop=...]", "Count time in instructions of 2^N ns (0 to 10): runs are repeatable. sleep=off does not wait while the guest is idle; history=on[,history-memory=SIZE] remembers the past, to go back in time; rr=record|replay,rrfile=FILE records a run or repeats it");

    public static QemuOption Name { get; } = QemuOption.Value("-name", OptionGroup.Machine, "NAME", "Name of the machine, for the monitor");

    public static QemuOption Uuid { get; } = QemuOption.Value("-uuid", OptionGroup.Machine, "UUID", "System UUID in the firmware tables");

    public static QemuOption Kernel { get; } = QemuOption.File("-kernel", OptionGroup.Boot, "Boot this kernel: Linux bzImage, Multiboot or PVH ELF");

    public static QemuOption Initrd { get; } = QemuOption.File("-initrd", OptionGroup.Boot, "Initial ramdisk; for Multiboot 'FILE args,FILE args,...'");

    public static QemuOption Append { get; } = QemuOption.Value("-append", OptionGroup.Boot, "TEXT", "Kernel command line");

    public static QemuOption Bios { get; } = QemuOption.File("-bios", OptionGroup.Boot, "BIOS image (default: SeaBIOS where distributions put it)");

    public static QemuOption Boot { get; } = QemuOption.Value("-boot", OptionGroup.Boot, "[order=]cad[,menu=on]", "Boot order: a floppy, c disk, d CD-ROM; menu=on shows the BIOS's menu");

    public static QemuOption[] HardDisks { get; } =
    [
        QemuOption.File("-hda", OptionGroup.Drives, "Image of the primary master disk; also -hdb, -hdc, -hdd. A bare FILE is -hda"),
        QemuOption.File("-hdb", OptionGroup.Drives, "Image of the primary slave disk"),
        QemuOption.File("-hdc", OptionGroup.Drives, "Image of the secondary master disk"),
        QemuOption.File("-hdd", OptionGroup.Drives, "Image of the secondary slave disk"),
    ];

    public static QemuOption CdRom { get; } = QemuOption.File("-cdrom", OptionGroup.Drives, "CD-ROM image, as secondary master");

    public static QemuOption[] Floppies { get; } =
    [
        QemuOption.File("-fda", OptionGroup.Drives, "Image of the first floppy disk"),
        QemuOption.File("-fdb", OptionGroup.Drives, "Image of the second floppy disk"),
    ];

    public static QemuOption Drive { get; } = QemuOption.Choice("-drive", OptionGroup.Drives, "file=F,prop=...", "A drive: if=ide|floppy|none, index=, bus=, unit=, media=disk|cdrom, format=raw|qcow2, snapshot=, readonly=, id=", ["file=", "if=none,id=", "media=cdrom,file="]);

    public static QemuOption Snapshot { get; } = QemuOption.Switch("-snapshot", OptionGroup.Drives, "Keep all writes in temporary files and forget them at the end");

    public static QemuOption Serial { get; } = QemuOption.Choice("-serial", OptionGroup.Lines, "LINE", "Connect the next serial port to LINE (see below)", [.. LineChoices, "none"]);

    public static QemuOption Parallel { get; } = QemuOption.Choice("-parallel", OptionGroup.Lines, "LINE", "Connect the printer of the next parallel port to LINE (default null: what is printed is thrown away)", [.. LineChoices, "none"]);

    public static QemuOption Monitor { get; } = QemuOption.Choice("-monitor", OptionGroup.Lines, "LINE", "Offer the monitor on LINE", [.. LineChoices, "none"]);

    public static QemuOption Qmp { get; } = QemuOption.Choice("-qmp", OptionGroup.Lines, "LINE", "Offer the machine protocol QMP on LINE", LineChoices);

    public static QemuOption Chardev { get; } = QemuOption.Choice("-chardev", OptionGroup.Lines, "KIND,id=ID,prop=...", "A named LINE for chardev:ID: stdio, null, pty, file (path=), socket (path= or host=,port=,server=,wait=,telnet=); mux=on shares it", ["stdio,id=", "null,id=", "pty,id=", "file,path=", "socket,path="]);

    public static QemuOption Mon { get; } = QemuOption.Value("-mon", OptionGroup.Lines, "chardev=ID[,mode=readline|control]", "Offer the monitor (or QMP) on a named line");

    public static QemuOption DebugConsole { get; } = QemuOption.Choice("-debugcon", OptionGroup.Lines, "LINE", "Connect port 0xE9 to LINE", LineChoices);

    public static QemuOption Display { get; } = QemuOption.Choice("-display", OptionGroup.Display, "none|sdl|vnc=HOST:N", "Where the screen is shown; sdl takes full-screen=, scale=integer|smooth, zoom=, show-cursor=, window-close=", ["none", "sdl", "vnc=127.0.0.1:0", "vnc=unix:"]);

    public static QemuOption Vnc { get; } = QemuOption.Choice("-vnc", OptionGroup.Display, "HOST:N|unix:PATH", "Offer the screen to VNC viewers; password=TEXT or password-file=FILE asks for a password", ["127.0.0.1:0", "unix:", "none"]);

    public static QemuOption FullScreen { get; } = QemuOption.Switch("-full-screen", OptionGroup.Display, "The window fills the screen; Ctrl-Alt-F changes that");

    public static QemuOption NoGraphic { get; } = QemuOption.Switch("-nographic", OptionGroup.Display, "First serial port and monitor share the terminal: Ctrl-A H for help, Ctrl-A X quits");

    public static QemuOption Vga { get; } = QemuOption.Choice("-vga", OptionGroup.Display, "std|none", "Display adapter", ["std", "none"]);

    public static QemuOption Keyboard { get; } = QemuOption.Choice("-k", OptionGroup.Display, "LAYOUT", "Keyboard layout of viewers that send characters (en-us, de, fr, ...)", ["en-us", "en-gb", "de", "fr", "es", "it", "sv", "da", "pt-br"]);

    public static QemuOption StartStopped { get; } = QemuOption.Switch("-S", OptionGroup.Debug, "Do not start: wait for 'cont' in the monitor or in gdb");

    public static QemuOption LoadVm { get; } = QemuOption.File("-loadvm", OptionGroup.Run, "Start in a state saved with the monitor's savevm");

    public static QemuOption GdbDefault { get; } = QemuOption.Switch("-s", OptionGroup.Debug, "Same as -gdb tcp:127.0.0.1:1234");

    public static QemuOption Gdb { get; } = QemuOption.Choice("-gdb", OptionGroup.Debug, "LINE", "Serve gdb on LINE (target remote :PORT)", ["tcp:127.0.0.1:1234", "unix:"]);

    public static QemuOption Log { get; } = QemuOption.Choice("-d", OptionGroup.Debug, "ITEM,...", "Log what the machine does; -d help lists the items", ["in_asm", "exec", "int", "mmu", "io", "cpu", "cpu_reset", "help"]);

    public static QemuOption LogFile { get; } = QemuOption.File("-D", OptionGroup.Debug, "Where -d writes (default: standard error)");

    public static QemuOption LogFilter { get; } = QemuOption.Value("-dfilter", OptionGroup.Debug, "RANGE,...", "Log only these addresses: START..END, START+SIZE or START-SIZE");

    public static QemuOption NoReboot { get; } = QemuOption.Switch("-no-reboot", OptionGroup.Run, "End instead of rebooting; a triple fault is explained");

    public static QemuOption NoShutdown { get; } = QemuOption.Switch("-no-shutdown", OptionGroup.Run, "Pause instead of ending when the guest switches itself off");

    public static QemuOption NoDefaults { get; } = QemuOption.Switch("-nodefaults", OptionGroup.Run, "No serial port, monitor or display adapter unless asked for");

    public static QemuOption NoUserConfig { get; } = QemuOption.Switch("-no-user-config", OptionGroup.Run, "Accepted for scripts: there are no configuration files");

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<QemuOption> All { get; } =
    [
        Machine, Cpu, Smp, Memory, Accel, Device, NoHpet, NoAcpi, Rtc, Icount, Name, Uuid,
        Kernel, Initrd, Append, Bios, Boot,
        .. HardDisks, CdRom, .. Floppies, Drive, Snapshot,
        Serial, Parallel, Monitor, Qmp, Chardev, Mon, DebugConsole,
        Display, Vnc, FullScreen, NoGraphic, Vga, Keyboard,
        StartStopped, GdbDefault, Gdb, Log, LogFile, LogFilter,
        NoReboot, NoShutdown, LoadVm, NoDefaults, NoUserConfig,
    ];
}
