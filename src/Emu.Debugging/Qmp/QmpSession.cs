using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Emu.Debugging.Monitor;
using Emu.Devices.Chipset;
using Emu.Devices.Display;
using Emu.Devices.Input;
using Emu.Devices.Serial;
using Emu.Machine;

namespace Emu.Debugging.Qmp;

/// <summary>
/// A subset of QEMU's machine protocol on a character line: JSON objects, a greeting, commands after <c>qmp_capabilities</c>, and events.
/// </summary>
public sealed partial class QmpSession : ICharacterReceiver
{
    private const int MaxMessage = 1 << 20;
    private const string GenericError = "GenericError", CommandNotFound = "CommandNotFound";

    private static readonly string[] EventNames = ["STOP", "RESUME", "RESET", "SHUTDOWN", "POWERDOWN"];

    private readonly MonitorContext context;
    private readonly Machine.Machine machine;
    private readonly ICharacterDevice line;
    private readonly HumanMonitor human;
    private readonly Dictionary<string, Func<JsonObject, JsonNode?>> commands;
    private readonly MessageSplitter splitter = new(MaxMessage);
    private bool negotiated;

    /// <summary>Offers the protocol on a line.</summary>
    /// <param name="context">The machine and what its monitors share.</param>
    /// <param name="line">The line.</param>
    /// <param name="greet">Greet at once rather than when somebody connects.</param>
    public QmpSession(MonitorContext context, ICharacterDevice line, bool greet)
    {
        this.context = context;
        this.line = line;
        machine = context.Machine;
        human = new HumanMonitor(context);
        commands = BuildCommands();
        machine.PausedChanged += paused => Emit(paused ? "STOP" : "RESUME");
        machine.WasReset += () => Emit("RESET", new JsonObject { ["guest"] = true, ["reason"] = "guest-reset" });
        machine.Stopping += reason => Emit("SHUTDOWN", new JsonObject { ["guest"] = reason != StopReason.UserQuit, ["reason"] = ReasonOf(reason) });
        context.PoweringDown += () => Emit("POWERDOWN");
        if (greet) Greet();
        line.Receiver = this;
    }

    private sealed class QmpException(string kind, string message) : Exception(message)
    {
        public string Kind => kind;
    }

