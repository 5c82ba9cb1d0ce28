using Emu.Devices.Display;
using Emu.Display.Screens;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <summary>The texture with what a screen shows. Only rectangles that changed are handed to the graphics card.</summary>
internal sealed class WindowPicture(Action changed) : IScreenViewer
{
    private const int MaxRectangles = 32;

    private readonly Lock gate = new();
    private readonly List<DisplayRectangle> dirty = [];
    private bool all = true;
    private ScreenPicture? picture;
    private nint texture;
    private bool smooth;

    /// <summary>Width of the picture in dots.</summary>
    public int Width { get; private set; }

    /// <summary>Height of the picture in dots.</summary>
    public int Height { get; private set; }

    /// <inheritdoc/>
    public void PictureChanged(DisplayFrame frame)
    {
        lock (gate)
        {
            if (frame.Resized || all) all = true;
            else dirty.AddRange(frame.Dirty);
            if (dirty.Count > MaxRectangles)
            {
                DisplayRectangle union = dirty.Aggregate((a, b) => a.Union(b));
                dirty.Clear();
                dirty.Add(union);
            }
        }

        changed();
    }

    /// <summary>Shows another screen.</summary>
    public void Show(ScreenPicture? next)
    {
        picture?.Detach(this);
        picture = next;
        lock (gate) all = true;
        next?.Attach(this);
        changed();
    }

    /// <summary>The texture is gone; makes it anew next time.</summary>
    public void Forget()
    {
        if (texture != 0) SDL_DestroyTexture(texture);
        texture = 0;
        lock (gate) all = true;
    }

    /// <summary>Brings the texture up to date.</summary>
    /// <returns>Whether the picture has another size than before.</returns>
    public bool Upload(nint renderer)
    {
        bool resized = false;
        picture?.Read(frame =>
        {
            lock (gate)
            {
                if (frame.Width == 0 || frame.Height == 0) return;
                if (texture == 0 || frame.Width != Width || frame.Height != Height)
                {
                    resized = true;
                    Create(renderer, frame.Width, frame.Height);
                }

                if (all) Update(frame, new DisplayRectangle(0, 0, Width, Height));
                else foreach (DisplayRectangle rectangle in dirty) Update(frame, rectangle);
                all = false;
                dirty.Clear();
            }
        });
        return resized;
    }

    /// <summary>Draws it.</summary>
    public void Draw(nint renderer, PictureLayout layout)
    {
        if (texture == 0) return;
        if (smooth != layout.IsSmooth)
        {
            smooth = layout.IsSmooth;
            SDL_SetTextureScaleMode(texture, smooth ? SDL_ScaleMode.SDL_ScaleModeLinear : SDL_ScaleMode.SDL_ScaleModeNearest);
        }

        SDL_Rect target = new() { x = layout.X, y = layout.Y, w = layout.Width, h = layout.Height };
        SDL_RenderCopy(renderer, texture, 0, ref target);
    }

    private void Create(nint renderer, int width, int height)
    {
        if (texture != 0) SDL_DestroyTexture(texture);
        (Width, Height, all, smooth) = (width, height, true, false);
        // Dots are opaque; a format that says so is copied to the screen's without looking at each.
        texture = SDL_CreateTexture(renderer, SDL_PIXELFORMAT_RGB888, (int)SDL_TextureAccess.SDL_TEXTUREACCESS_STREAMING, width, height);
        if (texture == 0) throw new SdlException($"a picture of {width}x{height} dots cannot be shown: {SDL_GetError()}");
        SDL_SetTextureScaleMode(texture, SDL_ScaleMode.SDL_ScaleModeNearest);
        SDL_SetTextureBlendMode(texture, SDL_BlendMode.SDL_BLENDMODE_NONE);
    }

    private unsafe void Update(DisplayFrame frame, DisplayRectangle part)
    {
        fixed (uint* first = frame.Row(part.Y)[part.X..])
        {
            SDL_Rect rectangle = new() { x = part.X, y = part.Y, w = part.Width, h = part.Height };
            SDL_UpdateTexture(texture, ref rectangle, (nint)first, frame.Width * sizeof(uint));
        }
    }
}
