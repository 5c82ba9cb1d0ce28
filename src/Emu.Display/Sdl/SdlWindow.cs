using System.Diagnostics;
using Emu.Display.Keyboard;
using Emu.Display.Screens;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <summary>
/// The window on the host's desktop. SDL belongs to one thread, the process's first one: create it and call <see cref="Run"/> there.
/// </summary>
public sealed partial class SdlWindow : IDisposable
{
    private const int EventWaitMilliseconds = 100;
    private const int SmallestWidth = 160, SmallestHeight = 100;
    private const int FirstWidth = 720, FirstHeight = 400;

    private static readonly TimeSpan NoticeTime = TimeSpan.FromSeconds(4);

    private readonly WindowOptions options;
    private readonly IReadOnlyList<IScreen> screens;
    private readonly GuestCommands commands;
    private readonly nint window;
    private readonly nint renderer;
    private readonly uint changedEvent;
    private readonly WindowPicture picture;
    private readonly WindowInput input;
    private readonly WindowOverlay help = new();
    private readonly WindowOverlay notice = new();
    private readonly WindowTitle title;
    private PictureScaling scaling;
    private PictureLayout layout;
    private int zoom;
    private int shown = -1;
    private bool fullScreen;
    private bool drawNeeded = true;
    private int changedPending;
    private volatile bool ended;
    private bool closing;
    private long noticeUntil;
    private volatile string? newNotice;
    private volatile bool guestWanted;

    /// <summary>Opens the window.</summary>
    /// <param name="options">Choices.</param>
    /// <param name="screens">What can be shown; the first one is.</param>
    /// <param name="commands">What the keys with Ctrl and Alt do to the machine.</param>
    /// <param name="keyboard">Layout for keys whose place the host does not know.</param>
    /// <exception cref="SdlException">SDL is missing, or there is no display.</exception>
    public SdlWindow(WindowOptions options, IReadOnlyList<IScreen> screens, GuestCommands commands, KeyboardLayout keyboard)
    {
        if (!SdlLibrary.IsAvailable) throw new SdlException(SdlLibrary.Hint);
        SDL_GetVersion(out SDL_version version);
        // The newest functions used came with 2.0.16.
        if (version is { major: 2, minor: 0, patch: < 16 }) throw new SdlException($"SDL 2.0.{version.patch} is too old for the window; 2.0.16 or newer is needed");
        this.options = options;
        this.screens = screens;
        this.commands = commands;
        scaling = options.Scaling;
        zoom = options.Zoom;
        // Ctrl-C in the terminal is handled elsewhere, and a game's privileges are not wanted.
        SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
        SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
        SDL_SetHint(SDL_HINT_GRAB_KEYBOARD, "1");
        SDL_SetHint(SDL_HINT_WINDOWS_DPI_SCALING, "1");
        if (SDL_Init(SDL_INIT_VIDEO) != 0) throw new SdlException($"no window can be opened: {SDL_GetError()}");
        CheckDriver();
        SDL_EnableScreenSaver();
        (int width, int height) = Limit(FirstWidth * zoom, FirstHeight * zoom, display: 0);
        window = SDL_CreateWindow(commands.Name, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, width, height,
            SDL_WindowFlags.SDL_WINDOW_SHOWN | SDL_WindowFlags.SDL_WINDOW_RESIZABLE | SDL_WindowFlags.SDL_WINDOW_ALLOW_HIGHDPI);
        if (window == 0) throw Failure("no window can be opened");
        renderer = WindowRenderer.Create(window);
        if (renderer == 0) throw Failure("nothing can be drawn in a window");
        SDL_SetWindowMinimumSize(window, SmallestWidth, SmallestHeight);
        changedEvent = SDL_RegisterEvents(1);
        picture = new WindowPicture(Wake);
        input = new WindowInput(window, keyboard, options.ShowCursor, screens[0].Input);
        input.GrabChanged += UpdateTitle;
        title = new WindowTitle(commands);
        AddCommands();
        ShowScreen(0);
        if (options.FullScreen) ToggleFullScreen();
    }

    /// <summary>Shows the window until <see cref="End"/> is called.</summary>
    public void Run()
    {
        while (!ended)
        {
            if (SDL_WaitEventTimeout(out SDL_Event first, EventWaitMilliseconds) != 0)
            {
                Handle(first);
                while (SDL_PollEvent(out SDL_Event next) != 0) Handle(next);
            }

            ShowNotices();
            if (guestWanted)
            {
                guestWanted = false;
                ShowScreen(0);
            }

            if (title.IsDue) UpdateTitle();
            if (drawNeeded) Draw();
        }
    }

    /// <summary>Closes the window; from any thread.</summary>
    public void End()
    {
        ended = true;
        Wake();
    }

    /// <summary>Shows a line at the lower edge for a while; from any thread.</summary>
    public void Tell(string text)
    {
        newNotice = text;
        Wake();
    }

    /// <summary>Shows the guest again, in place of a console; from any thread.</summary>
    public void ShowGuest()
    {
        guestWanted = true;
        Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        picture.Show(null);
        picture.Forget();
        help.Forget();
        notice.Forget();
        SDL_DestroyRenderer(renderer);
        SDL_DestroyWindow(window);
        SDL_Quit();
    }

