namespace Emu.Stepper.Session;

/// <summary>Why the program stands still.</summary>
public enum StopKind
{
    /// <summary>A step or a run to a place or count is done.</summary>
    Step,

    /// <summary>At a breakpoint.</summary>
    Breakpoint,

    /// <summary>Behind an access to watched memory.</summary>
    Watchpoint,

    /// <summary>A condition that was waited for holds.</summary>
    Condition,

    /// <summary>The program has ended.</summary>
    Exited,

    /// <summary>The program raised an exception that nothing handles.</summary>
    Crashed,

    /// <summary>The processor has shut down.</summary>
    TripleFault,

    /// <summary>The processor waits and nothing can wake it.</summary>
    Halted,

    /// <summary>The machine is off, or was reset.</summary>
    PoweredOff,

    /// <summary>The user interrupted a run.</summary>
    Interrupted,

    /// <summary>So many instructions were run that the program may never end.</summary>
    Limit,

    /// <summary>The beginning of what is remembered.</summary>
    Beginning,
}

/// <summary>The program has come to a stop.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Message">The same in plain words, with the place.</param>
public sealed record Stop(StopKind Kind, string Message)
{
    /// <summary>The program can go on from here.</summary>
    public bool CanContinue => Kind is not (StopKind.Exited or StopKind.Crashed or StopKind.TripleFault or StopKind.Halted or StopKind.PoweredOff);
}

/// <summary>A stopping place of the user's.</summary>
/// <param name="Number">Its number, for commands.</param>
/// <param name="Address">Linear address.</param>
/// <param name="Length">Watched bytes; 0 for a breakpoint.</param>
/// <param name="Access">"read", "write" or "access" for a watchpoint; "execute" for a breakpoint.</param>
/// <param name="Condition">Expression that must hold; null for always.</param>
/// <param name="Line">Source line it was set on, or 0.</param>
public sealed record StopPoint(int Number, ulong Address, int Length, string Access, string? Condition, int Line)
{
    /// <summary>Times it stopped the program.</summary>
    public int Hits { get; internal set; }
}
