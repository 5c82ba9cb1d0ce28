using System.Globalization;
using Emu.Cpu;
using Emu.Debugging.Tracing;
using Emu.Machine;

namespace Emu.Debugging.Monitor;

/// <summary>
/// The human monitor: commands and their output as text. Every call must come on the machine's thread.
/// </summary>
public sealed partial class HumanMonitor
{
    private readonly MonitorContext context;
    private readonly Machine.Machine machine;
    private readonly List<MonitorCommand> commands = [];
    private readonly List<MonitorCommand> topics = [];
    private int currentCpu;

    /// <summary>Makes a monitor for a machine.</summary>
    public HumanMonitor(MonitorContext context)
    {
        this.context = context;
        machine = context.Machine;
        AddControlCommands();
        AddMemoryCommands();
        AddMediaCommands();
        AddInputCommands();
        AddSnapshotCommands();
        AddInfoTopics();
        Add(["info", "i"], "TOPIC", "Show the state of something; 'info' alone lists the topics", Info, () => topics.SelectMany(t => t.Names));
        Add(["help", "?"], "[COMMAND]", "Show this list, or explain one command", Help, () => commands.Select(c => c.Names[0]));
    }

    /// <summary>All commands.</summary>
    public IReadOnlyList<MonitorCommand> Commands => commands;

    /// <summary>The processor that register and memory commands look at.</summary>
    public Vcpu CurrentCpu => machine.Board.Processors[currentCpu];

    /// <summary>The machine has ended: there is nothing more to say.</summary>
    public bool HasEnded => machine.StopReason != StopReason.None;

    /// <summary>Carries out one line and returns what it prints. Mistakes are printed too.</summary>
    public string Execute(string line)
    {
        StringWriter output = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        try
        {
            Run(line.Trim(), output);
        }
        catch (MonitorException e)
        {
            output.WriteLine($"Error: {e.Message}");
        }

        return output.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>Words that may stand where the line ends.</summary>
    public IReadOnlyList<string> Complete(string line)
    {
        int space = line.IndexOf(' ');
        IEnumerable<string> words = space < 0
            ? commands.Select(c => c.Names[0])
            : Find(line[..space].Split('/')[0])?.Completions?.Invoke() ?? [];
        string start = space < 0 ? line : line[(space + 1)..];
        return start.Contains(' ') ? [] : [.. words.Where(w => w.StartsWith(start, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)];
    }

    private void Run(string line, TextWriter output)
    {
        if (line.Length == 0) return;
        int end = line.IndexOf(' ');
        string word = end < 0 ? line : line[..end];
        int slash = word.IndexOf('/');
        string name = slash < 0 ? word : word[..slash];
        MonitorCommand command = Find(name) ?? throw new MonitorException($"unknown command '{name}'; try 'help'");
        command.Run(new MonitorArguments(slash < 0 ? "" : word[(slash + 1)..], end < 0 ? "" : line[end..]), output);
    }

    private MonitorCommand? Find(string name) => commands.Find(c => c.Names.Contains(name));

    private void Add(string[] names, string parameters, string help, Action<MonitorArguments, TextWriter> run, Func<IEnumerable<string>>? completions = null) =>
        commands.Add(new MonitorCommand(names, parameters, help, run) { Completions = completions });

    private void Help(MonitorArguments arguments, TextWriter output)
    {
        string? name = arguments.Next();
        if (name == "info")
        {
            ListTopics(output);
            return;
        }

        IEnumerable<MonitorCommand> shown = name == null
            ? commands.OrderBy(c => c.Names[0], StringComparer.Ordinal)
            : [Find(name) ?? throw new MonitorException($"unknown command '{name}'")];
        foreach (MonitorCommand command in shown) output.WriteLine($"{string.Join('|', command.Names)} {command.Parameters}".TrimEnd() + $" -- {command.Help}");
    }

    private void Info(MonitorArguments arguments, TextWriter output)
    {
        if (arguments.Next() is not { } name)
        {
            ListTopics(output);
            return;
        }

        MonitorCommand topic = topics.Find(t => t.Names.Contains(name)) ?? throw new MonitorException($"unknown topic '{name}'; 'info' lists the topics");
        topic.Run(new MonitorArguments("", arguments.Rest[name.Length..]), output);
    }

    private void ListTopics(TextWriter output)
    {
        foreach (MonitorCommand topic in topics.OrderBy(t => t.Names[0], StringComparer.Ordinal)) output.WriteLine($"info {topic.Names[0]} {topic.Parameters}".TrimEnd() + $" -- {topic.Help}");
    }

    private void AddControlCommands()
    {
        Add(["stop", "s"], "", "Stop the guest", (_, _) => machine.Pause());
        Add(["cont", "c"], "", "Let the guest go on", (_, _) => machine.Continue());
        Add(["quit", "q"], "", "End the emulator", (_, _) => machine.Quit(StopReason.UserQuit));
        Add(["system_reset"], "", "Reset the machine", (_, _) => machine.PressResetButton());
        Add(["system_powerdown"], "", "Press the power button", (_, _) => context.PowerDown());
        Add(["log"], "ITEM,...|none", "Choose what is logged; 'log help' lists the items", Log, () => LogItemNames.All.Select(i => i.Name));
        Add(["nmi"], "", "Send a non-maskable interrupt to the current processor", (_, _) => machine.SendNmi(currentCpu));
        Add(["cpu"], "INDEX", "Choose the processor that register and memory commands look at", (arguments, _) =>
        {
            int index = arguments.NextNumber("cpu") ?? throw new MonitorException("cpu: a number is missing");
            if (index < 0 || index >= machine.Board.Processors.Count) throw new MonitorException($"cpu: there are processors 0 to {machine.Board.Processors.Count - 1}");
            currentCpu = index;
        });
    }

    private void Log(MonitorArguments arguments, TextWriter output)
    {
        MachineLog log = context.Log ?? throw new MonitorException("this machine has no log");
        string items = arguments.Require("an item or 'none'");
        if (items is "help" or "?")
        {
            foreach ((string name, _, string description) in LogItemNames.All) output.WriteLine($"{name,-12}{description}");
            return;
        }

        try
        {
            log.Select(MachineLog.Parse(items.Split(',', StringSplitOptions.RemoveEmptyEntries)));
            log.Flush();
        }
        catch (FormatException e)
        {
            throw new MonitorException($"log: {e.Message}");
        }
    }
}
