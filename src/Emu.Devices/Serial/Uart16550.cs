using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Serial;

/// <summary>
/// National Semiconductor PC16550D UART as a PC wires it: eight ports, a 1.8432 MHz clock, the interrupt gated by OUT2.
/// </summary>
/// <remarks>
/// Transmission takes no time: the transmitter is empty again at once, so that a guest's output is never slower than the
/// host. Input comes in bursts that fill the FIFO; while the guest reads, the rest waits in the back-end until it has taken nothing for
/// a character time. Without that pause a handler that reads until the FIFO is empty would never come to an end: Linux leaves after 131,584 characters, and the
/// request line that is still high brings no further edge.
/// </remarks>
public sealed partial class Uart16550 : IPortDevice, ICharacterReceiver, ISnapshotable, IResettable, IDescribable
{
    /// <summary>Number of I/O ports.</summary>
    public const ushort PortCount = 8;

    private const int FifoSize = 16;
    private const long BaudClock = 115_200;
    private const ushort ResetDivisor = 12;

    private readonly IInterruptLine _interrupt;
    private readonly IClock _clock;
    private readonly IClockTimer _timeout;
    private readonly IClockTimer _pause;
    private readonly Queue<(byte Data, LineStatus Errors)> _received = new(FifoSize);
    private ICharacterDevice _line;

    private InterruptEnable _interruptEnable;
    private FifoControl _fifoControl;
    private LineControl _lineControl;
    private ModemControl _modemControl;
    private LineStatus _lineStatus;
    private ModemStatus _modemStatus;
    private ModemStatus _modemInputs = ModemStatus.ClearToSend | ModemStatus.DataSetReady | ModemStatus.CarrierDetect;
    // Errors of characters beneath the top of the FIFO.
    private int _errorsInFifo;
    private byte _receiveBuffer;
    private byte _scratch;
    private ushort _divisor;
    private bool _transmitterInterrupt;
    private bool _timeoutInterrupt;
    // The guest has read a character less than a character time ago.
    private bool _emptying;

    /// <param name="interrupt">IRQ line of the port.</param>
    /// <param name="clock">Times the FIFO timeout.</param>
    /// <param name="line">Host side.</param>
    public Uart16550(IInterruptLine interrupt, IClock clock, ICharacterDevice line)
    {
        _interrupt = interrupt;
        _clock = clock;
        _line = line;
        _timeout = clock.CreateTimer(OnTimeout);
        _pause = clock.CreateTimer(OnPauseEnded);
        Reset();
        line.Receiver = this;
    }

    /// <summary>I/O base and IRQ of the PC's four serial ports, COM1 first.</summary>
    public static IReadOnlyList<(ushort Port, int Irq)> StandardPorts { get; } = [(0x3F8, 4), (0x2F8, 3), (0x3E8, 4), (0x2E8, 3)];

    /// <summary>Bits a second that the divisor latch stands for; 0 while the divisor is 0 and the clock stands still.</summary>
    public int BaudRate => _divisor == 0 ? 0 : (int)(BaudClock / _divisor);

    /// <inheritdoc/>
    public int ReceiveCapacity
    {
        get
        {
            if (_emptying || (_modemControl & ModemControl.Loopback) != 0)
                return 0;
            if (!FifoEnabled)
                return (_lineStatus & LineStatus.DataReady) == 0 ? 1 : 0;
            return FifoSize - _received.Count;
        }
    }

    private bool FifoEnabled => (_fifoControl & FifoControl.Enable) != 0;

    private int TriggerLevel => ((int)(_fifoControl & FifoControl.TriggerMask) >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 };

    /// <summary>Nanoseconds that one character takes at the programmed rate and format.</summary>
    private long CharacterTime
    {
        get
        {
            int bits = 1 + 5 + (int)(_lineControl & LineControl.WordLengthMask) + 1
                + ((_lineControl & LineControl.StopBits) != 0 ? 1 : 0) + ((_lineControl & LineControl.ParityEnable) != 0 ? 1 : 0);
            long divisor = _divisor == 0 ? ResetDivisor : _divisor;
            return bits * 1_000_000_000L * divisor / BaudClock;
        }
    }

