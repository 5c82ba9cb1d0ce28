using System.Buffers.Binary;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class AtapiCdRomTests
{
    private const int Sectors = 500;

    private readonly MemoryImage _disc = new(MemoryImage.Pattern(Sectors * 2048), readOnly: true);
    private readonly ManualClock _clock = new();
    private readonly AtapiCdRom _drive;
    private readonly IdeHost _host;

    public AtapiCdRomTests()
    {
        _drive = new AtapiCdRom(new DeterministicBlockBackend(_disc, _clock));
        _host = new IdeHost(_drive) { Clock = _clock };
    }

    [Fact]
    public void It_shows_the_packet_signature_and_refuses_identify_device()
    {
        _host.Control(4);
        _host.Control(0);
        Assert.Equal((1, 1, 0x14, 0xEB, 0), (_host.Get(2), _host.Get(3), _host.Get(4), _host.Get(5), _host.Status));
        _host.Command(AtaCommand.Identify);
        Assert.Equal((0x51, 4, 0x14, 0xEB), (_host.Status, _host.Get(1), _host.Get(4), _host.Get(5)));
        _host.Command(AtaCommand.IdentifyPacket);
        Assert.Equal(0x85C0, BinaryPrimitives.ReadUInt16LittleEndian(_host.ReadAll()));
        _host.Put(7, AtaCommand.DeviceReset);
        Assert.Equal((0x14, 0xEB, 0), (_host.Get(4), _host.Get(5), _host.Status));
    }

    [Fact]
    public void Capacity_and_contents_are_read_in_blocks_within_the_byte_count_limit()
    {
        byte[] capacity = Packet([0x25], 8);
        Assert.Equal((Sectors - 1, 2048), (BinaryPrimitives.ReadInt32BigEndian(capacity), BinaryPrimitives.ReadInt32BigEndian(capacity.AsSpan(4))));
        byte[] data = Packet([0x28, 0, 0, 0, 0, 17, 0, 0, 5], 3000);
        Assert.True(_disc.Data.AsSpan(17 * 2048, 5 * 2048).SequenceEqual(data));
        data = Packet([0xA8, 0, 0, 0, 0, 100, 0, 0, 0, 200], 0xFFFE);
        Assert.True(_disc.Data.AsSpan(100 * 2048, 200 * 2048).SequenceEqual(data));
        Assert.Equal(3, _host.Get(2)); // interrupt reason: command done
    }

    [Fact]
    public void Reads_go_by_dma_when_the_packet_says_so()
    {
        _host.Prd((0x10000, 0), (0x40000, 0), (0x80000, 0x8000));
        SendPacket([0x28, 0, 0, 0, 0, 40, 0, 0, 80], 0, dma: true);
        _host.StartBusMaster(toMemory: true);
        Assert.Equal((0x50, 0x04), (_host.Status, _host.BusMasterStatus));
        Assert.True(_disc.Data.AsSpan(40 * 2048, 65536).SequenceEqual(_host.Memory.Bytes.AsSpan(0x10000, 65536)));
        Assert.True(_disc.Data.AsSpan(40 * 2048 + 131072, 0x8000).SequenceEqual(_host.Memory.Bytes.AsSpan(0x80000, 0x8000)));
    }

    [Fact]
    public void Inquiry_toc_and_configuration_describe_a_data_cd()
    {
        byte[] inquiry = Packet([0x12, 0, 0, 0, 36], 36);
        Assert.Equal((5, 0x80, 36), (inquiry[0], inquiry[1], inquiry.Length));
        byte[] toc = Packet([0x43, 0, 0, 0, 0, 0, 0, 0, 100], 100);
        Assert.Equal(20, toc.Length);
        Assert.Equal((18, 1, 1, 0x14, 1, 0xAA), (BinaryPrimitives.ReadUInt16BigEndian(toc), toc[2], toc[3], toc[5], toc[6], toc[14]));
        Assert.Equal(Sectors, BinaryPrimitives.ReadInt32BigEndian(toc.AsSpan(16)));
        toc = Packet([0x43, 2, 0, 0, 0, 0, 0xAA, 0, 100], 100); // MSF
        Assert.Equal([0, 0, (Sectors + 150) / 75, (Sectors + 150) % 75], toc[8..12].Select(b => (int)b));
        Assert.Equal(12, Packet([0x43, 0, 1, 0, 0, 0, 0, 0, 100], 100).Length);
        Assert.Equal(48, Packet([0x43, 2, 2, 0, 0, 0, 0, 0, 100], 100).Length);
        byte[] configuration = Packet([0x46, 0, 0, 0, 0, 0, 0, 1, 0], 256);
        Assert.Equal((configuration.Length - 4, 8), (BinaryPrimitives.ReadInt32BigEndian(configuration), BinaryPrimitives.ReadUInt16BigEndian(configuration.AsSpan(6))));
        byte[] page = Packet([0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 100], 100);
        Assert.Equal((28, 26, 0x2A, 18), (page.Length, BinaryPrimitives.ReadUInt16BigEndian(page), page[8], page[9]));
        Assert.Equal(8, Packet([0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8], 8).Length);
        Assert.Equal(34, Packet([0x51, 0, 0, 0, 0, 0, 0, 0, 100], 100).Length);
    }

    [Fact]
    public void Read_cd_rebuilds_whole_raw_sectors()
    {
        byte[] raw = Packet([0xBE, 0, 0, 0, 0, 16, 0, 0, 2, 0xF8], 0xFFFE);
        Assert.Equal(2 * 2352, raw.Length);
        Assert.Equal([0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x00, 0x02, 0x16, 1], raw[..16]);
        Assert.True(_disc.Data.AsSpan(16 * 2048, 2048).SequenceEqual(raw.AsSpan(16, 2048)));
        for (int sector = 0; sector < 2; sector++) AssertParity(raw.AsSpan(sector * 2352, 2352));
        Assert.Equal(2048, Packet([0xBE, 0, 0, 0, 0, 16, 0, 0, 1, 0x10], 0xFFFE).Length);
        Assert.Equal(16 + 2048 + 288, Packet([0xB9, 0, 0, 0, 2, 16, 0, 2, 17, 0xF8], 0xFFFE).Length);
    }

    [Fact]
    public void Errors_arrive_as_sense_data()
    {
        AssertSense([0x28, 0, 0, 0, 0x7F, 0, 0, 0, 1], 5, 0x21);
        AssertSense([0xFF], 5, 0x20);
        AssertSense([0x43, 0, 5, 0, 0, 0, 0, 0, 100], 5, 0x24);
        _disc.FailWith = DiskImageError.Io;
        AssertSense([0x28, 0, 0, 0, 0, 0, 0, 0, 1], 3, 0x11);
        byte[] none = Packet([3, 0, 0, 0, 18], 18);
        Assert.Equal(0, none[2]);
    }

    [Fact]
    public void A_new_disc_raises_unit_attention_once_and_an_event()
    {
        var next = new MemoryImage(MemoryImage.Pattern(100 * 2048, 5), readOnly: true);
        _drive.ExchangeMedium(null);
        AssertSense([0], 2, 0x3A);
        Assert.Equal([3, 0], Event());
        _drive.ExchangeMedium(new DeterministicBlockBackend(next, _clock));
        Assert.Equal([2, 2], Event());
        Assert.Equal([0, 2], Event());
        AssertSense([0], 6, 0x28);
        Packet([0], 0);
        Assert.Equal(0x50, _host.Status);
        Assert.Equal(99, BinaryPrimitives.ReadInt32BigEndian(Packet([0x25], 8)));

        byte[] Event() => Packet([0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8], 8)[4..6];
    }

    [Fact]
    public void The_guest_locks_and_moves_the_tray()
    {
        Packet([0x1E, 0, 0, 0, 1], 0);
        AssertSense([0x1B, 0, 0, 0, 2], 5, 0x53);
        Assert.False(_drive.TryOpenTray(force: false));
        Assert.Equal(1, Packet([0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8], 8)[4]); // eject request
        Packet([0x1E, 0, 0, 0, 0], 0);
        Packet([0x1B, 0, 0, 0, 2], 0);
        Assert.True(_drive.IsTrayOpen);
        AssertSense([0], 2, 0x3A);
        Packet([0x1B, 0, 0, 0, 3], 0);
        Assert.False(_drive.IsTrayOpen);
        AssertSense([0], 6, 0x28);
        Assert.True(_drive.TryOpenTray(force: true));
    }

    /// <summary>Each code word of the product code must check: two parities a word make all syndromes zero (ECMA-130 annex A).</summary>
    private static void AssertParity(ReadOnlySpan<byte> raw)
    {
        byte[] power = new byte[255];
        byte[] log = new byte[256];
        int value = 1;
        for (int i = 0; i < 255; i++)
        {
            power[i] = (byte)value;
            log[value] = (byte)i;
            value <<= 1;
            if (value > 255) value ^= 0x11D;
        }
        ReadOnlySpan<byte> body = raw[12..];
        for (int column = 0; column < 86; column++)
        {
            int plain = 0, weighted = 0;
            for (int row = 0; row < 26; row++)
            {
                byte b = body[row * 86 + column];
                plain ^= b;
                if (b != 0) weighted ^= power[(log[b] + 25 - row) % 255];
            }
            Assert.Equal((0, 0), (plain, weighted));
        }
        uint crc = 0;
        foreach (byte b in raw[..2064])
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xD8018001 : 0);
        }
        Assert.Equal(BinaryPrimitives.ReadUInt32LittleEndian(raw[2064..]), crc);
    }

    private void SendPacket(byte[] packet, int limit, bool dma = false)
    {
        _host.Put(6, 0xA0);
        _host.Put(1, dma ? 1 : 0);
        _host.Put(4, limit);
        _host.Put(5, limit >> 8);
        _host.Put(7, AtaCommand.Packet);
        Assert.Equal((0x58, 1), (_host.Get(7), _host.Get(2)));
        Array.Resize(ref packet, 12);
        _host.WriteAll(packet);
    }

    private byte[] Packet(byte[] packet, int limit)
    {
        SendPacket(packet, limit);
        var data = new List<byte>();
        while ((_host.Get(7) & IdeHost.DataRequest) != 0)
        {
            Assert.Equal(2, _host.Get(2));
            int count = _host.Get(4) | _host.Get(5) << 8;
            Assert.InRange(count, 1, Math.Max(limit, 2));
            for (int i = 0; i < count; i += 2)
            {
                uint word = _host.Channel.CommandBlock.ReadPort(0, 2);
                data.Add((byte)word);
                if (i + 1 < count) data.Add((byte)(word >> 8));
            }
            _clock.Settle();
        }
        return [.. data];
    }

    private void AssertSense(byte[] packet, int key, int code)
    {
        Packet(packet, 0xFFFE);
        Assert.Equal((0x51, key << 4), (_host.Get(7), _host.Get(1)));
        byte[] sense = Packet([3, 0, 0, 0, 18], 18);
        Assert.Equal((key, code), (sense[2], sense[12]));
    }
}
