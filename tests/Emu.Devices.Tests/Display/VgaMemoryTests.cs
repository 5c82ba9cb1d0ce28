using Emu.Devices.Display;
using Xunit;

namespace Emu.Devices.Tests.Display;

public sealed class VgaMemoryTests : IDisposable
{
    private const ulong Window = 0xA0000;
    private readonly VgaBench _bench = new();

    public VgaMemoryTests() => VgaStandardMode.Planar640x480.Apply(_bench.Vga.Core);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Map_mask_chooses_the_planes_that_are_written_and_read_map_the_one_read()
    {
        _bench.Indexed(0x3C4, 2, 0x05);
        _bench.Poke(Window + 9, 0xA7);
        Assert.Equal([0xA7, 0x00, 0xA7, 0x00], Planes(Window + 9));
    }

    [Fact]
    public void Write_mode_0_rotates_sets_and_masks()
    {
        Fill(Window, 0x0F, 0x0F, 0x0F, 0x0F);
        _bench.Peek(Window);
        _bench.Indexed(0x3CE, 0, 0x02);
        _bench.Indexed(0x3CE, 1, 0x03);
        _bench.Indexed(0x3CE, 3, 0x04);
        _bench.Indexed(0x3CE, 8, 0x3C);
        _bench.Poke(Window, 0xC1);
        // Plane 0 reset, plane 1 set, planes 2 and 3 the data rotated by four (1Ch); outside the mask the latches.
        Assert.Equal([0x03, 0x3F, 0x1F, 0x1F], Planes(Window));
    }

    [Theory]
    [InlineData(1, 0x0A)]
    [InlineData(2, 0xAF)]
    [InlineData(3, 0xA5)]
    public void Write_mode_0_combines_with_the_latches(int function, byte expected)
    {
        Fill(Window, 0x0F, 0x0F, 0x0F, 0x0F);
        _bench.Peek(Window);
        _bench.Indexed(0x3CE, 3, function << 3);
        _bench.Poke(Window, 0xAA);
        Assert.Equal([expected, expected, expected, expected], Planes(Window));
    }

    [Fact]
    public void Write_mode_1_copies_the_latches()
    {
        Fill(Window, 1, 2, 3, 4);
        _bench.Indexed(0x3CE, 5, 0x01);
        _bench.Peek(Window);
        _bench.Poke(Window + 100, 0xFF);
        _bench.Indexed(0x3CE, 5, 0x00);
        Assert.Equal([1, 2, 3, 4], Planes(Window + 100));
    }

    [Fact]
    public void Write_mode_2_writes_a_colour_through_the_bit_mask()
    {
        Fill(Window, 0xFF, 0xFF, 0x00, 0x00);
        _bench.Peek(Window);
        _bench.Indexed(0x3CE, 5, 0x02);
        _bench.Indexed(0x3CE, 8, 0x80);
        _bench.Poke(Window, 0x0A);
        _bench.Indexed(0x3CE, 5, 0x00);
        Assert.Equal([0x7F, 0xFF, 0x00, 0x80], Planes(Window));
    }

    [Fact]
    public void Write_mode_3_uses_the_data_as_bit_mask_for_the_set_reset_colour()
    {
        Fill(Window, 0xFF, 0x00, 0xFF, 0x00);
        _bench.Peek(Window);
        _bench.Indexed(0x3CE, 5, 0x03);
        _bench.Indexed(0x3CE, 0, 0x0A);
        _bench.Indexed(0x3CE, 8, 0xF0);
        _bench.Poke(Window, 0x3C);
        _bench.Indexed(0x3CE, 5, 0x00);
        Assert.Equal([0xCF, 0x30, 0xCF, 0x30], Planes(Window));
    }

