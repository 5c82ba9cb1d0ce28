using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Emu.Machine;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Dap;

/// <summary>
/// A Debug Adapter Protocol server: the stepper's engine for editors such as VS Code
/// (https://microsoft.github.io/debug-adapter-protocol). One session a connection; requests are carried out one after the other, and those that
/// arrive during a run can interrupt it.
/// </summary>
public sealed partial class DapServer
{
    private const int ThreadOffset = 1;

    private readonly DapConnection connection;
    private readonly Func<IReadOnlyList<string>, MachineConfiguration> parseMachine;
    private readonly BlockingCollection<JsonObject> requests = [];
    private readonly Dictionary<string, Func<JsonObject, JsonObject?>> handlers;
    private readonly List<(string File, int Number)> sourceBreakpoints = [];
    private readonly List<int> instructionBreakpoints = [];
    private readonly List<int> dataBreakpoints = [];
    private StepperSession? session;
    private Action? afterResponse;
    private int outputSent;
    private bool stopOnEntry = true;
    private bool ended;
    private volatile bool pauseRequested;

    /// <summary>A server on a connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="parseMachine">Makes a machine of QEMU's options, for launches with "machine".</param>
    public DapServer(DapConnection connection, Func<IReadOnlyList<string>, MachineConfiguration> parseMachine)
    {
        this.connection = connection;
        this.parseMachine = parseMachine;
        handlers = new()
        {
            ["initialize"] = Initialize,
            ["launch"] = Launch,
            ["attach"] = Launch,
            ["configurationDone"] = ConfigurationDone,
            ["setBreakpoints"] = SetBreakpoints,
            ["setInstructionBreakpoints"] = SetInstructionBreakpoints,
            ["dataBreakpointInfo"] = DataBreakpointInfo,
            ["setDataBreakpoints"] = SetDataBreakpoints,
            ["setExceptionBreakpoints"] = _ => null,
            ["threads"] = Threads,
            ["stackTrace"] = StackTrace,
            ["scopes"] = Scopes,
            ["variables"] = Variables,
            ["setVariable"] = SetVariable,
            ["evaluate"] = EvaluateText,
            ["disassemble"] = Disassemble,
            ["readMemory"] = ReadMemory,
            ["writeMemory"] = WriteMemory,
            ["source"] = Source,
            ["continue"] = r => Run(r, s => s.Continue(ulong.MaxValue >> 1)),
            ["next"] = r => Run(r, s => ByLine(r, s, s.StepOver)),
            ["stepIn"] = r => Run(r, s => ByLine(r, s, s.Step)),
            ["stepOut"] = r => Run(r, s => s.StepOut()),
            ["stepBack"] = r => Run(r, s => s.StepBack()),
            ["reverseContinue"] = r => Run(r, s => s.ReverseContinue()),
            ["pause"] = _ => null,
            ["disconnect"] = End,
            ["terminate"] = End,
        };
    }

    private StepperSession Session => session ?? throw new StepperException("nothing has been launched yet");

    /// <summary>Why the session ended before its time; null if it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Serves until the client disconnects.</summary>
    public void Run()
    {
        Thread reader = new(ReadRequests) { IsBackground = true, Name = "dap input" };
        reader.Start();
        foreach (JsonObject request in requests.GetConsumingEnumerable())
        {
            Serve(request);
            if (ended) break;
        }

        session?.Dispose();
        session = null;
    }

