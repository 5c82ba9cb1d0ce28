namespace Emu.Cpu;

/// <summary>A place a debugger wants processors to stop at, before the instruction there runs. The guest cannot see it.</summary>
/// <param name="address">Linear address of the instruction's first byte, in whatever address space is current.</param>
/// <param name="condition">Asked on the processor's thread with the state exact; false lets the guest go on. Null for always.</param>
public sealed class Breakpoint(ulong address, Func<Vcpu, bool>? condition = null)
{
    /// <summary>Linear address.</summary>
    public ulong Address => address;

    /// <summary>What must hold; null for always.</summary>
    public Func<Vcpu, bool>? Condition => condition;
}

/// <summary>Accesses a <see cref="Watchpoint"/> meets.</summary>
[Flags]
public enum WatchKind : byte
{
    /// <summary>Loads.</summary>
    Read = 1,

    /// <summary>Stores.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}

/// <summary>
/// A range of linear memory a debugger wants to know the accesses to. Processors stop behind the instruction that made the
/// access, or behind the iteration of a repeated one, as with the processor's own data breakpoints (SDM Vol. 3B 17.2.4). The guest
/// cannot see it.
/// </summary>
/// <param name="address">First linear address.</param>
/// <param name="length">Bytes, at least 1; the range must not wrap.</param>
/// <param name="kind">Accesses that count.</param>
/// <param name="condition">Asked behind the access; false lets the guest go on. Null for always.</param>
public sealed class Watchpoint(ulong address, ulong length, WatchKind kind, Func<Vcpu, bool>? condition = null)
{
    /// <summary>First linear address.</summary>
    public ulong Address => address;

    /// <summary>Bytes.</summary>
    public ulong Length => length;

    /// <summary>Accesses that count.</summary>
    public WatchKind Kind => kind;

    /// <summary>What must hold; null for always.</summary>
    public Func<Vcpu, bool>? Condition => condition;

    /// <summary>Whether an access of <paramref name="size"/> bytes meets it.</summary>
    public bool Matches(ulong linear, int size, bool isWrite) =>
        (kind & (isWrite ? WatchKind.Write : WatchKind.Read)) != 0 && linear - address < length | address - linear < (uint)size;
}

/// <summary>What a processor has stopped at.</summary>
/// <param name="Breakpoint">The breakpoint at RIP, or null.</param>
/// <param name="Watchpoint">The watchpoint that the instruction before RIP met, or null.</param>
/// <param name="Address">Linear address of the breakpoint, or of the first byte of the access.</param>
/// <param name="IsWrite">The access was a store.</param>
public sealed record DebugHit(Breakpoint? Breakpoint, Watchpoint? Watchpoint, ulong Address, bool IsWrite);
