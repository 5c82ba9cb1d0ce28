using Emu.Cpu;

namespace Emu.Machine;

/// <summary>Why the guest stands still.</summary>
public enum DebugStopReason
{
    /// <summary>Somebody paused the machine (<see cref="Machine.Pause"/>).</summary>
    Paused,

    /// <summary>A processor has arrived at a breakpoint; its instruction has not run.</summary>
    Breakpoint,

    /// <summary>A processor has made an access that a watchpoint waits for; the instruction has run.</summary>
    Watchpoint,

    /// <summary>A step is done.</summary>
    Step,
}

/// <summary>The guest has come to a stop.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Cpu">The processor concerned.</param>
/// <param name="Hit">What it met, for <see cref="DebugStopReason.Breakpoint"/> and <see cref="DebugStopReason.Watchpoint"/>.</param>
public sealed record DebugStop(DebugStopReason Reason, Vcpu Cpu, DebugHit? Hit);
