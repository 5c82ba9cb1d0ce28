using System.Buffers.Binary;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;

namespace Emu.Devices.Tests.Storage;

/// <summary>One IDE channel with a deterministic backend, driven through its ports like a driver would.</summary>
internal sealed class IdeHost
{
    public const byte Busy = 0x80, Ready = 0x40, DataRequest = 0x08, Error = 0x01;

    public IdeHost(IdeDrive? master = null, IdeDrive? slave = null)
    {
        Channel = new IdeChannel(Line, Memory);
        if (master is not null) Channel.Attach(0, master);
        if (slave is not null) Channel.Attach(1, slave);
    }

    public static ManualClock NewClock() => new();

    public CountingLine Line { get; } = new();

    public FlatMemory Memory { get; } = new(4 << 20);

    public IdeChannel Channel { get; }

    public ManualClock Clock { get; init; } = new();

    public byte Status => (byte)Channel.ControlBlock.ReadPort(0, 1);

    public byte Get(int register) => (byte)Channel.CommandBlock.ReadPort((ushort)register, 1);

    public void Put(int register, int value) => Channel.CommandBlock.WritePort((ushort)register, 1, (uint)value & 0xFF);

    public void Control(int value) => Channel.ControlBlock.WritePort(0, 1, (uint)value);

    public void Select(int unit, bool lba = true, int head = 0) => Put(6, 0xA0 | (lba ? 0x40 : 0) | unit << 4 | head);

    /// <summary>Issues a 28-bit command and lets the disk work.</summary>
    public void Command(byte command, long lba = 0, int count = 1, int unit = 0, int features = 0)
    {
        Put(6, 0xE0 | unit << 4 | (int)(lba >> 24 & 0xF));
        Put(1, features);
        Put(2, count);
        Put(3, (int)lba);
        Put(4, (int)(lba >> 8));
        Put(5, (int)(lba >> 16));
        Put(7, command);
        Clock.Settle();
    }

    /// <summary>Issues a 48-bit command.</summary>
    public void CommandExt(byte command, long lba, int count, int unit = 0)
    {
        Put(6, 0xE0 | unit << 4);
        Put(2, count >> 8);
        Put(3, (int)(lba >> 24));
        Put(4, (int)(lba >> 32));
        Put(5, (int)(lba >> 40));
        Put(2, count);
        Put(3, (int)lba);
        Put(4, (int)(lba >> 8));
        Put(5, (int)(lba >> 16));
        Put(7, command);
        Clock.Settle();
    }

    /// <summary>Reads DRQ data until there is none, as a polling driver does.</summary>
    public byte[] ReadAll(int limit = 1 << 20)
    {
        var data = new List<byte>();
        while ((Status & DataRequest) != 0 && data.Count < limit)
        {
            uint word = Channel.CommandBlock.ReadPort(0, 2);
            data.Add((byte)word);
            data.Add((byte)(word >> 8));
            Clock.Settle();
        }
        return [.. data];
    }

    public void WriteAll(ReadOnlySpan<byte> data)
    {
        for (int i = 0; i < data.Length; i += 4)
        {
            Xunit.Assert.True((Status & DataRequest) != 0, $"no DRQ at byte {i}");
            Channel.CommandBlock.WritePort(0, 4, BinaryPrimitives.ReadUInt32LittleEndian(data[i..]));
            Clock.Settle();
        }
    }

    /// <summary>Writes a PRD table at 0x100 and points the bus master at it.</summary>
    public void Prd(params (uint Address, int Count)[] regions)
    {
        for (int i = 0; i < regions.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Memory.Bytes.AsSpan(0x100 + i * 8), regions[i].Address);
            BinaryPrimitives.WriteUInt32LittleEndian(Memory.Bytes.AsSpan(0x104 + i * 8), (uint)(regions[i].Count & 0xFFFF) | (i == regions.Length - 1 ? 0x80000000 : 0));
        }
        for (int i = 0; i < 4; i++) Channel.BusMaster.WriteByte(4 + i, (byte)(0x100 >> (8 * i)));
        Channel.BusMaster.WriteByte(2, 0x06);
    }

    public byte BusMasterStatus => Channel.BusMaster.ReadByte(2);

    public void StartBusMaster(bool toMemory)
    {
        Channel.BusMaster.WriteByte(0, (byte)(toMemory ? 8 : 0));
        Channel.BusMaster.WriteByte(0, (byte)(toMemory ? 9 : 1));
        Clock.Settle();
    }

    public void StopBusMaster() => Channel.BusMaster.WriteByte(0, 0);
}
