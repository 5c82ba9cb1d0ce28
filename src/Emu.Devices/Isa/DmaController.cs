using Emu.Mmu;

namespace Emu.Devices.Isa;

/// <summary>
/// One 8237A DMA controller (Intel 8237A data sheet, order 231466; PIIX3 data sheet 2.5.1). Transfers run when the device asks, all cycles it
/// has data for at once; memory-to-memory transfers do not exist on a PC.
/// </summary>
internal sealed class DmaController : IPortDevice, ISnapshotable, IResettable
{
    private const int Channels = 4;
    private const int CommandStatus = 0x8;
    private const int Request = 0x9;
    private const int SingleMask = 0xA;
    private const int ModeRegister = 0xB;
    private const int ClearFlipFlop = 0xC;
    private const int MasterClear = 0xD;
    private const int ClearMask = 0xE;
    private const int AllMask = 0xF;
    private const byte CommandDisable = 1 << 2;
    private const byte SetBit = 1 << 2;

    private readonly DmaChannel[] _channels = new DmaChannel[Channels];
    private readonly int _stride;
    private byte _command;
    private byte _mask = 0xF;
    private byte _terminal;
    private byte _softRequest;
    private byte _hardRequest;
    private bool _flipFlop;

    /// <param name="memory">Where it masters.</param>
    /// <param name="firstChannel">0 or 4.</param>
    /// <param name="cycleSize">1 or 2 bytes; the 16-bit controller also spaces its registers by 2.</param>
    public DmaController(IBusMemory memory, int firstChannel, int cycleSize)
    {
        _stride = cycleSize;
        for (int i = 0; i < Channels; i++)
            _channels[i] = new DmaChannel(this, memory, firstChannel + i, cycleSize);
    }

    public DmaChannel this[int index] => _channels[index & 3];

    /// <summary>The controller would serve a request on a channel.</summary>
    public bool IsOpen(int index) => (_command & CommandDisable) == 0 && (_mask & 1 << index) == 0;

    public void SetRequest(int index, bool asserted)
    {
        if (asserted)
            _hardRequest |= (byte)(1 << index);
        else
            _hardRequest &= (byte)~(1 << index);
    }

    public void TerminalCount(int index, bool mask)
    {
        byte bit = (byte)(1 << index);
        _terminal |= bit;
        _softRequest &= (byte)~bit;
        if (mask)
            _mask |= bit;
    }

    public uint ReadPort(ushort offset, int size)
    {
        int register = offset / _stride & 0xF;
        switch (register)
        {
            case < CommandStatus:
                DmaChannel channel = _channels[register >> 1];
                ushort word = (register & 1) == 0 ? channel.CurrentAddress : channel.CurrentCount;
                bool high = NextHalf();
                return (byte)(high ? word >> 8 : word);
            case CommandStatus:
                uint status = (uint)((_hardRequest | _softRequest) << 4 | _terminal);
                _terminal = 0;
                return status;
            case AllMask:
                return 0xF0u | _mask;
            default:
                return 0;
        }
    }

    public void WritePort(ushort offset, int size, uint value)
    {
        int register = offset / _stride & 0xF;
        byte data = (byte)value;
        int index = data & 3;
        byte bit = (byte)(1 << index);
        int open = OpenChannels();
        switch (register)
        {
            case < CommandStatus:
                bool high = NextHalf();
                if ((register & 1) == 0)
                    _channels[register >> 1].WriteAddress(data, high);
                else
                    _channels[register >> 1].WriteCount(data, high);
                break;
            case CommandStatus:
                _command = data;
                break;
            case Request:
                _softRequest = (byte)((data & SetBit) != 0 ? _softRequest | bit : _softRequest & ~bit);
                break;
            case SingleMask:
                _mask = (byte)((data & SetBit) != 0 ? _mask | bit : _mask & ~bit);
                break;
            case ModeRegister:
                _channels[index].Mode = data;
                break;
            case ClearFlipFlop:
                _flipFlop = false;
                break;
            case MasterClear:
                Clear();
                break;
            case ClearMask:
                _mask = 0;
                break;
            default:
                _mask = (byte)(data & 0xF);
                break;
        }
        NotifyOpened(open);
    }

    private int OpenChannels()
    {
        int open = 0;
        for (int i = 0; i < Channels; i++)
            open |= _channels[i].IsReady ? 1 << i : 0;
        return open;
    }

    private void NotifyOpened(int before)
    {
        int opened = OpenChannels() & ~before & _hardRequest;
        for (int i = 0; i < Channels; i++)
        {
            if ((opened & 1 << i) != 0)
                _channels[i].NotifyReady();
        }
    }

    private bool NextHalf()
    {
        bool high = _flipFlop;
        _flipFlop = !_flipFlop;
        return high;
    }

    /// <summary>Master clear, like RESET: command, status, request, temporary and flip-flop cleared, all channels masked.</summary>
    private void Clear()
    {
        _command = 0;
        _terminal = 0;
        _softRequest = 0;
        _flipFlop = false;
        _mask = 0xF;
    }

    public void Reset() => Clear();

    public void SaveState(BinaryWriter writer)
    {
        foreach (DmaChannel channel in _channels)
            channel.SaveState(writer);
        writer.Write([_command, _mask, _terminal, _softRequest, _hardRequest]);
        writer.Write(_flipFlop);
    }

    public void LoadState(BinaryReader reader)
    {
        foreach (DmaChannel channel in _channels)
            channel.LoadState(reader);
        _command = reader.ReadByte();
        _mask = reader.ReadByte();
        _terminal = reader.ReadByte();
        _softRequest = reader.ReadByte();
        _hardRequest = reader.ReadByte();
        _flipFlop = reader.ReadBoolean();
    }
}
