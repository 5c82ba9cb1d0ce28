using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

using Emu.Devices.Display;
using Xunit;

namespace Emu.Devices.Tests.Display;

public sealed class VgaPictureTests : IDisposable
{
    private const uint Black = 0xFF000000, Blue = 0xFF0000AA, White = 0xFFFFFFFF, Grey = 0xFFAAAAAA;
    private readonly VgaBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Text_is_drawn_with_glyphs_from_plane_2_in_cells_of_nine_dots()
    {
        TextMode();
        _bench.Poke(0xB8000, (byte)'A', 0x1F, 0xC4, 0x07);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal((720, 400), (frame.Width, frame.Height));
        // Glyph 'A' has bits 10000001 in every row; the ninth dot is background, but repeats the eighth for line drawing.
        Assert.Equal([White, Blue, Blue, Blue, Blue, Blue, Blue, White, Blue], frame.Row(0)[..9].ToArray());
        Assert.Equal([Grey, Black, Black, Black, Black, Black, Black, Grey, Grey], frame.Row(15)[9..18].ToArray());
    }

    [Fact]
    public void Screen_text_is_readable_and_the_cursor_found()
    {
        TextMode();
        Print(2, 3, "Hello, w\u0082rld");
        Cursor(3 * 80 + 14);
        string[] text = _bench.Vga.ReadText();
        Assert.Equal(25, text.Length);
        Assert.Equal("  Hello, wérld", text[3]);
        Assert.Equal("", text[4]);
        Assert.Equal((14, 3), _bench.Vga.ReadCursor());
    }

    [Fact]
    public void Cursor_covers_its_lines_and_blinks_with_the_clock()
    {
        TextMode();
        Cursor(0);
        _bench.Poke(0xB8000, (byte)' ', 0x07);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal(Grey, frame[0, 13]);
        Assert.Equal(Grey, frame[8, 14]);
        Assert.Equal(Black, frame[0, 12]);
        Assert.Equal(Black, frame[0, 15]);
        _bench.Clock.Advance(16 * 1_000_000_000L / 60);
        frame = _bench.Vga.Update();
        Assert.Equal(Black, frame[0, 13]);
        Assert.Equal([new DisplayRectangle(0, 13, 9, 2)], frame.Dirty);
        _bench.Indexed(0x3D4, 0x0A, 0x20);
        Assert.Null(_bench.Vga.ReadCursor());
    }

    [Fact]
    public void Attribute_bit_7_blinks_or_brightens_the_background()
    {
        TextMode();
        _bench.Indexed(0x3D4, 0x0A, 0x20);
        _bench.Poke(0xB8000, (byte)'A', 0x9F);
        Assert.Equal((White, Blue), Dots());
        _bench.Clock.Advance(32 * 1_000_000_000L / 60);
        Assert.Equal((Blue, Blue), Dots());
        _bench.In(0x3DA);
        _bench.Out(0x3C0, 0x30);
        _bench.Out(0x3C0, 0x04);
        Assert.Equal((White, 0xFF5555FF), Dots());

        (uint, uint) Dots()
        {
            DisplayFrame frame = _bench.Vga.Capture();
            return (frame[0, 0], frame[1, 0]);
        }
    }

    [Fact]
    public void Attribute_bit_3_chooses_the_second_font_when_two_are_selected()
    {
        TextMode();
        _bench.Indexed(0x3C4, 3, 0x04);
        _bench.Poke(0xB8000, (byte)'A', 0x0F, (byte)'A', 0x07);
        DisplayFrame frame = _bench.Vga.Capture();
        Assert.Equal(Black, frame[0, 0]);
        Assert.Equal(Grey, frame[9, 0]);
    }

    [Fact]
    public void Planar_pixels_take_a_bit_from_each_plane()
    {
        VgaStandardMode.Planar640x480.Apply(_bench.Vga.Core);
        _bench.Indexed(0x3C4, 2, 0x01);
        _bench.Poke(0xA0000 + 80, 0x80);
        _bench.Indexed(0x3C4, 2, 0x0E);
        _bench.Poke(0xA0000 + 80, 0x40);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal((640, 480), (frame.Width, frame.Height));
        Assert.Equal([Blue, 0xFFFFFF55, Black], frame.Row(1)[..3].ToArray());
        Assert.Equal(Black, frame[0, 0]);
    }

