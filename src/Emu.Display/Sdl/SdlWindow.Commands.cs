using Emu.Devices.Input;
using Emu.Display.Consoles;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <content>What the keys with Ctrl and Alt do, and the size of the window.</content>
public sealed partial class SdlWindow
{
    private const int LargestZoom = 8;

    private void AddCommands()
    {
        WindowCommand[] all =
        [
            new(KeyCode.F, "F", "full screen", ToggleFullScreen),
            new(KeyCode.G, "G", "give the mouse to the guest, or take it back", () => input.SetGrab(!input.IsGrabbed && screens[shown] == screens[0])),
            new(KeyCode.S, "S", "scaling: whole multiples, or smooth", ToggleScaling),
            new(KeyCode.Equal, "+", "larger", () => Zoom(zoom + 1)),
            new(KeyCode.Minus, "-", "smaller", () => Zoom(zoom - 1)),
            new(KeyCode.U, "U", "the window as large as the picture", () => Zoom(1)),
            new(KeyCode.P, "P", "pause, and go on", commands.TogglePause),
            new(KeyCode.R, "R", "reset", commands.Reset),
            new(KeyCode.B, "B", "power button", commands.PressPowerButton),
            new(KeyCode.I, "I", "image of the screen as PNG", () => commands.SaveScreenshot(Tell)),
            new(KeyCode.C, "C", "change the CD (or drop a file on the window)", ChangeDisc),
            new(KeyCode.Q, "Q", "quit at once", commands.Quit),
            new(KeyCode.H, "H", "this list", ToggleHelp),
        ];
        foreach (WindowCommand command in all) input.Commands.Add(command.Key, command);
        if (Find(VirtualConsole.StepperTitle) >= 0) input.Commands.Add(KeyCode.T, new WindowCommand(KeyCode.T, "T", "step through what the guest is doing", OpenStepper));
        for (int i = 0; i < Math.Min(screens.Count, 9); i++)
        {
            int index = i;
            KeyCode key = (KeyCode)((int)KeyCode.Digit1 + i);
            input.Commands.Add(key, new WindowCommand(key, (i + 1).ToString(), screens[i].Title, () => ShowScreen(index)));
        }
    }

    private void ToggleHelp()
    {
        if (help.IsVisible) help.Forget();
        else help.Show(renderer, [$"{commands.Name}: press Ctrl and Alt with", "", .. input.Commands.Values.Select(c => $"  {c.Name,-3}{c.Help}")]);
        drawNeeded = true;
    }

    private void ToggleFullScreen()
    {
        fullScreen = !fullScreen;
        if (SDL_SetWindowFullscreen(window, fullScreen ? (uint)SDL_WindowFlags.SDL_WINDOW_FULLSCREEN_DESKTOP : 0) != 0) fullScreen = false;
        if (!fullScreen) FitWindow();
        drawNeeded = true;
    }

    private void ToggleScaling()
    {
        scaling = scaling == PictureScaling.Integer ? PictureScaling.Smooth : PictureScaling.Integer;
        Tell(scaling == PictureScaling.Integer ? "Whole multiples" : "Smooth");
        drawNeeded = true;
    }

    private void Zoom(int factor)
    {
        zoom = Math.Clamp(factor, 1, LargestZoom);
        if (fullScreen) ToggleFullScreen();
        SDL_RestoreWindow(window);
        FitWindow();
    }

    /// <summary>Opens the monitor with the words that change the disc, for the person to add a file name.</summary>
    private void ChangeDisc()
    {
        int monitor = Find(VirtualConsole.MonitorTitle);
        if (monitor < 0)
        {
            Tell("Drop a file on the window to put it into the CD drive.");
            return;
        }

        ShowScreen(monitor);
        screens[monitor].Input.Type(commands.DiscCommand());
    }

    /// <summary>Shows the stepping tool; a key is what it waits for to stop the guest.</summary>
    private void OpenStepper()
    {
        int stepper = Find(VirtualConsole.StepperTitle);
        if (shown == stepper) return;
        ShowScreen(stepper);
        if (commands.IsStepping) return;
        screens[stepper].Input.Type("\r");
    }

    private int Find(string screen) => screens.ToList().FindIndex(s => s.Title == screen);

    /// <summary>Makes the window as large as the picture, as long as it fits on the screen and the user has not made it fill the screen.</summary>
    private void FitWindow()
    {
        const SDL_WindowFlags leave = SDL_WindowFlags.SDL_WINDOW_MAXIMIZED | SDL_WindowFlags.SDL_WINDOW_FULLSCREEN_DESKTOP;
        if (fullScreen || ((SDL_WindowFlags)SDL_GetWindowFlags(window) & leave) != 0 || picture.Width == 0) return;
        double scale = PixelScale();
        (int width, int height) = Limit((int)Math.Ceiling(picture.Width * zoom / scale), (int)Math.Ceiling(picture.Height * zoom / scale), SDL_GetWindowDisplayIndex(window));
        SDL_SetWindowSize(window, width, height);
        KeepOnScreen(width, height);
        drawNeeded = true;
    }

    /// <summary>A window that has grown past the edge of its display moves back, where no window manager does that.</summary>
    private void KeepOnScreen(int width, int height)
    {
        SDL_GetWindowPosition(window, out int x, out int y);
        if (SDL_GetDisplayUsableBounds(Math.Max(0, SDL_GetWindowDisplayIndex(window)), out SDL_Rect bounds) != 0) return;
        int left = Math.Max(bounds.x, Math.Min(x, bounds.x + bounds.w - width)), top = Math.Max(bounds.y, Math.Min(y, bounds.y + bounds.h - height));
        if (left != x || top != y) SDL_SetWindowPosition(window, left, top);
    }

    /// <summary>A size of the same proportions that fits on a display.</summary>
    private static (int Width, int Height) Limit(int width, int height, int display)
    {
        if (SDL_GetDisplayUsableBounds(Math.Max(0, display), out SDL_Rect bounds) != 0 || (width <= bounds.w && height <= bounds.h)) return (width, height);
        double ratio = Math.Min((double)bounds.w / width, (double)bounds.h / height);
        return ((int)(width * ratio), (int)(height * ratio));
    }

    /// <summary>Dots of the screen in a unit of window coordinates: more than 1 on HiDPI displays.</summary>
    private double PixelScale()
    {
        SDL_GetWindowSize(window, out int units, out _);
        return units > 0 && SDL_GetRendererOutputSize(renderer, out int pixels, out _) == 0 ? Math.Max(1, (double)pixels / units) : 1;
    }

    private double ToPixels(int units) => units * PixelScale();
}
