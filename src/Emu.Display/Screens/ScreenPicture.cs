using Emu.Devices.Display;

namespace Emu.Display.Screens;

/// <summary>Somebody who shows a picture: the window, a VNC client.</summary>
public interface IScreenViewer
{
    /// <summary>
    /// The picture has changed where its dirty rectangles say. Called on the painting thread with the picture locked: note it, copy at most,
    /// and return.
    /// </summary>
    void PictureChanged(DisplayFrame frame);
}

/// <summary>A picture that one thread paints and any number of viewers show, each at its own pace.</summary>
public sealed class ScreenPicture
{
    private readonly Lock gate = new();
    private IScreenViewer[] viewers = [];
    private DisplayFrame frame = new();

    /// <summary>Raised when a viewer comes or goes.</summary>
    public event Action? ViewersChanged;

    /// <summary>Somebody is looking.</summary>
    public bool IsWatched => Volatile.Read(ref viewers).Length > 0;

    /// <summary>Adds a viewer; it has to read the whole picture first.</summary>
    public void Attach(IScreenViewer viewer)
    {
        lock (gate) viewers = [.. viewers, viewer];
        ViewersChanged?.Invoke();
    }

    /// <summary>Removes a viewer. No call reaches it afterwards.</summary>
    public void Detach(IScreenViewer viewer)
    {
        lock (gate) viewers = [.. viewers.Where(v => v != viewer)];
        ViewersChanged?.Invoke();
    }

    /// <summary>Looks at the picture while nobody paints.</summary>
    public void Read(Action<DisplayFrame> action)
    {
        lock (gate) action(frame);
    }

    /// <summary>Paints: <paramref name="paint"/> brings the frame up to date, and viewers are told what has changed.</summary>
    /// <returns>Whether anything has changed.</returns>
    public bool Paint(Func<DisplayFrame> paint)
    {
        lock (gate)
        {
            frame = paint();
            if (frame.Dirty.Count == 0) return false;
            foreach (IScreenViewer viewer in viewers) viewer.PictureChanged(frame);
            return true;
        }
    }
}
