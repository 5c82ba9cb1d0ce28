using System.CommandLine;
using System.Globalization;
using Emu.Debugging.Gdb;
using Emu.Debugging.Tracing;
using Emu.Jit;
using Emu.Machine;

namespace Emu.Frontend.CommandLine;

/// <summary>Makes <see cref="LaunchOptions"/> of the options given.</summary>
internal static class LaunchParser
{
    private const ulong Megabyte = 1ul << 20;
    private const ulong MaxMemory = 512ul << 30;

    /// <summary>Reads every option.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="image">Disk image that stands alone, or null.</param>
    /// <param name="windowByDefault">Open a window where the host has a display.</param>
    /// <param name="bringsKernel">The command has a kernel of its own for what -append adds.</param>
    /// <exception cref="UsageException">Something is wrong.</exception>
    public static LaunchOptions Parse(ParseResult result, string? image, bool windowByDefault = false, bool bringsKernel = false)
    {
        DisplaySpec display = DisplayParser.Parse(result, windowByDefault);
        MachineConfiguration machine = Board(result) with { Drives = DriveParser.Parse(result, image) };
        // A run can only be repeated from the same disks.
        if (machine.Recording != null) machine = machine with { Drives = [.. machine.Drives.Select(d => d with { Snapshot = d.Kind != DriveKind.CdRom })] };
        machine = Kernel(result, machine, bringsKernel);
        machine = Boot(result, machine);
        LaunchOptions options = Lines(result, new LaunchOptions { Machine = machine, Display = display });
        foreach (string device in QemuOptions.Device.All(result)) options = DeviceParser.Apply(device, options);
        return Debugging(result, options) with
        {
            LoadSnapshot = QemuOptions.LoadVm.Last(result),
            Name = QemuOptions.Name.Last(result) is { } name ? PropertyList.Parse("-name", name, "guest").Head : null,
        };
    }

    private static MachineConfiguration Board(ParseResult result)
    {
        bool defaults = !QemuOptions.NoDefaults.IsGiven(result);
        MachineConfiguration machine = new()
        {
            Memory = Memory(QemuOptions.Memory.Last(result)),
            Processors = Processors(QemuOptions.Smp.Last(result)),
            Cpu = QemuOptions.Cpu.Last(result) ?? "max",
            Bios = QemuOptions.Bios.Last(result),
            Hpet = !QemuOptions.NoHpet.IsGiven(result),
            Acpi = !QemuOptions.NoAcpi.IsGiven(result),
            NoReboot = QemuOptions.NoReboot.IsGiven(result),
            NoShutdown = QemuOptions.NoShutdown.IsGiven(result),
            StartPaused = QemuOptions.StartStopped.IsGiven(result),
            FirmwareOnSerial = QemuOptions.NoGraphic.IsGiven(result),
            Vga = Vga(QemuOptions.Vga.Last(result), defaults),
        };
        if (QemuOptions.Uuid.Last(result) is { } uuid)
        {
            machine = machine with { Uuid = Guid.TryParse(uuid, out Guid id) ? id : throw new UsageException($"-uuid {uuid}: not a UUID such as 550e8400-e29b-41d4-a716-446655440000") };
        }

        machine = ClockParser.Apply(result, machine);
        if (QemuOptions.Accel.Last(result) is { } accel) machine = Accelerate(PropertyList.Parse("-accel", accel, "accel"), machine);
        foreach (string type in QemuOptions.Machine.All(result)) machine = MachineType(type, machine);
        return machine;
    }

    private static MachineConfiguration MachineType(string text, MachineConfiguration machine)
    {
        PropertyList list = PropertyList.Parse("-machine", text, "type");
        if (list.Head is { } type && type is not ("pc" or "pc-i440fx") && !type.StartsWith("pc-i440fx-", StringComparison.Ordinal))
        {
            throw new UsageException(type is "q35" or "microvm" || type.StartsWith("pc-q35-", StringComparison.Ordinal)
                ? $"-machine {type}: this board is not available yet; there is pc"
                : $"-machine {type}: there is no such machine; -M help lists them");
        }

        if (list.Text("accel") is { } accelerators) machine = Accelerate(PropertyList.Parse("-machine accel", accelerators.Split(':')[0], "accel"), machine);
        machine = machine with { Hpet = list.Flag("hpet") ?? machine.Hpet, Acpi = list.Flag("acpi") ?? machine.Acpi };
        machine = machine with { VmPort = list.Flag("vmport") ?? machine.VmPort };
        if (list.Flag("usb") == true) throw new UsageException("-machine usb=on: there is no USB controller yet");
        if (list.Flag("smm") == false) throw new UsageException("-machine smm=off: system management mode is always there");
        list.Finish();
        return machine;
    }

