using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Emu.Cpu;

// How instructions report exceptions. Handlers on the hot path call Fault and return at once; slow functions call a
// Raise method, which unwinds to ExecuteSlow. Either way the dispatcher delivers PendingException with RIP at the
// faulting instruction.
public sealed unsafe partial class Vcpu
{
    private readonly GuestException unwind = new();
    private ExceptionInfo pendingException;
    private bool hasPendingException;

    /// <summary>The exception the dispatcher will deliver next; meaningful while <see cref="HasPendingException"/>.</summary>
    public ExceptionInfo PendingException => pendingException;

    /// <summary>An instruction has faulted and delivery has not begun.</summary>
    public bool HasPendingException => hasPendingException;

    /// <summary>
    /// Records an exception of the instruction <paramref name="op"/> and makes RIP point at it. The handler must return
    /// without having changed anything else.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Fault(Op* op, byte vector, uint errorCode = 0, ulong address = 0)
    {
        Record(vector, errorCode, address);
        LeaveAt(op);
    }

    /// <summary>Makes RIP point at <paramref name="op"/> and accounts for the instructions before it in its block.</summary>
    public void LeaveAt(Op* op)
    {
        State->Rip = MaskRip(State->Rip + op->Offset);
        State->Remaining -= op->Index;
    }

    /// <summary>Makes RIP point behind <paramref name="op"/> and accounts for the instructions up to and including it.</summary>
    public void LeaveAfter(Op* op)
    {
        State->Rip = MaskRip(State->Rip + (uint)op->NextOffset);
        State->Remaining -= op->Index + 1;
    }

    /// <summary>RIP as the current code size wraps it: 64, 32 or 16 bits.</summary>
    public ulong MaskRip(ulong rip) =>
        (State->Mode & CodeMode.Code64) != 0 ? rip : (State->Mode & CodeMode.Code32) != 0 ? (uint)rip : (ushort)rip;

    /// <summary>Raises an exception from a slow function. Does not return.</summary>
    [DoesNotReturn]
    public void Raise(byte vector, uint errorCode = 0, ulong address = 0)
    {
        Record(vector, errorCode, address);
        throw unwind;
    }

    /// <summary>#UD. Does not return.</summary>
    [DoesNotReturn]
    public void RaiseInvalidOpcode() => Raise(ExceptionVector.InvalidOpcode);

    /// <summary>#GP with a selector-style error code. Does not return.</summary>
    [DoesNotReturn]
    public void RaiseGeneralProtection(uint errorCode = 0) => Raise(ExceptionVector.GeneralProtection, errorCode);

    /// <summary>#UD unless in protected mode outside virtual-8086 mode.</summary>
    public void RequireProtectedMode()
    {
        if (!State->IsProtected) RaiseInvalidOpcode();
    }

    /// <summary>#GP(0) unless CPL is 0.</summary>
    public void RequireCpl0()
    {
        if (State->Cpl != 0) RaiseGeneralProtection();
    }

    private void Record(byte vector, uint errorCode, ulong address)
    {
        pendingException = new ExceptionInfo(vector, errorCode, address);
        hasPendingException = true;
    }
}
