using Emu.Devices.Display;
using Emu.Display.Consoles;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <summary>Text over the picture: a box of lines, drawn in whole multiples of the font's size.</summary>
internal sealed class WindowOverlay
{
    private const int Margin = 12;
    private const byte Ink = 15, Paper = 4;

    private nint texture;
    private int width;
    private int height;

    /// <summary>Something is shown.</summary>
    public bool IsVisible { get; private set; }

    /// <summary>Shows lines, or nothing.</summary>
    public void Show(nint renderer, params IReadOnlyList<string> lines)
    {
        Forget();
        IsVisible = lines.Count > 0;
        if (!IsVisible) return;
        width = (lines.Max(l => l.Length) * ConsoleFont.Width) + (2 * Margin);
        height = (lines.Count * ConsoleFont.Height) + (2 * Margin);
        DisplayFrame frame = new();
        frame.Begin(width, height);
        uint[] row = new uint[width];
        for (int y = 0; y < height; y++)
        {
            row.AsSpan().Fill(TextPainter.Palette[Paper]);
            int line = (y - Margin) / ConsoleFont.Height;
            if (y >= Margin && line < lines.Count) TextPainter.DrawRow(TextPainter.Cells(lines[line], Ink, Paper), (y - Margin) % ConsoleFont.Height, -1, row.AsSpan(Margin));
            frame.SetRow(y, row);
        }

        texture = SDL_CreateTexture(renderer, SDL_PIXELFORMAT_ARGB8888, (int)SDL_TextureAccess.SDL_TEXTUREACCESS_STATIC, width, height);
        SDL_SetTextureScaleMode(texture, SDL_ScaleMode.SDL_ScaleModeNearest);
        Fill(frame);
    }

    /// <summary>Draws it in the middle or at the lower edge of the window.</summary>
    public void Draw(nint renderer, int windowWidth, int windowHeight, int scale, bool centred)
    {
        if (!IsVisible || texture == 0) return;
        int factor = Math.Max(1, Math.Min(scale, Math.Min(windowWidth / width, windowHeight / height)));
        SDL_Rect target = new() { w = width * factor, h = height * factor };
        target.x = Math.Max(0, (windowWidth - target.w) / 2);
        target.y = Math.Max(0, centred ? (windowHeight - target.h) / 2 : windowHeight - target.h);
        SDL_RenderCopy(renderer, texture, 0, ref target);
    }

    /// <summary>Gives the texture back.</summary>
    public void Forget()
    {
        if (texture != 0) SDL_DestroyTexture(texture);
        texture = 0;
        IsVisible = false;
    }

    private unsafe void Fill(DisplayFrame frame)
    {
        fixed (uint* pixels = frame.Pixels)
        {
            SDL_Rect all = new() { w = width, h = height };
            SDL_UpdateTexture(texture, ref all, (nint)pixels, width * sizeof(uint));
        }
    }
}
