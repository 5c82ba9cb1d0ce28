namespace Emu.Display.Sdl;

/// <summary>How a picture that does not have the window's size is fitted into it.</summary>
public enum PictureScaling
{
    /// <summary>Whole multiples with sharp dots and a border around; smooth only where the window is smaller than the picture.</summary>
    Integer,

    /// <summary>As large as fits, interpolated.</summary>
    Smooth,
}

/// <summary>Where in the window the picture is, in pixels of the screen.</summary>
/// <param name="X">Left edge.</param>
/// <param name="Y">Top edge.</param>
/// <param name="Width">Width.</param>
/// <param name="Height">Height.</param>
/// <param name="IsSmooth">Dots have to be interpolated.</param>
public readonly record struct PictureLayout(int X, int Y, int Width, int Height, bool IsSmooth)
{
    /// <summary>Fits a picture into a window, in the middle and undistorted.</summary>
    public static PictureLayout Fit(int windowWidth, int windowHeight, int width, int height, PictureScaling scaling)
    {
        if (width <= 0 || height <= 0) return default;
        int factor = Math.Min(windowWidth / width, windowHeight / height);
        int fittedWidth, fittedHeight;
        bool smooth = scaling == PictureScaling.Smooth || factor < 1;
        if (smooth)
        {
            double ratio = Math.Min((double)windowWidth / width, (double)windowHeight / height);
            fittedWidth = Math.Max(1, (int)Math.Round(width * ratio));
            fittedHeight = Math.Max(1, (int)Math.Round(height * ratio));
            smooth = fittedWidth % width != 0 || fittedHeight % height != 0;
        }
        else
        {
            fittedWidth = width * factor;
            fittedHeight = height * factor;
        }

        return new PictureLayout((windowWidth - fittedWidth) / 2, (windowHeight - fittedHeight) / 2, fittedWidth, fittedHeight, smooth);
    }

    /// <summary>Nothing of a window of this size is left free.</summary>
    public bool Covers(int windowWidth, int windowHeight) => X <= 0 && Y <= 0 && X + Width >= windowWidth && Y + Height >= windowHeight;

    /// <summary>A place in the window as a place in the picture: 0 to 1 in both directions, at the edge for places outside.</summary>
    public (double X, double Y) ToPicture(double x, double y) =>
        (Share(x - X, Width), Share(y - Y, Height));

    /// <summary>The middle of the first dot is 0 and of the last one 1, so that both edges can be reached.</summary>
    private static double Share(double at, int size) => size <= 1 ? 0 : Math.Clamp(at / (size - 1), 0, 1);
}
