using System.CommandLine;
using System.Globalization;
using Emu.Machine;

namespace Emu.Frontend.CommandLine;

/// <summary>Reads <c>-icount</c> and <c>-rtc</c>: what drives the clock, and what can be done with a clock that counts instructions.</summary>
internal static class ClockParser
{
    /// <summary>Applies both options to a machine.</summary>
    public static MachineConfiguration Apply(ParseResult result, MachineConfiguration machine)
    {
        if (QemuOptions.Rtc.Last(result) is { } rtc) machine = machine with { Clock = machine.Clock with { RtcBase = TimeOfDay(rtc) } };
        return QemuOptions.Icount.Last(result) is { } count ? Counted(count, machine) : machine;
    }

    private static DateTime TimeOfDay(string rtc)
    {
        PropertyList properties = PropertyList.Parse("-rtc", rtc);
        DateTime start = properties.Text("base") switch
        {
            null or "utc" => DateTime.UtcNow,
            "localtime" => DateTime.Now,
            string date => DateTime.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time)
                ? time
                : throw new UsageException($"-rtc base={date}: not utc, localtime or a date such as 2006-06-17T16:01:21"),
        };
        if (properties.Text("clock") is { } source && source is not "vm") throw new UsageException($"-rtc clock={source}: the clock follows the machine's time (clock=vm)");
        if (properties.Text("driftfix") is { } fix && fix != "none") throw new UsageException($"-rtc driftfix={fix}: lost ticks are not made up for");
        properties.Finish();
        return start;
    }

    private static MachineConfiguration Counted(string count, MachineConfiguration machine)
    {
        PropertyList list = PropertyList.Parse("-icount", count, "shift");
        if (list.Head == "auto") throw new UsageException("-icount shift=auto: give the shift as a number, 0 to 10 (7 is about 8 million instructions a second)");
        if (!int.TryParse(list.Head, NumberStyles.None, CultureInfo.InvariantCulture, out int shift) || shift > 10) throw new UsageException($"-icount {count}: shift is 0 to 10");
        bool sleep = list.Flag("sleep") ?? true;
        if (list.Flag("align") == true) throw new UsageException("-icount align=on is not available: guest time is not slowed down to host time");
        string? mode = list.Choice("rr", "record", "replay"), file = list.Text("rrfile");
        bool history = list.Flag("history") ?? false;
        long? budget = list.Size("history-memory", 1 << 20);
        list.Finish();
        if (mode != null && file == null) throw new UsageException($"-icount rr={mode}: rrfile=FILE is missing");
        if (file != null && mode == null) throw new UsageException("-icount rrfile: say rr=record or rr=replay");
        if (budget is < 16 << 20) throw new UsageException("-icount history-memory: at least 16M");
        if (budget != null && !history) throw new UsageException("-icount history-memory: only with history=on");
        machine = machine with
        {
            Clock = machine.Clock with { InstructionShift = shift, SleepWhenIdle = sleep && mode != "replay" },
            Recording = mode == null || file == null ? null : new RecordingConfiguration { Path = file, Replays = mode == "replay" },
            History = history ? new HistoryConfiguration { MemoryBudget = budget ?? new HistoryConfiguration().MemoryBudget } : null,
        };
        return mode == "replay" && file != null ? machine with { Clock = machine.Clock with { RtcBase = RecordedRuns.TimeOfDay(file) } } : machine;
    }
}
