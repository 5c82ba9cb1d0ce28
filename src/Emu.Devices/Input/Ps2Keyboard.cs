using Emu.Cpu;

namespace Emu.Devices.Input;

/// <summary>Lights of a keyboard.</summary>
[Flags]
public enum KeyboardLeds : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Scroll Lock.</summary>
    ScrollLock = 1,

    /// <summary>Num Lock.</summary>
    NumLock = 2,

    /// <summary>Caps Lock.</summary>
    CapsLock = 4,
}

/// <summary>A keyboard that the host side can press keys on.</summary>
public interface IKeyboard
{
    /// <summary>Presses or releases a key. Pressing one that is down already does nothing: the keyboard repeats by itself.</summary>
    void SetKey(KeyCode key, bool pressed);

    /// <summary>Lights as the guest set them.</summary>
    KeyboardLeds Leds { get; }
}

/// <summary>
/// PS/2 keyboard: scan code sets 1 to 3, typematic repeat, lights, identification (IBM PS/2 Hardware Interface Technical
/// Reference, "Keyboard").
/// </summary>
public sealed class Ps2Keyboard : Ps2Device, IKeyboard
{
    private const int BufferSize = 16;
    private const byte Acknowledge = 0xFA;
    private const byte ResendRequest = 0xFE;
    private const byte Echo = 0xEE;
    private const byte SelfTestPassed = 0xAA;
    private const byte DefaultTypematic = 0x2B;

    private readonly IClock _clock;
    private readonly IClockTimer _repeatTimer;
    private readonly Queue<byte> _buffer = new();
    private readonly HashSet<KeyCode> _down = [];
    private readonly HashSet<byte> _makeOnly = [];
    private readonly HashSet<byte> _noRepeat = [];
    private Parameter _expected;
    private byte _scanSet;
    private byte _typematic;
    private bool _scanning;
    private KeyCode _repeating;

    /// <param name="clock">Times the repeat.</param>
    public Ps2Keyboard(IClock clock)
    {
        _clock = clock;
        _repeatTimer = clock.CreateTimer(OnRepeat);
        Reset();
    }

    private enum Parameter : byte
    {
        None,
        Leds,
        ScanSet,
        Typematic,
        KeysTypematic,
        KeysMakeBreak,
        KeysMake,
    }

    /// <summary>Raised when the guest changes the lights.</summary>
    public event Action<KeyboardLeds>? LedsChanged;

    /// <inheritdoc/>
    public KeyboardLeds Leds { get; private set; }

    /// <summary>Scan code set in use: 1, 2 or 3.</summary>
    public int ScanSet => _scanSet;

    /// <summary>True when nothing waits for the guest: room for another key stroke.</summary>
    public bool IsIdle => !HasData;

    /// <summary>Milliseconds before a held key repeats: 250 to 1000.</summary>
    public int RepeatDelay => ((_typematic >> 5 & 3) + 1) * 250;

    /// <summary>Nanoseconds between repeats: (8 + A) * 2^B / 240 s.</summary>
    public long RepeatInterval => ((8 + (_typematic & 7)) << (_typematic >> 3 & 3)) * 1_000_000_000L / 240;

    /// <inheritdoc/>
    protected override bool HasStreamData => _buffer.Count > 0;

    /// <inheritdoc/>
    public override void Reset()
    {
        ClearReplies();
        _expected = Parameter.None;
        _down.Clear();
        SetDefaults();
        _scanning = true;
        SetLeds(KeyboardLeds.None);
    }

    /// <summary>Asked about each change of a key from outside; false keeps it away. For machines that record their inputs.</summary>
    public Func<KeyCode, bool, bool>? Admission { get; set; }

    /// <inheritdoc/>
    public void SetKey(KeyCode key, bool pressed)
    {
        if (Admission?.Invoke(key, pressed) == false)
            return;
        if (pressed ? !_down.Add(key) : !_down.Remove(key))
            return;
        if (!_scanning)
            return;
        Send(key, pressed);
        if (pressed && key != KeyCode.Pause && Repeats(key))
        {
            _repeating = key;
            _repeatTimer.Arm(_clock.Nanoseconds + RepeatDelay * 1_000_000L);
        }
        else if (key == _repeating)
        {
            StopRepeat();
        }
    }

    /// <summary>Releases every key, as when the window loses the focus.</summary>
    public void ReleaseAll()
    {
        foreach (KeyCode key in _down.ToArray())
            SetKey(key, false);
    }

