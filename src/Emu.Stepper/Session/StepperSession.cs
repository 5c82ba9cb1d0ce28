using Emu.Cpu;
using Emu.Debugging;
using Emu.Debugging.Monitor;
using Emu.Machine;
using Emu.Stepper.Explain;
using Emu.Stepper.Linux;
using Iced.Intel;

namespace Emu.Stepper.Session;

/// <summary>
/// Steps through a program and tells what happens. What a screen, a script and an editor share; it knows nothing of any of them. All calls
/// on one thread.
/// </summary>
public sealed unsafe partial class StepperSession : IDisposable
{
    /// <summary>Steps taken inside a system call or a repeated string instruction before giving up on its end.</summary>
    private const int InnerSteps = 100_000;

    private readonly List<DeliveredEvent> events = [];
    private readonly Explainer explainer;
    private Stop? final;
    private Vcpu cpu;

    /// <summary>A session at the program's first instruction.</summary>
    public StepperSession(GuestProgram program)
    {
        Program = program;
        Machine = program.Machine;
        cpu = Machine.Board.Processors[0];
        explainer = new Explainer(new InstructionText(program.Symbols));
        Machine.Stopping += OnStopping;
        Machine.Board.PortAccessed += OnPort;
        foreach (Vcpu each in Machine.Board.Processors) each.EventDelivered += OnEvent;
        if (program.Process != null) program.Process.Calls.Served += OnCall;
    }

    /// <summary>What is being stepped through.</summary>
    public GuestProgram Program { get; }

    /// <summary>Its machine.</summary>
    public Machine.Machine Machine { get; }

    /// <summary>The processor being looked at.</summary>
    public Vcpu Cpu
    {
        get => cpu;
        set => cpu = value;
    }

    /// <summary>Instructions run since the machine was switched on.</summary>
    public ulong Position => Machine.RetiredInstructions;

    /// <summary>What the last step did; null before the first and after a run.</summary>
    public Explanation? Last { get; private set; }

    /// <summary>The state before the last step, for marking changes.</summary>
    public CpuState Previous { get; private set; }

    /// <summary>Interrupts, exceptions, ports and system calls.</summary>
    public EventLog Log { get; } = new();

    /// <summary>How instructions are written.</summary>
    public InstructionText Text => explainer.Text;

    /// <summary>Names and memory in expressions.</summary>
    public StepperScope Scope => new(cpu, Program.Symbols);

    /// <summary>A system call of a Linux program is one step; otherwise the instructions of its kernel are seen.</summary>
    public bool HidesKernel { get; set; } = true;

    /// <summary>Device interrupts are held off while stepping.</summary>
    public bool HoldsInterrupts { get; set; }

    /// <summary>What the next instruction is about to do.</summary>
    public Explanation Preview() => explainer.Preview(PendingExplanation.At(cpu, Text));

    /// <summary>The instruction at the instruction pointer.</summary>
    public Instruction Next => PendingExplanation.Decode(cpu, out _, out _);

    /// <summary>Linear address of the next instruction.</summary>
    public ulong InstructionPointer => GuestView.LinearInstructionPointer(cpu);

    /// <summary>Linear address of the instruction to be shown: the next one, or where a Linux program has come to its end.</summary>
    public ulong Place => final != null && HidesKernel && Program.Process is { } process && LinuxProcess.IsKernel(InstructionPointer) ? process.CalledFrom : InstructionPointer;

    /// <summary>Why nothing can go on; null while it can.</summary>
    public Stop? Final => final;

