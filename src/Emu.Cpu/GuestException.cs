namespace Emu.Cpu;

/// <summary>
/// Unwinds a slow instruction that met an architectural exception. Thrown only inside <see cref="Vcpu"/>'s slow path and
/// always caught there; hot handlers report faults by returning instead (<see cref="Vcpu.Fault"/>).
/// </summary>
public sealed class GuestException : Exception
{
    /// <summary>Vector, error code and the rest are in <see cref="Vcpu.PendingException"/>.</summary>
    internal GuestException()
        : base("An architectural exception is being delivered to the guest.")
    {
    }
}

/// <summary>An exception waiting to be delivered.</summary>
/// <param name="Vector">Vector, 0..31.</param>
/// <param name="ErrorCode">Error code, for vectors that push one.</param>
/// <param name="Address">CR2 for #PF; DR6 condition bits for #DB.</param>
public readonly record struct ExceptionInfo(byte Vector, uint ErrorCode, ulong Address);
