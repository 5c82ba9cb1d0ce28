using Emu.Debugging.Gdb;
using Emu.Debugging.Tracing;
using Emu.Machine;

namespace Emu.Frontend.CommandLine;

/// <summary>A monitor to offer.</summary>
/// <param name="Line">Where.</param>
/// <param name="Control">The machine protocol (QMP) instead of the human monitor.</param>
internal sealed record MonitorSpec(LineSpec Line, bool Control);

/// <summary>What <c>-d</c> asks for.</summary>
internal sealed record LogSpec
{
    /// <summary>What is logged.</summary>
    public LogItems Items { get; init; }

    /// <summary>File, or null for standard error.</summary>
    public string? File { get; init; }

    /// <summary>Addresses to keep to, or null for all.</summary>
    public AddressFilter? Filter { get; init; }
}

/// <summary>Everything a run needs: the machine, and what the host connects to it.</summary>
internal sealed record LaunchOptions
{
    /// <summary>The machine, without its lines.</summary>
    public MachineConfiguration Machine { get; init; } = new();

    /// <summary>Serial ports in order.</summary>
    public IReadOnlyList<LineSpec> Serial { get; init; } = [];

    /// <summary>Parallel ports in order.</summary>
    public IReadOnlyList<LineSpec> Parallel { get; init; } = [];

    /// <summary>Port E9h.</summary>
    public LineSpec? DebugConsole { get; init; }

    /// <summary>Port 402h.</summary>
    public LineSpec? FirmwareLog { get; init; }

    /// <summary>Monitors.</summary>
    public IReadOnlyList<MonitorSpec> Monitors { get; init; } = [];

    /// <summary>Lines with names.</summary>
    public IReadOnlyDictionary<string, LineSpec> NamedLines { get; init; } = new Dictionary<string, LineSpec>();

    /// <summary>gdb server.</summary>
    public LineSpec? Gdb { get; init; }

    /// <summary>What gdb is told that the processors are.</summary>
    public GdbArchitecture GdbArchitecture { get; init; }

    /// <summary>Logging.</summary>
    public LogSpec Log { get; init; } = new();

    /// <summary>The screen.</summary>
    public DisplaySpec Display { get; init; } = new();

    /// <summary>State to start in, or null for power-on.</summary>
    public string? LoadSnapshot { get; init; }

    /// <summary>Name for the monitor.</summary>
    public string? Name { get; init; }

    /// <summary>The same with the first serial port and a monitor sharing the terminal, unless something else uses that.</summary>
    public LaunchOptions WithTerminal() => Monitors.Any(m => m.Line.Kind == LineKind.Stdio) || NamedLines.Values.Any(l => l.Kind == LineKind.Stdio)
        ? this
        : this with
        {
            Serial = [LineSpec.SharedTerminal, .. Serial.Skip(1)],
            Monitors = [.. Monitors, new MonitorSpec(LineSpec.SharedTerminal, Control: false)],
        };
}
