using System.Buffers.Binary;
using Emu.Mmu;

namespace Emu.Devices.Storage.Ide;

/// <summary>
/// The bus master of one IDE channel: eight registers and the walk over the physical region descriptor table
/// (PIIX3 data sheet 290550, 2.4 and 3.5).
/// </summary>
public sealed class BusMasterChannel : ISnapshotable, IResettable
{
    private const int CommandOffset = 0, StatusOffset = 2, TableOffset = 4;
    private const byte Start = 1 << 0, ToMemory = 1 << 3;
    private const byte Active = 1 << 0, Error = 1 << 1, Interrupt = 1 << 2, Drive0Capable = 1 << 5, Drive1Capable = 1 << 6;
    private const byte Writable = Drive0Capable | Drive1Capable;

    private readonly IBusMemory _memory;
    private readonly Action _started;
    private byte _command, _status;
    private uint _table, _next, _address, _left;
    private bool _last;

    /// <param name="memory">Memory as the function sees it.</param>
    /// <param name="started">Called when the guest starts a transfer.</param>
    public BusMasterChannel(IBusMemory memory, Action started)
    {
        _memory = memory;
        _started = started;
    }

    /// <summary>Whether a transfer is started and its descriptors are not used up.</summary>
    public bool IsActive => (_status & Active) != 0;

    /// <inheritdoc/>
    public void Reset()
    {
        _command = _status = 0;
        _table = _next = _address = _left = 0;
        _last = false;
    }

    /// <summary>Reads bytes of the register block; <paramref name="offset"/> is 0-7.</summary>
    public byte ReadByte(int offset) => offset switch
    {
        CommandOffset => _command,
        StatusOffset => _status,
        >= TableOffset and < TableOffset + 4 => (byte)(_table >> (8 * (offset - TableOffset))),
        _ => 0,
    };

    /// <summary>Writes a byte of the register block.</summary>
    public void WriteByte(int offset, byte value)
    {
        switch (offset)
        {
            case CommandOffset:
                WriteCommand(value);
                break;
            case StatusOffset:
                _status = (byte)((value & Writable) | (_status & ~Writable & ~(value & (Error | Interrupt))));
                break;
            case >= TableOffset and < TableOffset + 4:
                int shift = 8 * (offset - TableOffset);
                _table = ((_table & ~(0xFFu << shift)) | ((uint)value << shift)) & ~3u;
                break;
        }
    }

    /// <summary>Moves bytes between the drive and the memory regions in turn.</summary>
    /// <param name="data">The drive's bytes.</param>
    /// <param name="toMemory">Direction.</param>
    /// <returns>Bytes moved; fewer than asked once the descriptors are used up, which also ends the transfer.</returns>
    public int Move(Span<byte> data, bool toMemory)
    {
        int moved = 0;
        while (moved < data.Length && IsActive)
        {
            if (_left == 0) FetchDescriptor();
            int count = (int)Math.Min(_left, (uint)(data.Length - moved));
            Span<byte> piece = data.Slice(moved, count);
            if (toMemory) _memory.Write(_address, piece);
            else _memory.Read(_address, piece);
            _address += (uint)count;
            _left -= (uint)count;
            moved += count;
            if (_left == 0 && _last) _status &= unchecked((byte)~Active);
        }
        return moved;
    }

    /// <summary>The drive's interrupt line rose.</summary>
    public void LatchInterrupt() => _status |= Interrupt;

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_command);
        writer.Write(_status);
        writer.Write(_table);
        writer.Write(_next);
        writer.Write(_address);
        writer.Write(_left);
        writer.Write(_last);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _command = reader.ReadByte();
        _status = reader.ReadByte();
        _table = reader.ReadUInt32();
        _next = reader.ReadUInt32();
        _address = reader.ReadUInt32();
        _left = reader.ReadUInt32();
        _last = reader.ReadBoolean();
    }

    private void WriteCommand(byte value)
    {
        bool starts = (value & ~_command & Start) != 0;
        _command = (byte)(value & (Start | ToMemory));
        if ((value & Start) == 0)
        {
            _status &= unchecked((byte)~Active); // what a stopped transfer had left is lost
            return;
        }
        if (!starts) return;
        _next = _table;
        _left = 0;
        _last = false;
        _status |= Active;
        _started();
    }

    /// <summary>Region descriptor: bytes 0-3 base address, 4-5 byte count (0 means 64 KB), bit 31 of the second half end of table.</summary>
    private void FetchDescriptor()
    {
        Span<byte> descriptor = stackalloc byte[8];
        _memory.Read(_next, descriptor);
        _next += 8;
        _address = BinaryPrimitives.ReadUInt32LittleEndian(descriptor) & ~1u;
        uint control = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[4..]);
        _left = control & 0xFFFE;
        if (_left == 0) _left = 0x10000;
        _last = (control & 0x8000_0000) != 0;
    }
}