    /// <summary>Plugs another line in.</summary>
    public void Connect(ICharacterDevice line)
    {
        _line.Receiver = null;
        _line = line;
        line.Receiver = this;
    }

    /// <summary>Master reset (PC16550D, 4.0 table). The divisor latch, which the chip leaves undefined, becomes 9600 bit/s.</summary>
    public void Reset()
    {
        _timeout.Cancel();
        _pause.Cancel();
        _emptying = false;
        _received.Clear();
        _errorsInFifo = 0;
        _interruptEnable = 0;
        _fifoControl = 0;
        _lineControl = 0;
        _modemControl = 0;
        _lineStatus = LineStatus.TransmitterEmpty | LineStatus.TransmitHoldingEmpty;
        _modemStatus = _modemInputs;
        _receiveBuffer = 0;
        _scratch = 0;
        _divisor = ResetDivisor;
        _transmitterInterrupt = false;
        _timeoutInterrupt = false;
        UpdateInterrupt();
    }

    /// <summary>Drives the modem inputs; their changes set the delta bits (RI only on its trailing edge).</summary>
    public void SetModemInputs(bool clearToSend, bool dataSetReady, bool ring, bool carrierDetect)
    {
        _modemInputs = (clearToSend ? ModemStatus.ClearToSend : 0) | (dataSetReady ? ModemStatus.DataSetReady : 0)
            | (ring ? ModemStatus.RingIndicator : 0) | (carrierDetect ? ModemStatus.CarrierDetect : 0);
        UpdateModemStatus();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size)
    {
        bool divisorLatch = (_lineControl & LineControl.DivisorLatch) != 0;
        switch (offset)
        {
            case Register.Data:
                return divisorLatch ? (byte)_divisor : ReadReceiver();
            case Register.InterruptEnable:
                return divisorLatch ? (byte)(_divisor >> 8) : (byte)_interruptEnable;
            case Register.InterruptIdentification:
                return ReadInterruptIdentification();
            case Register.LineControl:
                return (byte)_lineControl;
            case Register.ModemControl:
                return (byte)_modemControl;
            case Register.LineStatus:
                return ReadLineStatus();
            case Register.ModemStatus:
                byte status = (byte)_modemStatus;
                _modemStatus &= ~ModemStatus.AnyDelta;
                UpdateInterrupt();
                return status;
            default:
                return _scratch;
        }
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        byte data = (byte)value;
        bool divisorLatch = (_lineControl & LineControl.DivisorLatch) != 0;
        switch (offset)
        {
            case Register.Data when divisorLatch:
                _divisor = (ushort)(_divisor & 0xFF00 | data);
                break;
            case Register.Data:
                Transmit(data);
                break;
            case Register.InterruptEnable when divisorLatch:
                _divisor = (ushort)(_divisor & 0x00FF | data << 8);
                break;
            case Register.InterruptEnable:
                WriteInterruptEnable((InterruptEnable)data & InterruptEnable.All);
                break;
            case Register.InterruptIdentification:
                WriteFifoControl((FifoControl)data);
                break;
            case Register.LineControl:
                WriteLineControl((LineControl)data);
                break;
            case Register.ModemControl:
                _modemControl = (ModemControl)data & ModemControl.All;
                UpdateModemStatus();
                if ((_modemControl & ModemControl.Loopback) == 0)
                    _line.AcceptInput();
                break;
            case Register.Scratch:
                _scratch = data;
                break;
        }
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
            ReceiveCharacter(value, 0);
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        // Loopback disconnects SIN (PC16550D, 8.7).
        if (signal == CharacterEvent.Break && (_modemControl & ModemControl.Loopback) == 0)
            ReceiveCharacter(0, LineStatus.Break);
    }

    /// <inheritdoc/>
    public void Describe(TextWriter writer)
    {
        writer.WriteLine($"16550A: {BaudRate} bit/s, IER={(byte)_interruptEnable:x2} FCR={(byte)_fifoControl:x2} LCR={(byte)_lineControl:x2} "
            + $"MCR={(byte)_modemControl:x2} LSR={(byte)_lineStatus:x2} MSR={(byte)_modemStatus:x2}, {_received.Count} received");
    }

