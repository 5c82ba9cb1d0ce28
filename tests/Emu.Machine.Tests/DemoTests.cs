using Emu.Demo;
using Emu.Devices.Display;
using Emu.Devices.Serial;
using Emu.Machine;
using Xunit;

namespace Emu.Machine.Tests;

/// <summary>The guest of <c>emu demo</c>, with time counted in instructions.</summary>
public sealed class DemoTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static Machine Create(bool tour, ICharacterDevice serial, ICharacterDevice? marks = null) => new(new MachineConfiguration
    {
        Memory = 32 << 20,
        Kernel = DemoGuest.Build(tour),
        Serial = [_ => serial],
        PortE9 = marks,
        NoReboot = true,
        Clock = new ClockConfiguration { InstructionShift = 3, SleepWhenIdle = false },
    });

    [Fact]
    public void A_tour_shows_text_and_both_graphics_screens_and_switches_off()
    {
        MemoryCharacterDevice serial = new(), marks = new();
        using Machine machine = Create(tour: true, serial, marks);
        List<(int Width, int Height, int Colours)> frames = [];
        string[] text = [];
        marks.Written += () =>
        {
            DisplayFrame frame = machine.Board.Display?.Capture() ?? throw new InvalidOperationException();
            frames.Add((frame.Width, frame.Height, frame.Pixels.ToArray().Distinct().Count()));
            if (marks.Text == "1") text = [.. machine.Board.Display.ReadText()];
        };
        Assert.True(machine.RunUntil(() => machine.StopReason != StopReason.None, Limit));
        Assert.Equal(StopReason.PowerOff, machine.StopReason);
        Assert.Equal("123", marks.Text);
        Assert.StartsWith(" A PC in software", text[0], StringComparison.Ordinal);
        Assert.Contains("32 MiB", text[5], StringComparison.Ordinal);
        Assert.Matches(@"Running for +1\.[45] seconds", text[9]);
        Assert.Equal((720, 400), (frames[0].Width, frames[0].Height));
        Assert.InRange(frames[0].Colours, 16, 17);
        Assert.Equal(1.6, frames[1].Width / (double)frames[1].Height);
        Assert.InRange(frames[1].Colours, 100, 256);
        Assert.Equal((640, 480), (frames[2].Width, frames[2].Height));
        Assert.InRange(frames[2].Colours, 40, 70);
        Assert.EndsWith("switching off\r\n", serial.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_shown_choose_screens_and_end_it()
    {
        MemoryCharacterDevice serial = new();
        using Machine machine = Create(tour: false, serial);
        StandardVga display = machine.Board.Display ?? throw new InvalidOperationException();
        Assert.True(machine.RunUntil(() => display.ReadText().Any(l => l.Contains("Type something", StringComparison.Ordinal)), Limit));
        foreach (Devices.Input.KeyCode key in (Devices.Input.KeyCode[])[Key("h"), Key("i")])
        {
            machine.Board.Keyboard.SetKey(key, true);
            machine.Board.Keyboard.SetKey(key, false);
        }

        Assert.True(machine.RunUntil(() => display.ReadText().Any(l => l.StartsWith("   > hi", StringComparison.Ordinal)), Limit), string.Join('\n', display.ReadText()));
        serial.Inject("3");
        Assert.True(machine.RunUntil(() => display.Capture() is { Width: 640, Height: 480 }, Limit));
        machine.Board.Keyboard.SetKey(Key("esc"), true);
        Assert.True(machine.RunUntil(() => machine.StopReason != StopReason.None, Limit));
        Assert.Equal(StopReason.PowerOff, machine.StopReason);
        Assert.Contains("hi3", serial.Text, StringComparison.Ordinal);
    }

    private static Devices.Input.KeyCode Key(string name) =>
        Devices.Input.KeyTable.TryParse(name, out Devices.Input.KeyCode key) ? key : throw new ArgumentException(name);
}
