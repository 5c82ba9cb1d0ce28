using System.Diagnostics;
using Emu.Display.Tests.Support;

namespace Emu.Display.Tests.Window;

/// <summary>The window on an X server in memory, used by X events and looked at by screenshots.</summary>
public sealed class WindowTests : IDisposable
{
    private const string Title = "^emu";
    private readonly XServer x = new();
    private readonly TestKernel kernel = TestKernel.Picture();
    private readonly List<IDisposable> open = [];

    private static Screenshot Picture => new(TestKernel.Width, TestKernel.Height,
        [.. Enumerable.Range(0, TestKernel.Width * TestKernel.Height).Select(i => TestKernel.Pixel(i % TestKernel.Width, i / TestKernel.Width))]);

    public void Dispose()
    {
        foreach (IDisposable thing in open) thing.Dispose();
        kernel.Dispose();
        x.Dispose();
    }

    [XvfbFact]
    public void The_window_shows_every_pixel_of_the_guest_as_screendump_saves_it()
    {
        (EmuProcess emu, string window) = Open("-display", "sdl", "-monitor", "stdio");
        AwaitPicture(window, 1);
        string file = Path.Combine(Path.GetTempPath(), $"emu-screendump-{Guid.NewGuid():n}.ppm");
        emu.Type($"screendump {file}");
        RunningMachine.WaitFor(() => File.Exists(file) && new FileInfo(file).Length == 15 + (3 * TestKernel.Width * TestKernel.Height), () => "screendump has saved nothing");
        Screenshot saved = Screenshot.ParsePpm(File.ReadAllBytes(file));
        File.Delete(file);
        Assert.Equal(x.Capture(window).Pixels, saved.Pixels);
        emu.Type("quit");
        Assert.Equal(0, emu.WaitForExit());
    }

    [XvfbFact("openbox")]
    public void Zoom_and_full_screen_show_whole_multiples_of_each_dot()
    {
        // Filling the screen is asked of a window manager.
        Process manager = XServer.Start("openbox", x.Display);
        open.Add(new Killed(manager));
        (_, string window) = Open("-display", "sdl,zoom=2");
        AwaitPicture(window, 2);
        // 1600 by 1200 takes 320 by 200 five times.
        x.Do("key", "ctrl+alt+f");
        AwaitPicture(window, 5);
        Screenshot full = x.Capture(window);
        Assert.Equal((1600, 1200), (full.Width, full.Height));
        Assert.Equal(0u, full[800, 50]);
        x.Do("key", "ctrl+alt+f");
        AwaitPicture(window, 2);
    }

