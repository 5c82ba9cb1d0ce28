using Emu.Cpu;

namespace Emu.Devices.Timers;

/// <summary>One comparator of the <see cref="Hpet"/> (IA-PC HPET 1.0a, 2.3.8-2.3.10).</summary>
internal sealed class HpetTimer
{
    private const ulong LevelType = 1 << 1;
    private const ulong InterruptEnable = 1 << 2;
    private const ulong Periodic = 1 << 3;
    private const ulong PeriodicCapable = 1 << 4;
    private const ulong SizeCapable64 = 1 << 5;
    private const ulong ValueSet = 1 << 6;
    private const ulong Force32Bit = 1 << 8;
    private const int RouteShift = 9;
    private const ulong RouteMask = 0x1Ful << RouteShift;
    private const ulong Writable = LevelType | InterruptEnable | Periodic | ValueSet | Force32Bit;

    private readonly Hpet _hpet;
    private readonly IClockTimer _timer;
    private readonly uint _routes;
    private ulong _configuration;
    private ulong _comparator;
    private ulong _period;
    private bool _line;

    /// <param name="hpet">The block it belongs to.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="routes">I/O APIC inputs it can be routed to, a bit each (Tn_INT_ROUTE_CAP).</param>
    public HpetTimer(Hpet hpet, IClock clock, uint routes)
    {
        _hpet = hpet;
        _routes = routes;
        _timer = clock.CreateTimer(OnMatch);
        Reset();
    }

    /// <summary>Selected I/O APIC input.</summary>
    public int Route => (int)((_configuration & RouteMask) >> RouteShift);

    public bool IsLevel => (_configuration & LevelType) != 0;

    public bool IsEnabled => (_configuration & InterruptEnable) != 0;

    private bool IsPeriodic => (_configuration & Periodic) != 0;

    private bool Is32Bit => (_configuration & Force32Bit) != 0;

    /// <summary>Its interrupt wire, before routing.</summary>
    public bool Line
    {
        get => _line;
        private set
        {
            _line = value;
            _hpet.LineChanged(this);
        }
    }

    public ulong ConfigurationRegister => _configuration;

    /// <summary>The comparator, moved on past every match so far in periodic mode.</summary>
    public ulong Comparator
    {
        get
        {
            Advance();
            return _comparator;
        }
    }

    public void Reset()
    {
        _timer.Cancel();
        _configuration = PeriodicCapable | SizeCapable64 | (ulong)_routes << 32;
        _comparator = ulong.MaxValue;
        _period = 0;
        Line = false;
    }

    public void WriteConfiguration(ulong value, ulong mask)
    {
        Advance();
        bool was32Bit = Is32Bit;
        ulong old = _configuration;
        ulong writable = Writable & mask;
        _configuration = old & ~writable | value & writable;
        int route = (int)((value & RouteMask) >> RouteShift);
        // A route the block cannot drive does not take (2.3.8, Tn_INT_ROUTE_CNF).
        if ((mask & RouteMask) == RouteMask && (route == 0 || (_routes & 1u << route) != 0))
        {
            bool line = _line;
            Line = false;
            _configuration = _configuration & ~RouteMask | (ulong)route << RouteShift;
            Line = line;
        }
        if (Is32Bit && !was32Bit)
        {
            _comparator = (uint)_comparator;
            _period = (uint)_period;
        }
        if (!IsEnabled || ((old ^ _configuration) & LevelType) != 0)
            Line = false;
        if (IsLevel && IsEnabled && _hpet.IsStatusSet(this))
            Line = true;
        Arm();
    }

    public void WriteComparator(ulong value, ulong mask)
    {
        Advance();
        if (Is32Bit)
        {
            value = (uint)value;
            mask &= uint.MaxValue;
            if (mask == 0)
                return;
        }
        if (!IsPeriodic || (_configuration & ValueSet) != 0)
            _comparator = _comparator & ~mask | value & mask;
        if (IsPeriodic)
            _period = _period & ~mask | value & mask;
        _configuration &= ~ValueSet;
        Arm();
    }

    /// <summary>Level-triggered and its status bit was cleared.</summary>
    public void Release()
    {
        if (IsLevel)
            Line = false;
    }

    private long SignedDistance(ulong counter) => Is32Bit ? (int)((uint)_comparator - (uint)counter) : (long)(_comparator - counter);

    private void Advance()
    {
        if (!IsPeriodic || _period == 0 || !_hpet.IsCounting)
            return;
        long distance = SignedDistance(_hpet.Counter);
        if (distance > 0)
            return;
        ulong steps = (ulong)-distance / _period + 1;
        _comparator += steps * _period;
        if (Is32Bit)
            _comparator = (uint)_comparator;
    }

    /// <summary>Arms the clock for the next match, if it would interrupt.</summary>
    public void Arm()
    {
        _timer.Cancel();
        if (!_hpet.IsCounting || !IsEnabled)
            return;
        Advance();
        ulong counter = _hpet.Counter;
        ulong distance = Is32Bit ? (uint)_comparator - (uint)counter : _comparator - counter;
        if (distance == 0)
            distance = Is32Bit ? 1ul << 32 : ulong.MaxValue;
        // Farther than a century: a 64-bit comparator that lies in the past.
        if (distance < 1ul << 58)
            _timer.Arm(_hpet.TimeAfter((long)distance));
    }

    private void OnMatch()
    {
        if (IsLevel)
        {
            _hpet.SetStatus(this);
            Line = true;
        }
        else
        {
            // Edge: a fresh low-to-high transition; the wire then stays up so that an edge-latching controller keeps the request.
            Line = false;
            Line = true;
        }
        Arm();
    }

    public void Stop()
    {
        Advance();
        _timer.Cancel();
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_configuration);
        writer.Write(_comparator);
        writer.Write(_period);
        writer.Write(_line);
    }

    public void LoadState(BinaryReader reader)
    {
        _configuration = reader.ReadUInt64();
        _comparator = reader.ReadUInt64();
        _period = reader.ReadUInt64();
        _line = reader.ReadBoolean();
    }
}