    private void Transmit(byte data)
    {
        _transmitterInterrupt = false;
        UpdateInterrupt();
        if ((_modemControl & ModemControl.Loopback) != 0)
            ReceiveCharacter((byte)(data & WordMask), 0);
        else
            _line.Write([(byte)(data & WordMask)]);
        _transmitterInterrupt = true;
        UpdateInterrupt();
    }

    private int WordMask => 0xFF >> (3 - (int)(_lineControl & LineControl.WordLengthMask));

    private void ReceiveCharacter(byte data, LineStatus errors)
    {
        if (FifoEnabled)
        {
            if (_received.Count == FifoSize)
            {
                // The FIFO keeps its content; the character in the shift register is lost (PC16550D, 8.4).
                _lineStatus |= LineStatus.Overrun;
            }
            else
            {
                _received.Enqueue((data, errors));
                if (errors != 0)
                    _errorsInFifo++;
                if (_received.Count == 1)
                    RevealErrors(errors);
            }
            _timeoutInterrupt = false;
            _timeout.Arm(_clock.Nanoseconds + 4 * CharacterTime);
        }
        else
        {
            if ((_lineStatus & LineStatus.DataReady) != 0)
                _lineStatus |= LineStatus.Overrun;
            _receiveBuffer = data;
            _lineStatus |= errors;
        }
        _lineStatus |= LineStatus.DataReady;
        UpdateInterrupt();
    }

    private byte ReadReceiver()
    {
        byte data = _receiveBuffer;
        bool taken = (_lineStatus & LineStatus.DataReady) != 0;
        if (FifoEnabled)
        {
            data = 0;
            if (_received.TryDequeue(out (byte Data, LineStatus Errors) entry))
                data = entry.Data;
            _timeoutInterrupt = false;
            if (_received.TryPeek(out (byte Data, LineStatus Errors) next))
            {
                RevealErrors(next.Errors);
                _timeout.Arm(_clock.Nanoseconds + 4 * CharacterTime);
            }
            else
            {
                _lineStatus &= ~LineStatus.DataReady;
                _timeout.Cancel();
            }
        }
        else
        {
            _lineStatus &= ~LineStatus.DataReady;
        }
        if (taken)
        {
            _emptying = true;
            _pause.Arm(_clock.Nanoseconds + CharacterTime);
        }
        UpdateInterrupt();
        return data;
    }

    /// <summary>The character with these errors is at the top of the FIFO now: LSR shows them.</summary>
    private void RevealErrors(LineStatus errors)
    {
        if (errors == 0)
            return;
        _errorsInFifo--;
        _lineStatus |= errors;
    }

    private void OnPauseEnded()
    {
        _emptying = false;
        _line.AcceptInput();
    }

    private void OnTimeout()
    {
        if (_received.Count == 0)
            return;
        _timeoutInterrupt = true;
        UpdateInterrupt();
    }

    private byte ReadInterruptIdentification()
    {
        InterruptIdentification source = PendingInterrupt();
        if (source == InterruptIdentification.TransmitterEmpty)
        {
            _transmitterInterrupt = false;
            UpdateInterrupt();
        }
        return (byte)((byte)source | (FifoEnabled ? FifoEnabledBits : 0));
    }

    private byte ReadLineStatus()
    {
        LineStatus status = _lineStatus;
        // Reading clears bit 7 too, unless further errors wait in the FIFO (PC16550D, 8.4).
        if (FifoEnabled && (_errorsInFifo > 0 || (status & LineStatus.AnyCharacterError) != 0))
            status |= LineStatus.ErrorInFifo;
        _lineStatus &= ~LineStatus.AnyError;
        UpdateInterrupt();
        return (byte)status;
    }

    private void WriteInterruptEnable(InterruptEnable value)
    {
        // Enabling the transmitter interrupt while the holding register is empty raises it at once (PC16550D, 8.6).
        if ((value & ~_interruptEnable & InterruptEnable.TransmitterEmpty) != 0)
            _transmitterInterrupt = true;
        _interruptEnable = value;
        UpdateInterrupt();
    }