    [Fact]
    public void Cga_rows_alternate_between_the_two_halves_of_memory()
    {
        VgaStandardMode.Cga320x200.Apply(_bench.Vga.Core);
        _bench.Poke(0xB8000, 0b00_01_10_11, 0b11_00_00_00);
        _bench.Poke(0xBA000, 0b11_11_11_11);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal((640, 400), (frame.Width, frame.Height));
        uint cyan = 0xFF55FFFF, magenta = 0xFFFF55FF;
        Assert.Equal([Black, Black, cyan, cyan, magenta, magenta, White, White, White, White, Black], frame.Row(0)[..11].ToArray());
        Assert.Equal(frame.Row(0).ToArray(), frame.Row(1).ToArray());
        Assert.Equal([White, White, White, White, White, White, White, White, Black], frame.Row(2)[..9].ToArray());
        Assert.Equal(Black, frame[0, 4]);
    }

    [Fact]
    public void Mode_13h_shows_bytes_as_double_dots_on_double_lines()
    {
        VgaStandardMode.Linear320x200.Apply(_bench.Vga.Core);
        _bench.Colour(200, 63, 0, 63);
        _bench.Poke(0xA0000 + 320 + 5, 200);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal((640, 400), (frame.Width, frame.Height));
        Assert.Equal([0xFFFF00FF, 0xFFFF00FF], [frame[10, 2], frame[11, 3]]);
        Assert.Equal([Black, Black, Black], [frame[9, 2], frame[12, 3], frame[10, 1]]);
    }

    [Fact]
    public void Mode_X_scrolls_by_start_address_pans_and_splits()
    {
        ModeX();
        _bench.Colour(1, 63, 63, 63);
        // Plane 1 at word 80 + 10: pixel 41 of row 1.
        _bench.Indexed(0x3C4, 2, 0x02);
        _bench.Poke(0xA0000 + 90, 1);
        Assert.Equal((82, 2), FirstWhite());
        _bench.Indexed(0x3D4, 0x0D, 80);
        Assert.Equal((82, 0), FirstWhite());
        _bench.In(0x3DA);
        _bench.Out(0x3C0, 0x33);
        _bench.Out(0x3C0, 0x02);
        Assert.Equal((80, 0), FirstWhite());
        // From scan line 101 on the screen starts at address 0 again, so that row 1 is at 103.
        _bench.Indexed(0x3D4, 0x0D, 200);
        _bench.Indexed(0x3D4, 0x18, 100);
        _bench.Indexed(0x3D4, 0x07, 0x0F);
        _bench.Indexed(0x3D4, 0x09, 0x01);
        Assert.Equal((80, 103), FirstWhite());
        _bench.In(0x3DA);
        _bench.Out(0x3C0, 0x30);
        _bench.Out(0x3C0, 0x61);
        Assert.Equal((82, 103), FirstWhite());

        (int, int) FirstWhite()
        {
            DisplayFrame frame = _bench.Vga.Capture();
            int index = frame.Pixels.IndexOf(White);
            return (index % frame.Width, index / frame.Width);
        }
    }

    [Theory]
    [InlineData(15, new byte[] { 0x1F, 0x7C }, 0xFFFF00FFu)]
    [InlineData(16, new byte[] { 0xE0, 0x07 }, 0xFF00FF00u)]
    [InlineData(24, new byte[] { 0x11, 0x22, 0x33 }, 0xFF332211u)]
    [InlineData(32, new byte[] { 0x11, 0x22, 0x33, 0x44 }, 0xFF332211u)]
    public void Direct_colour_modes_show_pixels_with_pitch_and_offset(int bits, byte[] pixel, uint expected)
    {
        _bench.VbeMode(320, 200, bits);
        _bench.Vbe(6, 512);
        int bytes = (bits + 7) / 8;
        _bench.Poke(VgaBench.FrameBuffer + (ulong)((20 * 512 + 30) * bytes), pixel);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal((320, 200), (frame.Width, frame.Height));
        Assert.Equal(expected, frame[30, 20]);
        _bench.Vbe(8, 10);
        _bench.Vbe(9, 5);
        frame = _bench.Vga.Update();
        Assert.Equal(expected, frame[20, 15]);
        Assert.Equal(Black, frame[30, 20]);
        Assert.Contains(new DisplayRectangle(20, 15, 1, 1), frame.Dirty);
    }