    private static MachineConfiguration Accelerate(PropertyList list, MachineConfiguration machine)
    {
        switch (list.Head)
        {
            case "interp":
                machine = machine with { Accelerator = Accelerator.Interpreter };
                break;
            // Scripts for QEMU say tcg for what is translation here.
            case null or "jit" or "tcg" or "lockstep":
                if (list.Head == "lockstep" && (machine.History != null || machine.Recording != null))
                {
                    throw new UsageException("-accel lockstep: not together with -icount history=on or rr=");
                }

                TranslatorOptions defaults = machine.Translator;
                list.Text("thread");
                bool? synchronous = list.Flag("sync");
                if (list.Head == "lockstep" && synchronous == false) throw new UsageException("-accel lockstep,sync=off: lockstep always translates on the spot");
                machine = machine with
                {
                    Accelerator = list.Head == "lockstep" ? Accelerator.Lockstep : Accelerator.Translator,
                    Translator = defaults with
                    {
                        Threshold = (uint)(list.Number("threshold", 1, 1_000_000_000) ?? defaults.Threshold),
                        Synchronous = synchronous ?? defaults.Synchronous,
                        MemoryBudget = TranslationCache(list) ?? defaults.MemoryBudget,
                    },
                };
                break;
            case "kvm" or "hax" or "hvf" or "whpx" or "xen" or "nvmm":
                throw new UsageException($"-accel {list.Head}: everything is emulated here; leave it out, or say jit, interp or lockstep");
            default:
                throw new UsageException($"-accel {list.Head}: there is no such accelerator; leave it out, or say jit, interp or lockstep");
        }

        list.Finish();
        return machine;
    }

    /// <summary>Memory for translations, in MiB if nothing is said, as QEMU's tb-size.</summary>
    private static long? TranslationCache(PropertyList list)
    {
        long? size = list.Size("cache", 1 << 20) ?? list.Size("tb-size", 1 << 20);
        return size is null or > 0 ? size : throw new UsageException("-accel: cache=0 leaves no memory for translations; -accel interp does without");
    }

    private static ulong Memory(string? text)
    {
        if (text == null) return 128 * Megabyte;
        PropertyList list = PropertyList.Parse("-m", text, "size");
        list.Refuse("slots", "memory cannot be plugged in while running");
        list.Refuse("maxmem", "memory cannot be plugged in while running");
        list.Finish();
        long size = PropertyList.ParseSize("-m", list.Head ?? "", 1 << 20);
        return (ulong)size is >= Megabyte and <= MaxMemory && (ulong)size % Megabyte == 0
            ? (ulong)size
            : throw new UsageException($"-m {text}: RAM is 1 MiB to 512 GiB in whole MiB");
    }

    private static int Processors(string? text)
    {
        if (text == null) return 1;
        PropertyList list = PropertyList.Parse("-smp", text, "cpus");
        long? sockets = list.Number("sockets", 1, 255), dies = list.Number("dies", 1, 255), cores = list.Number("cores", 1, 255), threads = list.Number("threads", 1, 255);
        long product = (sockets ?? 1) * (dies ?? 1) * (cores ?? 1) * (threads ?? 1);
        long count = product;
        if (list.Head is { } head && !long.TryParse(head, NumberStyles.None, CultureInfo.InvariantCulture, out count)) throw new UsageException($"-smp {text}: '{head}' is not a number of processors");
        long maximum = list.Number("maxcpus", 1, 255) ?? count;
        list.Finish();
        if (count is < 1 or > 255) throw new UsageException($"-smp {text}: the machine takes 1 to 255 processors");
        if (maximum != count) throw new UsageException($"-smp {text}: processors cannot be plugged in while running; leave maxcpus out");
        if (sockets != null && cores != null && threads != null && product != count) throw new UsageException($"-smp {text}: sockets * cores * threads is {product}, not {count}");
        return (int)count;
    }