    /// <summary>Without a display SDL draws where nobody sees it; that is only wanted by those who ask for it.</summary>
    private static void CheckDriver()
    {
        string driver = SDL_GetCurrentVideoDriver();
        if (driver is not ("dummy" or "offscreen" or "evdev") || Environment.GetEnvironmentVariable("SDL_VIDEODRIVER") is { Length: > 0 }) return;
        string display = Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 } name ? $"the display {name} cannot be opened" : "there is no display (DISPLAY and WAYLAND_DISPLAY are not set)";
        SDL_Quit();
        throw new SdlException($"no window can be opened: {display}");
    }

    private static SdlException Failure(string what)
    {
        SdlException failure = new($"{what}: {SDL_GetError()}");
        SDL_Quit();
        return failure;
    }

    /// <summary>Gets the window's thread out of waiting. One event is enough until it has looked.</summary>
    private void Wake()
    {
        if (Interlocked.Exchange(ref changedPending, 1) != 0) return;
        SDL_Event wake = new() { type = (SDL_EventType)changedEvent };
        SDL_PushEvent(ref wake);
    }

    private void Handle(in SDL_Event e)
    {
        switch (e.type)
        {
            case SDL_EventType.SDL_QUIT:
                Close();
                break;
            case SDL_EventType.SDL_WINDOWEVENT:
                HandleWindow(e.window);
                break;
            case SDL_EventType.SDL_KEYDOWN or SDL_EventType.SDL_KEYUP:
                input.Key(e.key);
                break;
            case SDL_EventType.SDL_TEXTINPUT:
                input.Text(e.text);
                break;
            case SDL_EventType.SDL_MOUSEMOTION:
                input.Motion(e.motion, layout.ToPicture(ToPixels(e.motion.x), ToPixels(e.motion.y)));
                break;
            case SDL_EventType.SDL_MOUSEBUTTONDOWN or SDL_EventType.SDL_MOUSEBUTTONUP:
                input.Button(e.button);
                break;
            case SDL_EventType.SDL_MOUSEWHEEL:
                input.Wheel(e.wheel);
                break;
            case SDL_EventType.SDL_DROPFILE:
                commands.InsertDisc(UTF8_ToManaged(e.drop.file, freePtr: true), Tell);
                break;
            case SDL_EventType.SDL_RENDER_TARGETS_RESET or SDL_EventType.SDL_RENDER_DEVICE_RESET:
                picture.Forget();
                drawNeeded = true;
                break;
            default:
                if ((uint)e.type != changedEvent) break;
                Volatile.Write(ref changedPending, 0);
                drawNeeded = true;
                break;
        }
    }

    private void HandleWindow(in SDL_WindowEvent e)
    {
        switch (e.windowEvent)
        {
            case SDL_WindowEventID.SDL_WINDOWEVENT_EXPOSED or SDL_WindowEventID.SDL_WINDOWEVENT_SIZE_CHANGED:
                drawNeeded = true;
                break;
            case SDL_WindowEventID.SDL_WINDOWEVENT_FOCUS_LOST:
                input.LoseFocus();
                break;
        }
    }

    /// <summary>First the guest gets a chance to switch itself off.</summary>
    private void Close()
    {
        if (!options.CanClose)
        {
            Tell("This window cannot be closed (window-close=off).");
            return;
        }

        if (closing)
        {
            commands.Quit();
            return;
        }

        closing = true;
        commands.PressPowerButton();
        Tell("The guest has been asked to switch itself off. Close once more to end it at once.");
    }

    private void ShowNotices()
    {
        if (newNotice is { } text)
        {
            newNotice = null;
            notice.Show(renderer, text);
            noticeUntil = Stopwatch.GetTimestamp() + (long)(NoticeTime.TotalSeconds * Stopwatch.Frequency);
            drawNeeded = true;
        }
        else if (notice.IsVisible && Stopwatch.GetTimestamp() > noticeUntil)
        {
            notice.Forget();
            drawNeeded = true;
        }
    }

    private void Draw()
    {
        drawNeeded = false;
        if (picture.Upload(renderer)) FitWindow();
        _ = SDL_GetRendererOutputSize(renderer, out int width, out int height);
        layout = PictureLayout.Fit(width, height, picture.Width, picture.Height, scaling);
        if (!layout.Covers(width, height))
        {
            _ = SDL_SetRenderDrawColor(renderer, 0, 0, 0, 255);
            _ = SDL_RenderClear(renderer);
        }

        picture.Draw(renderer, layout);
        int scale = (int)Math.Round(PixelScale());
        help.Draw(renderer, width, height, scale, centred: true);
        notice.Draw(renderer, width, height, scale, centred: false);
        SDL_RenderPresent(renderer);
    }

    private void UpdateTitle() => SDL_SetWindowTitle(window, title.Compose(input.IsGrabbed, shown > 0 ? screens[shown].Title : null));

    private void ShowScreen(int index)
    {
        if (index >= screens.Count || index == shown) return;
        shown = index;
        picture.Show(screens[index].Picture);
        input.Use(screens[index].Input);
        UpdateTitle();
    }
}
