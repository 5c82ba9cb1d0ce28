namespace Emu.Machine;

/// <summary>How far the next piece of a run may go.</summary>
internal struct RunLimits
{
    /// <summary>Most instructions.</summary>
    public long Instructions;

    /// <summary>How far time may jump while everything is idle, in nanoseconds of virtual time.</summary>
    public long IdleUntil;

    /// <summary>The next thing that happens is the delivery of an event; only that may be done.</summary>
    public bool OneStep;

    /// <summary>No limits but a number of instructions.</summary>
    public RunLimits(long instructions)
    {
        Instructions = instructions;
        IdleUntil = long.MaxValue;
    }

    /// <summary>Ends the piece at a position behind <paramref name="now"/>, or before it where the way there cannot be seen from here.</summary>
    public void StopAt(Position now, Position stop)
    {
        if (stop.Instructions > now.Instructions)
        {
            Instructions = (long)Math.Min((ulong)Instructions, stop.Instructions - now.Instructions);
        }
        else if (stop.Instructions == now.Instructions)
        {
            if (stop.Deliveries > now.Deliveries) OneStep = true;
            else if (stop.Deliveries == now.Deliveries) IdleUntil = Math.Min(IdleUntil, stop.Nanoseconds);
        }
    }
}
