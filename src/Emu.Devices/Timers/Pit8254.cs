using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Timers;

/// <summary>
/// 8254 programmable interval timer at ports 40h-43h (Intel 8254 data sheet; PIIX3 data sheet 2.5.3). Counter 0 drives IRQ 0, counter 1
/// once refreshed memory, counter 2 drives the speaker through port 61h.
/// </summary>
/// <remarks>
/// Counter 0 needs one clock event per period. Edges that passed while the host was late collapse into one, as they would in the
/// interrupt controller's request latch.
/// </remarks>
public sealed class Pit8254 : IPortDevice, ISnapshotable, IResettable, IDescribable
{
    public const ushort FirstPort = 0x40;
    public const int PortCount = 4;
    public const int SpeakerCounter = 2;

    private const ushort ControlOffset = 3;
    private const int ReadBackSelect = 3;
    private const byte ReadBackNoCount = 1 << 5;
    private const byte ReadBackNoStatus = 1 << 4;

    private readonly IClock _clock;
    private readonly IInterruptLine _output0;
    private readonly IClockTimer _timer;
    private readonly PitCounter[] _counters = [new(true), new(true), new(false)];
    private long _lastEdge = long.MinValue;

    /// <param name="clock">The machine's clock.</param>
    /// <param name="output0">OUT of counter 0 (IRQ 0, through the HPET where there is one).</param>
    public Pit8254(IClock clock, IInterruptLine output0)
    {
        _clock = clock;
        _output0 = output0;
        _timer = clock.CreateTimer(OnTimer);
        Reset();
    }

    /// <summary>Raised when the mode, count or gate of counter 2 changed; a sound device follows it.</summary>
    public event Action? SpeakerCounterChanged;

    private long Now => TickRate.Pit.TicksAt(_clock.Nanoseconds);

    /// <summary>OUT of a counter now.</summary>
    public bool Output(int counter) => _counters[counter].Output(Now);

    /// <summary>GATE of a counter (only counter 2's is wired, to port 61h bit 0).</summary>
    public bool Gate(int counter) => _counters[counter].Gate;

    /// <summary>Mode 0-5 of a counter.</summary>
    public int Mode(int counter) => _counters[counter].Mode;

    /// <summary>Initial count in effect, 1 to 65536 input clocks.</summary>
    public int Reload(int counter) => _counters[counter].Reload;

    /// <summary>Drives the gate of a counter.</summary>
    public void SetGate(int counter, bool level)
    {
        if (_counters[counter].Gate == level)
            return;
        _counters[counter].SetGate(level, Now);
        Changed(counter);
    }

    public uint ReadPort(ushort offset, int size) =>
        (offset & 3) == ControlOffset ? 0xFFu : _counters[offset & 3].Read(Now);

    public void WritePort(ushort offset, int size, uint value)
    {
        Settle();
        byte data = (byte)value;
        long now = Now;
        if ((offset & 3) != ControlOffset)
        {
            _counters[offset & 3].WriteCount(data, now);
            Changed(offset & 3);
        }
        else if (data >> 6 == ReadBackSelect)
        {
            ReadBack(data, now);
        }
        else
        {
            int counter = data >> 6;
            _counters[counter].WriteControl(data, now);
            if ((data & 0x30) != 0)
                Changed(counter);
        }
    }

    private void ReadBack(byte command, long now)
    {
        for (int i = 0; i < _counters.Length; i++)
        {
            if ((command & 2 << i) == 0)
                continue;
            if ((command & ReadBackNoCount) == 0)
                _counters[i].LatchCount(now);
            if ((command & ReadBackNoStatus) == 0)
                _counters[i].LatchStatus(now);
        }
    }

    private void Changed(int counter)
    {
        if (counter == 0)
        {
            _lastEdge = Now;
            _output0.Set(_counters[0].Output(Now));
            Arm();
        }
        else if (counter == SpeakerCounter)
        {
            SpeakerCounterChanged?.Invoke();
        }
    }

    /// <summary>An edge that is due but not yet delivered must not be lost to a new program.</summary>
    private void Settle()
    {
        if (_timer.Deadline <= _clock.Nanoseconds)
            OnTimer();
    }

    private void OnTimer()
    {
        long now = Now;
        long edge = _counters[0].LastRisingEdge(now);
        if (edge > _lastEdge)
        {
            _lastEdge = edge;
            _output0.Set(false);
            _output0.Set(true);
        }
        else
        {
            _output0.Set(_counters[0].Output(now));
        }
        Arm();
    }

    private void Arm()
    {
        long next = _counters[0].NextTransition(Now);
        if (next == long.MaxValue)
            _timer.Cancel();
        else
            _timer.Arm(TickRate.Pit.TimeOf(next));
    }

    public void Reset()
    {
        for (int i = 0; i < _counters.Length; i++)
        {
            _counters[i].Reset(Now, i != SpeakerCounter);
            Changed(i);
        }
    }

    public void SaveState(BinaryWriter writer)
    {
        foreach (PitCounter counter in _counters)
            counter.SaveState(writer);
        writer.Write(_lastEdge);
    }

    public void LoadState(BinaryReader reader)
    {
        foreach (PitCounter counter in _counters)
            counter.LoadState(reader);
        _lastEdge = reader.ReadInt64();
        _output0.Set(_counters[0].Output(Now));
        Arm();
        SpeakerCounterChanged?.Invoke();
    }

    public void Describe(TextWriter writer)
    {
        for (int i = 0; i < _counters.Length; i++)
        {
            PitCounter counter = _counters[i];
            writer.WriteLine($"pit{i}: mode={counter.Mode} reload={counter.Reload} ({(double)TickRate.Pit.Hertz / counter.Reload:0.##} Hz) " +
                $"gate={(counter.Gate ? 1 : 0)} count={counter.Count(Now):x4} out={(counter.Output(Now) ? 1 : 0)}");
        }
    }
}