    private static bool Vga(string? text, bool present) => text switch
    {
        null => present,
        "std" => true,
        "none" => false,
        _ => throw new UsageException($"-vga {text}: there are std and none"),
    };

    private static MachineConfiguration Kernel(ParseResult result, MachineConfiguration machine, bool bringsKernel)
    {
        string? kernel = QemuOptions.Kernel.Last(result);
        if (kernel == null)
        {
            if (QemuOptions.Append.IsGiven(result) && !bringsKernel) throw new UsageException("-append needs a -kernel");
            if (QemuOptions.Initrd.IsGiven(result)) throw new UsageException("-initrd needs a -kernel");
            return machine;
        }

        return machine with
        {
            Kernel = new KernelConfiguration
            {
                Path = kernel,
                CommandLine = QemuOptions.Append.Last(result) ?? "",
                Initrd = QemuOptions.Initrd.Last(result) is { Length: > 0 } initrd ? initrd : null,
                // A machine without SeaBIOS installed can still start a kernel.
                Boot = machine.Bios == null && !FirmwareFiles.HasBios ? KernelBoot.Direct : KernelBoot.ThroughBios,
            },
        };
    }

    private static MachineConfiguration Boot(ParseResult result, MachineConfiguration machine)
    {
        if (QemuOptions.Boot.Last(result) is not { } text) return machine;
        PropertyList list = PropertyList.Parse("-boot", text, "order");
        bool menu = list.Flag("menu") ?? false;
        list.Flag("strict");
        foreach (string key in (string[])["once", "splash", "splash-time", "reboot-timeout"]) list.Refuse(key, "use order= and menu=");
        list.Finish();
        string order = list.Head ?? machine.BootOrder;
        foreach (char letter in order)
        {
            if (letter == 'n') throw new UsageException($"-boot {text}: there is no network card yet to boot from");
            if (letter is < 'a' or > 'd') throw new UsageException($"-boot {text}: '{letter}' is no boot device; a is the floppy, c the disk, d the CD-ROM");
        }

        return machine with { BootOrder = order, BootMenu = menu };
    }

    private static LaunchOptions Lines(ParseResult result, LaunchOptions options)
    {
        Dictionary<string, LineSpec> named = [];
        foreach (string text in QemuOptions.Chardev.All(result))
        {
            (string id, LineSpec line) = LineSpec.ParseNamed(text);
            if (!named.TryAdd(id, line)) throw new UsageException($"-chardev: the id '{id}' is used twice");
        }

        bool defaults = !QemuOptions.NoDefaults.IsGiven(result), nographic = QemuOptions.NoGraphic.IsGiven(result);
        List<LineSpec> serial = [.. QemuOptions.Serial.All(result).Select(s => LineSpec.Parse("-serial", s))];
        List<LineSpec> parallel = [.. QemuOptions.Parallel.All(result).Select(p => LineSpec.Parse("-parallel", p))];
        if (parallel.Count == 0 && defaults) parallel.Add(new LineSpec(LineKind.Null));
        List<MonitorSpec> monitors = [.. QemuOptions.Monitor.All(result).Select(m => new MonitorSpec(LineSpec.Parse("-monitor", m), Control: false)),
            .. QemuOptions.Qmp.All(result).Select(m => new MonitorSpec(LineSpec.Parse("-qmp", m), Control: true)),
            .. QemuOptions.Mon.All(result).Select(NamedMonitor)];
        bool terminalTaken = serial.Concat(parallel).Concat(monitors.Select(m => m.Line)).Concat(named.Values).Any(l => l.Kind == LineKind.Stdio);
        bool wantsMonitor = QemuOptions.Monitor.IsGiven(result) || QemuOptions.Mon.IsGiven(result);
        if (nographic && defaults)
        {
            // As QEMU: the terminal belongs to the first serial port and the monitor together.
            if (serial.Count == 0) serial.Add(terminalTaken ? new LineSpec(LineKind.Null) : wantsMonitor ? LineSpec.SharedTerminal with { Shared = false } : LineSpec.SharedTerminal);
            else if (!terminalTaken && !wantsMonitor) monitors.Add(new MonitorSpec(LineSpec.SharedTerminal with { Shared = false, KeepSignals = true }, Control: false));
        }
        else if (serial.Count == 0 && defaults)
        {
            serial.Add(new LineSpec(options.Display.HasScreens ? LineKind.Console : LineKind.Null));
        }

        if (options.Display.HasScreens && !nographic && defaults && !wantsMonitor) monitors.Add(new MonitorSpec(new LineSpec(LineKind.Console), Control: false));
        if (!options.Display.HasScreens && serial.Concat(parallel).Concat(monitors.Select(m => m.Line)).Concat(named.Values).Any(l => l.Kind == LineKind.Console))
        {
            throw new UsageException("a line 'vc' is a console in the window; there is no window, use stdio, pty or tcp: or add -display sdl");
        }

        if (serial.Count > 4) throw new UsageException("-serial: the machine takes four serial ports");
        if (parallel.Count > 3) throw new UsageException("-parallel: the machine takes three parallel ports");
        // A shared line that nobody else shares is shared with the monitor.
        foreach (LineSpec shared in serial.Concat(parallel).Where(l => l is { Shared: true, Kind: not LineKind.Named }))
        {
            if (!monitors.Any(m => m.Line == shared)) monitors.Add(new MonitorSpec(shared, Control: false));
        }

        return options with
        {
            Serial = serial,
            Parallel = parallel,
            Monitors = [.. monitors.Where(m => m.Line.Kind != LineKind.None)],
            NamedLines = named,
            DebugConsole = QemuOptions.DebugConsole.Last(result) is { } console ? LineSpec.Parse("-debugcon", console) : null,
        };
    }