    [Fact]
    public void Read_mode_1_compares_the_planes_that_matter()
    {
        Fill(Window, 0xF0, 0xCC, 0xAA, 0xFF);
        _bench.Indexed(0x3CE, 5, 0x08);
        _bench.Indexed(0x3CE, 2, 0x05);
        _bench.Indexed(0x3CE, 7, 0x07);
        Assert.Equal(0xF0 & ~0xCC & 0xAA & 0xFF, _bench.Peek(Window));
        _bench.Indexed(0x3CE, 7, 0x00);
        Assert.Equal(0xFF, _bench.Peek(Window));
    }

    [Fact]
    public void Odd_even_addressing_splits_characters_and_attributes()
    {
        VgaStandardMode.Text80x25.Apply(_bench.Vga.Core);
        _bench.Poke(0xB8000, 0x41, 0x1F, 0x42, 0x2E);
        Assert.Equal([0x41, 0x1F, 0x42, 0x2E], [_bench.Peek(0xB8000), _bench.Peek(0xB8001), _bench.Peek(0xB8002), _bench.Peek(0xB8003)]);
        Assert.Equal(0xFF, _bench.Peek(0xA0000));
        _bench.Indexed(0x3C4, 4, 0x06);
        _bench.Indexed(0x3CE, 5, 0x00);
        _bench.Indexed(0x3CE, 6, 0x04);
        Assert.Equal([0x41, 0x1F], Planes(Window)[..2]);
        Assert.Equal([0x42, 0x2E], Planes(Window + 1)[..2]);
    }

    [Fact]
    public void Chain_4_memory_is_mapped_directly_until_a_register_needs_the_logic()
    {
        VgaStandardMode.Linear320x200.Apply(_bench.Vga.Core);
        Assert.NotNull(_bench.Vga.Core.LinearWindow);
        _bench.Poke(Window + 1000, 1, 2, 3, 4, 5);
        Assert.Equal(3, _bench.Peek(VgaBench.FrameBuffer + 1002));
        _bench.Indexed(0x3C4, 2, 0x02);
        Assert.Null(_bench.Vga.Core.LinearWindow);
        _bench.Poke(Window + 1000, 9, 9, 9, 9, 9);
        Assert.Equal([1, 9, 3, 4, 5], Enumerable.Range(0, 5).Select(i => _bench.Peek(VgaBench.FrameBuffer + 1000 + (ulong)i)));
        _bench.Indexed(0x3C4, 2, 0x0F);
        Assert.NotNull(_bench.Vga.Core.LinearWindow);
    }

    [Fact]
    public void Windows_follow_the_memory_map_field()
    {
        for (int map = 0; map < 4; map++)
        {
            _bench.Indexed(0x3CE, 6, 1 | map << 2);
            _bench.Peek(0xA0000);
            bool[] decoded = [.. new ulong[] { 0xA0000, 0xB0000, 0xB8000 }.Select(a => _bench.Peek(a) != 0xFF)];
            bool[] expected = map switch
            {
                0 => [true, true, true],
                1 => [true, false, false],
                2 => [false, true, false],
                _ => [false, false, true],
            };
            Assert.Equal(expected, decoded);
        }
    }

    [Fact]
    public void Banks_of_a_linear_mode_show_in_the_window()
    {
        _bench.VbeMode(640, 480, 8);
        _bench.Vbe(5, 3);
        _bench.Poke(Window + 5, 0x77);
        Assert.Equal(0x77, _bench.Peek(VgaBench.FrameBuffer + 0x30005));
        Assert.Equal(3, _bench.Vbe(5));
    }

    private void Fill(ulong address, params byte[] planes)
    {
        for (int plane = 0; plane < 4; plane++)
        {
            _bench.Indexed(0x3C4, 2, 1 << plane);
            _bench.Poke(address, planes[plane]);
        }
        _bench.Indexed(0x3C4, 2, 0x0F);
    }

    private byte[] Planes(ulong address)
    {
        byte[] planes = new byte[4];
        for (int plane = 0; plane < 4; plane++)
        {
            _bench.Indexed(0x3CE, 4, plane);
            planes[plane] = _bench.Peek(address);
        }
        return planes;
    }
}
