using System.Globalization;
using Emu.Cpu;
using Emu.Debugging.Monitor;
using Emu.Jit;
using Emu.Mmu;

namespace Emu.Debugging.Tracing;

/// <summary>
/// Writes down what a machine does (<c>-d</c>). Every item is a hook that is in place only while the item is on: nothing is asked while the guest runs without
/// it. Use on the machine's thread.
/// </summary>
public sealed unsafe class MachineLog : IDisposable
{
    private static readonly string[] ExceptionNames =
    [
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "", "#TS", "#NP", "#SS", "#GP", "#PF", "", "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
    ];

    private readonly Machine.Machine machine;
    private readonly bool ownsOutput;
    private TextWriter output;
    private long delivered;

    /// <summary>Makes a log that is off.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="output">Where lines go; disposed with the log if it is a file of its own.</param>
    /// <param name="ownsOutput">Whether to dispose it.</param>
    public MachineLog(Machine.Machine machine, TextWriter output, bool ownsOutput)
    {
        this.machine = machine;
        this.output = output;
        this.ownsOutput = ownsOutput;
    }

    /// <summary>What is on.</summary>
    public LogItems Items { get; private set; }

    /// <summary>Addresses of code (in_asm, exec, cpu, jit) and of data (mmu) to keep to; null for all.</summary>
    public AddressFilter? Filter { get; set; }

    /// <summary>Turns items on and off.</summary>
    public void Select(LogItems items)
    {
        LogItems changed = items ^ Items;
        Items = items;
        foreach (Vcpu cpu in machine.Board.Processors)
        {
            if ((changed & LogItems.Assembly) != 0) Hook(items.HasFlag(LogItems.Assembly), () => cpu.CodeDecoded += OnCodeDecoded, () => cpu.CodeDecoded -= OnCodeDecoded);
            if ((changed & LogItems.Interrupts) != 0) Hook(items.HasFlag(LogItems.Interrupts), () => cpu.EventDelivered += OnEventDelivered, () => cpu.EventDelivered -= OnEventDelivered);
            if ((changed & LogItems.Paging) != 0) Hook(items.HasFlag(LogItems.Paging), () => cpu.Translated += OnTranslated, () => cpu.Translated -= OnTranslated);
        }

        if ((changed & LogItems.InputOutput) != 0)
        {
            bool on = items.HasFlag(LogItems.InputOutput);
            machine.Board.Ports.Observer = on ? OnPortAccess : null;
            machine.Board.Memory.Space.DeviceObserver = on ? OnDeviceAccess : null;
        }

        if ((changed & LogItems.Reset) != 0) Hook(items.HasFlag(LogItems.Reset), () => machine.Resetting += OnResetting, () => machine.Resetting -= OnResetting);
        if ((changed & LogItems.Translation) != 0 && machine.Board.Translator is { } translator) HookTranslator(translator, items.HasFlag(LogItems.Translation));
        machine.Debugger.BeforeInstruction = (items & (LogItems.Execution | LogItems.Registers)) != 0 ? OnInstruction : null;
        // Code that is already decoded would never be told.
        if ((changed & items & LogItems.Assembly) != 0) machine.Board.Code.Clear();
    }

    /// <summary>Parses names as <c>-d</c> takes them.</summary>
    /// <exception cref="FormatException">There is no such item; the message lists them.</exception>
    public static LogItems Parse(IEnumerable<string> names)
    {
        LogItems items = LogItems.None;
        foreach (string name in names)
        {
            // QEMU's "nochain" makes its log complete; this one always is.
            if (name is "none" or "nochain") continue;
            items |= LogItemNames.Find(name) ?? throw new FormatException($"there is no log item '{name}'; there are {string.Join(", ", LogItemNames.All.Select(i => i.Name))}");
        }

        return items;
    }

    /// <summary>Makes all lines visible that have been written.</summary>
    public void Flush() => output.Flush();

    /// <inheritdoc/>
    public void Dispose()
    {
        Select(LogItems.None);
        output.Flush();
        if (ownsOutput) output.Dispose();
        output = TextWriter.Null;
    }

    private static void Hook(bool on, Action add, Action remove)
    {
        if (on) add();
        else remove();
    }

    private void HookTranslator(Translator translator, bool on)
    {
        Hook(on, () => translator.Installed += OnInstalled, () => translator.Installed -= OnInstalled);
        Hook(on, () => translator.Invalidated += OnInvalidated, () => translator.Invalidated -= OnInvalidated);
        Hook(on, () => translator.Replaced += OnReplaced, () => translator.Replaced -= OnReplaced);
        Hook(on, () => translator.Released += OnReleased, () => translator.Released -= OnReleased);
    }

    private bool Passes(ulong address) => Filter == null || Filter.Includes(address);

