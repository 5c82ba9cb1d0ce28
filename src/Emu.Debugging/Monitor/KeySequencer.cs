using Emu.Cpu;
using Emu.Devices.Input;

namespace Emu.Debugging.Monitor;

/// <summary>Presses key combinations one after the other, each held for a while of the guest's time: <c>sendkey</c>.</summary>
public sealed class KeySequencer
{
    /// <summary>How long a combination is held unless told otherwise, in milliseconds.</summary>
    public const int DefaultHold = 100;

    private const int MillisecondsToNanoseconds = 1_000_000;
    private const int Pause = 20;

    private readonly Ps2Keyboard keyboard;
    private readonly Machine.VirtualClock clock;
    private readonly IClockTimer timer;
    private readonly Queue<(KeyCode[] Keys, int Hold)> waiting = new();
    private KeyCode[] held = [];
    private bool busy;

    /// <summary>Makes an idle sequencer.</summary>
    public KeySequencer(Ps2Keyboard keyboard, Machine.VirtualClock clock)
    {
        this.keyboard = keyboard;
        this.clock = clock;
        timer = clock.CreateHostTimer(Advance);
    }

    /// <summary>Parses key names joined by hyphens, such as <c>ctrl-alt-delete</c>.</summary>
    /// <exception cref="MonitorException">There is no such key.</exception>
    public static KeyCode[] Parse(string combination) =>
        [.. combination.Split('-').Select(name => KeyTable.TryParse(name is "" ? "minus" : name, out KeyCode key)
            ? key
            : name.Length == 1 && KeyTable.ForCharacter(name[0]) is { Shift: false } found ? found.Key : throw new MonitorException($"there is no key '{name}'"))];

    /// <summary>Queues a combination.</summary>
    /// <param name="keys">Keys, pressed in this order and released in the opposite one.</param>
    /// <param name="holdMilliseconds">How long, in guest time.</param>
    public void Press(KeyCode[] keys, int holdMilliseconds = DefaultHold)
    {
        waiting.Enqueue((keys, holdMilliseconds));
        if (!busy) Advance();
    }

    private void Advance()
    {
        if (held.Length > 0)
        {
            foreach (KeyCode key in held.Reverse()) keyboard.SetKey(key, false);
            held = [];
            Wait(Pause);
        }
        else if (waiting.TryDequeue(out (KeyCode[] Keys, int Hold) next))
        {
            foreach (KeyCode key in next.Keys) keyboard.SetKey(key, true);
            held = next.Keys;
            Wait(next.Hold);
        }
        else
        {
            busy = false;
        }
    }

    private void Wait(int milliseconds)
    {
        busy = true;
        timer.Arm(clock.Nanoseconds + ((long)milliseconds * MillisecondsToNanoseconds));
    }
}
