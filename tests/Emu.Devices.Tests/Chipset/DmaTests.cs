using Emu.Devices.Isa;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>8237A data sheet, order 231466.</summary>
public sealed class DmaTests : IBusMemory
{
    private readonly byte[] _memory = new byte[1 << 24];
    private readonly DmaPair _dma;

    public DmaTests() => _dma = new DmaPair(this);

    void IBusMemory.Read(ulong physical, Span<byte> destination) => _memory.AsSpan((int)physical, destination.Length).CopyTo(destination);

    void IBusMemory.Write(ulong physical, ReadOnlySpan<byte> source) => source.CopyTo(_memory.AsSpan((int)physical));

    private void Program(int channel, byte mode, int address, int cycles, byte page)
    {
        bool words = channel >= 4;
        IPortDevice controller = words ? _dma.WordController : _dma.ByteController;
        int stride = words ? 2 : 1;
        int index = channel & 3;
        void Out(int register, int value) => controller.WritePort((ushort)(register * stride), 1, (uint)value & 0xFF);
        Out(0xA, 4 | index);
        Out(0xC, 0);
        Out(0xB, mode | index);
        Out(2 * index, address);
        Out(2 * index, address >> 8);
        Out(2 * index + 1, cycles - 1);
        Out(2 * index + 1, cycles - 1 >> 8);
        int pagePort = channel switch { 0 => 7, 1 => 3, 2 => 1, 3 => 2, 5 => 0xB, 6 => 9, _ => 0xA };
        _dma.Pages.WritePort((ushort)pagePort, 1, page);
        Assert.Equal(page, (byte)_dma.Pages.ReadPort((ushort)pagePort, 1));
        Out(0xA, index);
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 13 + 1))];

    [Fact]
    public void A_floppy_read_lands_in_memory_and_ends_with_terminal_count()
    {
        IDmaChannel channel = _dma.GetChannel(2);
        byte[] data = Pattern(1024);
        Program(2, 0x44, 0x1000, 512, 0x05);
        Assert.Equal(512, channel.Write(data, out bool terminal));
        Assert.True(terminal);
        Assert.Equal(data[..512], _memory[0x51000..0x51200]);
        Assert.Equal(0, _memory[0x51200]);
        Assert.False(channel.IsReady);
        Assert.Equal(0x04u, _dma.ByteController.ReadPort(8, 1));
        Assert.Equal(0x00u, _dma.ByteController.ReadPort(8, 1));
        Assert.Equal(0, channel.Write(data, out _));
    }

    [Fact]
    public void A_transfer_may_come_in_pieces()
    {
        IDmaChannel channel = _dma.GetChannel(3);
        byte[] data = Pattern(300);
        Program(3, 0x44, 0xFF00, 300, 0x02);
        Assert.Equal(100, channel.Write(data.AsSpan(0, 100), out bool terminal));
        Assert.False(terminal);
        Assert.Equal(200, channel.Write(data.AsSpan(100), out terminal));
        Assert.True(terminal);
        // The 16-bit address register wraps inside its 64 KiB page.
        Assert.Equal(data[..256], _memory[0x2FF00..0x30000]);
        Assert.Equal(data[256..], _memory[0x20000..0x2002C]);
    }

    [Fact]
    public void Word_channels_count_words_in_128_KiB_pages()
    {
        IDmaChannel channel = _dma.GetChannel(5);
        Pattern(64).CopyTo(_memory, 0x3_0200);
        Program(5, 0x48, 0x8100, 32, 0x03);
        byte[] buffer = new byte[100];
        Assert.Equal(2, channel.CycleSize);
        Assert.Equal(64, channel.Read(buffer, out bool terminal));
        Assert.True(terminal);
        Assert.Equal(Pattern(64), buffer[..64]);
    }

    [Fact]
    public void Auto_initialisation_starts_over()
    {
        IDmaChannel channel = _dma.GetChannel(1);
        Pattern(16).CopyTo(_memory, 0x10000);
        Program(1, 0x58, 0x0000, 16, 0x01);
        byte[] buffer = new byte[16];
        for (int i = 0; i < 3; i++)
        {
            Array.Clear(buffer);
            Assert.Equal(16, channel.Read(buffer, out bool terminal));
            Assert.True(terminal);
            Assert.Equal(Pattern(16), buffer);
        }
        Assert.True(channel.IsReady);
    }

    [Fact]
    public void Decrement_mode_goes_downwards()
    {
        IDmaChannel channel = _dma.GetChannel(1);
        Program(1, 0x64, 0x0003, 4, 0x00);
        channel.Write([1, 2, 3, 4], out bool terminal);
        Assert.True(terminal);
        Assert.Equal(new byte[] { 4, 3, 2, 1 }, _memory[..4]);
    }

    [Fact]
    public void Verify_runs_the_count_without_touching_memory()
    {
        IDmaChannel channel = _dma.GetChannel(2);
        Program(2, 0x40, 0x0000, 8, 0x00);
        Assert.Equal(8, channel.Write(Pattern(8), out bool terminal));
        Assert.True(terminal);
        Assert.All(_memory[..8], b => Assert.Equal(0, b));
    }

    [Fact]
    public void The_wrong_direction_moves_nothing()
    {
        IDmaChannel channel = _dma.GetChannel(2);
        Program(2, 0x48, 0x0000, 8, 0x00);
        Assert.Equal(0, channel.Write(Pattern(8), out bool terminal));
        Assert.False(terminal);
    }

    [Fact]
    public void A_waiting_device_is_told_when_the_channel_opens()
    {
        IDmaChannel channel = _dma.GetChannel(2);
        int told = 0;
        channel.BecameReady += () => told++;
        Program(2, 0x44, 0, 8, 0);
        Assert.Equal(0, told);
        channel.SetRequest(true);
        Assert.Equal(0x40u, _dma.ByteController.ReadPort(8, 1));
        Program(2, 0x44, 0, 8, 0);
        Assert.Equal(1, told);
        _dma.ByteController.WritePort(8, 1, 0x04);
        Assert.False(channel.IsReady);
        _dma.ByteController.WritePort(8, 1, 0x00);
        Assert.Equal(2, told);
    }

    [Fact]
    public void Master_clear_masks_every_channel()
    {
        Program(2, 0x44, 0, 8, 0);
        _dma.ByteController.WritePort(0xD, 1, 0);
        Assert.False(_dma.GetChannel(2).IsReady);
        Assert.Equal(0xFFu, _dma.ByteController.ReadPort(0xF, 1));
        _dma.ByteController.WritePort(0xE, 1, 0);
        Assert.True(_dma.GetChannel(2).IsReady);
    }

    [Fact]
    public void Registers_read_back_through_the_flip_flop()
    {
        Program(2, 0x44, 0x1234, 0x5679, 0);
        _dma.ByteController.WritePort(0xC, 1, 0);
        Assert.Equal(0x34u, _dma.ByteController.ReadPort(4, 1));
        Assert.Equal(0x12u, _dma.ByteController.ReadPort(4, 1));
        Assert.Equal(0x78u, _dma.ByteController.ReadPort(5, 1));
        Assert.Equal(0x56u, _dma.ByteController.ReadPort(5, 1));
    }
}
