using System.Text;
using Emu.Cpu;

namespace Emu.Machine;

/// <summary>Finds the block that makes the difference, somewhere behind the last moment at which both machines agreed, and describes it.</summary>
internal sealed unsafe class LockstepSearch(Lockstep pair)
{
    /// <summary>A block, and what may come behind it in a budget: pieces that close to the next event are not cut at other places.</summary>
    private const long Margin = 256;

    private const int MaxDifferences = 24, MaxListed = 256;

    private readonly Machine machine = pair.Translated;
    private readonly Machine shadow = pair.Interpreted;

    /// <summary>The whole report.</summary>
    public string Run()
    {
        Position start = pair.Agreed, end = machine.Position;
        List<string> known = pair.FindDifferences(keep: false);
        pair.GoBack();
        long length = FindPiece(end, out List<string> differences);
        if (differences.Count == 0)
        {
            return $"lockstep: a difference between instructions {start.Instructions} and {end.Instructions} did not show itself again when that was repeated{Environment.NewLine}"
                + Lines(known);
        }

        pair.GoBack();
        long before = FindBlock(length - Margin);
        return before < 0 ? DescribePiece(length, differences) : DescribeBlock(before);
    }

    /// <summary>Repeats piece by piece until one makes a difference; both machines then agree on what is before that. Returns its length.</summary>
    private long FindPiece(Position end, out List<string> differences)
    {
        while (true)
        {
            ulong start = machine.RetiredInstructions;
            machine.RunCounted(long.MaxValue, sleep: false);
            pair.Catchup();
            differences = pair.FindDifferences(keep: true);
            if (differences.Count != 0 || machine.Position >= end) return (long)(machine.RetiredInstructions - start);
        }
    }

    /// <summary>
    /// How many instructions of the piece can be run, in whole blocks, before a block makes a difference; negative if it does not do so in a run that is
    /// longer than <paramref name="most"/>.
    /// </summary>
    private long FindBlock(long most)
    {
        if (most < 0 || !Differs(most)) return -1;
        long low = 0, high = most;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (Differs(middle)) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    /// <summary>Whether the machines differ behind the first block that takes more than a number of instructions to the end of.</summary>
    private bool Differs(long instructions)
    {
        RunBlocks(instructions);
        pair.Catchup();
        bool differs = pair.FindDifferences(keep: false).Count != 0;
        pair.GoBack();
        return differs;
    }

    private void RunBlocks(long instructions)
    {
        machine.RunOverride = (cpu, _) => cpu.RunBlocks(instructions);
        machine.RunCounted(long.MaxValue, sleep: false);
        machine.RunOverride = null;
    }

    private string DescribeBlock(long before)
    {
        // Tier 0 alone up to the block, then both.
        ulong start = shadow.RetiredInstructions;
        List<(string Name, string Value)> initial = [];
        string code = "", region = "";
        RunBlocks(before);
        long length = (long)(machine.RetiredInstructions - start) - before;
        pair.GoBack();
        if (before > 0)
        {
            RunBlocks(before - 1);
            pair.Catchup();
        }

        Vcpu cpu = shadow.Board.Processors[0];
        ulong rip = cpu.State->Rip;
        initial = ProcessorComparison.Registers(cpu);
        code = TripleFault.Disassemble(cpu, (int)Math.Min(length, MaxListed));
        region = machine.Board.Translator?.Describe(machine.Board.Processors[0], machine.Board.Processors[0].State->Rip) ?? "";
        pair.GoBack();
        RunBlocks(before);
        pair.Catchup();
        StringBuilder text = new();
        text.AppendLine($"lockstep: translated code differs from tier 0 behind the block of {length} instructions at RIP {rip:x}, instruction {start + (ulong)before}");
        text.AppendLine("state before:");
        foreach ((string name, string value) in initial) text.AppendLine($"  {name} {value}");
        text.AppendLine("differences behind it:");
        text.Append(Lines(pair.FindDifferences(keep: false)));
        text.AppendLine("guest code:");
        text.Append(code);
        text.Append(region);
        return text.ToString();
    }

    private string DescribePiece(long length, List<string> differences) =>
        $"lockstep: translated code differs from tier 0 within {length} instructions behind instruction {pair.Agreed.Instructions}, RIP {shadow.Board.Processors[0].State->Rip:x}{Environment.NewLine}"
        + Lines(differences);

    private static string Lines(List<string> differences)
    {
        StringBuilder text = new();
        foreach (string line in differences.Take(MaxDifferences)) text.AppendLine("  " + line);
        if (differences.Count > MaxDifferences) text.AppendLine($"  and {differences.Count - MaxDifferences} more");
        return text.ToString();
    }
}