    private void WriteFifoControl(FifoControl value)
    {
        if (((value ^ _fifoControl) & FifoControl.Enable) != 0)
            value |= FifoControl.ClearReceiver | FifoControl.ClearTransmitter;
        if ((value & FifoControl.ClearReceiver) != 0)
        {
            _received.Clear();
            _errorsInFifo = 0;
            _timeout.Cancel();
            _timeoutInterrupt = false;
            _pause.Cancel();
            _emptying = false;
            _lineStatus &= ~(LineStatus.DataReady | LineStatus.Break);
        }
        if ((value & FifoControl.ClearTransmitter) != 0)
            _transmitterInterrupt = true;
        // The other bits of FCR do not stick unless bit 0 is written with a 1 (PC16550D, 8.5).
        _fifoControl = (value & FifoControl.Enable) != 0 ? value & FifoControl.Sticky : 0;
        UpdateInterrupt();
        _line.AcceptInput();
    }

    private void WriteLineControl(LineControl value)
    {
        bool changed = ((value ^ _lineControl) & LineControl.SetBreak) != 0;
        _lineControl = value;
        if (!changed)
            return;
        // The break acts on SOUT alone, which loopback disconnects (PC16550D, 8.3 and 8.7).
        if ((_modemControl & ModemControl.Loopback) == 0)
            _line.SetBreak((value & LineControl.SetBreak) != 0);
    }

    /// <summary>In loopback the four modem outputs are tied to the four inputs (PC16550D, 8.7).</summary>
    private void UpdateModemStatus()
    {
        ModemStatus inputs = _modemInputs;
        if ((_modemControl & ModemControl.Loopback) != 0)
        {
            inputs = ((_modemControl & ModemControl.RequestToSend) != 0 ? ModemStatus.ClearToSend : 0)
                | ((_modemControl & ModemControl.DataTerminalReady) != 0 ? ModemStatus.DataSetReady : 0)
                | ((_modemControl & ModemControl.Out1) != 0 ? ModemStatus.RingIndicator : 0)
                | ((_modemControl & ModemControl.Out2) != 0 ? ModemStatus.CarrierDetect : 0);
        }
        ModemStatus changed = inputs ^ _modemStatus & ModemStatus.AnyInput;
        ModemStatus deltas = _modemStatus & ModemStatus.AnyDelta;
        if ((changed & ModemStatus.ClearToSend) != 0)
            deltas |= ModemStatus.DeltaClearToSend;
        if ((changed & ModemStatus.DataSetReady) != 0)
            deltas |= ModemStatus.DeltaDataSetReady;
        if ((changed & ~inputs & ModemStatus.RingIndicator) != 0)
            deltas |= ModemStatus.TrailingEdgeRing;
        if ((changed & ModemStatus.CarrierDetect) != 0)
            deltas |= ModemStatus.DeltaCarrierDetect;
        _modemStatus = inputs | deltas;
        UpdateInterrupt();
    }

    private InterruptIdentification PendingInterrupt()
    {
        if ((_interruptEnable & InterruptEnable.LineStatus) != 0 && (_lineStatus & LineStatus.AnyError) != 0)
            return InterruptIdentification.LineStatus;
        if ((_interruptEnable & InterruptEnable.ReceivedData) != 0)
        {
            if (_timeoutInterrupt && !TriggerReached)
                return InterruptIdentification.CharacterTimeout;
            if (TriggerReached)
                return InterruptIdentification.ReceivedData;
        }
        if ((_interruptEnable & InterruptEnable.TransmitterEmpty) != 0 && _transmitterInterrupt)
            return InterruptIdentification.TransmitterEmpty;
        if ((_interruptEnable & InterruptEnable.ModemStatus) != 0 && (_modemStatus & ModemStatus.AnyDelta) != 0)
            return InterruptIdentification.ModemStatus;
        return InterruptIdentification.None;
    }

    private bool TriggerReached => FifoEnabled ? _received.Count >= TriggerLevel : (_lineStatus & LineStatus.DataReady) != 0;

    private void UpdateInterrupt()
        => _interrupt.Set(PendingInterrupt() != InterruptIdentification.None && (_modemControl & ModemControl.Out2) != 0);
}
