using System.Numerics;

namespace Emu.Devices.Display;

/// <summary>A rectangle of pixels.</summary>
public readonly record struct DisplayRectangle(int X, int Y, int Width, int Height)
{
    /// <summary>The smallest rectangle that contains both.</summary>
    public DisplayRectangle Union(DisplayRectangle other)
    {
        int left = Math.Min(X, other.X), top = Math.Min(Y, other.Y);
        return new(left, top, Math.Max(X + Width, other.X + other.Width) - left, Math.Max(Y + Height, other.Y + other.Height) - top);
    }
}

/// <summary>A picture: 32-bit pixels in rows from the top, each 0xFFRRGGBB (bytes B, G, R, A in memory).</summary>
public sealed class DisplayFrame
{
    private readonly List<DisplayRectangle> _dirty = [];
    private uint[] _pixels = [];

    /// <summary>Pixels a row.</summary>
    public int Width { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>True when the last update changed the size; everything is dirty then.</summary>
    public bool Resized { get; private set; }

    /// <summary>What the last update changed.</summary>
    public IReadOnlyList<DisplayRectangle> Dirty => _dirty;

    /// <summary>All pixels, row by row without padding.</summary>
    public ReadOnlySpan<uint> Pixels => _pixels.AsSpan(0, Width * Height);

    /// <summary>One row.</summary>
    public ReadOnlySpan<uint> Row(int y) => _pixels.AsSpan(y * Width, Width);

    /// <summary>The pixel at a place.</summary>
    public uint this[int x, int y] => _pixels[y * Width + x];

    /// <summary>Begins an update: forgets the old dirty rectangles and takes the size.</summary>
    public void Begin(int width, int height)
    {
        _dirty.Clear();
        Resized = width != Width || height != Height;
        if (!Resized)
            return;
        Width = width;
        Height = height;
        if (_pixels.Length < width * height)
            _pixels = new uint[width * height];
        Array.Clear(_pixels);
        if (width > 0 && height > 0)
            _dirty.Add(new DisplayRectangle(0, 0, width, height));
    }

    /// <summary>Replaces a row and notes the part that differs.</summary>
    public void SetRow(int y, ReadOnlySpan<uint> pixels)
    {
        Span<uint> row = _pixels.AsSpan(y * Width, Width);
        int first = row.CommonPrefixLength(pixels);
        if (first == Width)
            return;
        int last = LastDifference(row, pixels);
        pixels[first..(last + 1)].CopyTo(row[first..]);
        if (!Resized)
            AddDirty(new DisplayRectangle(first, y, last - first + 1, 1));
    }

    private static int LastDifference(ReadOnlySpan<uint> a, ReadOnlySpan<uint> b)
    {
        int end = a.Length;
        while (end >= Vector<uint>.Count && new Vector<uint>(a[(end - Vector<uint>.Count)..]) == new Vector<uint>(b[(end - Vector<uint>.Count)..]))
            end -= Vector<uint>.Count;
        while (a[end - 1] == b[end - 1])
            end--;
        return end - 1;
    }

    /// <summary>Rows that follow one another become one rectangle.</summary>
    private void AddDirty(DisplayRectangle row)
    {
        if (_dirty.Count > 0 && _dirty[^1] is var previous && previous.Y + previous.Height == row.Y)
            _dirty[^1] = previous.Union(row);
        else
            _dirty.Add(row);
    }
}

/// <summary>
/// Something that makes a picture. Its pictures go to whoever shows them in two steps, so that the guest does not wait while pixels are
/// converted: <see cref="Latch"/> on the machine's thread, then <see cref="Paint"/> anywhere.
/// </summary>
public interface IDisplaySource
{
    /// <summary>
    /// Takes note of the registers and of what was written since the last call. On the machine's thread, and not while
    /// <see cref="Paint"/> runs.
    /// </summary>
    /// <returns>Whether there may be something new to paint.</returns>
    bool Latch();

    /// <summary>
    /// Draws what <see cref="Latch"/> noted, on any one thread. The frame stays the same object and is valid until the next call; its dirty
    /// rectangles cover what changed since the last call.
    /// </summary>
    DisplayFrame Paint();

    /// <summary>Both steps on the machine's thread.</summary>
    DisplayFrame Update();

    /// <summary>A picture of its own for the caller, complete, without any effect on what the others report. On the machine's thread.</summary>
    DisplayFrame Capture();

    /// <summary>The rows of a text mode as Unicode, without trailing blanks; empty in a graphics mode. On the machine's thread.</summary>
    string[] ReadText();
}
