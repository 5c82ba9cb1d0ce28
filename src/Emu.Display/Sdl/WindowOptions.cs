namespace Emu.Display.Sdl;

/// <summary>Choices for the window.</summary>
public sealed record WindowOptions
{
    /// <summary>Start in full screen.</summary>
    public bool FullScreen { get; init; }

    /// <summary>How the picture fills the window.</summary>
    public PictureScaling Scaling { get; init; } = PictureScaling.Integer;

    /// <summary>Size of a guest dot in dots of the screen, 1 to 8.</summary>
    public int Zoom { get; init; } = 1;

    /// <summary>Show the host's mouse pointer although the guest draws one.</summary>
    public bool ShowCursor { get; init; }

    /// <summary>Closing the window asks the guest to switch itself off; else the window cannot be closed.</summary>
    public bool CanClose { get; init; } = true;
}
