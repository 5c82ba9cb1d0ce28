using Emu.Cpu;
using Emu.Devices.Chipset;
using Emu.Mmu;

namespace Emu.Devices.Input;

/// <summary>
/// Intel 8042 keyboard controller with the PS/2 auxiliary port: data at offset 0 (port 0x60), status and command at offset 4
/// (port 0x64).
/// </summary>
/// <remarks>
/// IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller". Answers to commands arrive
/// at once; key codes and movement come no faster than <see cref="StreamByteNanoseconds"/> after the last byte was read, about as
/// on the wire, because old interrupt handlers read the data port more than once.
/// </remarks>
public sealed class I8042 : IPortDevice, ISnapshotable, IResettable, IDescribable
{
    /// <summary>First I/O port.</summary>
    public const ushort FirstPort = 0x60;

    /// <summary>Ports claimed; those between the two registers are others' (port 61h) and must be claimed with a higher priority.</summary>
    public const ushort PortCount = 5;

    /// <summary>Offset of the data register.</summary>
    public const ushort DataOffset = 0;

    /// <summary>Offset of the status and command register.</summary>
    public const ushort CommandOffset = 4;

    /// <summary>Least virtual time between reading a byte and the arrival of the next unrequested one.</summary>
    public const long StreamByteNanoseconds = 300_000;

    private const int RamSize = 32;
    private const byte OutputPortUnused = 0xCC;

    private readonly IInterruptLine _keyboardInterrupt;
    private readonly IInterruptLine _auxiliaryInterrupt;
    private readonly A20Gate _a20;
    private readonly IPowerControl _power;
    private readonly IClock _clock;
    private readonly IClockTimer _streamTimer;
    private readonly byte[] _ram = new byte[RamSize];
    private readonly Queue<byte> _controllerReplies = new();
    private Status _status;
    private byte _outputPort;
    private byte _data;
    private byte _commandWithParameter;
    private bool _releasePrefix;
    private bool _isTaking;
    private long _streamAllowed;

    /// <param name="keyboard">Device on the keyboard port.</param>
    /// <param name="mouse">Device on the auxiliary port.</param>
    /// <param name="keyboardInterrupt">IRQ 1.</param>
    /// <param name="auxiliaryInterrupt">IRQ 12.</param>
    /// <param name="a20">Address line 20 gate, on bit 1 of the output port.</param>
    /// <param name="power">Takes the pulse on the reset line, bit 0 of the output port.</param>
    /// <param name="clock">Paces unrequested bytes.</param>
    public I8042(
        Ps2Keyboard keyboard, Ps2Mouse mouse, IInterruptLine keyboardInterrupt, IInterruptLine auxiliaryInterrupt,
        A20Gate a20, IPowerControl power, IClock clock)
    {
        Keyboard = keyboard;
        Mouse = mouse;
        _keyboardInterrupt = keyboardInterrupt;
        _auxiliaryInterrupt = auxiliaryInterrupt;
        _a20 = a20;
        _power = power;
        _clock = clock;
        _streamTimer = clock.CreateTimer(Transfer);
        keyboard.DataWaiting = Transfer;
        mouse.DataWaiting = Transfer;
        Reset();
    }

    [Flags]
    private enum Status : byte
    {
        OutputFull = 0x01,
        SystemFlag = 0x04,
        LastWasCommand = 0x08,
        NotLocked = 0x10,
        AuxiliaryOutput = 0x20,
    }

    /// <summary>Command byte, location 0 of the controller's RAM.</summary>
    [Flags]
    private enum Mode : byte
    {
        KeyboardInterrupt = 0x01,
        AuxiliaryInterrupt = 0x02,
        SystemFlag = 0x04,
        DisableKeyboard = 0x10,
        DisableAuxiliary = 0x20,
        Translate = 0x40,
    }

    [Flags]
    private enum OutputPort : byte
    {
        NotReset = 0x01,
        A20 = 0x02,
        KeyboardOutput = 0x10,
        AuxiliaryOutput = 0x20,
    }

    /// <summary>Device on the keyboard port.</summary>
    public Ps2Keyboard Keyboard { get; }

    /// <summary>Device on the auxiliary port.</summary>
    public Ps2Mouse Mouse { get; }

    private Mode CommandByte
    {
        get => (Mode)_ram[0];
        set => _ram[0] = (byte)value;
    }

