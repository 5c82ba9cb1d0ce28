using Emu.Cpu;
using Emu.Devices.Interrupts;
using Emu.Mmu;

namespace Emu.Devices.Timers;

/// <summary>
/// High precision event timers (IA-PC HPET specification 1.0a): one 64-bit counter at 100 MHz and three comparators, all
/// periodic-capable, at FED00000h.
/// </summary>
/// <remarks>
/// The wires of the PIT (IRQ 0) and the RTC (IRQ 8) run through the block: legacy replacement cuts them off and puts timers 0 and
/// 1 in their place (2.3.5). A comparator matches when the counter becomes equal to it; one set to the past waits for the counter to wrap.
/// </remarks>
public sealed class Hpet : IMemoryDevice, ISnapshotable, IResettable, IDescribable
{
    public const ulong DefaultAddress = 0xFED0_0000;
    public const ulong RegionSize = 0x400;
    public const int TimerCount = 3;

    /// <summary>Event timer block ID as in the ACPI HPET table: the low dword of the capabilities.</summary>
    public const uint BlockId = 0x8086_A201;

    private const long FemtosecondsPerTick = 10_000_000;
    private const ulong Capabilities = (ulong)FemtosecondsPerTick << 32 | BlockId;

    private const ulong CapabilitiesRegister = 0x000;
    private const ulong ConfigurationRegister = 0x010;
    private const ulong StatusRegister = 0x020;
    private const ulong CounterRegister = 0x0F0;
    private const ulong FirstTimer = 0x100;
    private const ulong TimerStride = 0x20;
    private const ulong TimerConfiguration = 0x00;
    private const ulong TimerComparator = 0x08;

    private const ulong OverallEnable = 1 << 0;
    private const ulong LegacyReplacement = 1 << 1;

    /// <summary>Each timer reaches I/O APIC input 2, as in QEMU's pc ("hpet-intcap").</summary>
    private const int RoutedInput = 2;

    private static readonly TickRate Rate = new(100_000_000);

    private readonly IClock _clock;
    private readonly IInterruptLine _irq0;
    private readonly IInterruptLine _irq8;
    private readonly IInterruptLine _routed;
    private readonly HpetTimer[] _timers = new HpetTimer[TimerCount];
    private bool _pit;
    private bool _rtc;
    private ulong _configuration;
    private ulong _status;
    private ulong _stopped;
    private ulong _offset;

    /// <param name="clock">The machine's clock.</param>
    /// <param name="irq0">ISA IRQ 0.</param>
    /// <param name="irq8">ISA IRQ 8.</param>
    /// <param name="globalInterrupt2">I/O APIC input 2.</param>
    public Hpet(IClock clock, IInterruptLine irq0, IInterruptLine irq8, IInterruptLine globalInterrupt2)
    {
        _clock = clock;
        _irq0 = irq0;
        _irq8 = irq8;
        _routed = globalInterrupt2;
        for (int i = 0; i < TimerCount; i++)
            _timers[i] = new HpetTimer(this, clock, 1u << RoutedInput);
        PitInput = InterruptLines.From(level =>
        {
            _pit = level;
            Drive();
        });
        RtcInput = InterruptLines.From(level =>
        {
            _rtc = level;
            Drive();
        });
    }

    /// <summary>OUT of PIT counter 0; reaches IRQ 0 unless legacy replacement is on.</summary>
    public IInterruptLine PitInput { get; }

    /// <summary>The RTC's interrupt; reaches IRQ 8 unless legacy replacement is on.</summary>
    public IInterruptLine RtcInput { get; }

    public int MaxAccessSize => 8;

    internal bool IsCounting => (_configuration & OverallEnable) != 0;

    private bool IsLegacy => (_configuration & LegacyReplacement) != 0;

    /// <summary>Main counter.</summary>
    internal ulong Counter => IsCounting ? (ulong)Rate.TicksAt(_clock.Nanoseconds) + _offset : _stopped;

    /// <inheritdoc/>
    public bool TryPeekMemory(ulong offset, int size, out ulong value)
    {
        value = ReadMemory(offset, size);
        return true;
    }

    /// <summary>Time at which the counter will have advanced by a number of ticks.</summary>
    internal long TimeAfter(long ticks) => Rate.TimeOf(Rate.TicksAt(_clock.Nanoseconds) + ticks);

    internal bool IsStatusSet(HpetTimer timer) => (_status & 1ul << Array.IndexOf(_timers, timer)) != 0;

    internal void SetStatus(HpetTimer timer) => _status |= 1ul << Array.IndexOf(_timers, timer);

    internal void LineChanged(HpetTimer timer)
    {
        if (_timers[TimerCount - 1] is not null)
            Drive();
    }

