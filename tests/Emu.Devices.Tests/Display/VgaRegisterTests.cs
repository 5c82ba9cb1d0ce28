using Emu.Devices.Display;
using Xunit;

namespace Emu.Devices.Tests.Display;

public sealed class VgaRegisterTests : IDisposable
{
    private readonly VgaBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Crtc_addresses_follow_the_miscellaneous_register()
    {
        _bench.Out(0x3C2, 0x00);
        _bench.Indexed(0x3B4, 0x0F, 0x12);
        Assert.Equal(0x12, _bench.In(0x3B5));
        Assert.Equal(0xFF, _bench.In(0x3D5));
        _bench.Out(0x3C2, 0x01);
        Assert.Equal(0x12, _bench.In(0x3D5));
        Assert.Equal(0x01, _bench.In(0x3CC));
    }

    [Fact]
    public void Write_protection_of_the_crtc_leaves_only_line_compare_writable()
    {
        _bench.Out(0x3C2, 0x01);
        _bench.Indexed(0x3D4, 0x00, 0x5F);
        _bench.Indexed(0x3D4, 0x07, 0x00);
        _bench.Indexed(0x3D4, 0x11, 0x80);
        _bench.Indexed(0x3D4, 0x00, 0x11);
        _bench.Indexed(0x3D4, 0x07, 0xFF);
        _bench.Out(0x3D4, 0x00);
        Assert.Equal(0x5F, _bench.In(0x3D5));
        _bench.Out(0x3D4, 0x07);
        Assert.Equal(0x10, _bench.In(0x3D5));
    }

    [Fact]
    public void Attribute_port_alternates_and_status_1_resets_it()
    {
        _bench.Out(0x3C2, 0x01);
        _bench.In(0x3DA);
        _bench.Out(0x3C0, 0x12);
        _bench.Out(0x3C0, 0x0A);
        _bench.Out(0x3C0, 0x12);
        Assert.Equal(0x0A, _bench.In(0x3C1));
        _bench.In(0x3DA);
        _bench.Out(0x3C0, 0x13);
        Assert.Equal(0x00, _bench.In(0x3C1));
    }

    [Fact]
    public void Dac_reads_back_what_was_written_in_sequence()
    {
        _bench.Colour(10, 1, 2, 0xFF);
        _bench.Colour(11, 4, 5, 6);
        _bench.Out(0x3C7, 10);
        Assert.Equal(3, _bench.In(0x3C7));
        Assert.Equal([1, 2, 0x3F, 4, 5, 6], Enumerable.Range(0, 6).Select(_ => _bench.In(0x3C9)));
    }

    [Fact]
    public void Registers_keep_only_bits_that_exist()
    {
        _bench.Indexed(0x3C4, 2, 0xFF);
        Assert.Equal(0x0F, _bench.In(0x3C5));
        _bench.Indexed(0x3CE, 4, 0xFF);
        Assert.Equal(0x03, _bench.In(0x3CF));
    }

    [Fact]
    public void Retrace_bits_follow_the_clock_at_seventy_frames_a_second_in_text_mode()
    {
        VgaStandardMode.Text80x25.Apply(_bench.Vga.Core);
        int retraces = 0, displaying = 0;
        bool before = false;
        for (int i = 0; i < 100_000; i++)
        {
            byte status = _bench.In(0x3DA);
            bool retrace = (status & 8) != 0;
            if (retrace && !before)
                retraces++;
            before = retrace;
            Assert.True(!retrace || (status & 1) != 0);
            if ((status & 1) == 0)
                displaying++;
            _bench.Clock.Advance(10_000);
        }
        Assert.InRange(retraces, 69, 71);
        Assert.InRange(displaying, 66_000, 73_000);
    }

    [Fact]
    public void Bochs_interface_identifies_itself_and_tells_its_limits()
    {
        Assert.Equal(0xB0C5, _bench.Vbe(0));
        _bench.Vbe(0, 0xB0C2);
        Assert.Equal(0xB0C2, _bench.Vbe(0));
        _bench.Vbe(0, 0x1234);
        Assert.Equal(0xB0C2, _bench.Vbe(0));
        Assert.Equal(32, _bench.Vbe(10));
        _bench.Vbe(4, 2);
        Assert.Equal([16000, 12000, 32], [_bench.Vbe(1), _bench.Vbe(2), _bench.Vbe(3)]);
    }

    [Fact]
    public void Modes_that_do_not_fit_are_cut_to_size()
    {
        _bench.VbeMode(1024, 768, 32);
        Assert.Equal((1024, 512), (_bench.Vbe(1), _bench.Vbe(2)));
        _bench.VbeMode(640, 400, 8);
        _bench.Vbe(6, 1000);
        Assert.Equal(1000, _bench.Vbe(6));
        Assert.Equal((2 << 20) / 1000, _bench.Vbe(7));
        _bench.Vbe(9, 60000);
        Assert.Equal(0, _bench.Vbe(9));
    }

