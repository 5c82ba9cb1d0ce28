using System.Globalization;
using Emu.Machine;

namespace Emu.Debugging.Monitor;

// States of the machine in files.
public sealed partial class HumanMonitor
{
    private void AddSnapshotCommands()
    {
        Add(["savevm"], "NAME", $"Save the state of the machine in NAME{SnapshotFile.Extension}, or in a file given by its path", (arguments, _) =>
            Guard(() => SnapshotFile.Save(machine, arguments.Require("a name"))), SnapshotNames);
        Add(["loadvm"], "NAME", "Go back to a saved state", (arguments, _) =>
            Guard(() => SnapshotFile.Load(machine, arguments.Require("a name"))), SnapshotNames);
        Add(["delvm"], "NAME", "Delete a saved state", (arguments, _) =>
            Guard(() => SnapshotFile.Delete(arguments.Require("a name"))), SnapshotNames);
        topics.Add(new MonitorCommand(["snapshots"], "", "Saved states in the current directory", ListSnapshots));
        topics.Add(new MonitorCommand(["history"], "", "How far the machine can go back in time", DescribeHistory));
    }

    private static IEnumerable<string> SnapshotNames() => SnapshotFile.List(Environment.CurrentDirectory).Select(s => s.Name);

    private static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (SnapshotException e)
        {
            throw new MonitorException(e.Message);
        }
    }

    private static void ListSnapshots(MonitorArguments arguments, TextWriter output)
    {
        IReadOnlyList<SnapshotInformation> snapshots = SnapshotFile.List(Environment.CurrentDirectory);
        if (snapshots.Count == 0)
        {
            output.WriteLine("There is no snapshot in the current directory.");
            return;
        }

        output.WriteLine("TAG                      VM SIZE  DATE                 VM CLOCK     INSTRUCTIONS");
        foreach (SnapshotInformation s in snapshots)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{s.Name,-20} {s.Size / 1048576.0,8:f1} MiB  {s.Taken:yyyy-MM-dd HH:mm:ss}  {s.VirtualTime:hh\\:mm\\:ss\\.fff} {s.Instructions,16}"));
        }
    }

    private void DescribeHistory(MonitorArguments arguments, TextWriter output)
    {
        if (machine.History is not { } history)
        {
            output.WriteLine("The machine does not remember its past; start it with -icount shift=N,history=on.");
            return;
        }

        output.WriteLine($"instruction {history.Position.Instructions} of {history.Start.Instructions} to {history.End.Instructions}{(history.InPast ? ", in the past" : "")}");
        output.WriteLine($"{history.Checkpoints.Count} checkpoints, {history.MemoryUse >> 20} MiB of memory pages");
    }
}