    [XvfbFact]
    public void Typing_reaches_the_guest_as_scan_codes_and_commands_do_not()
    {
        (EmuProcess emu, _) = Open("-display", "sdl");
        x.Do("key", "--delay", "50", "a", "Up", "F1", "Delete");
        emu.WaitForSerial("1E 9E E0 48 E0 C8 3B BB E0 53 E0 D3 ");
        x.Do("key", "ctrl+alt+s");
        x.Do("key", "z");
        emu.WaitForSerial("2C AC ");
        string seen = emu.Serial[emu.Serial.IndexOf("E0 D3 ", StringComparison.Ordinal)..];
        Assert.Contains("1D ", seen, StringComparison.Ordinal);
        Assert.Contains("38 ", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("1F ", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("9F ", seen, StringComparison.Ordinal);
    }

    [XvfbFact]
    public void The_monitor_in_the_window_takes_commands()
    {
        (EmuProcess emu, string window) = Open("-display", "sdl");
        AwaitPicture(window, 1);
        x.Do("key", "ctrl+alt+2");
        RunningMachine.WaitFor(() => x.Capture(window).Width == 720, () => "the console was not shown");
        x.Do("type", "--delay", "30", "stop");
        x.Do("key", "Return");
        RunningMachine.WaitFor(() => x.Do("getwindowname", window).Contains("paused", StringComparison.Ordinal), () => $"the title is '{x.Do("getwindowname", window)}'");
        Assert.Contains("monitor", x.Do("getwindowname", window), StringComparison.Ordinal);
        // Nothing of it was typed into the guest but Ctrl and Alt.
        Assert.DoesNotContain("1F ", emu.Serial, StringComparison.Ordinal);
        x.Do("key", "ctrl+alt+1");
        AwaitPicture(window, 1);
        x.Do("key", "ctrl+alt+2");
        x.Do("type", "--delay", "30", "quit");
        x.Do("key", "Return");
        Assert.Equal(0, emu.WaitForExit());
    }

    [XvfbFact]
    public void The_stepper_in_the_window_holds_the_guest_steps_it_and_lets_it_go_on()
    {
        const int columns = 132, cell = 8;
        (EmuProcess emu, string window) = Open("-display", "sdl");
        AwaitPicture(window, 1);
        x.Do("key", "ctrl+alt+t");
        RunningMachine.WaitFor(() => x.Do("getwindowname", window).Contains("stepper - paused", StringComparison.Ordinal), () => $"the title is '{x.Do("getwindowname", window)}'");
        RunningMachine.WaitFor(() => x.Capture(window).Width == columns * cell, () => "the stepper was not shown");
        uint[] before = x.Capture(window).Pixels;
        x.Do("key", "s");
        RunningMachine.WaitFor(() => !x.Capture(window).Pixels.SequenceEqual(before), () => "a step changes nothing on the screen");
        x.Do("key", "q");
        AwaitPicture(window, 1);
        RunningMachine.WaitFor(() => !x.Do("getwindowname", window).Contains("paused", StringComparison.Ordinal), () => "the guest was not let go");
        x.Do("key", "z");
        emu.WaitForSerial("2C AC ");
        Assert.DoesNotContain("1F ", emu.Serial, StringComparison.Ordinal);
        x.Do("key", "ctrl+alt+t");
        RunningMachine.WaitFor(() => x.Do("getwindowname", window).Contains("stepper - paused", StringComparison.Ordinal), () => "the stepper does not come a second time");
        // The keys of the window work meanwhile, and those that let the guest go on end the stepping.
        x.Do("key", "ctrl+alt+p");
        AwaitPicture(window, 1);
        x.Do("key", "ctrl+alt+t");
        RunningMachine.WaitFor(() => x.Do("getwindowname", window).Contains("stepper - paused", StringComparison.Ordinal), () => "the stepper does not come a third time");
        x.Do("key", "ctrl+alt+q");
        Assert.Equal(0, emu.WaitForExit());
    }

    [XvfbFact]
    public void Without_a_display_an_explicit_window_is_an_error_of_one_line()
    {
        using Process emu = new()
        {
            StartInfo = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "emu.dll"), "-display", "sdl", "-kernel", kernel.FileName]) { RedirectStandardError = true },
        };
        emu.StartInfo.Environment["DISPLAY"] = ":54321";
        emu.StartInfo.Environment.Remove("WAYLAND_DISPLAY");
        emu.Start();
        string[] said = emu.StandardError.ReadToEnd().TrimEnd().Split('\n');
        emu.WaitForExit();
        // Libraries beneath SDL may grumble before it.
        Assert.Equal("emu: no window can be opened: the display :54321 cannot be opened", said[^1]);
        Assert.Equal(2, emu.ExitCode);
    }

    [XvfbFact]
    public void Closing_asks_the_guest_first_and_then_ends()
    {
        (EmuProcess emu, string window) = Open("-display", "sdl");
        AwaitPicture(window, 1);
        x.Close(window);
        // This guest does not care for its power button. The notice covers the lower part of the picture.
        RunningMachine.WaitFor(() => x.Capture(window) is { Width: TestKernel.Width } now && !now.Contains(Picture), () => "no notice was shown");
        Assert.False(emu.HasExited);
        x.Close(window);
        Assert.Equal(0, emu.WaitForExit());
    }

    [XvfbFact]
    public void The_mouse_is_taken_by_a_click_and_given_back_by_a_key_as_the_title_says()
    {
        (_, string window) = Open("-display", "sdl");
        AwaitPicture(window, 1);
        x.Do("mousemove", "--window", window, "100", "100", "click", "1");
        RunningMachine.WaitFor(() => x.Do("getwindowname", window).Contains("Ctrl-Alt-G", StringComparison.Ordinal), () => "the mouse was not taken");
        x.Do("key", "ctrl+alt+g");
        RunningMachine.WaitFor(() => !x.Do("getwindowname", window).Contains("Ctrl-Alt-G", StringComparison.Ordinal), () => "the mouse was not given back");
    }

    [XvfbFact]
    public void A_guest_with_the_absolute_pointer_follows_the_mouse_without_a_grab()
    {
        using TestKernel pointer = TestKernel.Pointer();
        EmuProcess emu = new(x, pointer, "-display", "sdl");
        open.Add(emu);
        emu.WaitForSerial("R\n");
        string window = Focus();
        RunningMachine.WaitFor(() => x.Capture(window).Width == TestKernel.Width, () => "the window has not taken the guest's size");
        Assert.DoesNotContain("X", emu.Serial, StringComparison.Ordinal);
        x.Do("mousemove", "--window", window, "319", "0");
        emu.WaitForSerial("W 00000000 0000FFFF 00000000 00000000\n");
        x.Do("mousemove", "--window", window, "0", "199", "click", "1", "click", "4");
        emu.WaitForSerial("W 00000020 00000000 0000FFFF 00000000\n");
        emu.WaitForSerial("W 00000000 00000000 0000FFFF FFFFFFFF\n");
        Assert.DoesNotContain("Ctrl-Alt-G", x.Do("getwindowname", window), StringComparison.Ordinal);
    }

    [XvfbFact("xtigervncviewer")]
    public void A_real_viewer_shows_the_guest_and_types_into_it()
    {
        string socket = Path.Combine(Path.GetTempPath(), $"emu-vnc-{Guid.NewGuid():n}");
        EmuProcess emu = new(x, kernel, "-display", $"vnc=unix:{socket}");
        open.Add(emu);
        emu.WaitForSerial("R\n");
        Process viewer = XServer.Start("xtigervncviewer", x.Display, "-RemoteResize=0", "-Maximize=0", socket);
        open.Add(new Killed(viewer));
        string window = x.FindWindow("TigerVNC$");
        AwaitPicture(window, 1);
        x.Do("windowfocus", window);
        x.Do("key", "--delay", "50", "--window", window, "a");
        emu.WaitForSerial("1E 9E ");
    }

    /// <summary>A helper that ends with the test.</summary>
    private sealed class Killed(Process process) : IDisposable
    {
        public void Dispose()
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }

    private (EmuProcess Emu, string Window) Open(params string[] arguments)
    {
        EmuProcess emu = new(x, kernel, arguments);
        open.Add(emu);
        emu.WaitForSerial("R\n");
        return (emu, Focus());
    }

    private string Focus()
    {
        string window = x.FindWindow(Title);
        x.Do("windowfocus", window);
        return window;
    }

    private void AwaitPicture(string window, int zoom)
    {
        Screenshot expected = Picture;
        RunningMachine.WaitFor(() => x.Capture(window).Contains(expected, zoom), () =>
        {
            Screenshot now = x.Capture(window);
            return $"the window shows something else: {now.Width}x{now.Height}, first dots {string.Join(' ', now.Pixels.Take(4).Select(p => $"{p:X6}"))}";
        });
    }
}
