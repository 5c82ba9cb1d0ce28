using Emu.Devices.Isa;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Floppy;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class FloppyControllerTests
{
    private readonly MemoryImage _image = new(MemoryImage.Pattern(1440 * 1024));
    private readonly ManualClock _clock = new();
    private readonly FlatMemory _memory = new(1 << 20);
    private readonly TestIsaBus _isa;
    private readonly FloppyController _controller;

    public FloppyControllerTests()
    {
        _isa = new TestIsaBus(_memory);
        _controller = new FloppyController(_isa);
        _controller.Attach(0, new FloppyDrive(medium: new DeterministicBlockBackend(_image, _clock)));
        _controller.Attach(1, new FloppyDrive());
        ResetAndSpecify();
    }

    [Fact]
    public void Reset_reports_four_drives_by_sense_interrupt_and_then_nothing()
    {
        Write(2, 0x08);
        Write(2, 0x0C);
        Assert.True(_isa.Lines[6].Level);
        for (int drive = 0; drive < 4; drive++) Assert.Equal([(byte)(0xC0 | drive), 0], Command([0x08], 2));
        Assert.Equal([0x80], Command([0x08], 1));
        Assert.False(_isa.Lines[6].Level);
    }

    [Fact]
    public void It_is_an_82077()
    {
        Assert.Equal([0x90], Command([0x10], 1));
        Assert.Equal([0x41], Command([0x18], 1));
        Assert.Equal([0x10], Command([0x94], 1));
        Command([0x13, 0, 0x57, 3], 0);
        byte[] dump = Command([0x0E], 10);
        Assert.Equal((0x80, 0x57, 3), (dump[7] & 0x80, dump[8], dump[9]));
        Write(2, 0x08);
        Write(2, 0x0C); // a locked configuration survives
        Assert.Equal(0x57, Command([0x0E], 10)[8]);
        Assert.Equal([0x80], Command([0x1F], 1));
    }

    [Fact]
    public void Seek_and_recalibrate_interrupt_and_reset_the_change_line()
    {
        Assert.Equal(0x80u, _controller.InputRegister.ReadPort(0, 1) & 0x80);
        Command([0x0F, 0, 33], 0);
        Assert.True(_isa.Lines[6].Level);
        Assert.Equal([0x20, 33], Command([0x08], 2));
        Assert.Equal(0u, _controller.InputRegister.ReadPort(0, 1) & 0x80);
        Assert.Equal(0, Command([0x04, 0], 1)[0] & 0x10);
        Command([0x07, 0], 0);
        Assert.Equal([0x20, 0], Command([0x08], 2));
        Assert.Equal(0x10, Command([0x04, 0], 1)[0] & 0x10);
        Command([0x07, 3], 0); // no such drive: equipment check
        Assert.Equal(0x73, Command([0x08], 2)[0]);
    }

    [Fact]
    public void A_read_by_dma_crosses_sides_and_ends_with_terminal_count()
    {
        Seek(5);
        ProgramDma(0x46, 0x20000, 20 * 512);
        Command([0xE6, 0, 5, 0, 10, 2, 18, 0x1B, 0xFF], 0);
        _clock.Settle();
        Assert.True(_isa.Lines[6].Level);
        Assert.Equal([0x04, 0, 0, 5, 1, 12, 2], Result(7));
        Assert.True(_image.Data.AsSpan((5 * 36 + 9) * 512, 20 * 512).SequenceEqual(_memory.Bytes.AsSpan(0x20000, 20 * 512)));
    }

    [Fact]
    public void A_transfer_waits_for_the_guest_to_program_the_channel()
    {
        Seek(0);
        Command([0xE6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF], 0);
        _clock.Settle();
        Assert.False(_isa.Lines[6].Level);
        ProgramDma(0x46, 0x20000, 1024);
        _clock.Settle();
        Assert.True(_isa.Lines[6].Level);
        Assert.True(_image.Data.AsSpan(0, 1024).SequenceEqual(_memory.Bytes.AsSpan(0x20000, 1024)));
    }

    [Fact]
    public void A_write_by_dma_reaches_the_image()
    {
        Seek(79);
        byte[] data = MemoryImage.Pattern(3 * 512, 6);
        data.CopyTo(_memory.Bytes, 0x30000);
        ProgramDma(0x4A, 0x30000, data.Length);
        Command([0x45, 4, 79, 1, 16, 2, 18, 0x1B, 0xFF], 0);
        _clock.Settle();
        Assert.Equal([0x04, 0, 0, 80, 1, 1, 2], Result(7));
        Assert.True(_image.Data.AsSpan((79 * 36 + 18 + 15) * 512, data.Length).SequenceEqual(data));
    }

    [Fact]
    public void Without_dma_each_byte_passes_through_the_fifo()
    {
        Command([0x03, 0xDF, 0x03], 0); // ND
        Seek(1);
        Command([0x46, 0, 1, 0, 2, 2, 3, 0x1B, 0xFF], 0);
        _clock.Settle();
        byte[] data = new byte[1024];
        for (int i = 0; i < data.Length; i++)
        {
            Assert.True(_isa.Lines[6].Level);
            Assert.Equal(0xF0u, _controller.Registers.ReadPort(4, 1));
            data[i] = (byte)_controller.Registers.ReadPort(5, 1);
            _clock.Settle();
        }
        Assert.True(_image.Data.AsSpan((36 + 1) * 512, 1024).SequenceEqual(data));
        Assert.Equal([0x40, 0x80, 0, 2, 0, 1, 2], Result(7)); // no terminal count: end of cylinder

        Command([0x45, 0, 1, 0, 18, 2, 18, 0x1B, 0xFF], 0);
        for (int i = 0; i < 512; i++) Write(5, (byte)i);
        _clock.Settle();
        Assert.Equal(0x80, Result(7)[1]);
        Assert.Equal(0xFE, _image.Data[(36 + 17) * 512 + 0xFE]);
    }

    [Fact]
    public void Format_fills_the_track()
    {
        Seek(2);
        for (int i = 0; i < 18; i++) new byte[] { 2, 0, (byte)(i + 1), 2 }.CopyTo(_memory.Bytes, 0x1000 + i * 4);
        ProgramDma(0x4A, 0x1000, 72);
        Command([0x4D, 0, 2, 18, 0x54, 0xF6], 0);
        _clock.Settle();
        Assert.Equal(0, Result(7)[0]);
        Assert.False(_image.Data.AsSpan(72 * 512, 18 * 512).ContainsAnyExcept((byte)0xF6));
        Assert.NotEqual(0xF6F6, _image.Data[90 * 512] << 8 | _image.Data[90 * 512 + 1]);
    }

    [Fact]
    public void Errors_set_the_status_registers()
    {
        Seek(0);
        Assert.Equal([0x40, 0x04], Read([0xE6, 0, 0, 0, 19, 2, 18, 0x1B, 0xFF])[..2]); // no such sector
        Assert.Equal([0x40, 0x04, 0x10], Read([0xE6, 0, 9, 0, 1, 2, 18, 0x1B, 0xFF])[..3]); // wrong cylinder
        Assert.Equal([0x41, 0x01], Read([0xE6, 1, 0, 0, 1, 2, 18, 0x1B, 0xFF])[..2]); // no diskette
        _controller.InputRegister.WritePort(0, 1, 2);
        Assert.Equal([0x40, 0x01], Read([0xE6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF])[..2]); // wrong data rate
        Assert.Equal([0x40, 0x01], Read([0x4A, 0])[..2]);
        _controller.InputRegister.WritePort(0, 1, 0);
        Assert.Equal(0, Read([0x4A, 0])[0]);
        _image.FailWith = DiskImageError.Io;
        ProgramDma(0x46, 0x20000, 512);
        Assert.Equal([0x40, 0x20, 0x20], Read([0xE6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF])[..3]);

        _controller.ExchangeMedium(0, new DeterministicBlockBackend(new MemoryImage(new byte[720 * 1024], readOnly: true), _clock));
        Assert.Equal(0x80u, _controller.InputRegister.ReadPort(0, 1));
        _controller.InputRegister.WritePort(0, 1, 2);
        Assert.Equal([0x40, 0x02], Read([0x45, 0, 0, 0, 1, 2, 9, 0x1B, 0xFF])[..2]); // write protected
        Assert.Equal(0x40, Command([0x04, 0], 1)[0] & 0x40);

        byte[] Read(byte[] command)
        {
            Command(command, 0);
            _clock.Settle();
            return Result(7);
        }
    }

    [Theory]
    [InlineData(360, 40, 9, FloppyDriveType.Drive360K)]
    [InlineData(720, 80, 9, FloppyDriveType.Drive720K)]
    [InlineData(1200, 80, 15, FloppyDriveType.Drive1200K)]
    [InlineData(1440, 80, 18, FloppyDriveType.Drive1440K)]
    [InlineData(2880, 80, 36, FloppyDriveType.Drive2880K)]
    [InlineData(1000, 80, 18, FloppyDriveType.Drive1440K)]
    public void Formats_are_told_by_size(int kilobytes, int tracks, int sectors, FloppyDriveType type)
    {
        var drive = new FloppyDrive(medium: new DeterministicBlockBackend(new MemoryImage(new byte[kilobytes * 1024]), _clock));
        Assert.Equal((tracks, sectors, type), (drive.Format?.Tracks ?? 0, drive.Format?.Sectors ?? 0, drive.Type));
    }

    [Fact]
    public void An_image_too_large_for_a_diskette_is_refused() =>
        Assert.Throws<DiskImageException>(() => new FloppyDrive(medium: new DeterministicBlockBackend(new MemoryImage(new byte[4 << 20]), _clock)));

    [Fact]
    public void State_survives_saving_and_loading_in_the_middle_of_a_read()
    {
        Seek(3);
        Command([0xE6, 0, 3, 0, 1, 2, 18, 0x1B, 0xFF], 0); // the disk is at work
        var stream = new MemoryStream();
        var writer = new BinaryWriter(stream);
        _controller.SaveState(writer);
        var clock = new ManualClock();
        var isa = new TestIsaBus(_memory);
        var other = new FloppyController(isa);
        other.Attach(0, new FloppyDrive(medium: new DeterministicBlockBackend(_image, clock)));
        other.Attach(1, new FloppyDrive());
        stream.Position = 0;
        other.LoadState(new BinaryReader(stream));
        ProgramDma(isa.Dma, 0x46, 0x20000, 512);
        clock.Settle();
        Assert.True(isa.Lines[6].Level);
        Assert.True(_image.Data.AsSpan(3 * 36 * 512, 512).SequenceEqual(_memory.Bytes.AsSpan(0x20000, 512)));
    }

    private void ResetAndSpecify()
    {
        Write(2, 0x08);
        Write(2, 0x1C);
        for (int i = 0; i < 4; i++) Command([0x08], 2);
        Command([0x03, 0xDF, 0x02], 0);
        _controller.InputRegister.WritePort(0, 1, 0);
    }

    private void Seek(byte track)
    {
        Command([0x0F, 0, track], 0);
        Command([0x08], 2);
    }

    private void Write(int offset, byte value) => _controller.Registers.WritePort((ushort)offset, 1, value);

    private byte[] Command(byte[] command, int results)
    {
        foreach (byte b in command)
        {
            Assert.Equal(0x80u, _controller.Registers.ReadPort(4, 1) & 0xC0);
            Write(5, b);
        }
        return Result(results);
    }

    private byte[] Result(int count)
    {
        byte[] result = new byte[count];
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(0xD0u, _controller.Registers.ReadPort(4, 1) & 0xF0);
            result[i] = (byte)_controller.Registers.ReadPort(5, 1);
        }
        return result;
    }

    private void ProgramDma(byte mode, int address, int count) => ProgramDma(_isa.Dma, mode, address, count);

    private static void ProgramDma(DmaPair dma, byte mode, int address, int count)
    {
        dma.ByteController.WritePort(10, 1, 6);
        dma.ByteController.WritePort(12, 1, 0);
        dma.ByteController.WritePort(11, 1, mode);
        dma.ByteController.WritePort(4, 1, (uint)address & 0xFF);
        dma.ByteController.WritePort(4, 1, (uint)address >> 8 & 0xFF);
        dma.Pages.WritePort(1, 1, (uint)address >> 16);
        dma.ByteController.WritePort(5, 1, (uint)(count - 1) & 0xFF);
        dma.ByteController.WritePort(5, 1, (uint)(count - 1) >> 8);
        dma.ByteController.WritePort(10, 1, 2);
    }
}
