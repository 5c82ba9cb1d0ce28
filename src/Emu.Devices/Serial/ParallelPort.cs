using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Serial;

/// <summary>
/// The PC's standard parallel port with a printer that is always ready: each strobed byte goes to a character back-end.
/// </summary>
/// <remarks>IBM PC/AT Technical Reference, parallel printer adapter; IEEE 1284 compatibility mode.</remarks>
public sealed class ParallelPort : IPortDevice, ISnapshotable, IResettable, IDescribable
{
    /// <summary>Number of I/O ports.</summary>
    public const ushort PortCount = 3;

    private const int DataRegister = 0;
    private const int StatusRegister = 1;
    private const byte UnusedControlBits = 0xC0;

    private readonly IInterruptLine _interrupt;
    private readonly ICharacterDevice _printer;
    private byte _data;
    private Control _control;
    private Status _status;
    private bool _interruptPending;

    /// <param name="interrupt">IRQ 7 for the port at 0x378.</param>
    /// <param name="printer">Receives the printed bytes.</param>
    public ParallelPort(IInterruptLine interrupt, ICharacterDevice printer)
    {
        _interrupt = interrupt;
        _printer = printer;
        Reset();
    }

    /// <summary>I/O base and IRQ of the PC's three parallel ports, LPT1 first.</summary>
    public static IReadOnlyList<(ushort Port, int Irq)> StandardPorts { get; } = [(0x378, 7), (0x278, 7), (0x3BC, 7)];

    [Flags]
    private enum Control : byte
    {
        Strobe = 0x01,
        AutoLineFeed = 0x02,
        NotInitialize = 0x04,
        SelectIn = 0x08,
        InterruptEnable = 0x10,
        Input = 0x20,
    }

    /// <summary>
    /// Bits as read: busy and acknowledge are low while active. The unused bits 0-2 read as zeroes, for SeaBIOS passes bit 0 on as the time-out of
    /// int 17h.
    /// </summary>
    [Flags]
    private enum Status : byte
    {
        NotError = 0x08,
        Selected = 0x10,
        PaperOut = 0x20,
        NotAcknowledge = 0x40,
        NotBusy = 0x80,
        Ready = NotBusy | NotAcknowledge | Selected | NotError,
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _data = 0;
        _control = Control.NotInitialize | Control.SelectIn;
        _status = Status.Ready;
        _interruptPending = false;
        UpdateInterrupt();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size) => offset switch
    {
        DataRegister => (_control & Control.Input) != 0 ? (byte)0xFF : _data,
        StatusRegister => ReadStatus(),
        _ => (uint)((byte)_control | UnusedControlBits),
    };

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        if (offset == DataRegister)
            _data = (byte)value;
        else if (offset > StatusRegister)
            WriteControl((Control)value & ~(Control)UnusedControlBits);
    }

    /// <inheritdoc/>
    public void Describe(TextWriter writer)
        => writer.WriteLine($"parallel port: data={_data:x2} status={(byte)_status:x2} control={(byte)_control | UnusedControlBits:x2}");

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_data);
        writer.Write((byte)_control);
        writer.Write((byte)_status);
        writer.Write(_interruptPending);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _data = reader.ReadByte();
        _control = (Control)reader.ReadByte();
        _status = (Status)reader.ReadByte();
        _interruptPending = reader.ReadBoolean();
        UpdateInterrupt();
    }

    private void WriteControl(Control value)
    {
        bool selected = (value & (Control.NotInitialize | Control.SelectIn)) == (Control.NotInitialize | Control.SelectIn);
        if ((value & Control.NotInitialize) == 0)
        {
            _status = Status.Ready;
        }
        else if (selected && (value & ~_control & Control.Strobe) != 0)
        {
            _printer.Write([_data]);
            _status &= ~Status.NotBusy;
        }
        else if (selected && (_control & ~value & Control.Strobe) != 0 && (value & Control.InterruptEnable) != 0)
        {
            // The printer acknowledges when the strobe ends.
            _interruptPending = true;
        }
        _control = value;
        UpdateInterrupt();
    }

    /// <summary>
    /// The acknowledge pulse of a printed byte shows in two reads, since no guest could see its 5 us otherwise: busy with
    /// acknowledge, then ready.
    /// </summary>
    private byte ReadStatus()
    {
        Status status = _status;
        _interruptPending = false;
        if ((_status & Status.NotBusy) == 0 && (_control & Control.Strobe) == 0)
        {
            if ((_status & Status.NotAcknowledge) != 0)
                _status &= ~Status.NotAcknowledge;
            else
                _status |= Status.NotAcknowledge | Status.NotBusy;
        }
        UpdateInterrupt();
        return (byte)status;
    }

    private void UpdateInterrupt() => _interrupt.Set(_interruptPending && (_control & Control.InterruptEnable) != 0);
}
