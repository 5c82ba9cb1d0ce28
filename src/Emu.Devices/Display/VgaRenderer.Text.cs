using System.Text;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <content>The screen as text.</content>
public sealed partial class VgaRenderer
{
    // Code page 437, the character set of the VGA's own fonts.
    private const string CodePage437Low = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
    private const string CodePage437High =
        "⌂ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

    /// <inheritdoc/>
    public string[] ReadText()
    {
        VgaMode mode = new(_vga);
        if (mode.Format != VgaFormat.Text)
            return [];
        int cellHeight = (mode.MaximumScanLine + 1) * (mode.DoubleScan ? 2 : 1);
        int rows = mode.Height / cellHeight;
        string[] text = new string[rows];
        StringBuilder row = new();
        for (int y = 0; y < rows; y++)
        {
            row.Clear();
            VgaScanLine line = new(mode.Start + y * mode.Pitch, 0, 0);
            for (int column = 0; column < mode.Columns; column++)
                row.Append(ToUnicode((byte)VgaScanLine.ReadWord(_vram, line.WordAddress(mode, column))));
            text[y] = row.ToString().TrimEnd();
        }
        return text;
    }

    /// <summary>Column and row of the cursor in a text mode, or null where it is off or outside the screen.</summary>
    public (int Column, int Row)? ReadCursor()
    {
        VgaMode mode = new(_vga);
        ReadOnlySpan<byte> crtc = _vga.CrtcRegisters;
        if (mode.Format != VgaFormat.Text || mode.Pitch == 0 || (crtc[Crtc.CursorStart] & Crtc.CursorOff) != 0)
            return null;
        int cell = (crtc[Crtc.CursorHigh] << 8 | crtc[Crtc.CursorLow]) - mode.Start;
        int rows = mode.Height / ((mode.MaximumScanLine + 1) * (mode.DoubleScan ? 2 : 1));
        return cell >= 0 && cell / mode.Pitch < rows && cell % mode.Pitch < mode.Columns ? (cell % mode.Pitch, cell / mode.Pitch) : null;
    }

    private static char ToUnicode(byte character) => character switch
    {
        < 0x20 => CodePage437Low[character],
        < 0x7F => (char)character,
        _ => CodePage437High[character - 0x7F],
    };
}
