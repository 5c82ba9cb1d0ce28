using Emu.Cpu;

namespace Emu.Machine;

/// <summary>
/// Whose turn it is on a machine whose clock counts instructions. The order depends on nothing but what the processors do, however often
/// the host interrupts them.
/// </summary>
internal sealed class TurnScheduler(IReadOnlyList<Vcpu> processors)
{
    /// <summary>Instructions of a turn where there are several processors.</summary>
    private const long Turn = 20_000;

    private int last;
    private long left;

    /// <summary>Chooses the processor to run, or null if none can.</summary>
    /// <param name="atMost">Most instructions it may run now.</param>
    public Vcpu? Next(out long atMost)
    {
        if (left > 0 && Machine.CanRun(processors[last]))
        {
            atMost = left;
            return processors[last];
        }

        for (int i = 1; i <= processors.Count; i++)
        {
            Vcpu cpu = processors[(last + i) % processors.Count];
            if (!Machine.CanRun(cpu)) continue;
            atMost = processors.Count == 1 ? long.MaxValue : Turn;
            return cpu;
        }

        atMost = 0;
        return null;
    }

    /// <summary>Accounts for a run of a processor. One that did nothing at all was not begun.</summary>
    /// <param name="cpu">What <see cref="Next"/> returned.</param>
    /// <param name="atMost">What <see cref="Next"/> said.</param>
    /// <param name="retired">Instructions.</param>
    /// <param name="delivered">It has taken an exception or another event.</param>
    public void Ran(Vcpu cpu, long atMost, long retired, bool delivered)
    {
        if (retired == 0 && !delivered) return;
        for (int i = 0; i < processors.Count; i++)
        {
            if (processors[i] == cpu) last = i;
        }

        left = cpu.HasYielded || processors.Count == 1 ? 0 : atMost - retired;
    }

    /// <summary>Writes whose turn it is.</summary>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(last);
        writer.Write(left);
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote.</summary>
    public void LoadState(BinaryReader reader)
    {
        last = reader.ReadInt32();
        left = reader.ReadInt64();
        if (last < 0 || last >= processors.Count) throw new InvalidDataException("The snapshot has more processors than this machine.");
    }
}