    private void Drive()
    {
        _irq0.Set(IsLegacy ? _timers[0].Line : _pit);
        _irq8.Set(IsLegacy ? _timers[1].Line : _rtc);
        bool routed = false;
        for (int i = IsLegacy ? 2 : 0; i < TimerCount; i++)
            routed |= _timers[i].Line && _timers[i].Route == RoutedInput;
        _routed.Set(routed);
    }

    public ulong ReadMemory(ulong offset, int size)
    {
        ulong value = ReadRegister(offset & ~7ul);
        return value >> 8 * (int)(offset & 7);
    }

    private ulong ReadRegister(ulong register)
    {
        if (register >= FirstTimer)
        {
            ulong index = (register - FirstTimer) / TimerStride;
            if (index >= TimerCount)
                return 0;
            return ((register - FirstTimer) % TimerStride) switch
            {
                TimerConfiguration => _timers[index].ConfigurationRegister,
                TimerComparator => _timers[index].Comparator,
                _ => 0,
            };
        }
        return register switch
        {
            CapabilitiesRegister => Capabilities,
            ConfigurationRegister => _configuration,
            StatusRegister => _status,
            CounterRegister => Counter,
            _ => 0,
        };
    }

    /// <summary>Registers take 32- and 64-bit writes (2.3, "must not issue"): narrower ones are dropped.</summary>
    public void WriteMemory(ulong offset, int size, ulong value)
    {
        if (size < 4)
            return;
        int shift = 8 * (int)(offset & 4);
        ulong mask = size == 8 ? ulong.MaxValue : (ulong)uint.MaxValue << shift;
        value = value << shift & mask;
        ulong register = offset & ~7ul;
        if (register >= FirstTimer)
        {
            ulong index = (register - FirstTimer) / TimerStride;
            if (index >= TimerCount)
                return;
            if ((register - FirstTimer) % TimerStride == TimerConfiguration)
                _timers[index].WriteConfiguration(value, mask);
            else if ((register - FirstTimer) % TimerStride == TimerComparator)
                _timers[index].WriteComparator(value, mask);
            return;
        }
        switch (register)
        {
            case ConfigurationRegister when (mask & uint.MaxValue) != 0:
                WriteConfiguration(value & (OverallEnable | LegacyReplacement));
                break;
            case StatusRegister:
                WriteStatus(value);
                break;
            case CounterRegister:
                WriteCounter(Counter & ~mask | value);
                break;
            default:
                break;
        }
    }

    private void WriteConfiguration(ulong value)
    {
        bool wasCounting = IsCounting;
        ulong counter = Counter;
        if (wasCounting && (value & OverallEnable) == 0)
        {
            foreach (HpetTimer timer in _timers)
                timer.Stop();
        }
        _configuration = value;
        if (wasCounting != IsCounting)
        {
            WriteCounter(counter);
        }
        Drive();
    }

    private void WriteStatus(ulong value)
    {
        for (int i = 0; i < TimerCount; i++)
        {
            if ((value & _status & 1ul << i) == 0)
                continue;
            _status &= ~(1ul << i);
            _timers[i].Release();
        }
    }

    private void WriteCounter(ulong value)
    {
        if (!IsCounting)
        {
            _stopped = value;
            return;
        }
        _offset = value - (ulong)Rate.TicksAt(_clock.Nanoseconds);
        foreach (HpetTimer timer in _timers)
            timer.Arm();
    }

    public void Reset()
    {
        _configuration = 0;
        _status = 0;
        _stopped = 0;
        _offset = 0;
        foreach (HpetTimer timer in _timers)
            timer.Reset();
        Drive();
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_configuration);
        writer.Write(_status);
        writer.Write(_stopped);
        writer.Write(_offset);
        writer.Write(_pit);
        writer.Write(_rtc);
        foreach (HpetTimer timer in _timers)
            timer.SaveState(writer);
    }

    public void LoadState(BinaryReader reader)
    {
        _configuration = reader.ReadUInt64();
        _status = reader.ReadUInt64();
        _stopped = reader.ReadUInt64();
        _offset = reader.ReadUInt64();
        _pit = reader.ReadBoolean();
        _rtc = reader.ReadBoolean();
        foreach (HpetTimer timer in _timers)
            timer.LoadState(reader);
        foreach (HpetTimer timer in _timers)
            timer.Arm();
        Drive();
    }

    public void Describe(TextWriter writer)
    {
        writer.WriteLine($"hpet: {(IsCounting ? "counting" : "stopped")}{(IsLegacy ? " legacy" : "")} counter={Counter:x16} status={_status:x}");
        for (int i = 0; i < TimerCount; i++)
            writer.WriteLine($"  timer {i}: config={_timers[i].ConfigurationRegister:x16} comparator={_timers[i].Comparator:x16}{(_timers[i].Line ? " asserted" : "")}");
    }
}