    private void ReadRequests()
    {
        try
        {
            while (connection.Read() is { } message)
            {
                if ((string?)message["type"] != "request") continue;
                if ((string?)message["command"] is "pause" or "disconnect" or "terminate") pauseRequested = true;
                requests.Add(message);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // The stream cannot be made sense of any more: the session ends as if the client had gone.
            if (e is InvalidDataException) Failure = e.Message;
        }

        pauseRequested = true;
        requests.CompleteAdding();
    }

    private void Serve(JsonObject request)
    {
        string command = (string?)request["command"] ?? "";
        try
        {
            if (!handlers.TryGetValue(command, out Func<JsonObject, JsonObject?>? handler)) throw new StepperException($"the request '{command}' is not known");
            JsonObject? body = handler(request["arguments"] as JsonObject ?? []);
            connection.Respond(request, body);
        }
        catch (Exception e) when (e is StepperException or Machine.Loaders.LoaderException or ArgumentException or InvalidOperationException or FormatException)
        {
            connection.Refuse(request, e.Message);
            return;
        }

        Action? then = afterResponse;
        afterResponse = null;
        then?.Invoke();
    }

    private JsonObject Initialize(JsonObject arguments)
    {
        afterResponse = () => connection.Raise("initialized");
        string[] able =
        [
            "supportsConfigurationDoneRequest", "supportsStepBack", "supportsInstructionBreakpoints", "supportsDataBreakpoints", "supportsConditionalBreakpoints",
            "supportsDisassembleRequest", "supportsReadMemoryRequest", "supportsWriteMemoryRequest", "supportsSteppingGranularity", "supportsSetVariable",
            "supportsEvaluateForHovers", "supportsTerminateRequest",
        ];
        JsonObject capabilities = [];
        foreach (string capability in able) capabilities[capability] = true;
        return capabilities;
    }

    private JsonObject? Launch(JsonObject arguments)
    {
        if (session != null) throw new StepperException("a program has been launched already");
        string[] words = Strings(arguments["args"]), machine = Strings(arguments["machine"]);
        string? program = (string?)arguments["program"];
        if (machine.Length == 0 && string.IsNullOrEmpty(program)) throw new StepperException("launch needs \"program\" (an assembly source, a static program or a flat binary) or \"machine\" (an emulator's options)");
        stopOnEntry = (bool?)arguments["stopOnEntry"] ?? true;
        session = new StepperSession(machine.Length > 0
            ? GuestProgram.FromMachine(parseMachine(machine), string.Join(' ', machine))
            : GuestProgram.FromFile(program ?? "", new ProgramOptions
            {
                Arguments = words,
                Bits = (int?)arguments["bits"],
                Origin = (string?)arguments["origin"] is { } origin ? ParseAddress(origin) : null,
                Input = System.Text.Encoding.UTF8.GetBytes((string?)arguments["input"] ?? ""),
            }));
        session.Interrupted = () => pauseRequested;
        return null;
    }

    private JsonObject? ConfigurationDone(JsonObject arguments)
    {
        _ = Session;
        afterResponse = () =>
        {
            if (stopOnEntry) Stopped("entry", new Stop(StopKind.Step, ""));
            else Finish(Session.Continue(ulong.MaxValue >> 1), "step");
        };
        return null;
    }

    private JsonObject? End(JsonObject arguments)
    {
        ended = true;
        afterResponse = () => connection.Raise("terminated");
        return null;
    }

    /// <summary>Carries out a movement after the response: the editor knows that the program runs, then hears where it stopped.</summary>
    private JsonObject? Run(JsonObject arguments, Func<StepperSession, Stop> move)
    {
        StepperSession running = Session;
        int thread = (int?)arguments["threadId"] ?? ThreadOffset;
        if (thread - ThreadOffset is var index && index >= 0 && index < running.Machine.Board.Processors.Count) running.Cpu = running.Machine.Board.Processors[index];
        pauseRequested = false;
        afterResponse = () =>
        {
            try
            {
                Finish(move(running), "step");
            }
            catch (StepperException e)
            {
                Output("stderr", e.Message + "\n");
                Stopped("pause", new Stop(StopKind.Step, e.Message));
            }
        };
        return new JsonObject { ["allThreadsContinued"] = true };
    }

    /// <summary>Steps by source lines unless the client asks for instructions or the place has no line.</summary>
    private static Stop ByLine(JsonObject arguments, StepperSession session, Func<Stop> step)
    {
        const int most = 10_000;
        Stop stop = step();
        if ((string?)arguments["granularity"] == "instruction" || session.Program.Source is not { } source) return stop;
        for (int i = 0; i < most && stop.Kind == StopKind.Step && source.LineAt(session.InstructionPointer) == 0 && session.Program.Extent is { } extent && session.InstructionPointer >= extent.First && session.InstructionPointer <= extent.Last; i++) stop = step();
        return stop;
    }

    private void Finish(Stop stop, string reason)
    {
        SendOutput();
        if (stop.Kind is StopKind.Exited or StopKind.PoweredOff)
        {
            Output("console", stop.Message + "\n");
            connection.Raise("exited", new JsonObject { ["exitCode"] = Session.Program.Process?.ExitStatus ?? Session.Machine.ExitStatus });
            connection.Raise("terminated");
            return;
        }

        Stopped(
            stop.Kind switch
            {
                StopKind.Breakpoint => "breakpoint",
                StopKind.Watchpoint => "data breakpoint",
                StopKind.Crashed or StopKind.TripleFault or StopKind.Halted => "exception",
                StopKind.Interrupted or StopKind.Limit => "pause",
                _ => reason,
            },
            stop);
    }

    private void Stopped(string reason, Stop stop)
    {
        if (Session.Last is { } last) Output("console", string.Join("\n", Commands.ExplanationText.Lines(last, Session)) + "\n");
        JsonObject body = new() { ["reason"] = reason, ["threadId"] = ThreadOf(Session), ["allThreadsStopped"] = true };
        if (stop.Message.Length > 0) (body["description"], body["text"]) = (stop.Message, stop.Message);
        connection.Raise("stopped", body);
    }

    private static int ThreadOf(StepperSession session) => ThreadOffset + session.Machine.Board.Processors.ToList().IndexOf(session.Cpu);

    private void SendOutput()
    {
        string all = Session.Output;
        if (all.Length > outputSent) Output("stdout", all[outputSent..]);
        outputSent = all.Length;
    }

    private void Output(string category, string text) => connection.Raise("output", new JsonObject { ["category"] = category, ["output"] = text });

    private static string[] Strings(JsonNode? node) => node is JsonArray array ? [.. array.Select(item => (string?)item ?? "")] : [];

    private static ulong ParseAddress(string text)
    {
        bool hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(hexadecimal ? text.AsSpan(2) : text, hexadecimal ? System.Globalization.NumberStyles.HexNumber : System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new StepperException($"'{text}' is no address");
    }

    private static string Address(ulong value) => $"0x{value:x}";
}
