using Emu.Devices.Display;
using Emu.Machine;
using Xunit;

namespace Emu.Guests.Tests;

public sealed class InstallerTests
{
    private const string Files = "/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/";

    /// <summary>The colour of the bar on the selected entry, and the size of a character.</summary>
    private const uint Bar = 0xAA0000, ColourBits = 0xFFFFFF;
    private const int CharacterWidth = 8, CharacterHeight = 16, LeastBarWidth = 200;

    // The installer loads the kernel's driver for the display and draws its own letters. What the picture says can still be told: the bar is on
    // "English - English", and after one key down on "Esperanto - Esperanto", the same letters on both sides.
    [GuestFact("debian-installer-12-netboot-amd64", Files + "linux", isLong: true)]
    public void The_Debian_installer_asks_for_a_language_and_follows_the_keyboard()
    {
        using Guest guest = new(new MachineConfiguration
        {
            // With less it asks nothing and goes on in English.
            Memory = 1024 << 20,
            Kernel = new KernelConfiguration { Path = Files + "linux", Initrd = Files + "initrd.gz", CommandLine = "vga=normal" },
        });
        DisplayRectangle english = WaitForBar(guest, _ => true);
        Assert.Equal("English".Length, LettersOnBothSides(guest.Picture, english));
        guest.Press("down");
        DisplayRectangle next = WaitForBar(guest, bar => bar.Y != english.Y);
        Assert.Equal(english.Y + CharacterHeight, next.Y);
        Assert.Equal("Esperanto".Length, LettersOnBothSides(guest.Picture, next));
    }

    /// <summary>Waits for the bar at a place, complete.</summary>
    private static DisplayRectangle WaitForBar(Guest guest, Predicate<DisplayRectangle> condition)
    {
        DisplayRectangle bar = default;
        guest.WaitForPicture(picture =>
        {
            bar = FindBar(picture);
            return bar.Width >= LeastBarWidth && bar.Height == CharacterHeight && condition(bar);
        });
        return bar;
    }

    /// <summary>The smallest rectangle with everything that has the bar's colour as background: on the bar's last line there are no letters.</summary>
    private static DisplayRectangle FindBar(DisplayFrame picture)
    {
        int left = int.MaxValue, right = 0, top = int.MaxValue, bottom = 0;
        for (int y = 0; y < picture.Height; y++)
        {
            // The title of the dialog has letters of this colour; only a long run is the bar.
            ReadOnlySpan<uint> row = picture.Row(y);
            int first = -1, last = -1, count = 0;
            for (int x = 0; x < row.Length; x++)
            {
                if ((row[x] & ColourBits) != Bar) continue;
                if (first < 0) first = x;
                last = x;
                count++;
            }

            if (count < LeastBarWidth) continue;
            (left, right, top, bottom) = (Math.Min(left, first), Math.Max(right, last), Math.Min(top, y), y);
        }

        return right == 0 ? default : new DisplayRectangle(left, top, right - left + 1, bottom - top + 1);
    }

    /// <summary>How many letters the first word on the bar has, which must be there once more, letter for letter.</summary>
    private static int LettersOnBothSides(DisplayFrame picture, DisplayRectangle bar)
    {
        string[] cells = [.. Enumerable.Range(0, bar.Width / CharacterWidth).Select(i => Cell(picture, bar.X + (i * CharacterWidth), bar.Y))];
        int letters = Array.FindIndex(cells, IsBlank);
        int again = Array.FindLastIndex(cells, c => !IsBlank(c)) - letters + 1;
        Assert.InRange(again, letters + 1, cells.Length);
        Assert.Equal(cells[..letters], cells[again..(again + letters)]);
        return letters;
    }

    private static bool IsBlank(string cell) => !cell.Contains('#', StringComparison.Ordinal);

    private static string Cell(DisplayFrame picture, int left, int top) => string.Concat(
        Enumerable.Range(0, CharacterHeight).SelectMany(y => Enumerable.Range(0, CharacterWidth).Select(x => (picture[left + x, top + y] & ColourBits) == Bar ? '.' : '#')));
}