    /// <inheritdoc/>
    public int ReceiveCapacity => 4096;

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            if (splitter.Feed(value) is { } message) Handle(message);
        }
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        if (signal != CharacterEvent.Opened) return;
        negotiated = false;
        splitter.Clear();
        Greet();
    }

    private static string ReasonOf(StopReason reason) => reason switch
    {
        StopReason.UserQuit => "host-qmp-quit",
        StopReason.Reset => "guest-reset",
        StopReason.TripleFault => "guest-panic",
        _ => "guest-shutdown",
    };

    private void Greet()
    {
        Version version = typeof(QmpSession).Assembly.GetName().Version ?? new Version(0, 0, 0);
        Send(new JsonObject
        {
            ["QMP"] = new JsonObject { ["version"] = VersionObject(version), ["capabilities"] = new JsonArray() },
        });
    }

    private static JsonObject VersionObject(Version version) => new()
    {
        ["qemu"] = new JsonObject { ["major"] = version.Major, ["minor"] = version.Minor, ["micro"] = version.Build },
        ["package"] = "emu",
    };

    private void Handle(string message)
    {
        JsonNode? id = null;
        try
        {
            if (JsonNode.Parse(message) is not JsonObject request) throw new QmpException(GenericError, "QMP input must be a JSON object");
            id = request["id"]?.DeepClone();
            string name = Text(request, "execute") ?? throw new QmpException(GenericError, "QMP input lacks member 'execute'");
            if (!negotiated && name != "qmp_capabilities") throw new QmpException(CommandNotFound, "Expecting capabilities negotiation with 'qmp_capabilities'");
            if (!commands.TryGetValue(name, out Func<JsonObject, JsonNode?>? command)) throw new QmpException(CommandNotFound, $"The command {name} has not been found");
            JsonNode? result = command(request["arguments"] as JsonObject ?? []);
            Reply(new JsonObject { ["return"] = result ?? new JsonObject() }, id);
        }
        catch (QmpException e)
        {
            Fail(e.Kind, e.Message, id);
        }
        catch (MonitorException e)
        {
            Fail(GenericError, e.Message, id);
        }
        catch (JsonException)
        {
            Fail(GenericError, "JSON parse error", id);
        }
    }

    private void Fail(string kind, string message, JsonNode? id) =>
        Reply(new JsonObject { ["error"] = new JsonObject { ["class"] = kind, ["desc"] = message } }, id);

    private void Reply(JsonObject reply, JsonNode? id)
    {
        if (id != null) reply["id"] = id;
        Send(reply);
    }

    private void Emit(string name, JsonObject? data = null)
    {
        if (!negotiated) return;
        long microseconds = (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        JsonObject message = new()
        {
            ["timestamp"] = new JsonObject { ["seconds"] = microseconds / 1_000_000, ["microseconds"] = microseconds % 1_000_000 },
            ["event"] = name,
        };
        if (data != null) message["data"] = data;
        Send(message);
    }

    private void Send(JsonObject message) => line.Write(Encoding.UTF8.GetBytes(message.ToJsonString() + "\r\n"));

    private static string? Text(JsonObject from, string name) => from[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static string Require(JsonObject from, string name) => Text(from, name) ?? throw new QmpException(GenericError, $"Parameter '{name}' is missing");

    private Dictionary<string, Func<JsonObject, JsonNode?>> BuildCommands() => new()
    {
        ["qmp_capabilities"] = _ => Do(() => negotiated = true),
        ["query-commands"] = _ => new JsonArray([.. CommandNames().Select(name => (JsonNode)new JsonObject { ["name"] = name })]),
        ["query-version"] = _ => VersionObject(typeof(QmpSession).Assembly.GetName().Version ?? new Version(0, 0, 0)),
        ["query-name"] = _ => context.Name is { } name ? new JsonObject { ["name"] = name } : new JsonObject(),
        ["query-status"] = _ => new JsonObject { ["status"] = machine.IsPaused ? "paused" : "running", ["running"] = !machine.IsPaused, ["singlestep"] = false },
        ["query-kvm"] = _ => new JsonObject { ["enabled"] = false, ["present"] = false },
        ["query-cpus-fast"] = _ => new JsonArray([.. machine.Board.Processors.Select(cpu => (JsonNode)new JsonObject { ["cpu-index"] = cpu.ApicId, ["thread-id"] = Environment.ProcessId, ["target"] = "x86_64" })]),
        ["stop"] = _ => Do(machine.Pause),
        ["cont"] = _ => Do(machine.Continue),
        ["quit"] = _ => Do(() => machine.Quit(StopReason.UserQuit)),
        ["system_reset"] = _ => Do(machine.PressResetButton),
        ["system_powerdown"] = _ => Do(context.PowerDown),
        ["query-block"] = _ => QueryBlock(),
        ["query-uuid"] = _ => new JsonObject { ["UUID"] = machine.Configuration.Uuid.ToString() },
        ["query-target"] = _ => new JsonObject { ["arch"] = "x86_64" },
        ["query-memory-size-summary"] = _ => new JsonObject { ["base-memory"] = machine.Configuration.Memory, ["plugged-memory"] = 0 },
        ["query-events"] = _ => new JsonArray([.. EventNames.Select(name => (JsonNode)new JsonObject { ["name"] = name })]),
        ["query-mice"] = _ => new JsonArray(new JsonObject { ["name"] = "PS/2 mouse", ["index"] = 0, ["current"] = true, ["absolute"] = false }),
        ["eject"] = Eject,
        ["blockdev-change-medium"] = ChangeMedium,
        ["input-send-event"] = SendEvents,
        ["inject-nmi"] = _ => Do(() => machine.SendNmi(0)),
        ["screendump"] = ScreenDump,
        ["send-key"] = SendKey,
        ["human-monitor-command"] = arguments => human.Execute(Require(arguments, "command-line")).ReplaceLineEndings("\r\n"),
    };

    private IEnumerable<string> CommandNames() => commands.Keys;

    private static JsonNode? Do(Action action)
    {
        action();
        return null;
    }

    private JsonNode? ScreenDump(JsonObject arguments)
    {
        string path = Require(arguments, "filename");
        StandardVga display = machine.Board.Display ?? throw new QmpException(GenericError, "There is no display adapter");
        string format = Text(arguments, "format") ?? (path.EndsWith(".png", StringComparison.OrdinalIgnoreCase) ? "png" : "ppm");
        if (format is not ("png" or "ppm")) throw new QmpException(GenericError, $"Invalid parameter 'format': {format}");
        HostFiles.Guard(path, () =>
        {
            using FileStream file = File.Create(path);
            if (format == "png") ScreenshotWriter.WritePng(display.Capture(), file);
            else ScreenshotWriter.WritePpm(display.Capture(), file);
        });
        return null;
    }

    private JsonNode? SendKey(JsonObject arguments)
    {
        if (arguments["keys"] is not JsonArray keys) throw new QmpException(GenericError, "Parameter 'keys' is missing");
        KeyCode[] pressed = [.. keys.Select(ReadKey)];
        int hold = arguments["hold-time"] is JsonValue value && value.TryGetValue(out int time) && time is > 0 and <= 60_000 ? time : KeySequencer.DefaultHold;
        context.Keys.Press(pressed, hold);
        return null;
    }
}