    private static MonitorSpec NamedMonitor(string text)
    {
        PropertyList list = PropertyList.Parse("-mon", text, "chardev");
        string mode = list.Choice("mode", "readline", "control") ?? "readline";
        list.Flag("pretty");
        list.Finish();
        return new MonitorSpec(new LineSpec(LineKind.Named) { Path = list.Head ?? throw new UsageException($"-mon {text}: a chardev=ID is needed") }, mode == "control");
    }

    private static LaunchOptions Debugging(ParseResult result, LaunchOptions options)
    {
        LineSpec? gdb = QemuOptions.GdbDefault.IsGiven(result) ? LineSpec.Parse("-s", "tcp:127.0.0.1:1234", serverByDefault: true) : null;
        GdbArchitecture architecture = GdbArchitecture.Auto;
        if (QemuOptions.Gdb.Last(result) is { } place)
        {
            string[] parts = place.Split(",arch=");
            if (parts.Length > 1) architecture = GdbArchitectureOf(parts[1]);
            gdb = LineSpec.Parse("-gdb", parts[0], serverByDefault: true);
        }

        if (gdb is { Kind: not (LineKind.Tcp or LineKind.Unix or LineKind.Stdio or LineKind.Pty or LineKind.None) }) throw new UsageException("-gdb: gdb connects to tcp:, unix:, pty or stdio");
        return options with
        {
            Gdb = gdb,
            GdbArchitecture = architecture,
            Log = new LogSpec
            {
                Items = Checked("-d", () => MachineLog.Parse(QemuOptions.Log.All(result).SelectMany(l => l.Split(',', StringSplitOptions.RemoveEmptyEntries)))),
                File = QemuOptions.LogFile.Last(result),
                Filter = QemuOptions.LogFilter.Last(result) is { } filter ? Checked("-dfilter", () => AddressFilter.Parse(filter)) : null,
            },
        };
    }

    private static T Checked<T>(string option, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (FormatException e)
        {
            throw new UsageException($"{option}: {e.Message}");
        }
    }

    private static GdbArchitecture GdbArchitectureOf(string name) => name switch
    {
        "auto" => GdbArchitecture.Auto,
        "i8086" => GdbArchitecture.I8086,
        "i386" => GdbArchitecture.I386,
        "x86-64" or "i386:x86-64" => GdbArchitecture.X64,
        _ => throw new UsageException($"-gdb arch={name}: there are auto, i8086, i386 and x86-64; arch= comes last"),
    };
}