    /// <inheritdoc/>
    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        writer.Write((byte)_expected);
        writer.Write(_scanSet);
        writer.Write(_typematic);
        writer.Write(_scanning);
        writer.Write((byte)Leds);
        writer.Write((byte)_buffer.Count);
        writer.Write(_buffer.ToArray());
        WriteSet(writer, _makeOnly);
        WriteSet(writer, _noRepeat);
    }

    /// <inheritdoc/>
    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        _expected = (Parameter)reader.ReadByte();
        _scanSet = reader.ReadByte();
        if (_scanSet is < 1 or > 3 || _expected > Parameter.KeysMake)
            throw new InvalidDataException("The snapshot's keyboard is in a state that no keyboard has.");
        _typematic = reader.ReadByte();
        _scanning = reader.ReadBoolean();
        SetLeds((KeyboardLeds)(reader.ReadByte() & 7));
        int count = reader.ReadByte();
        _buffer.Clear();
        for (int i = 0; i < count; i++)
            _buffer.Enqueue(reader.ReadByte());
        ReadSet(reader, _makeOnly);
        ReadSet(reader, _noRepeat);
        // Keys held when the snapshot was taken are not held now.
        _down.Clear();
        StopRepeat();
    }

    /// <inheritdoc/>
    protected override byte TakeStreamData() => _buffer.Dequeue();

    /// <inheritdoc/>
    protected override void AbortStream()
    {
    }

    /// <inheritdoc/>
    protected override void Command(byte value)
    {
        if (_expected != Parameter.None && value < 0xED)
        {
            TakeParameter(value);
            return;
        }
        _expected = Parameter.None;
        switch (value)
        {
            case 0xED:
                Expect(Parameter.Leds);
                break;
            case 0xEE:
                Reply(Echo);
                break;
            case 0xF0:
                Expect(Parameter.ScanSet);
                break;
            case 0xF2:
                Reply(Acknowledge, 0xAB, 0x83);
                break;
            case 0xF3:
                Expect(Parameter.Typematic);
                break;
            case 0xF4:
                _buffer.Clear();
                _scanning = true;
                Reply(Acknowledge);
                break;
            case 0xF5:
                SetDefaults();
                _scanning = false;
                Reply(Acknowledge);
                break;
            case 0xF6:
                SetDefaults();
                Reply(Acknowledge);
                break;
            case >= 0xF7 and <= 0xFA:
                SetAllKeys(value);
                Reply(Acknowledge);
                break;
            case 0xFB:
                Expect(Parameter.KeysTypematic);
                break;
            case 0xFC:
                Expect(Parameter.KeysMakeBreak);
                break;
            case 0xFD:
                Expect(Parameter.KeysMake);
                break;
            case 0xFE:
                ReplyLast();
                break;
            case 0xFF:
                SetDefaults();
                SetLeds(KeyboardLeds.None);
                _scanning = true;
                Reply(Acknowledge, SelfTestPassed);
                break;
            default:
                Reply(ResendRequest);
                break;
        }
    }

    private static void WriteSet(BinaryWriter writer, HashSet<byte> set)
    {
        writer.Write((ushort)set.Count);
        foreach (byte value in set.Order())
            writer.Write(value);
    }

    private static void ReadSet(BinaryReader reader, HashSet<byte> set)
    {
        set.Clear();
        for (int count = reader.ReadUInt16(); count > 0; count--)
            set.Add(reader.ReadByte());
    }

    private void Expect(Parameter parameter)
    {
        _expected = parameter;
        Reply(Acknowledge);
    }

    private void TakeParameter(byte value)
    {
        Parameter expected = _expected;
        _expected = Parameter.None;
        switch (expected)
        {
            case Parameter.Leds:
                SetLeds((KeyboardLeds)(value & 7));
                break;
            case Parameter.ScanSet when value == 0:
                Reply(Acknowledge, _scanSet);
                return;
            case Parameter.ScanSet when value <= 3:
                _scanSet = value;
                _buffer.Clear();
                break;
            case Parameter.ScanSet:
                Reply(ResendRequest);
                return;
            case Parameter.Typematic:
                _typematic = (byte)(value & 0x7F);
                break;
            default:
                // Key lists of FB to FD go on until another command; each byte is a set 3 code.
                SetKeyType(expected, value);
                _expected = expected;
                break;
        }
        Reply(Acknowledge);
    }

    /// <summary>F7 all typematic, F8 all make/break, F9 all make only, FA all typematic and make/break. Effective in set 3.</summary>
    private void SetAllKeys(byte command)
    {
        _makeOnly.Clear();
        _noRepeat.Clear();
        for (int code = 1; code < 0xFF; code++)
        {
            if (command is 0xF7 or 0xF9)
                _makeOnly.Add((byte)code);
            if (command is 0xF8 or 0xF9)
                _noRepeat.Add((byte)code);
        }
    }

    private void SetKeyType(Parameter type, byte code)
    {
        _makeOnly.Remove(code);
        _noRepeat.Remove(code);
        if (type != Parameter.KeysMakeBreak)
            _makeOnly.Add(code);
        if (type != Parameter.KeysTypematic)
            _noRepeat.Add(code);
    }

    private void SetDefaults()
    {
        _buffer.Clear();
        _makeOnly.Clear();
        _noRepeat.Clear();
        _scanSet = 2;
        _typematic = DefaultTypematic;
        StopRepeat();
    }

    private void SetLeds(KeyboardLeds leds)
    {
        if (leds == Leds)
            return;
        Leds = leds;
        LedsChanged?.Invoke(leds);
    }

    private void Send(KeyCode key, bool pressed)
    {
        if (_scanSet == 3 && !pressed && KeyTable.Find(key) is { } definition && _makeOnly.Contains(definition.Set3))
            return;
        byte[] codes = ScanCodeSet.Encode(_scanSet, key, pressed, _down.Contains);
        if (_buffer.Count + codes.Length > BufferSize)
        {
            // A full buffer swallows the key and notes the loss once (overrun code).
            if (_buffer.Count < BufferSize)
                _buffer.Enqueue(_scanSet == 1 ? (byte)0xFF : (byte)0x00);
            return;
        }
        foreach (byte code in codes)
            _buffer.Enqueue(code);
        if (codes.Length > 0)
            DataWaiting?.Invoke();
    }

    private bool Repeats(KeyCode key) => _scanSet != 3 || KeyTable.Find(key) is { } definition && !_noRepeat.Contains(definition.Set3);

    private void OnRepeat()
    {
        if (_repeating == KeyCode.None || !_scanning)
            return;
        // A guest that is not reading gets no backlog of repeats.
        if (_buffer.Count == 0)
            Send(_repeating, true);
        _repeatTimer.Arm(_clock.Nanoseconds + RepeatInterval);
    }

    private void StopRepeat()
    {
        _repeating = KeyCode.None;
        _repeatTimer.Cancel();
    }
}
