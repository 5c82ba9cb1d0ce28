using System.Net.Sockets;
using System.Runtime.InteropServices;
using Emu.Devices.Display;
using Emu.Display.Screens;

namespace Emu.Display.Vnc;

/// <content>Sends pictures: what has changed since the last one, as soon as the client has asked for it.</content>
internal sealed partial class VncSession : IScreenViewer
{
    private const byte FramebufferUpdate = 0, SetColourMap = 1;
    private const int MostRectangles = 64;

    private readonly Lock gate = new();
    private readonly AutoResetEvent wanted = new(false);
    private readonly List<DisplayRectangle> dirty = [];
    private readonly List<byte> message = [];
    private IScreen screen;
    private IVncEncoder encoder;
    private ZrleEncoder? zrle;
    private VncPixelFormat format = VncPixelFormat.Native;
    private HashSet<VncEncoding> offered = [];
    private uint[] pixels = [];
    private int width;
    private int height;
    private bool requested;
    private bool all = true;
    private bool announceKeys;
    private bool announceMap;
    private bool? announcedAbsolute;
    private bool sizeChanged;

    /// <inheritdoc/>
    public void PictureChanged(DisplayFrame frame)
    {
        lock (gate)
        {
            if (frame.Resized || all) all = true;
            else dirty.AddRange(frame.Dirty);
            if (dirty.Count > MostRectangles)
            {
                DisplayRectangle union = dirty.Aggregate((a, b) => a.Union(b));
                dirty.Clear();
                dirty.Add(union);
            }
        }

        wanted.Set();
    }

    private void Show(int index)
    {
        if (index >= screens.Count || screens[index] == screen) return;
        screen.Picture.Detach(this);
        screen = screens[index];
        input.Use(screen.Input);
        lock (gate) all = true;
        screen.Picture.Attach(this);
        wanted.Set();
    }

    private bool SetFormat(VncPixelFormat? next)
    {
        if (next is not { } valid) return false;
        lock (gate)
        {
            format = valid;
            announceMap = valid.IsMapped;
        }

        return true;
    }

    private void SetEncodings(VncEncoding best, HashSet<VncEncoding> all)
    {
        lock (gate)
        {
            offered = all;
            announceKeys = all.Contains(VncEncoding.ExtendedKeyEvent);
            input.SendsMovements = all.Contains(VncEncoding.PointerMotionChange);
            announcedAbsolute = null;
            if (encoder.Encoding == best) return;
            // ZRLE's stream goes on through the whole connection: once made, it is kept.
            encoder = best switch
            {
                VncEncoding.Zrle => zrle ??= new ZrleEncoder(),
                VncEncoding.Hextile => new HextileEncoder(),
                _ => new RawEncoder(),
            };
        }
    }

    private void Request(bool incremental, DisplayRectangle area)
    {
        lock (gate)
        {
            requested = true;
            if (!incremental) dirty.Add(area);
        }

        wanted.Set();
    }

    private void Send()
    {
        try
        {
            while (Volatile.Read(ref disposed) == 0)
            {
                wanted.WaitOne();
                if (Compose()) stream.Send(CollectionsMarshal.AsSpan(message));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            Dispose();
        }
        finally
        {
            zrle?.Dispose();
        }
    }

    /// <summary>Builds an update if the client waits for one and there is something to say.</summary>
    private bool Compose()
    {
        List<DisplayRectangle> parts = [];
        int countAt = 0, count = 0;
        VncPixelFormat pixel = default;
        IVncEncoder? chosen = null;
        screen.Picture.Read(frame =>
        {
            lock (gate)
            {
                bool news = announceKeys || announceMap || (input.SendsMovements && announcedAbsolute != input.IsAbsolute);
                if (!requested || !(all || dirty.Count > 0 || news)) return;
                requested = false;
                Take(frame, parts);
                (pixel, chosen) = (format, encoder);
                message.Clear();
                if (announceMap) AddColourMap();
                message.Add(FramebufferUpdate);
                message.Add(0);
                countAt = message.Count;
                message.AddUInt16(0);
                count = AddAnnouncements();
            }
        });
        if (chosen == null) return false;
        // From here on nobody waits: painting goes on while this is encoded.
        foreach (DisplayRectangle part in parts)
        {
            AddHeader(part.X, part.Y, part.Width, part.Height, chosen.Encoding);
            chosen.Encode(new VncPixels(pixels, width), part.X, part.Y, part.Width, part.Height, pixel, message);
        }

        count += parts.Count;
        message[countAt] = (byte)(count >> 8);
        message[countAt + 1] = (byte)count;
        return true;
    }

    /// <summary>Copies what is to be sent.</summary>
    private void Take(DisplayFrame frame, List<DisplayRectangle> parts)
    {
        bool resized = frame.Width != width || frame.Height != height;
        if (resized && offered.Contains(VncEncoding.DesktopSize) && frame.Width > 0)
        {
            (width, height) = (frame.Width, frame.Height);
            sizeChanged = true;
            all = true;
        }

        if (pixels.Length < width * height) pixels = new uint[width * height];
        if (all)
        {
            dirty.Clear();
            dirty.Add(new DisplayRectangle(0, 0, width, height));
            // A client that cannot change its size sees the upper left part, or a border.
            if (resized) Array.Fill(pixels, 0xFF000000);
        }

        foreach (DisplayRectangle part in dirty)
        {
            int x = Math.Min(part.X, width), y = Math.Min(part.Y, height);
            DisplayRectangle inside = new(x, y, Math.Min(part.Width, width - x), Math.Min(part.Height, height - y));
            if (inside.Width <= 0 || inside.Height <= 0) continue;
            parts.Add(inside);
            int columns = Math.Min(inside.Width, frame.Width - x);
            for (int row = y; columns > 0 && row < Math.Min(y + inside.Height, frame.Height); row++) frame.Row(row).Slice(x, columns).CopyTo(pixels.AsSpan((row * width) + x));
        }

        dirty.Clear();
        all = false;
    }

    /// <summary>Rectangles that carry news instead of pixels.</summary>
    private int AddAnnouncements()
    {
        int count = 0;
        if (sizeChanged)
        {
            AddHeader(0, 0, width, height, VncEncoding.DesktopSize);
            sizeChanged = false;
            count++;
        }

        if (announceKeys)
        {
            AddHeader(0, 0, width, height, VncEncoding.ExtendedKeyEvent);
            announceKeys = false;
            count++;
        }

        if (input.SendsMovements && announcedAbsolute != input.IsAbsolute)
        {
            announcedAbsolute = input.IsAbsolute;
            AddHeader(announcedAbsolute == true ? 1 : 0, 0, width, height, VncEncoding.PointerMotionChange);
            count++;
        }

        return count;
    }

    private void AddHeader(int x, int y, int partWidth, int partHeight, VncEncoding encoding)
    {
        message.AddUInt16(x);
        message.AddUInt16(y);
        message.AddUInt16(partWidth);
        message.AddUInt16(partHeight);
        message.AddUInt32((uint)(int)encoding);
    }

    private void AddColourMap()
    {
        ushort[] map = VncPixelFormat.ColourMap();
        message.Add(SetColourMap);
        message.Add(0);
        message.AddUInt16(0);
        message.AddUInt16(map.Length / 3);
        foreach (ushort level in map) message.AddUInt16(level);
        announceMap = false;
    }
}