    /// <summary>However a line lies to the vectors it is read in.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(13)]
    public void Every_pixel_of_four_bytes_is_shown_wherever_lines_begin(int offset)
    {
        const int Width = 328, Pitch = 344;
        _bench.VbeMode(Width, 8, 32);
        _bench.Vbe(6, Pitch);
        _bench.Vbe(8, offset);
        byte[] pixels = new byte[Pitch * 9 * 4];
        new Random(1).NextBytes(pixels);
        _bench.Poke(VgaBench.FrameBuffer, pixels);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.Equal((Width, 8), (frame.Width, frame.Height));
        for (int y = 0; y < 8; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                uint expected = BinaryPrimitives.ReadUInt32LittleEndian(pixels.AsSpan(4 * ((y * Pitch) + x + offset))) | 0xFF000000;
                Assert.True(expected == frame[x, y], $"{x}, {y}");
            }
        }
    }

    [Fact]
    public void Eight_bit_modes_use_the_palette_in_six_or_eight_bits()
    {
        _bench.VbeMode(320, 200, 8);
        _bench.Colour(5, 63, 32, 0);
        _bench.Poke(VgaBench.FrameBuffer, 5);
        Assert.Equal(0xFFFF8200, _bench.Vga.Capture()[0, 0]);
        _bench.Vbe(4, 0xE1);
        _bench.Colour(5, 0x12, 0x34, 0x56);
        Assert.Equal(0xFF123456, _bench.Vga.Capture()[0, 0]);
    }

    [Fact]
    public void Dirty_rectangles_cover_exactly_what_changed()
    {
        _bench.VbeMode(640, 480, 32);
        DisplayFrame frame = _bench.Vga.Update();
        Assert.True(frame.Resized);
        Assert.Equal([new DisplayRectangle(0, 0, 640, 480)], frame.Dirty);
        Assert.Empty(_bench.Vga.Update().Dirty);
        Assert.False(frame.Resized);
        for (int y = 10; y < 12; y++)
            _bench.Poke(VgaBench.FrameBuffer + (ulong)((y * 640 + 7) * 4), 1, 2, 3, 0, 1, 2, 3, 0);
        _bench.Poke(VgaBench.FrameBuffer + (ulong)((300 * 640 + 639) * 4), 9);
        Assert.Equal([new DisplayRectangle(7, 10, 2, 2), new DisplayRectangle(639, 300, 1, 1)], _bench.Vga.Update().Dirty);
        // Writing the same bytes again changes nothing that anybody could see.
        _bench.Poke(VgaBench.FrameBuffer + (ulong)((300 * 640 + 639) * 4), 9);
        _bench.Vga.Capture();
        Assert.Empty(_bench.Vga.Update().Dirty);
    }

    [Fact]
    public void While_a_guest_redraws_the_screen_pages_are_not_watched_one_by_one_and_nothing_is_missed()
    {
        _bench.VbeMode(640, 480, 32);
        _bench.Vga.Update();
        byte[] picture = new byte[640 * 480 * 4];
        Array.Fill(picture, (byte)0x55);
        _bench.Poke(VgaBench.FrameBuffer, picture);
        Assert.Equal([new DisplayRectangle(0, 0, 640, 480)], _bench.Vga.Update().Dirty);
        int unwatched = 0;
        for (int i = 0; i < 48; i++)
        {
            // Nothing is written between the two: a watched screen says so.
            if (_bench.Vga.Latch())
                unwatched++;
            Assert.Empty(_bench.Vga.Paint().Dirty);
            _bench.Poke(VgaBench.FrameBuffer + (ulong)((i * 640 + i) * 4), (byte)(i + 1));
            Assert.Equal([new DisplayRectangle(i, i, 1, 1)], _bench.Vga.Update().Dirty);
        }

        // Watching stopped for a while, and was taken up again when single dots were all that changed.
        Assert.InRange(unwatched, 1, 32);
    }

    [Fact]
    public void Painting_shows_what_was_latched_even_when_the_registers_have_changed_since()
    {
        _bench.VbeMode(640, 480, 8);
        _bench.Colour(0, 63, 0, 0);
        Assert.True(_bench.Vga.Latch());
        _bench.Colour(0, 0, 63, 0);
        _bench.VbeMode(320, 200, 8);
        DisplayFrame frame = _bench.Vga.Paint();
        Assert.Equal((640, 480, 0xFFFF0000), (frame.Width, frame.Height, frame[639, 479]));
        frame = _bench.Vga.Update();
        Assert.Equal((320, 200, 0xFF00FF00), (frame.Width, frame.Height, frame[319, 199]));
    }

    [Fact]
    public void Direct_writes_to_the_mapped_window_are_seen()
    {
        VgaStandardMode.Linear320x200.Apply(_bench.Vga.Core);
        _bench.Colour(1, 63, 63, 63);
        _bench.Vga.Update();
        _bench.Poke(0xA0000, 1);
        Assert.Equal([new DisplayRectangle(0, 0, 2, 2)], _bench.Vga.Update().Dirty);
    }

    [Fact]
    public void Blanked_screens_are_black()
    {
        TextMode();
        _bench.Poke(0xB8000, (byte)'A', 0x1F);
        _bench.Indexed(0x3C4, 1, 0x20);
        Assert.DoesNotContain(_bench.Vga.Capture().Pixels.ToArray(), p => p != Black);
        _bench.Indexed(0x3C4, 1, 0x00);
        Assert.Contains(White, _bench.Vga.Capture().Pixels.ToArray());
        _bench.In(0x3DA);
        _bench.Out(0x3C0, 0x00);
        Assert.DoesNotContain(_bench.Vga.Capture().Pixels.ToArray(), p => p != Black);
    }

    [Fact]
    public void Png_and_ppm_hold_the_pixels()
    {
        _bench.VbeMode(64, 48, 32);
        _bench.Poke(VgaBench.FrameBuffer + (64 + 2) * 4, 0x33, 0x22, 0x11, 0);
        DisplayFrame frame = _bench.Vga.Capture();
        using MemoryStream ppm = new();
        ScreenshotWriter.WritePpm(frame, ppm);
        byte[] expected = [.. Encoding.ASCII.GetBytes("P6\n64 48\n255\n")];
        Assert.Equal(expected, ppm.ToArray()[..expected.Length]);
        byte[] pixels = ppm.ToArray()[expected.Length..];
        Assert.Equal([0x11, 0x22, 0x33], pixels[((64 + 2) * 3)..((64 + 3) * 3)]);
        using MemoryStream png = new();
        ScreenshotWriter.WritePng(frame, png);
        Assert.Equal(pixels, DecodePng(png.ToArray()));
    }

    [Fact]
    public void Font_is_found_in_the_video_bios()
    {
        if (StandardVga.FindBios() is not { } path)
            return;
        ReadOnlySpan<byte> font = VgaStandardMode.FindFont(File.ReadAllBytes(path));
        Assert.Equal(4096, font.Length);
        VgaStandardMode.Text80x25.Apply(_bench.Vga.Core);
        VgaStandardMode.LoadFont(_bench.Vga.Core, font, 16);
        _bench.Poke(0xB8000, 0xDB, 0x0F);
        DisplayFrame frame = _bench.Vga.Capture();
        Assert.DoesNotContain(frame.Row(8)[..9].ToArray(), p => p != White);
    }

    private static byte[] DecodePng(byte[] png)
    {
        using MemoryStream data = new();
        int width = 0;
        for (int at = 8; at < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            string type = Encoding.ASCII.GetString(png, at + 4, 4);
            Assert.Equal(Crc(png.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length)));
            if (type == "IHDR")
                width = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at + 8));
            if (type == "IDAT")
                data.Write(png, at + 8, length);
            at += length + 12;
        }
        data.Position = 0;
        using MemoryStream rows = new();
        using (ZLibStream zlib = new(data, CompressionMode.Decompress))
            zlib.CopyTo(rows);
        return [.. rows.ToArray().Chunk(1 + 3 * width).SelectMany(row => row[1..])];
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint[] table = [.. Enumerable.Range(0, 256).Select(n => Enumerable.Range(0, 8).Aggregate((uint)n, (c, _) => (c & 1) != 0 ? 0xEDB88320 ^ c >> 1 : c >> 1))];
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
            crc = table[(byte)(crc ^ b)] ^ crc >> 8;
        return ~crc;
    }

    private void TextMode()
    {
        VgaStandardMode.Text80x25.Apply(_bench.Vga.Core);
        byte[] font = new byte[4096];
        font.AsSpan('A' * 16, 16).Fill(0x81);
        font.AsSpan(0xC4 * 16, 16).Fill(0x81);
        VgaStandardMode.LoadFont(_bench.Vga.Core, font, 16);
        for (ulong cell = 0; cell < 2000; cell++)
            _bench.Poke(0xB8000 + 2 * cell, (byte)' ', 0x07);
    }

    private void ModeX()
    {
        VgaStandardMode.Linear320x200.Apply(_bench.Vga.Core);
        _bench.Indexed(0x3C4, 4, 0x06);
        _bench.Indexed(0x3D4, 0x14, 0x00);
        _bench.Indexed(0x3D4, 0x17, 0xE3);
        _bench.Indexed(0x3D4, 0x11, 0x0E);
    }

    private void Print(int column, int row, string text)
    {
        for (int i = 0; i < text.Length; i++)
            _bench.Poke((ulong)(0xB8000 + 2 * (80 * row + column + i)), (byte)text[i]);
    }

    private void Cursor(int cell)
    {
        _bench.Indexed(0x3D4, 0x0E, cell >> 8);
        _bench.Indexed(0x3D4, 0x0F, cell & 0xFF);
    }
}
