using System.Text;
using Emu.Cpu;

namespace Emu.Debugging.Gdb;

// Queries and settings: q..., Q..., and thread bookkeeping.
internal sealed partial class GdbSession
{
    private const int SingleStep = 1, WithoutInterrupts = 2, WithoutTimers = 4;

    /// <summary>QEMU's step bits: by default interrupts wait while gdb steps.</summary>
    private int stepBits = SingleStep | WithoutInterrupts | WithoutTimers;

    private void AddQueries()
    {
        On("qSupported", _ => $"PacketSize={GdbServer.MaxPacket:x};qXfer:features:read+;qXfer:threads:read+;QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+{ReverseFeatures}");
        On("qXfer:features:read:", text => ReadObject(text, name =>
        {
            if (name != "target.xml") return null;
            // What gdb reads now decides the numbers of the registers from now on.
            if (text.StartsWith("target.xml:0,", StringComparison.Ordinal)) description = Describe();
            return description.Xml;
        }));
        On("qXfer:threads:read:", text => ReadObject(text, name => name == "" ? ThreadList() : null));
        On("qfThreadInfo", _ => "m" + string.Join(',', Processors.Select(cpu => $"{ThreadOf(cpu):x2}")));
        On("qsThreadInfo", _ => "l");
        On("qThreadExtraInfo,", text => FindThread(text) is { } cpu ? HexText.From(Encoding.ASCII.GetBytes(DescribeThread(cpu))) : NoSuchThread);
        On("qAttached", _ => "1");
        On("qC", _ => $"QC{ThreadOf(selected):x2}");
        On("qRcmd,", RunMonitorCommand);
        On("qqemu.sstepbits", _ => $"ENABLE={SingleStep:x},NOIRQ={WithoutInterrupts:x},NOTIMER={WithoutTimers:x}");
        On("qqemu.sstep", _ => $"0x{stepBits:x}");
        On("Qqemu.sstep=", text =>
        {
            if (HexText.Number(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text) is not { } bits || bits > 7) return BadArgument;
            stepBits = (int)bits;
            return Ok;
        });
        On("qqemu.PhyMemMode", _ => physicalMode ? "1" : "0");
        On("Qqemu.PhyMemMode:", text =>
        {
            if (text is not ("0" or "1")) return BadArgument;
            physicalMode = text == "1";
            return Ok;
        });
        On("H", text =>
        {
            if (text.Length < 2 || FindThread(text[1..]) is not { } cpu) return NoSuchThread;
            if (text[0] == 'g') selected = cpu;
            else stepped = cpu;
            return Ok;
        });
        On("T", text => FindThread(text) != null ? Ok : NoSuchThread);
    }

    private static string? ReadObject(string text, Func<string, string?> find)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0 || !HexText.TryRange(text[(colon + 1)..], out ulong offset, out int length)) return BadArgument;
        if (find(text[..colon]) is not { } whole) return "E00";
        if (offset >= (ulong)whole.Length) return "l";
        // Escaping may double it.
        int count = Math.Min(Math.Min(length, (GdbServer.MaxPacket / 2) - 8), whole.Length - (int)offset);
        return (offset + (ulong)count == (ulong)whole.Length ? "l" : "m") + whole.Substring((int)offset, count);
    }

    private string ThreadList()
    {
        StringBuilder text = new("<?xml version=\"1.0\"?><threads>");
        for (int i = 0; i < Processors.Count; i++) text.Append($"<thread id=\"{i + 1:x}\" core=\"{i}\" name=\"CPU#{i}\">{DescribeState(Processors[i])}</thread>");
        return text.Append("</threads>").ToString();
    }

    private string DescribeThread(Vcpu cpu) => $"CPU#{ThreadOf(cpu) - 1} [{DescribeState(cpu)}]";

    private static unsafe string DescribeState(Vcpu cpu) => cpu.State->Activity switch
    {
        ActivityState.Active => "running",
        ActivityState.Halted or ActivityState.Waiting => "halted",
        ActivityState.WaitForSipi => "waiting for start-up IPI",
        _ => "shut down",
    };

    private string RunMonitorCommand(string digits)
    {
        if (HexText.ToBytes(digits) is not { } command) return BadArgument;
        byte[] output = Encoding.UTF8.GetBytes(monitor.Execute(Encoding.UTF8.GetString(command)));
        foreach (byte[] chunk in output.Chunk((GdbServer.MaxPacket / 2) - 8)) send("O" + HexText.From(chunk));
        return Ok;
    }
}
