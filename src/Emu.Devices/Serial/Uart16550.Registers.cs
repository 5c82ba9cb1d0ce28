using Emu.Cpu;

namespace Emu.Devices.Serial;

public sealed partial class Uart16550
{
    private const byte FifoEnabledBits = 0xC0;

    /// <summary>Register offsets (PC16550D, table II).</summary>
    private static class Register
    {
        public const int Data = 0;
        public const int InterruptEnable = 1;
        public const int InterruptIdentification = 2;
        public const int LineControl = 3;
        public const int ModemControl = 4;
        public const int LineStatus = 5;
        public const int ModemStatus = 6;
        public const int Scratch = 7;
    }

    /// <summary>IER.</summary>
    [Flags]
    private enum InterruptEnable : byte
    {
        ReceivedData = 0x01,
        TransmitterEmpty = 0x02,
        LineStatus = 0x04,
        ModemStatus = 0x08,
        All = 0x0F,
    }

    /// <summary>IIR bits 3:0.</summary>
    private enum InterruptIdentification : byte
    {
        ModemStatus = 0x00,
        None = 0x01,
        TransmitterEmpty = 0x02,
        ReceivedData = 0x04,
        LineStatus = 0x06,
        CharacterTimeout = 0x0C,
    }

    /// <summary>FCR.</summary>
    [Flags]
    private enum FifoControl : byte
    {
        Enable = 0x01,
        ClearReceiver = 0x02,
        ClearTransmitter = 0x04,
        DmaMode = 0x08,
        TriggerMask = 0xC0,
        Sticky = Enable | DmaMode | TriggerMask,
    }

    /// <summary>LCR.</summary>
    [Flags]
    private enum LineControl : byte
    {
        WordLengthMask = 0x03,
        StopBits = 0x04,
        ParityEnable = 0x08,
        SetBreak = 0x40,
        DivisorLatch = 0x80,
    }

    /// <summary>MCR.</summary>
    [Flags]
    private enum ModemControl : byte
    {
        DataTerminalReady = 0x01,
        RequestToSend = 0x02,
        Out1 = 0x04,
        Out2 = 0x08,
        Loopback = 0x10,
        All = 0x1F,
    }

    /// <summary>LSR.</summary>
    [Flags]
    private enum LineStatus : byte
    {
        DataReady = 0x01,
        Overrun = 0x02,
        Parity = 0x04,
        Framing = 0x08,
        Break = 0x10,
        AnyCharacterError = Parity | Framing | Break,
        AnyError = Overrun | Parity | Framing | Break,
        TransmitHoldingEmpty = 0x20,
        TransmitterEmpty = 0x40,
        ErrorInFifo = 0x80,
    }

    /// <summary>MSR.</summary>
    [Flags]
    private enum ModemStatus : byte
    {
        DeltaClearToSend = 0x01,
        DeltaDataSetReady = 0x02,
        TrailingEdgeRing = 0x04,
        DeltaCarrierDetect = 0x08,
        AnyDelta = 0x0F,
        ClearToSend = 0x10,
        DataSetReady = 0x20,
        RingIndicator = 0x40,
        CarrierDetect = 0x80,
        AnyInput = 0xF0,
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write((byte)_interruptEnable);
        writer.Write((byte)_fifoControl);
        writer.Write((byte)_lineControl);
        writer.Write((byte)_modemControl);
        writer.Write((byte)_lineStatus);
        writer.Write((byte)_modemStatus);
        writer.Write((byte)_modemInputs);
        writer.Write(_receiveBuffer);
        writer.Write(_scratch);
        writer.Write(_divisor);
        writer.Write(_transmitterInterrupt);
        writer.Write(_timeoutInterrupt);
        writer.Write(_timeout.Deadline);
        writer.Write(_emptying);
        writer.Write(_pause.Deadline);
        writer.Write((byte)_received.Count);
        foreach ((byte data, LineStatus errors) in _received)
        {
            writer.Write(data);
            writer.Write((byte)errors);
        }
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _interruptEnable = (InterruptEnable)reader.ReadByte() & InterruptEnable.All;
        _fifoControl = (FifoControl)reader.ReadByte() & FifoControl.Sticky;
        _lineControl = (LineControl)reader.ReadByte();
        _modemControl = (ModemControl)reader.ReadByte() & ModemControl.All;
        _lineStatus = (LineStatus)reader.ReadByte();
        _modemStatus = (ModemStatus)reader.ReadByte();
        _modemInputs = (ModemStatus)reader.ReadByte() & ModemStatus.AnyInput;
        _receiveBuffer = reader.ReadByte();
        _scratch = reader.ReadByte();
        _divisor = reader.ReadUInt16();
        _transmitterInterrupt = reader.ReadBoolean();
        _timeoutInterrupt = reader.ReadBoolean();
        Restore(_timeout, reader.ReadInt64());
        _emptying = reader.ReadBoolean();
        Restore(_pause, reader.ReadInt64());
        int count = reader.ReadByte();
        if (count > FifoSize)
            throw new InvalidDataException($"The snapshot's serial FIFO holds {count} characters; a 16550A has {FifoSize}.");
        _received.Clear();
        for (int i = 0; i < count; i++)
            _received.Enqueue((reader.ReadByte(), (LineStatus)reader.ReadByte()));
        _errorsInFifo = _received.Skip(1).Count(entry => entry.Errors != 0);
        UpdateInterrupt();

        static void Restore(IClockTimer timer, long deadline)
        {
            if (deadline == long.MaxValue)
                timer.Cancel();
            else
                timer.Arm(deadline);
        }
    }
}
