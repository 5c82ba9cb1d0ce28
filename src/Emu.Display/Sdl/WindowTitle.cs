using System.Diagnostics;
using System.Globalization;

namespace Emu.Display.Sdl;

/// <summary>Composes the window's title: name, state, speed, and how to get the mouse back.</summary>
internal sealed class WindowTitle(GuestCommands commands)
{
    private const double MegaInstructions = 1e6;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private long askedAt = Stopwatch.GetTimestamp();
    private long countedAt = Stopwatch.GetTimestamp();
    private ulong counted;
    private double speed;

    /// <summary>It is time to compose it anew.</summary>
    public bool IsDue => Stopwatch.GetElapsedTime(askedAt) >= Period;

    /// <summary>The title now.</summary>
    /// <param name="grabbed">The guest has the mouse.</param>
    /// <param name="screen">The screen on show, unless it is the guest's.</param>
    public string Compose(bool grabbed, string? screen)
    {
        askedAt = Stopwatch.GetTimestamp();
        commands.CountInstructions(Count);
        string state = commands.IsPaused ? "paused" : Speed();
        string title = screen == null ? $"{commands.Name} - {state}" : $"{commands.Name} - {screen} - {state}";
        return grabbed ? $"{title} - Ctrl-Alt-G releases the mouse" : title;
    }

    private void Count(ulong instructions)
    {
        lock (gate)
        {
            long now = Stopwatch.GetTimestamp();
            double seconds = Stopwatch.GetElapsedTime(countedAt, now).TotalSeconds;
            // Titles are composed at other moments too; too short a time says nothing of speed.
            if (seconds < Period.TotalSeconds / 2) return;
            speed = (instructions - counted) / seconds / MegaInstructions;
            (counted, countedAt) = (instructions, now);
        }
    }

    private string Speed()
    {
        lock (gate) return speed < 10 ? string.Create(CultureInfo.InvariantCulture, $"{speed:0.0} MIPS") : string.Create(CultureInfo.InvariantCulture, $"{speed:0} MIPS");
    }
}