    /// <summary>Power-on state: both ports enabled with interrupts, A20 on (the PC leaves the gate open at reset).</summary>
    public void Reset()
    {
        Array.Clear(_ram);
        CommandByte = Mode.KeyboardInterrupt | Mode.AuxiliaryInterrupt;
        _status = Status.LastWasCommand | Status.NotLocked;
        _controllerReplies.Clear();
        _commandWithParameter = 0;
        _releasePrefix = false;
        _data = 0;
        _streamAllowed = 0;
        _streamTimer.Cancel();
        Keyboard.Reset();
        Mouse.Reset();
        _outputPort = (byte)(OutputPort.NotReset | OutputPort.A20) | OutputPortUnused;
        _a20.Set(true);
        UpdateInterrupts();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size)
    {
        if (offset == CommandOffset)
            return (byte)_status;
        if (offset != DataOffset)
            return 0xFF;
        byte value = _data;
        if ((_status & Status.OutputFull) != 0)
        {
            _status &= ~(Status.OutputFull | Status.AuxiliaryOutput);
            _streamAllowed = _clock.Nanoseconds + StreamByteNanoseconds;
            UpdateInterrupts();
            Transfer();
        }
        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        if (offset == CommandOffset)
        {
            _status |= Status.LastWasCommand;
            Command((byte)value);
        }
        else if (offset == DataOffset)
        {
            _status &= ~Status.LastWasCommand;
            WriteData((byte)value);
        }
    }