    /// <summary>Evaluates an expression.</summary>
    /// <exception cref="StepperException">It is malformed.</exception>
    public ulong Evaluate(string expression)
    {
        try
        {
            return Expression.Evaluate(expression, Scope);
        }
        catch (MonitorException e)
        {
            throw new StepperException(e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Machine.Stopping -= OnStopping;
        Machine.Board.PortAccessed -= OnPort;
        foreach (Vcpu each in Machine.Board.Processors) each.EventDelivered -= OnEvent;
        foreach (StopPoint point in points.ToArray()) RemovePoint(point.Number);
        Program.Dispose();
    }

    /// <summary>Runs one instruction (a system call of a Linux program with all that belongs to it).</summary>
    public Stop Step()
    {
        if (final is { } over) return over;
        PendingExplanation pending = PendingExplanation.At(cpu, Text);
        string? note = null;
        LinuxProcess? process = Program.Process;
        bool call = process != null && HidesKernel && IsSystemCall(pending.Instruction);
        if (call && process != null) note = process.Calls.Describe(pending.Before, pending.Instruction.Mnemonic == Mnemonic.Int);
        Previous = pending.Before;
        began = Position;
        events.Clear();
        Stop stop = StepOnce();
        if (call && process != null)
        {
            for (int i = 0; i < InnerSteps && cpu.State->Cpl == 0 && process.ExitStatus == null && final == null; i++) stop = StepOnce();
            events.RemoveAll(e => e.Software);
            note = process.ExitStatus is { } status ? $"system call {note}: the program ends with status {status}" : $"system call {note} returned {Result(cpu.State->Gpr[0])}";
        }

        Last = explainer.Account(pending, cpu, events, note);
        Remember();
        return Conclude(stop);
    }

    private static string Result(ulong value) => (long)value is < 0 and > -4096 ? $"{(long)value} ({SystemCalls.ErrorName(-(int)(long)value)})" : Numbers.Hex(value);

    private static bool IsSystemCall(in Instruction instruction) => instruction.Mnemonic == Mnemonic.Syscall || (instruction.Mnemonic == Mnemonic.Int && instruction.Immediate8 == 0x80);

    private Stop StepOnce()
    {
        DebugStop? stop = Machine.Debugger.Step(cpu, HoldsInterrupts);
        if (stop == null) return RunUntilAwake();
        if (stop.Hit?.Watchpoint is { } watch && pointOf.TryGetValue(watch, out StopPoint? point))
        {
            point.Hits++;
            return new Stop(StopKind.Watchpoint, $"watchpoint {point.Number}: {(stop.Hit.IsWrite ? "write to" : "read of")} {Describe(stop.Hit.Address)}");
        }

        return new Stop(StopKind.Step, "");
    }

    /// <summary>Turns a raw stop into the final one if the program cannot go on.</summary>
    private Stop Conclude(Stop stop)
    {
        if (final != null) return final;
        if (Program.Process is { } process)
        {
            if (process.ExitStatus is { } status) return final = new Stop(StopKind.Exited, $"the program has ended with status {status}");
            DeliveredEvent fault = events.LastOrDefault(e => !e.External && LinuxProcess.IsKernel(InstructionPointer));
            if (cpu.State->Cpl == 0 && HidesKernel && events.Count > 0) return final = new Stop(StopKind.Crashed, CrashMessage(process, fault));
        }

        return stop;
    }

    private string CrashMessage(LinuxProcess process, DeliveredEvent fault)
    {
        ulong at = process.CalledFrom;
        string signal = fault.Vector switch { 0 => "SIGFPE", 3 => "SIGTRAP", 6 => "SIGILL", 13 or 14 or 12 => "SIGSEGV", 16 or 19 => "SIGFPE", _ => "a signal" };
        string why = fault.Vector == ExceptionVector.PageFault ? $": {ExceptionAccount.PageFaultCode(fault.ErrorCode)}, address {Numbers.Hex(cpu.State->Cr2)}" : "";
        string where = fault.Software ? "before" : "at";
        return $"the program crashes {where} {Describe(at)} with {ExceptionAccount.Name(fault.Vector)}{why}; Linux would send it {signal}{WentAstray(at)}";
    }

    /// <summary>What has led a program to an address where it has no code, as far as that can be seen; nothing if there is code.</summary>
    private string WentAstray(ulong at)
    {
        const int emptyCode = 2;
        Span<byte> bytes = stackalloc byte[emptyCode];
        if (Program.Source?.LineAt(at) > 0) return "";
        if (GuestView.ReadLinear(cpu, at, bytes) < emptyCode) return "; there is no code at that address: was it a jump through a wrong pointer, or a RET without a return address?";
        return bytes.ContainsAnyExcept((byte)0) ? "" : "; there are only zeros there, which are no code of the program's: did it run on past its end, for want of a call of exit?";
    }

    /// <summary>An address with its symbol and source line.</summary>
    public string Describe(ulong linear)
    {
        string text = Program.Symbols.Describe(linear) is { } symbol ? $"{symbol} (0x{linear:x})" : $"0x{linear:x}";
        int line = Program.Source?.LineAt(linear) ?? 0;
        return line > 0 ? $"{text}, line {line}" : text;
    }

    private void OnEvent(Vcpu source, byte vector, uint errorCode)
    {
        if (source != cpu || repeats) return;
        bool software = source.DeliveredKind is EventKind.SoftwareInterrupt or EventKind.SoftwareException or EventKind.PrivilegedSoftwareException;
        bool external = source.DeliveredKind is EventKind.ExternalInterrupt or EventKind.Nmi;
        events.Add(new DeliveredEvent(vector, errorCode, software, external));
        if (software && Program.Process != null && vector == 0x80) return;
        Log.Add(Position, software ? "int" : external ? "irq" : "exception", $"{(external || vector >= 32 ? $"interrupt {Numbers.Hex(vector)}" : ExceptionAccount.Name(vector))}{(errorCode != 0 ? $", error code {Numbers.Hex(errorCode)}" : "")}");
    }

    private void OnCall(string call)
    {
        if (!repeats) Log.Add(Position, "call", call);
    }

    private void OnPort(PortAccess access)
    {
        if (Program.Process != null || repeats) return;
        string name = Machine.Board.Ports.Find(access.Port)?.Name ?? "nobody";
        Log.Add(Position, access.IsWrite ? "out" : "in", $"port 0x{access.Port:x}: {(access.IsWrite ? "write" : "read")} 0x{access.Value:x} ({name})");
    }

    private void OnStopping(StopReason reason) => final = reason switch
    {
        StopReason.TripleFault => new Stop(StopKind.TripleFault, $"triple fault at {Describe(InstructionPointer)}: {ExceptionAccount.Shutdown(cpu)}"),
        StopReason.PowerOff => new Stop(StopKind.PoweredOff, "the machine has switched itself off"),
        StopReason.Reset => new Stop(StopKind.PoweredOff, "the machine was reset"),
        StopReason.DebugExit => new Stop(StopKind.Exited, $"the guest ended the machine with status {Machine.ExitStatus}"),
        _ => new Stop(StopKind.PoweredOff, "the machine has stopped"),
    };
}