    private void OnCodeDecoded(Vcpu cpu, ulong linear, int length)
    {
        if (!Passes(linear)) return;
        output.WriteLine("----------------");
        output.WriteLine("IN:");
        ulong end = linear + (uint)length;
        foreach (CodeLine line in CodeListing.Linear(cpu, linear, length))
        {
            if (line.Address >= end) break;
            output.WriteLine($"0x{line.Address:x8}:  {line.HexBytes,-20}  {line.Text}");
        }

        output.WriteLine();
    }

    private void OnInstruction(Vcpu cpu)
    {
        // An event that is taken first will come back to the instruction.
        if (cpu.HasPendingEvents) return;
        ulong linear = cpu.LinearInstructionPointer;
        if (!Passes(linear)) return;
        if ((Items & LogItems.Execution) != 0)
        {
            foreach (CodeLine line in CodeListing.Linear(cpu, linear, 1)) output.WriteLine($"{Processor(cpu)}{line.Address:x8}:  {line.HexBytes,-20}  {line.Text}");
        }

        if ((Items & LogItems.Registers) != 0) WriteRegisters(cpu);
    }

    private void OnEventDelivered(Vcpu cpu, byte vector, uint errorCode)
    {
        CpuState* s = cpu.State;
        string name = vector < ExceptionNames.Length && ExceptionNames[vector].Length > 0 ? $" {ExceptionNames[vector]}" : "";
        string address = vector == ExceptionVector.PageFault ? $" CR2={s->Cr2:x16}" : "";
        output.WriteLine($"{delivered++,6}: v={vector:x2} e={errorCode:x4}{name} cpl={s->Cpl} IP={s->Segment(SegmentIndex.Cs).Selector:x4}:{s->Rip:x16} pc={cpu.LinearInstructionPointer:x16} " +
            $"SP={s->Segment(SegmentIndex.Ss).Selector:x4}:{s->Gpr[4]:x16} RAX={s->Gpr[0]:x16}{address}");
        if ((Items & LogItems.FloatingPoint) != 0) WriteRegisters(cpu);
    }

    private void OnTranslated(Vcpu cpu, AccessKind kind, in Translation translation)
    {
        if (!Passes(translation.Linear)) return;
        string outcome = translation.Fault == TranslationFault.None ? $"{translation.Physical:x16}" : $"{translation.Fault} error={(uint)translation.Error:x4}";
        output.WriteLine($"mmu: {Processor(cpu)}{kind.ToString().ToLowerInvariant(),-7} {translation.Linear:x16} -> {outcome} cr3={cpu.State->Cr3:x} pc={cpu.LinearInstructionPointer:x}");
    }

    private void OnPortAccess(string device, ulong port, int size, ulong value, bool isWrite) =>
        output.WriteLine($"io: {(isWrite ? "out" : "in "),-4}{port:x4} {Sized(value, size)} {device}");

    private void OnDeviceAccess(string device, ulong physical, int size, ulong value, bool isWrite) =>
        output.WriteLine($"io: {(isWrite ? "write" : "read "),-6}{physical:x16} {Sized(value, size)} {device}");

    private static string Sized(ulong value, int size) => value.ToString("x" + (2 * size), CultureInfo.InvariantCulture);

    private void OnInstalled(RegionSummary region)
    {
        if (!Passes(region.Linear)) return;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"jit: install    {region.Linear:x16} blocks={region.Blocks} instructions={region.Instructions} interpreted={region.Called} il={region.IlBytes} host={region.HostBytes} time={region.CompileTime.TotalMilliseconds:F2}ms"));
    }

    private void OnInvalidated(RegionSummary region)
    {
        if (Passes(region.Linear)) output.WriteLine($"jit: invalidate {region.Linear:x16} blocks={region.Blocks} instructions={region.Instructions}");
    }

    private void OnReplaced(RegionSummary region)
    {
        if (Passes(region.Linear)) output.WriteLine($"jit: replace    {region.Linear:x16} blocks={region.Blocks} instructions={region.Instructions}");
    }

    private void OnReleased(int regions, long bytes) => output.WriteLine($"jit: release    all {regions} regions, {bytes} bytes");

    private void OnResetting()
    {
        foreach (Vcpu cpu in machine.Board.Processors)
        {
            output.WriteLine($"CPU Reset (CPU {cpu.ApicId})");
            WriteRegisters(cpu);
        }
    }

    private string Processor(Vcpu cpu) => machine.Board.Processors.Count > 1 ? $"[{cpu.ApicId}] " : "";

    private void WriteRegisters(Vcpu cpu) => output.Write(RegisterReport.Describe(cpu, vectors: (Items & LogItems.FloatingPoint) != 0));
}
