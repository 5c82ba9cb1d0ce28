using Emu.Cpu;

namespace Emu.Devices.Input;

/// <summary>Buttons of a pointing device.</summary>
[Flags]
public enum PointerButtons : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Left.</summary>
    Left = 1,

    /// <summary>Right.</summary>
    Right = 2,

    /// <summary>Middle (wheel).</summary>
    Middle = 4,

    /// <summary>First side button.</summary>
    Side = 8,

    /// <summary>Second side button.</summary>
    Extra = 16,
}

/// <summary>A pointing device that the host side moves.</summary>
public interface IPointer
{
    /// <summary>Moves it: x to the right, y downwards, wheel towards the user, in counts and notches.</summary>
    void Move(int x, int y, int wheel);

    /// <summary>Sets which buttons are down.</summary>
    void SetButtons(PointerButtons buttons);
}

/// <summary>
/// PS/2 mouse with the IntelliMouse (wheel, identity 3) and IntelliMouse Explorer (five buttons, identity 4) extensions (IBM
/// PS/2 Hardware Interface Technical Reference, "Mouse"; Microsoft IntelliMouse protocol).
/// </summary>
public sealed class Ps2Mouse : Ps2Device, IPointer
{
    private const byte Acknowledge = 0xFA;
    private const byte ResendRequest = 0xFE;
    private const byte SelfTestPassed = 0xAA;
    private const byte StandardMouse = 0;
    private const byte WheelMouse = 3;
    private const byte ExplorerMouse = 4;
    private const int ReportLimit = 32;

    private readonly IClock _clock;
    private readonly IClockTimer _sampleTimer;
    private readonly Queue<byte> _packet = new();
    private readonly LinkedList<Report> _reports = new();
    private PointerButtons _buttons;
    private byte _identity;
    private byte _sampleRate;
    private byte _resolution;
    private byte _rateBefore;
    private byte _rateBefore2;
    private byte _expected;
    private bool _enabled;
    private bool _remote;
    private bool _wrap;
    private bool _scaling;
    private long _nextSample;

    /// <param name="clock">Times the sample rate.</param>
    public Ps2Mouse(IClock clock)
    {
        _clock = clock;
        _sampleTimer = clock.CreateTimer(Sample);
        Reset();
    }

    /// <summary>Movement since the last packet with the buttons that were down.</summary>
    private record struct Report(int X, int Y, int Wheel, PointerButtons Buttons);

    /// <summary>0 standard, 3 with wheel, 4 with wheel and five buttons.</summary>
    public int Identity => _identity;

    /// <summary>True when the guest has switched reporting on.</summary>
    public bool IsReporting => _enabled;

    /// <inheritdoc/>
    protected override bool HasStreamData => _packet.Count > 0;

    /// <inheritdoc/>
    public override void Reset()
    {
        ClearReplies();
        _expected = 0;
        _buttons = PointerButtons.None;
        _identity = StandardMouse;
        SetDefaults();
    }

    /// <summary>Asked about each movement from outside; false keeps it away. For machines that record their inputs.</summary>
    public Func<int, int, int, bool>? MoveAdmission { get; set; }

    /// <summary>Asked about each state of the buttons from outside; false keeps it away.</summary>
    public Func<PointerButtons, bool>? ButtonAdmission { get; set; }

    /// <inheritdoc/>
    public void Move(int x, int y, int wheel)
    {
        if (MoveAdmission?.Invoke(x, y, wheel) == false)
            return;
        Add(new Report(x, -y, wheel, _buttons));
    }

    /// <inheritdoc/>
    public void SetButtons(PointerButtons buttons)
    {
        if (ButtonAdmission?.Invoke(buttons) == false)
            return;
        if (buttons == _buttons)
            return;
        _buttons = buttons;
        Add(new Report(0, 0, 0, buttons));
    }

