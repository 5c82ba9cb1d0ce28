using System.Buffers.Binary;
using System.Text;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class AtaDiskTests
{
    private const int Sectors = 4096;

    private readonly MemoryImage _image = new(MemoryImage.Pattern(Sectors * 512));
    private readonly ManualClock _clock = new();
    private readonly IdeHost _host;

    public AtaDiskTests() => _host = new IdeHost(new AtaDisk(new DeterministicBlockBackend(_image, _clock))) { Clock = _clock };

    [Fact]
    public void After_software_reset_the_disk_shows_its_signature()
    {
        _host.Control(4);
        Assert.Equal(IdeHost.Busy, _host.Status);
        _host.Control(0);
        Assert.Equal(0x50, _host.Status);
        Assert.Equal((1, 1, 1, 0, 0), (_host.Get(1), _host.Get(2), _host.Get(3), _host.Get(4), _host.Get(5)));
    }

    [Fact]
    public void An_absent_drive_reads_as_zero_and_latches_nothing()
    {
        _host.Select(1);
        _host.Put(2, 0x55);
        Assert.Equal(0, _host.Get(2));
        Assert.Equal(0, _host.Get(7));
        var empty = new IdeHost();
        empty.Put(2, 0x55);
        Assert.Equal(0, empty.Get(2));
        Assert.Equal(0, empty.Status);
    }

    [Fact]
    public void Identify_tells_model_capacity_and_modes_with_a_valid_checksum()
    {
        _host.Command(AtaCommand.Identify);
        Assert.Equal(1, _host.Line.Edges);
        byte[] id = _host.ReadAll();
        Assert.Equal(512, id.Length);
        Assert.Equal(0, id.Sum(b => b) & 0xFF);
        Assert.StartsWith("EMU HARDDISK ", Text(id, 27, 20));
        Assert.Equal(Sectors, (int)BinaryPrimitives.ReadUInt32LittleEndian(id.AsSpan(120)));
        Assert.Equal(Sectors, (long)BinaryPrimitives.ReadUInt64LittleEndian(id.AsSpan(200)));
        Assert.NotEqual(0, Word(id, 83) & 1 << 10);
        Assert.Equal(1, _host.Line.Edges); // none at the end of a PIO read
        Assert.Equal(0x50, _host.Status);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(100, 7)]
    [InlineData(Sectors - 256, 256)]
    public void Read_sectors_interrupts_for_each_sector(long lba, int count)
    {
        _host.Command(AtaCommand.ReadSectors, lba, count & 0xFF);
        int edges = 0;
        var data = new List<byte>();
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(++edges, _host.Line.Edges);
            Assert.Equal(0x58, _host.Get(7)); // acknowledges
            Assert.False(_host.Line.Level);
            for (int w = 0; w < 256; w++)
            {
                uint word = _host.Channel.CommandBlock.ReadPort(0, 2);
                data.Add((byte)word);
                data.Add((byte)(word >> 8));
            }
            _clock.Settle();
        }
        Assert.Equal(0x50, _host.Status);
        Assert.True(_image.Data.AsSpan((int)lba * 512, count * 512).SequenceEqual(data.ToArray()));
    }

    [Fact]
    public void Read_multiple_interrupts_once_a_block()
    {
        _host.Command(AtaCommand.SetMultiple, count: 8);
        int before = _host.Line.Edges;
        _host.Command(AtaCommand.ReadMultiple, 10, 20);
        byte[] data = ReadWithAcknowledge();
        Assert.True(_image.Data.AsSpan(5120, 20 * 512).SequenceEqual(data));
        Assert.Equal(before + 3, _host.Line.Edges);
        _host.Command(AtaCommand.SetMultiple, count: 3);
        Assert.Equal(0x51, _host.Status);
    }

    [Fact]
    public void Chs_addresses_follow_initialize_device_parameters()
    {
        _host.Put(2, 10);
        _host.Select(0, lba: false, head: 3); // 4 heads
        _host.Put(7, AtaCommand.InitializeParameters);
        _host.Put(2, 1);
        _host.Put(3, 5);
        _host.Put(4, 7);
        _host.Put(5, 0);
        _host.Select(0, lba: false, head: 2);
        _host.Put(7, AtaCommand.ReadSectors);
        _clock.Settle();
        Assert.True(_image.Data.AsSpan(((7 * 4 + 2) * 10 + 4) * 512, 512).SequenceEqual(_host.ReadAll()));
        _host.Put(3, 11); // no such sector on a track of 10
        _host.Put(7, AtaCommand.ReadSectors);
        Assert.Equal((byte)AtaError.IdNotFound, _host.Get(1));
    }

    [Fact]
    public void Writes_by_pio_arrive_and_interrupt_after_each_block()
    {
        byte[] data = MemoryImage.Pattern(5 * 512, 9);
        _host.Command(AtaCommand.WriteSectors, 50, 5);
        Assert.Equal(0, _host.Line.Edges);
        for (int i = 0; i < 5; i++)
        {
            _host.WriteAll(data.AsSpan(i * 512, 512));
            Assert.Equal(i + 1, _host.Line.Edges);
            _host.Get(7);
        }
        Assert.True(_image.Data.AsSpan(50 * 512, data.Length).SequenceEqual(data));
        Assert.Equal(0, _image.Flushes);
        _host.Command(AtaCommand.FlushCache);
        Assert.Equal(1, _image.Flushes);
    }

    [Fact]
    public void Dma_scatters_over_regions_and_ends_with_one_interrupt()
    {
        _host.Prd((0x1000, 1024), (0x8000, 512), (0x20000, 0), (0x3000, 2560));
        _host.CommandExt(AtaCommand.ReadDmaExt, 64, 136);
        Assert.Equal(0, _host.Line.Edges);
        _host.StartBusMaster(toMemory: true);
        Assert.Equal(1, _host.Line.Edges);
        Assert.Equal(0x04, _host.BusMasterStatus);
        Assert.Equal(0x50, _host.Get(7));
        ReadOnlySpan<byte> disk = _image.Data.AsSpan(64 * 512);
        Assert.True(_host.Memory.Bytes.AsSpan(0x1000, 1024).SequenceEqual(disk[..1024]));
        Assert.True(_host.Memory.Bytes.AsSpan(0x8000, 512).SequenceEqual(disk.Slice(1024, 512)));
        Assert.True(_host.Memory.Bytes.AsSpan(0x20000, 65536).SequenceEqual(disk.Slice(1536, 65536)));
        Assert.True(_host.Memory.Bytes.AsSpan(0x3000, 2560).SequenceEqual(disk.Slice(67072, 2560)));
        _host.StopBusMaster();
        _host.Channel.BusMaster.WriteByte(2, 4);
        Assert.Equal(0, _host.BusMasterStatus);
    }

    [Fact]
    public void Dma_writes_gather_from_memory_also_when_the_bus_master_starts_first()
    {
        byte[] data = MemoryImage.Pattern(3 * 512, 4);
        data.CopyTo(_host.Memory.Bytes, 0x5000);
        _host.Prd((0x5000, 700), (0x5000 + 700, 836));
        _host.StartBusMaster(toMemory: false);
        _host.Command(AtaCommand.WriteDma, 7, 3);
        Assert.True(_image.Data.AsSpan(7 * 512, data.Length).SequenceEqual(data));
        Assert.Equal(0x04, _host.BusMasterStatus);
    }

    /// <summary>PIIX3 data sheet, 3.5: the two ways sizes can differ.</summary>
    [Fact]
    public void Bus_master_status_tells_descriptors_that_are_too_long_or_too_short()
    {
        _host.Prd((0x1000, 4096));
        _host.Command(AtaCommand.ReadDma, 0, 2);
        _host.StartBusMaster(toMemory: true);
        Assert.Equal(0x05, _host.BusMasterStatus); // interrupt, still active
        _host.StopBusMaster();
        _host.Get(7);

        _host.Prd((0x1000, 512));
        _host.Command(AtaCommand.ReadDma, 0, 2);
        _host.StartBusMaster(toMemory: true);
        Assert.Equal(0x00, _host.BusMasterStatus); // the drive waits for more
        Assert.NotEqual(0, _host.Status & IdeHost.Busy);
        _host.StopBusMaster();
        _host.Control(4);
        _host.Control(0);
        Assert.Equal(0x50, _host.Status);
    }

    [Fact]
    public void Interrupts_stay_off_the_line_while_nIEN_is_set()
    {
        _host.Control(2);
        _host.Command(AtaCommand.ReadSectors);
        Assert.False(_host.Line.Level);
        _host.Control(0);
        Assert.True(_host.Line.Level);
        _host.Get(7);
        Assert.False(_host.Line.Level);
    }

    [Fact]
    public void Hob_shows_the_previous_register_contents()
    {
        _host.CommandExt(AtaCommand.ReadNativeMaxExt, 0, 0);
        Assert.Equal(Sectors - 1 & 0xFF, _host.Get(3));
        foreach ((int register, int value) in new[] { (2, 0x12), (2, 0x34), (4, 0x56), (4, 0x78) }) _host.Put(register, value);
        Assert.Equal(0x34, _host.Get(2));
        _host.Control(0x80);
        Assert.Equal(0x12, _host.Get(2));
        Assert.Equal(0x56, _host.Get(4));
        _host.Put(1, 0);
        Assert.Equal(0x34, _host.Get(2));
    }

    [Fact]
    public void Addresses_past_the_end_and_unknown_commands_fail()
    {
        _host.Command(AtaCommand.ReadSectors, Sectors - 1, 2);
        Assert.Equal((0x51, (byte)AtaError.IdNotFound), (_host.Status, _host.Get(1)));
        _host.Command(0xFF);
        Assert.Equal((0x51, (byte)AtaError.Aborted), (_host.Status, _host.Get(1)));
        _host.Command(AtaCommand.Nop);
        Assert.Equal((byte)AtaError.Aborted, _host.Get(1));
        _host.Command(AtaCommand.IdentifyPacket);
        Assert.Equal((byte)AtaError.Aborted, _host.Get(1));
        _host.Command(AtaCommand.CheckPowerMode);
        Assert.Equal((0x50, 0xFF), (_host.Status, _host.Get(2)));
        _host.Command(AtaCommand.VerifySectors, 5, 200);
        Assert.Equal(0x50, _host.Status);
    }

    [Fact]
    public void Host_failures_become_errors_of_the_drive()
    {
        _image.FailWith = DiskImageError.Io;
        _host.Command(AtaCommand.ReadSectors, 33);
        Assert.Equal((0x51, (byte)AtaError.Uncorrectable, 33), (_host.Status, _host.Get(1), _host.Get(3)));
        _image.FailWith = DiskImageError.NoSpace;
        _host.Command(AtaCommand.WriteSectors, 34);
        _host.WriteAll(new byte[512]);
        Assert.Equal((0x51, (byte)AtaError.Aborted, 34), (_host.Status, _host.Get(1), _host.Get(3)));
        _host.Command(AtaCommand.FlushCache);
        Assert.Equal(0x51, _host.Status);
        _image.FailWith = null;
        _host.Command(AtaCommand.FlushCache);
        Assert.Equal(0x50, _host.Status);
    }

    [Fact]
    public void Without_the_write_cache_each_write_is_flushed()
    {
        _host.Command(AtaCommand.SetFeatures, features: 0x82);
        int flushes = _image.Flushes;
        _host.Command(AtaCommand.WriteSectors, 1);
        _host.WriteAll(new byte[512]);
        Assert.Equal(flushes + 1, _image.Flushes);
        _host.Command(AtaCommand.SetFeatures, features: 0x02);
        _host.Command(AtaCommand.WriteSectors, 1);
        _host.WriteAll(new byte[512]);
        Assert.Equal(flushes + 1, _image.Flushes);
    }

    [Fact]
    public void Trim_discards_each_range()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_host.Memory.Bytes.AsSpan(0x4000), 10UL | 5UL << 48);
        BinaryPrimitives.WriteUInt64LittleEndian(_host.Memory.Bytes.AsSpan(0x4008), 100UL | 20UL << 48);
        _host.Prd((0x4000, 512));
        _host.Put(1, 1);
        _host.CommandExt(AtaCommand.DataSetManagement, 0, 1);
        _host.StartBusMaster(toMemory: false);
        Assert.Equal(0x50, _host.Status);
        Assert.Equal([(5120L, 2560L), (51200L, 10240L)], _image.Discards);
    }

    [Fact]
    public void Smart_says_the_disk_is_well()
    {
        _host.Command(AtaCommand.Smart, 0xC24F00, features: 0xDA);
        Assert.Equal((0x50, 0x4F, 0xC2), (_host.Status, _host.Get(4), _host.Get(5)));
        _host.Command(AtaCommand.Smart, 0xC24F00, features: 0xD0);
        Assert.Equal(0, _host.ReadAll().Sum(b => b) & 0xFF);
        _host.Command(AtaCommand.Smart, 0, features: 0xDA);
        Assert.Equal(0x51, _host.Status);
    }

    [Fact]
    public void Two_drives_share_the_registers_but_answer_one_at_a_time()
    {
        var clock = new ManualClock();
        var second = new MemoryImage(MemoryImage.Pattern(64 * 512, 77));
        var host = new IdeHost(new AtaDisk(new DeterministicBlockBackend(new MemoryImage(MemoryImage.Pattern(64 * 512)), clock)), new AtaDisk(new DeterministicBlockBackend(second, clock))) { Clock = clock };
        host.Command(AtaCommand.ReadSectors, 3, unit: 1);
        Assert.True(second.Data.AsSpan(1536, 512).SequenceEqual(host.ReadAll()));
        host.Put(7, AtaCommand.ExecuteDiagnostic);
        Assert.Equal((1, 0, 0), (host.Get(1), host.Get(4), host.Get(5)));
        host.Select(1);
        Assert.Equal((1, 0x50), (host.Get(1), host.Status));
    }

    [Fact]
    public void A_command_in_flight_survives_saving_and_loading()
    {
        _host.Prd((0x1000, 8192));
        _host.Put(6, 0xE0);
        _host.Put(2, 16);
        _host.Put(3, 40);
        _host.Put(4, 0);
        _host.Put(5, 0);
        _host.Channel.BusMaster.WriteByte(0, 9);
        _host.Put(7, AtaCommand.ReadDma); // the disk is at work now
        Assert.NotEqual(0, _host.Status & IdeHost.Busy);
        var stream = new MemoryStream();
        _host.Channel.SaveState(new BinaryWriter(stream));

        var clock = new ManualClock();
        var other = new IdeHost(new AtaDisk(new DeterministicBlockBackend(_image, clock))) { Clock = clock };
        _host.Memory.Bytes.CopyTo(other.Memory.Bytes, 0);
        stream.Position = 0;
        other.Channel.LoadState(new BinaryReader(stream));
        clock.Settle();
        Assert.True(other.Line.Level);
        Assert.True(_image.Data.AsSpan(40 * 512, 8192).SequenceEqual(other.Memory.Bytes.AsSpan(0x1000, 8192)));
    }

    [Fact]
    public void The_geometry_follows_the_partition_table()
    {
        byte[] disk = new byte[64 << 20];
        Assert.Equal(new DiskGeometry(130, 16, 63), DiskGeometry.Detect(new MemoryImage(disk)));
        disk[510] = 0x55;
        disk[511] = 0xAA;
        disk[0x1BE + 5] = 7; // eight heads
        disk[0x1BE + 6] = 32;
        disk[0x1BE + 12] = 1;
        Assert.Equal(new DiskGeometry(512, 8, 32), DiskGeometry.Detect(new MemoryImage(disk)));
    }

    [Fact]
    public void A_worker_thread_completes_on_the_machines_queue()
    {
        var posted = new System.Collections.Concurrent.BlockingCollection<Action>();
        using var backend = new ThreadedBlockBackend(_image, posted.Add);
        var host = new IdeHost(new AtaDisk(backend));
        host.Command(AtaCommand.ReadSectors, 9);
        Assert.NotEqual(0, host.Status & IdeHost.Busy);
        Assert.True(posted.TryTake(out Action? completion, 5000));
        completion();
        Assert.True(_image.Data.AsSpan(9 * 512, 512).SequenceEqual(host.ReadAll()));
        host.Command(AtaCommand.ReadSectors, 10);
        backend.Drain();
        Assert.True(_image.Data.AsSpan(10 * 512, 512).SequenceEqual(host.ReadAll()));
    }

    private byte[] ReadWithAcknowledge()
    {
        var data = new List<byte>();
        while ((_host.Get(7) & IdeHost.DataRequest) != 0)
        {
            uint value = _host.Channel.CommandBlock.ReadPort(0, 4);
            for (int i = 0; i < 4; i++) data.Add((byte)(value >> (8 * i)));
            _clock.Settle();
        }
        return [.. data];
    }

    private static int Word(byte[] id, int word) => BinaryPrimitives.ReadUInt16LittleEndian(id.AsSpan(word * 2));

    private static string Text(byte[] id, int word, int words)
    {
        var text = new StringBuilder();
        for (int i = 0; i < words; i++) text.Append((char)id[(word + i) * 2 + 1]).Append((char)id[(word + i) * 2]);
        return text.ToString();
    }
}
