using System.Text;
using Emu.Cpu;
using Emu.Debugging.Monitor;
using Emu.Machine;

namespace Emu.Debugging.Gdb;

/// <summary>
/// What a gdb client can ask for: packets in, replies out (gdb manual, appendix E). A processor is a thread; threads are numbered from 1.
/// </summary>
internal sealed partial class GdbSession
{
    private const string Ok = "OK", Unsupported = "";

    // Numbers of errno.h, which gdb shows as they are.
    private const string NoSuchThread = "E03", NoMemory = "E14", BadArgument = "E22";

    private const int InterruptSignal = 2, TrapSignal = 5;

    private readonly Machine.Machine machine;
    private readonly MachineDebugger debugger;
    private readonly HumanMonitor monitor;
    private readonly GdbArchitecture architecture;
    private readonly Action<string> send;
    private readonly List<PacketHandler> handlers = [];
    private TargetDescription description;
    private Vcpu selected;
    private Vcpu stepped;
    private bool connected;

    /// <summary>gdb waits for the guest to stop.</summary>
    private bool waits;

    public GdbSession(MonitorContext context, GdbArchitecture architecture, Action<string> send)
    {
        machine = context.Machine;
        debugger = machine.Debugger;
        monitor = new HumanMonitor(context);
        this.architecture = architecture;
        this.send = send;
        selected = stepped = machine.Board.Processors[0];
        description = Describe();
        AddQueries();
        AddStateHandlers();
        AddPointHandlers();
        AddExecutionHandlers();
        AddReverseHandlers();
        debugger.Stopped += OnStopped;
        machine.Stopping += _ => OnStopping();
    }

    /// <summary>A packet this session understands.</summary>
    /// <param name="Prefix">How it begins.</param>
    /// <param name="Handle">Gets what follows the prefix; returns the reply, or null when it comes later or never.</param>
    private sealed record PacketHandler(string Prefix, Func<string, string?> Handle);

    private IReadOnlyList<Vcpu> Processors => machine.Board.Processors;

    /// <summary>A client has connected: the guest stops for it.</summary>
    public void Begin()
    {
        connected = true;
        waits = false;
        machine.Pause();
        selected = stepped = debugger.CurrentCpu;
        physicalMode = false;
        description = Describe();
    }

    /// <summary>The client has gone without detaching: its points go with it, the guest stays as it is.</summary>
    public void End()
    {
        connected = waits = false;
        RemoveAllPoints();
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt()
    {
        if (waits) machine.Pause();
    }

    /// <summary>Carries out a packet; null when there is no reply, or none yet.</summary>
    public string? Handle(byte[] packet)
    {
        // Longest prefix first, so that vCont? is not taken for vCont.
        string text = Encoding.Latin1.GetString(packet);
        PacketHandler? handler = handlers.Where(h => text.StartsWith(h.Prefix, StringComparison.Ordinal)).MaxBy(h => h.Prefix.Length);
        return handler == null ? Unsupported : handler.Handle(text[handler.Prefix.Length..]);
    }

    private void On(string prefix, Func<string, string?> handle) => handlers.Add(new PacketHandler(prefix, handle));

    private int ThreadOf(Vcpu cpu) => ((List<Vcpu>)[.. Processors]).IndexOf(cpu) + 1;

    /// <summary>The processor of a thread number; -1 and 0 stand for any.</summary>
    private Vcpu? FindThread(string text)
    {
        if (text is "-1" or "0" or "") return debugger.CurrentCpu;
        return HexText.Number(text) is { } number && number >= 1 && number <= (ulong)Processors.Count ? Processors[(int)number - 1] : null;
    }

    private TargetDescription Describe()
    {
        GdbArchitecture chosen = architecture != GdbArchitecture.Auto ? architecture : ArchitectureOf(debugger.CurrentCpu);
        return TargetDescription.For(debugger.CurrentCpu, chosen);
    }

    /// <summary>
    /// The description that fits what the processor runs. gdb wants one that matches the program it knows, and who debugs a kernel knows a 64-bit one
    /// even while the processor is still in real mode.
    /// </summary>
    private unsafe GdbArchitecture ArchitectureOf(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        if (s->IsLongMode) return GdbArchitecture.X64;
        if ((s->Cr0 & Cr0.Pe) != 0) return (s->Mode & CodeMode.Code32) != 0 ? GdbArchitecture.I386 : GdbArchitecture.I8086;
        return machine.Configuration.Kernel != null && cpu.Model.Has("lm") ? GdbArchitecture.X64 : GdbArchitecture.I8086;
    }

    private void OnStopped(DebugStop stop)
    {
        if (!waits) return;
        waits = false;
        selected = stepped = stop.Cpu;
        send(StopReply(stop));
    }

    private void OnStopping()
    {
        if (!connected || !waits) return;
        waits = false;
        send($"W{machine.ExitStatus & 0xFF:x2}");
    }

    private string StopReply(DebugStop stop)
    {
        int signal = stop.Reason == DebugStopReason.Paused ? InterruptSignal : TrapSignal;
        StringBuilder text = new($"T{signal:x2}thread:{ThreadOf(stop.Cpu):x2};");
        if (stop.Hit?.Watchpoint is { } watchpoint)
        {
            string kind = watchpoint.Kind switch { WatchKind.Read => "rwatch", WatchKind.Write => "watch", _ => "awatch" };
            // An access may begin before the range; gdb looks the address up in its list.
            text.Append($"{kind}:{Math.Max(stop.Hit.Address, watchpoint.Address):x};");
        }
        else if (stop.Hit?.Breakpoint is { } breakpoint && FindPoint(breakpoint) is { } point)
        {
            text.Append(point.Kind == PointKind.Software ? "swbreak:;" : "hwbreak:;");
        }

        return text.ToString();
    }
}