    /// <inheritdoc/>
    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        writer.Write((byte)_buttons);
        writer.Write(_identity);
        writer.Write(_sampleRate);
        writer.Write(_resolution);
        writer.Write(_rateBefore);
        writer.Write(_rateBefore2);
        writer.Write(_expected);
        writer.Write(_enabled);
        writer.Write(_remote);
        writer.Write(_wrap);
        writer.Write(_scaling);
        writer.Write(_nextSample);
        writer.Write((byte)_packet.Count);
        writer.Write(_packet.ToArray());
    }

    /// <inheritdoc/>
    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        _buttons = (PointerButtons)reader.ReadByte();
        _identity = reader.ReadByte();
        _sampleRate = reader.ReadByte();
        if (_identity is not (StandardMouse or WheelMouse or ExplorerMouse) || _sampleRate == 0)
            throw new InvalidDataException("The snapshot's mouse is in a state that no mouse has.");
        _resolution = reader.ReadByte();
        _rateBefore = reader.ReadByte();
        _rateBefore2 = reader.ReadByte();
        _expected = reader.ReadByte();
        _enabled = reader.ReadBoolean();
        _remote = reader.ReadBoolean();
        _wrap = reader.ReadBoolean();
        _scaling = reader.ReadBoolean();
        _nextSample = reader.ReadInt64();
        int count = reader.ReadByte();
        _packet.Clear();
        for (int i = 0; i < count; i++)
            _packet.Enqueue(reader.ReadByte());
        _reports.Clear();
    }

    /// <inheritdoc/>
    protected override byte TakeStreamData()
    {
        byte value = _packet.Dequeue();
        if (_packet.Count == 0)
            Sample();
        return value;
    }

    /// <inheritdoc/>
    protected override void AbortStream() => _packet.Clear();

    /// <inheritdoc/>
    protected override void Command(byte value)
    {
        if (_wrap && value is not (0xEC or 0xFF))
        {
            Reply(value);
            return;
        }
        if (_expected != 0)
        {
            TakeParameter(value);
            return;
        }
        switch (value)
        {
            case 0xE6 or 0xE7:
                _scaling = value == 0xE7;
                Reply(Acknowledge);
                break;
            case 0xE8 or 0xF3:
                _expected = value;
                Reply(Acknowledge);
                break;
            case 0xE9:
                Reply(Acknowledge, StatusByte(), _resolution, _sampleRate);
                break;
            case 0xEA:
                _remote = false;
                Reply(Acknowledge);
                break;
            case 0xEB:
                Reply(Acknowledge);
                Reply(Packet(TakeReport(), scale: false));
                break;
            case 0xEC:
                _wrap = false;
                Reply(Acknowledge);
                break;
            case 0xEE:
                _wrap = true;
                Reply(Acknowledge);
                break;
            case 0xF0:
                _remote = true;
                Reply(Acknowledge);
                break;
            case 0xF2:
                Reply(Acknowledge, _identity);
                break;
            case 0xF4 or 0xF5:
                _enabled = value == 0xF4;
                _reports.Clear();
                Reply(Acknowledge);
                break;
            case 0xF6:
                SetDefaults();
                Reply(Acknowledge);
                break;
            case 0xFE:
                ReplyLast();
                break;
            case 0xFF:
                _identity = StandardMouse;
                _expected = 0;
                SetDefaults();
                Reply(Acknowledge, SelfTestPassed, _identity);
                break;
            default:
                Reply(ResendRequest);
                break;
        }
    }

    private void SetDefaults()
    {
        _packet.Clear();
        _reports.Clear();
        _sampleTimer.Cancel();
        _sampleRate = 100;
        _resolution = 2;
        _rateBefore = _rateBefore2 = 0;
        _enabled = _remote = _wrap = _scaling = false;
        _nextSample = 0;
    }

    private void TakeParameter(byte value)
    {
        byte command = _expected;
        _expected = 0;
        if (command == 0xE8)
        {
            _resolution = (byte)(value & 3);
            Reply(Acknowledge);
            return;
        }
        // Two knocks turn the extensions on: rates 200, 100, 80 and 200, 200, 80.
        if (value == 80 && _rateBefore2 == 200)
        {
            if (_rateBefore == 100 && _identity == StandardMouse)
                _identity = WheelMouse;
            else if (_rateBefore == 200)
                _identity = ExplorerMouse;
        }
        _rateBefore2 = _rateBefore;
        _rateBefore = value;
        _sampleRate = Math.Max(value, (byte)1);
        Reply(Acknowledge);
    }

    private byte StatusByte()
        => (byte)((_remote ? 0x40 : 0) | (_enabled ? 0x20 : 0) | (_scaling ? 0x10 : 0)
            | ((_buttons & PointerButtons.Left) != 0 ? 4 : 0) | ((_buttons & PointerButtons.Middle) != 0 ? 2 : 0)
            | ((_buttons & PointerButtons.Right) != 0 ? 1 : 0));

    /// <summary>Movement adds up while the guest is busy; a change of buttons starts a new report so that no click is lost.</summary>
    private void Add(Report report)
    {
        if (_reports.Last is { } last && last.Value.Buttons == report.Buttons)
        {
            last.Value = Sum(last.Value, report);
        }
        else
        {
            if (_reports.Count == ReportLimit)
                _reports.RemoveFirst();
            _reports.AddLast(report);
        }
        Sample();
    }

    private static Report Sum(Report a, Report b)
        => new(ClampSum(a.X, b.X), ClampSum(a.Y, b.Y), ClampSum(a.Wheel, b.Wheel), b.Buttons);

    private static int ClampSum(int a, int b) => (int)Math.Clamp((long)a + b, -100_000, 100_000);

    /// <summary>Makes a packet if one is due: reporting is on, the last one is gone, and a sample period has passed.</summary>
    private void Sample()
    {
        if (!_enabled || _remote || _wrap)
        {
            // Without reporting movement is not kept, except for a later poll of the sum.
            while (_reports.Count > 1 && _reports.First is { } first && first.Next is { } second)
            {
                second.Value = Sum(first.Value, second.Value);
                _reports.RemoveFirst();
            }
            return;
        }
        if (_packet.Count > 0 || _reports.Count == 0)
            return;
        if (_clock.Nanoseconds < _nextSample)
        {
            _sampleTimer.Arm(_nextSample);
            return;
        }
        _nextSample = _clock.Nanoseconds + 1_000_000_000L / _sampleRate;
        foreach (byte value in Packet(TakeReport(), _scaling))
            _packet.Enqueue(value);
        DataWaiting?.Invoke();
    }

    /// <summary>The next report, limited to what a packet can carry; the rest of a long movement stays.</summary>
    private Report TakeReport()
    {
        if (_reports.First is not { } node)
            return new Report(0, 0, 0, _buttons);
        Report all = node.Value;
        int wheelLimit = _identity == ExplorerMouse ? 7 : 127;
        Report part = new(Math.Clamp(all.X, -255, 255), Math.Clamp(all.Y, -255, 255), Math.Clamp(all.Wheel, -wheelLimit, wheelLimit), all.Buttons);
        Report rest = new(all.X - part.X, all.Y - part.Y, _identity == StandardMouse ? 0 : all.Wheel - part.Wheel, all.Buttons);
        if (rest is { X: 0, Y: 0, Wheel: 0 })
            _reports.RemoveFirst();
        else
            node.Value = rest;
        return part;
    }

    private byte[] Packet(Report report, bool scale)
    {
        int x = scale ? Scale(report.X) : report.X;
        int y = scale ? Scale(report.Y) : report.Y;
        byte flags = (byte)((byte)report.Buttons & 7 | 0x08 | (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0)
            | (x is > 255 or < -256 ? 0x40 : 0) | (y is > 255 or < -256 ? 0x80 : 0));
        return _identity switch
        {
            WheelMouse => [flags, (byte)x, (byte)y, (byte)report.Wheel],
            ExplorerMouse => [flags, (byte)x, (byte)y, (byte)(report.Wheel & 0x0F | ((byte)report.Buttons & 0x18) << 1)],
            _ => [flags, (byte)x, (byte)y],
        };
    }

    /// <summary>2:1 scaling of the technical reference: 0, 1, 1, 3, 6, 9, then twice the count.</summary>
    private static int Scale(int counts)
    {
        int magnitude = Math.Abs(counts) switch { 0 => 0, 1 or 2 => 1, 3 => 3, 4 => 6, 5 => 9, int more => Math.Min(2 * more, 255) };
        return Math.Sign(counts) * magnitude;
    }
}
