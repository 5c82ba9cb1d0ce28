using Emu.Debugging.Monitor;
using Emu.Devices.Display;
using Emu.Devices.Input;
using Emu.Devices.Serial;
using Emu.Machine;

namespace Emu.Guests.Tests;

/// <summary>A machine with somebody at its keyboard, its display and its first serial line. It runs on the test's thread, while a method waits.</summary>
internal sealed class Guest : IDisposable
{
    /// <summary>How long a guest may take for one step before the test gives up, generous: the host may be busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <summary>Slices of the machine between two looks at the screen.</summary>
    private const int LookEvery = 250;

    /// <summary>The same for the whole picture, which costs more.</summary>
    private const int LookAtPictureEvery = 2000;

    private readonly MemoryCharacterDevice serial;
    private readonly KeySequencer keys;
    private int heard;

    /// <summary>Switches a machine on.</summary>
    public Guest(MachineConfiguration configuration)
    {
        MemoryCharacterDevice? line = null;
        Machine = new Machine.Machine(configuration with { Serial = [post => line = new MemoryCharacterDevice(post)] });
        serial = line ?? throw new InvalidOperationException("The machine has not opened its serial line.");
        keys = new KeySequencer(Machine.Board.Keyboard, Machine.Clock);
    }

    /// <summary>The machine.</summary>
    public Machine.Machine Machine { get; }

    /// <summary>What the text screen shows.</summary>
    public string[] Screen => Machine.Board.Display?.ReadText() ?? [];

    /// <summary>What the screen shows, dot by dot.</summary>
    public DisplayFrame Picture => Machine.Board.Display?.Capture() ?? throw new InvalidOperationException("The machine has no display.");

    /// <summary>Runs until a line of the screen satisfies a condition; returns the screen.</summary>
    public string[] WaitForScreen(Predicate<string> condition)
    {
        int slices = 0;
        bool seen = false;
        string[] screen = [];
        Machine.RunUntil(
            () =>
            {
                if (seen || ++slices % LookEvery != 0) return seen;
                screen = Screen;
                return seen = screen.Any(l => condition(l));
            },
            Patience);
        return seen ? screen : throw Failed("what was expected has not appeared on the screen");
    }

    /// <summary>Runs until the picture satisfies a condition.</summary>
    public void WaitForPicture(Predicate<DisplayFrame> condition)
    {
        int slices = 0;
        bool seen = false;
        Machine.RunUntil(() => seen = seen || (++slices % LookAtPictureEvery == 0 && condition(Picture)), Patience);
        if (!seen) throw Failed("what was expected has not appeared in the picture");
    }

    /// <summary>Runs until a text appears on the screen; returns the screen.</summary>
    public string[] WaitForScreen(string text) => WaitForScreen(l => l.Contains(text, StringComparison.Ordinal));

    /// <summary>Runs until the guest has sent a text over the serial line; returns what it sent since the last call, that text included.</summary>
    public string WaitForSerial(string text)
    {
        int slices = 0, end = -1;
        string all = "";
        Machine.RunUntil(
            () =>
            {
                if (end >= 0 || ++slices % LookEvery != 0) return end >= 0;
                all = serial.Text;
                int found = all.IndexOf(text, heard, StringComparison.Ordinal);
                if (found >= 0) end = found + text.Length;
                return found >= 0;
            },
            Patience);
        if (end < 0) throw Failed($"'{text}' has not come over the serial line");
        string news = all[heard..end];
        heard = end;
        return news;
    }

    /// <summary>Runs until the machine stops for good.</summary>
    public StopReason WaitForEnd()
    {
        Machine.RunUntil(() => false, Patience);
        return Machine.StopReason;
    }

    /// <summary>Types a line at the serial terminal.</summary>
    public void SendLine(string text) => serial.Inject(text + "\r");

    /// <summary>Presses one key combination, named as <c>sendkey</c> names it.</summary>
    public void Press(string combination) => keys.Press(KeySequencer.Parse(combination));

    /// <summary>Types text and Enter at the keyboard.</summary>
    public void TypeLine(string text)
    {
        foreach (char c in text)
        {
            (KeyCode key, bool shift) = KeyTable.ForCharacter(c) ?? throw new ArgumentException($"There is no key for '{c}'.", nameof(text));
            keys.Press(shift ? [KeyCode.Shift, key] : [key]);
        }

        Press("ret");
    }

    /// <inheritdoc/>
    public void Dispose() => Machine.Dispose();

    private Xunit.Sdk.XunitException Failed(string what) => new(
        $"{what}; stopped: {Machine.StopReason}\n--- screen\n{string.Join('\n', Screen)}\n--- serial line\n{serial.Text[^Math.Min(serial.Text.Length, 4000)..]}");
}
