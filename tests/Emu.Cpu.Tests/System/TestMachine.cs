using Xunit;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Cpu.Tests;

/// <summary>Time that a test moves by hand.</summary>
internal sealed class ManualClock : IClock
{
    private readonly List<Timer> timers = [];

    public long Nanoseconds { get; private set; }

    public IClockTimer CreateTimer(Action expired)
    {
        Timer timer = new(expired);
        timers.Add(timer);
        return timer;
    }

    /// <summary>Moves time on, firing timers in order.</summary>
    public void Advance(long nanoseconds)
    {
        long end = Nanoseconds + nanoseconds;
        while (timers.Where(t => t.Deadline <= end).MinBy(t => t.Deadline) is { } next)
        {
            Nanoseconds = Math.Max(Nanoseconds, next.Deadline);
            next.Cancel();
            next.Expired();
        }

        Nanoseconds = end;
    }

    private sealed class Timer(Action expired) : IClockTimer
    {
        public Action Expired { get; } = expired;

        public long Deadline { get; private set; } = long.MaxValue;

        public void Arm(long deadlineNanoseconds) => Deadline = deadlineNanoseconds;

        public void Cancel() => Deadline = long.MaxValue;
    }
}

/// <summary>A processor with RAM at 0, ports that remember what was written to them, and nothing else.</summary>
internal sealed unsafe class TestMachine : ICpuBus, IDisposable
{
    public const ulong RamSize = 16 << 20;

    private readonly GuestMemory memory = new();
    private readonly GuestRam ram;
    private readonly CodeCache code;

    public TestMachine(string model = "max", int processors = 1)
    {
        ram = memory.AllocateRam("ram", RamSize);
        MemoryRegion root = MemoryRegion.CreateContainer("system");
        Space = new AddressSpace("memory", memory, root);
        root.AddSubregion(0, MemoryRegion.CreateRam("ram", ram));
        ApicBus = new ApicBus();
        root.AddSubregion(0xFEE00000, MemoryRegion.CreateDevice("apic", 0x1000, ApicBus));
        code = new CodeCache(memory);
        CpuModel parsed = CpuModel.Parse(model);
        for (int i = 0; i < processors; i++)
        {
            Vcpu cpu = new(parsed, Space, this, code, (uint)i) { Clock = Clock };
            ApicBus.Attach(cpu);
            Cpus.Add(cpu);
        }
    }

    public AddressSpace Space { get; }

    public ApicBus ApicBus { get; }

    public ManualClock Clock { get; } = new();

    public List<Vcpu> Cpus { get; } = [];

    public Vcpu Cpu => Cpus[0];

    public CpuState* State => Cpu.State;

    /// <summary>Port writes in order.</summary>
    public List<(ushort Port, int Size, uint Value)> Writes { get; } = [];

    /// <summary>What port reads return.</summary>
    public Func<ushort, int, uint> PortInput { get; set; } = static (_, _) => 0xFFFFFFFF;

    /// <summary>Vector the external interrupt controller answers with.</summary>
    public byte ExternalVector { get; set; } = 0x20;

    public int Shutdowns { get; private set; }

    public uint ReadPort(ushort port, int size) => PortInput(port, size);

    /// <summary>Called behind every write to a port.</summary>
    public Action? PortWritten { get; set; }

    public void WritePort(ushort port, int size, uint value)
    {
        Writes.Add((port, size, value));
        PortWritten?.Invoke();
    }

    public byte AcknowledgeExternalInterrupt()
    {
        Cpu.SetInterruptLine(false);
        return ExternalVector;
    }

    public void Shutdown(Vcpu cpu) => Shutdowns++;

    /// <summary>Level of FERR#.</summary>
    public bool FloatingPointError { get; private set; }

    /// <summary>Whether FERR# raises the interrupt <see cref="ExternalVector"/>, as IRQ 13 of a PC.</summary>
    public bool InterruptsOnFloatingPointError { get; set; }

    public void SetFloatingPointError(bool asserted)
    {
        if (InterruptsOnFloatingPointError && asserted && !FloatingPointError) Cpu.SetInterruptLine(true);
        FloatingPointError = asserted;
    }

    /// <summary>Puts assembled code in memory. Labels count from <paramref name="origin"/>, the offset in the code segment.</summary>
    /// <returns>Its length.</returns>
    public int Assemble(ulong physical, int bitness, Action<Assembler> write, ulong? origin = null)
    {
        Assembler assembler = new(bitness);
        write(assembler);
        MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), origin ?? physical);
        byte[] bytes = stream.ToArray();
        Load(physical, bytes);
        return bytes.Length;
    }

    public void Load(ulong physical, params ReadOnlySpan<byte> bytes) => Space.Write(physical, bytes);

    public void Poke(ulong physical, int size, ulong value) => Space.Write(physical, size, value);

    public ulong Peek(ulong physical, int size) => Space.Read(physical, size);

    /// <summary>Runs until the processor stops by itself; fails if it does not.</summary>
    public TestMachine Run(long limit = 100_000)
    {
        for (long done = 0; done < limit && State->Activity == ActivityState.Active;)
        {
            done += Math.Max(Cpu.Run(limit - done), 1);
        }

        Assert.True(State->Activity != ActivityState.Active, $"still running at {State->Segment(SegmentIndex.Cs).Selector:X4}:{State->Rip:X}");
        return this;
    }

    /// <summary>A segment register, by value.</summary>
    public SegmentRegister Segment(SegmentIndex index) => State->Segment(index);

    /// <summary>Sets a segment register as if a descriptor with these properties had been loaded.</summary>
    public void SetSegment(SegmentIndex index, ushort selector, ulong segmentBase, uint limit, ushort attributes)
    {
        ref SegmentRegister segment = ref State->Segment(index);
        segment = new SegmentRegister { Selector = selector, Base = segmentBase, Limit = limit, Attributes = attributes };
        segment.UpdateDerived();
    }

    /// <summary>Real-address mode at 0:<paramref name="ip"/>, all segments 0, stack below 7000h.</summary>
    public TestMachine EnterReal(ushort ip)
    {
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++) SetSegment(i, 0, 0, 0xFFFF, 0x93);
        State->IdtBase = 0;
        State->IdtLimit = 0x3FF;
        State->Gpr[4] = 0x7000;
        State->Rip = ip;
        Cpu.UpdateMode();
        return this;
    }

    public void Dispose()
    {
        foreach (Vcpu cpu in Cpus) cpu.Dispose();
        code.Dispose();
        Space.Dispose();
        ram.Dispose();
        memory.Dispose();
    }
}
