using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Timers;

/// <summary>What the PC speaker is told to do.</summary>
/// <param name="DataEnabled">Port 61h bit 1: OUT2 reaches the speaker.</param>
/// <param name="GateEnabled">Port 61h bit 0: counter 2 runs.</param>
/// <param name="Mode">Mode of counter 2; 3 gives a tone.</param>
/// <param name="FrequencyHz">Frequency of OUT2 in modes 2 and 3.</param>
public readonly record struct SpeakerState(bool DataEnabled, bool GateEnabled, int Mode, double FrequencyHz);

/// <summary>
/// Port 61h, NMI status and control (PIIX3 data sheet 2.5.6.1): speaker gate and data, refresh toggle and OUT2 for timing loops.
/// </summary>
public sealed class SystemControlPortB : IPortDevice, ISnapshotable, IResettable
{
    public const ushort Port = 0x61;

    private const byte TimerGate = 1 << 0;
    private const byte SpeakerData = 1 << 1;
    private const byte WritableBits = 0x0F;
    private const byte RefreshToggle = 1 << 4;
    private const byte TimerOutput = 1 << 5;

    /// <summary>Counter 1 of a PC/AT requests a memory refresh every 18 input clocks (15.085 microseconds); each flips bit 4.</summary>
    private const int RefreshPeriod = 18;

    private readonly IClock _clock;
    private readonly Pit8254 _pit;
    private byte _control;

    public SystemControlPortB(IClock clock, Pit8254 pit)
    {
        _clock = clock;
        _pit = pit;
        pit.SpeakerCounterChanged += () => SpeakerChanged?.Invoke(Speaker);
    }

    /// <summary>Raised when the speaker's input changes in any way but the oscillation itself.</summary>
    public event Action<SpeakerState>? SpeakerChanged;

    public SpeakerState Speaker => new(
        (_control & SpeakerData) != 0,
        (_control & TimerGate) != 0,
        _pit.Mode(Pit8254.SpeakerCounter),
        (double)TickRate.Pit.Hertz / _pit.Reload(Pit8254.SpeakerCounter));

    public uint ReadPort(ushort offset, int size)
    {
        long refreshes = TickRate.Pit.TicksAt(_clock.Nanoseconds) / RefreshPeriod;
        return (uint)(_control
            | ((refreshes & 1) != 0 ? RefreshToggle : 0)
            | (_pit.Output(Pit8254.SpeakerCounter) ? TimerOutput : 0));
    }

    public void WritePort(ushort offset, int size, uint value)
    {
        byte changed = (byte)((_control ^ value) & WritableBits);
        _control = (byte)(value & WritableBits);
        _pit.SetGate(Pit8254.SpeakerCounter, (_control & TimerGate) != 0);
        if ((changed & SpeakerData) != 0)
            SpeakerChanged?.Invoke(Speaker);
    }

    public void Reset() => WritePort(0, 1, 0);

    public void SaveState(BinaryWriter writer) => writer.Write(_control);

    public void LoadState(BinaryReader reader)
    {
        _control = (byte)(reader.ReadByte() & WritableBits);
        SpeakerChanged?.Invoke(Speaker);
    }
}
