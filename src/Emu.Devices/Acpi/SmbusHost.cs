using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Acpi;

/// <summary>
/// SMBus host controller of the PIIX4 (data sheet 290562, 7.3; Linux i2c-piix4). A transaction completes at once; a slave that is not there
/// gives a device error.
/// </summary>
public sealed class SmbusHost : IPortDevice, ISnapshotable, IResettable
{
    public const int PortCount = 16;

    private const int HostStatus = 0;
    private const int SlaveStatus = 1;
    private const int HostControl = 2;
    private const int HostCommand = 3;
    private const int HostAddress = 4;
    private const int HostData0 = 5;
    private const int HostData1 = 6;
    private const int BlockData = 7;

    private const byte StatusInterrupt = 1 << 1;
    private const byte StatusDeviceError = 1 << 2;
    private const byte StatusFailed = 1 << 4;
    private const byte StatusClearable = 0x1E;
    private const byte SlaveStatusClearable = 0x3C;

    private const byte ControlInterruptEnable = 1 << 0;
    private const byte ControlKill = 1 << 1;
    private const byte ControlStart = 1 << 6;
    private const byte ControlStored = 0x1D;
    private const int ProtocolShift = 2;
    private const int BlockSize = 32;

    private const byte AddressRead = 1;

    private enum Protocol
    {
        Quick = 0,
        Byte = 1,
        ByteData = 2,
        WordData = 3,
        Block = 5,
    }

    private readonly Dictionary<byte, ISmbusDevice> _slaves = [];
    private readonly IInterruptLine _interrupt;
    private readonly byte[] _registers = new byte[PortCount];
    private readonly byte[] _block = new byte[BlockSize];
    private int _blockIndex;

    /// <param name="interrupt">Its interrupt (IRQ 9, as SMBHSTCFG selects).</param>
    public SmbusHost(IInterruptLine interrupt) => _interrupt = interrupt;

    /// <summary>Puts a slave on the bus.</summary>
    /// <exception cref="ArgumentException">The address is taken.</exception>
    public void Add(ISmbusDevice slave) => _slaves.Add(slave.Address, slave);

    public uint ReadPort(ushort offset, int size)
    {
        switch (offset)
        {
            case HostControl:
                // Reading the control register rewinds the block buffer.
                _blockIndex = 0;
                return _registers[HostControl];
            case BlockData:
                byte data = _block[_blockIndex];
                _blockIndex = (_blockIndex + 1) % BlockSize;
                return data;
            default:
                return offset < PortCount ? _registers[offset] : 0xFFu;
        }
    }

    public void WritePort(ushort offset, int size, uint value)
    {
        byte data = (byte)value;
        switch (offset)
        {
            case HostStatus:
                _registers[HostStatus] &= (byte)~(data & StatusClearable);
                break;
            case SlaveStatus:
                _registers[SlaveStatus] &= (byte)~(data & SlaveStatusClearable);
                break;
            case HostControl:
                WriteControl(data);
                break;
            case BlockData:
                _block[_blockIndex] = data;
                _blockIndex = (_blockIndex + 1) % BlockSize;
                break;
            case < PortCount:
                _registers[offset] = data;
                break;
            default:
                break;
        }
        DriveInterrupt();
    }

    private void WriteControl(byte value)
    {
        _registers[HostControl] = (byte)(value & ControlStored);
        if ((value & ControlKill) != 0)
        {
            _registers[HostStatus] |= StatusFailed | StatusInterrupt;
            return;
        }
        if ((value & ControlStart) == 0)
            return;
        bool acknowledged = _slaves.TryGetValue((byte)(_registers[HostAddress] >> 1), out ISmbusDevice? slave) && Transfer(slave);
        _registers[HostStatus] |= (byte)(StatusInterrupt | (acknowledged ? 0 : StatusDeviceError));
        _blockIndex = 0;
    }

    private bool Transfer(ISmbusDevice slave)
    {
        bool read = (_registers[HostAddress] & AddressRead) != 0;
        byte command = _registers[HostCommand];
        Span<byte> buffer = stackalloc byte[BlockSize + 2];
        switch ((Protocol)(_registers[HostControl] >> ProtocolShift & 7))
        {
            case Protocol.Quick:
                return slave.Write([]);
            case Protocol.Byte when read:
                return slave.Read(_registers.AsSpan(HostData0, 1));
            case Protocol.Byte:
                return slave.Write([command]);
            case Protocol.ByteData when read:
                return slave.Write([command]) && slave.Read(_registers.AsSpan(HostData0, 1));
            case Protocol.ByteData:
                return slave.Write([command, _registers[HostData0]]);
            case Protocol.WordData when read:
                return slave.Write([command]) && slave.Read(_registers.AsSpan(HostData0, 2));
            case Protocol.WordData:
                return slave.Write([command, _registers[HostData0], _registers[HostData1]]);
            case Protocol.Block when read:
                if (!slave.Write([command]) || !slave.Read(buffer[..(BlockSize + 1)]))
                    return false;
                _registers[HostData0] = Math.Min(buffer[0], (byte)BlockSize);
                buffer.Slice(1, BlockSize).CopyTo(_block);
                return true;
            case Protocol.Block:
                int length = Math.Min((int)_registers[HostData0], BlockSize);
                buffer[0] = command;
                buffer[1] = (byte)length;
                _block.AsSpan(0, length).CopyTo(buffer[2..]);
                return slave.Write(buffer[..(length + 2)]);
            default:
                return false;
        }
    }

    private void DriveInterrupt() => _interrupt.Set(
        (_registers[HostControl] & ControlInterruptEnable) != 0 && (_registers[HostStatus] & StatusInterrupt) != 0);

    public void Reset()
    {
        Array.Clear(_registers);
        Array.Clear(_block);
        _blockIndex = 0;
        DriveInterrupt();
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_registers);
        writer.Write(_block);
        writer.Write((byte)_blockIndex);
    }

    public void LoadState(BinaryReader reader)
    {
        reader.BaseStream.ReadExactly(_registers);
        reader.BaseStream.ReadExactly(_block);
        _blockIndex = reader.ReadByte() % BlockSize;
        DriveInterrupt();
    }
}