    [Fact]
    public void Setting_a_mode_clears_the_screen_unless_asked_not_to()
    {
        _bench.Poke(VgaBench.FrameBuffer + 100, 0x55);
        _bench.Vbe(1, 640);
        _bench.Vbe(2, 480);
        _bench.Vbe(3, 8);
        _bench.Vbe(4, 0xC1);
        Assert.Equal(0x55, _bench.Peek(VgaBench.FrameBuffer + 100));
        _bench.Vbe(4, 0);
        _bench.Vbe(4, 0x41);
        Assert.Equal(0, _bench.Peek(VgaBench.FrameBuffer + 100));
    }

    [Fact]
    public void Register_bar_shows_edid_vga_and_bochs_registers()
    {
        Span<byte> edid = stackalloc byte[128];
        _bench.Space.Read(VgaBench.Registers, edid);
        Assert.Equal(Edid.Build(1280, 800), edid.ToArray());
        Assert.Equal(0, edid.ToArray().Sum(b => b) & 0xFF);
        _bench.Poke(VgaBench.Registers + 0x500 + 2, 0x00, 0x02);
        Assert.Equal(0x200, _bench.Vbe(1));
        _bench.Poke(VgaBench.Registers + 0x402, 0x67);
        Assert.Equal(0x67, _bench.In(0x3CC));
        Assert.Equal(0xC5, _bench.Peek(VgaBench.Registers + 0x500));
        Assert.Equal(0x1E, _bench.Peek(VgaBench.Registers + 0x604));
    }

    [Fact]
    public void Pci_identity_bars_and_rom_are_those_of_the_standard_adapter()
    {
        byte[] rom = new byte[5000];
        rom[0] = 0x55;
        rom[1] = 0xAA;
        using VgaBench bench = new(rom);
        Assert.Equal(0x11111234u, bench.Vga.ReadConfiguration(0, 4));
        Assert.Equal(0x030000u, bench.Vga.ReadConfiguration(8, 4) >> 8);
        bench.Vga.WriteConfiguration(0x10, 4, uint.MaxValue);
        Assert.Equal(0xFFE00008u, bench.Vga.ReadConfiguration(0x10, 4));
        bench.Vga.WriteConfiguration(0x30, 4, 0xE2000001);
        Assert.Equal(0x55, bench.Peek(0xE2000000));
    }

    [Fact]
    public void Snapshot_brings_back_the_registers_and_the_video_memory_comes_with_guest_memory()
    {
        VgaStandardMode.Text80x25.Apply(_bench.Vga.Core);
        _bench.Poke(0xB8000, (byte)'X', 0x07, (byte)'Y', 0x07);
        using MemoryStream stream = new();
        _bench.Vga.SaveState(new BinaryWriter(stream));
        using VgaBench other = new();
        stream.Position = 0;
        other.Vga.LoadState(new BinaryReader(stream));
        Assert.Equal(stream.Length, stream.Position);
        _bench.VideoMemory.Bytes.CopyTo(other.VideoMemory.Bytes);
        Assert.Equal(_bench.Vga.ReadText(), other.Vga.ReadText());
        Assert.Equal(_bench.Vga.Capture().Pixels.ToArray(), other.Vga.Capture().Pixels.ToArray());
    }

    [Fact]
    public void Random_registers_and_accesses_never_throw()
    {
        Random random = new(11);
        byte[] bytes = new byte[64];
        for (int i = 0; i < 60_000; i++)
        {
            switch (random.Next(6))
            {
                case 0:
                    _bench.Indexed(new[] { 0x3C4, 0x3CE, 0x3D4, 0x3B4 }[random.Next(4)], random.Next(32), random.Next(256));
                    break;
                case 1:
                    _bench.Ports.Write((ushort)(0x3B0 + random.Next(0x30)), 1 << random.Next(3), (uint)random.Next());
                    _bench.Ports.Read((ushort)(0x3B0 + random.Next(0x30)), 1 << random.Next(3));
                    break;
                case 2:
                    _bench.Vbe(random.Next(12), random.Next(3) == 0 ? random.Next(65536) : random.Next(2048));
                    _bench.Vbe(random.Next(12));
                    break;
                case 3:
                    random.NextBytes(bytes);
                    _bench.Space.Write(0xA0000 + (ulong)random.Next(0x20000), bytes.AsSpan(0, random.Next(1, 64)));
                    _bench.Space.Read(0xA0000 + (ulong)random.Next(0x20000), bytes);
                    break;
                case 4:
                    _bench.Space.Read(VgaBench.Registers + (ulong)random.Next(4096), bytes.AsSpan(0, 8));
                    _bench.Space.Write(VgaBench.Registers + (ulong)random.Next(4096), bytes.AsSpan(0, 8));
                    break;
                default:
                    if (random.Next(100) == 0)
                    {
                        _bench.Clock.Advance(random.Next(100_000_000));
                        DisplayFrame frame = random.Next(2) == 0 ? _bench.Vga.Update() : _bench.Vga.Capture();
                        Assert.Equal(frame.Width * frame.Height, frame.Pixels.Length);
                        _bench.Vga.ReadText();
                        _bench.Vga.ReadCursor();
                    }
                    break;
            }
        }
    }
}