    /// <inheritdoc/>
    public void Describe(TextWriter writer)
        => writer.WriteLine($"i8042: status={(byte)_status:x2} command byte={_ram[0]:x2} output port={_outputPort:x2} data={_data:x2}");

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_ram);
        writer.Write((byte)_status);
        writer.Write(_outputPort);
        writer.Write(_data);
        writer.Write(_commandWithParameter);
        writer.Write(_releasePrefix);
        writer.Write(_streamAllowed);
        writer.Write((byte)_controllerReplies.Count);
        writer.Write(_controllerReplies.ToArray());
        Keyboard.SaveState(writer);
        Mouse.SaveState(writer);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _isTaking = false;
        reader.BaseStream.ReadExactly(_ram);
        _status = (Status)reader.ReadByte();
        _outputPort = reader.ReadByte();
        _data = reader.ReadByte();
        _commandWithParameter = reader.ReadByte();
        _releasePrefix = reader.ReadBoolean();
        _streamAllowed = reader.ReadInt64();
        _controllerReplies.Clear();
        for (int count = reader.ReadByte(); count > 0; count--)
            _controllerReplies.Enqueue(reader.ReadByte());
        Keyboard.LoadState(reader);
        Mouse.LoadState(reader);
        UpdateInterrupts();
        Transfer();
    }

    private void Command(byte command)
    {
        _commandWithParameter = 0;
        switch (command)
        {
            case >= 0x20 and <= 0x3F:
                Reply(_ram[command & 0x1F]);
                break;
            case >= 0x60 and <= 0x7F or 0xA5 or 0xD1 or 0xD2 or 0xD3 or 0xD4:
                _commandWithParameter = command;
                break;
            case 0xA4:
                const byte noPassword = 0xF1;
                Reply(noPassword);
                break;
            case 0xA7:
                SetMode(CommandByte | Mode.DisableAuxiliary);
                break;
            case 0xA8:
                SetMode(CommandByte & ~Mode.DisableAuxiliary);
                break;
            case 0xA9 or 0xAB:
                Reply(0x00);
                break;
            case 0xAA:
                SetMode(CommandByte | Mode.SystemFlag);
                Reply(0x55);
                break;
            case 0xAD:
                SetMode(CommandByte | Mode.DisableKeyboard);
                break;
            case 0xAE:
                SetMode(CommandByte & ~Mode.DisableKeyboard);
                break;
            case 0xC0:
                // Input port: keyboard not locked, primary display colour, bits the PC ties high.
                Reply(0x80);
                break;
            case 0xD0:
                Reply(OutputPortAsRead());
                break;
            case 0xDD:
                WriteOutputPort((byte)(_outputPort & ~(byte)OutputPort.A20));
                break;
            case 0xDF:
                WriteOutputPort((byte)(_outputPort | (byte)OutputPort.A20));
                break;
            case 0xE0:
                Reply(0x00);
                break;
            case >= 0xF0:
                // Pulses the output bits whose mask bit is 0; only the reset line notices.
                if ((command & (byte)OutputPort.NotReset) == 0)
                    _power.RequestReset(ResetSource.KeyboardController);
                break;
        }
    }

    private void WriteData(byte value)
    {
        byte command = _commandWithParameter;
        _commandWithParameter = 0;
        switch (command)
        {
            case 0:
                // Talking to a device enables its port.
                SetMode(CommandByte & ~Mode.DisableKeyboard);
                Keyboard.Write(value);
                break;
            case 0x60:
                SetMode((Mode)value);
                break;
            case > 0x60 and <= 0x7F:
                _ram[command & 0x1F] = value;
                break;
            case 0xA5 when value != 0:
                // A password goes on until its NUL; this controller keeps none.
                _commandWithParameter = command;
                break;
            case 0xD1:
                WriteOutputPort(value);
                break;
            case 0xD2:
                Present(value, auxiliary: false);
                break;
            case 0xD3:
                Present(value, auxiliary: true);
                break;
            case 0xD4:
                SetMode(CommandByte & ~Mode.DisableAuxiliary);
                Mouse.Write(value);
                break;
        }
    }

    private void SetMode(Mode mode)
    {
        CommandByte = mode;
        _status = (mode & Mode.SystemFlag) != 0 ? _status | Status.SystemFlag : _status & ~Status.SystemFlag;
        UpdateInterrupts();
        Transfer();
    }

    private byte OutputPortAsRead()
    {
        int value = _outputPort & ~(byte)(OutputPort.KeyboardOutput | OutputPort.AuxiliaryOutput | OutputPort.A20);
        if (_a20.IsEnabled)
            value |= (byte)OutputPort.A20;
        if ((_status & Status.OutputFull) != 0)
            value |= (byte)((_status & Status.AuxiliaryOutput) != 0 ? OutputPort.AuxiliaryOutput : OutputPort.KeyboardOutput);
        return (byte)value;
    }

    private void WriteOutputPort(byte value)
    {
        _outputPort = (byte)(value | OutputPortUnused);
        _a20.Set((value & (byte)OutputPort.A20) != 0);
        if ((value & (byte)OutputPort.NotReset) == 0)
        {
            _outputPort |= (byte)OutputPort.NotReset;
            _power.RequestReset(ResetSource.KeyboardController);
        }
    }

    private void Reply(byte value)
    {
        _controllerReplies.Enqueue(value);
        Transfer();
    }

    /// <summary>Moves the next waiting byte into the output buffer if that is empty.</summary>
    private void Transfer()
    {
        if (_isTaking || (_status & Status.OutputFull) != 0)
            return;
        if (_controllerReplies.TryDequeue(out byte reply))
        {
            Present(reply, auxiliary: false);
            return;
        }
        bool keyboard = Keyboard.HasData && (CommandByte & Mode.DisableKeyboard) == 0;
        bool mouse = Mouse.HasData && (CommandByte & Mode.DisableAuxiliary) == 0;
        if (keyboard && Keyboard.HasReply)
            TransferKeyboard();
        else if (mouse && Mouse.HasReply)
            Present(Take(Mouse), auxiliary: true);
        else if (!keyboard && !mouse)
            return;
        else if (_clock.Nanoseconds < _streamAllowed)
            _streamTimer.Arm(_streamAllowed);
        else if (keyboard)
            TransferKeyboard();
        else
            Present(Take(Mouse), auxiliary: true);
    }

    /// <summary>Gets a byte of a device, which may tell at once that more is waiting: that must not get into the output buffer before this one.</summary>
    private byte Take(Ps2Device device)
    {
        _isTaking = true;
        byte value = device.Take();
        _isTaking = false;
        return value;
    }

    private void TransferKeyboard()
    {
        const byte release = 0xF0;
        byte value = Take(Keyboard);
        if ((CommandByte & Mode.Translate) == 0)
        {
            _releasePrefix = false;
            Present(value, auxiliary: false);
            return;
        }
        if (value == release)
        {
            _releasePrefix = true;
            Transfer();
            return;
        }
        byte translated = (byte)(ScanCodeSet.Translate(value) | (_releasePrefix ? 0x80 : 0));
        _releasePrefix = false;
        Present(translated, auxiliary: false);
    }

    private void Present(byte value, bool auxiliary)
    {
        _data = value;
        _status |= Status.OutputFull;
        _status = auxiliary ? _status | Status.AuxiliaryOutput : _status & ~Status.AuxiliaryOutput;
        // A byte that replaces an unread one raises its interrupt anew.
        _keyboardInterrupt.Set(false);
        _auxiliaryInterrupt.Set(false);
        UpdateInterrupts();
    }

    private void UpdateInterrupts()
    {
        bool full = (_status & Status.OutputFull) != 0;
        bool auxiliary = (_status & Status.AuxiliaryOutput) != 0;
        _keyboardInterrupt.Set(full && !auxiliary && (CommandByte & Mode.KeyboardInterrupt) != 0);
        _auxiliaryInterrupt.Set(full && auxiliary && (CommandByte & Mode.AuxiliaryInterrupt) != 0);
    }
}
