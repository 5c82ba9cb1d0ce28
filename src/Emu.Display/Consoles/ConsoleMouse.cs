using System.Globalization;
using Emu.Devices.Input;

namespace Emu.Display.Consoles;

/// <summary>Makes xterm's SGR mouse reports of what the mouse does over a console.</summary>
/// <param name="columns">Columns of the console.</param>
/// <param name="rows">Its rows.</param>
internal sealed class ConsoleMouse(int columns, int rows)
{
    private const int LeftButton = 0, MiddleButton = 1, RightButton = 2, WheelUp = 64, WheelDown = 65;

    private static readonly (PointerButtons Button, int Code)[] Codes = [(PointerButtons.Left, LeftButton), (PointerButtons.Middle, MiddleButton), (PointerButtons.Right, RightButton)];

    private PointerButtons held;
    private int column;
    private int row;

    /// <summary>The pointer is somewhere, 0 to 1 in both directions.</summary>
    public void Place(double x, double y)
    {
        column = Math.Clamp((int)(x * columns), 0, columns - 1);
        row = Math.Clamp((int)(y * rows), 0, rows - 1);
    }

    /// <summary>What buttons that go down or up report.</summary>
    public string Press(PointerButtons buttons)
    {
        string reports = "";
        foreach ((PointerButtons button, int code) in Codes)
        {
            bool now = (buttons & button) != 0;
            if (now != ((held & button) != 0)) reports += Report(code, now);
        }

        held = buttons;
        return reports;
    }

    /// <summary>What the wheel reports, turned towards the user by a number of notches.</summary>
    public string Wheel(int towards) => string.Concat(Enumerable.Repeat(Report(towards > 0 ? WheelDown : WheelUp, pressed: true), Math.Abs(towards)));

    private string Report(int code, bool pressed) => string.Create(CultureInfo.InvariantCulture, $"\e[<{code};{column + 1};{row + 1}{(pressed ? 'M' : 'm')}");
}
