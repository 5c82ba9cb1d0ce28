using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>How a new RIP is formed and checked.</summary>
internal unsafe interface IRipForm
{
    /// <summary>Links between blocks and the jump cache may be used.</summary>
    static abstract bool Chained { get; }

    /// <summary>Wraps a branch target.</summary>
    static abstract ulong Wrap(Op* op, ulong target);

    /// <summary>Whether a wrapped target may be branched to; else #GP(0).</summary>
    static abstract bool IsValid(CpuState* s, ulong target);

    /// <summary>Wraps the address of the next instruction.</summary>
    static abstract ulong WrapNext(ulong rip);
}

/// <summary>64-bit mode: targets must be canonical.</summary>
internal readonly unsafe struct Rip64 : IRipForm
{
    public static bool Chained => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Wrap(Op* op, ulong target) => target;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsValid(CpuState* s, ulong target) =>
        (ulong)((long)(target << 16) >> 16) == target || ((s->Cr4 & Cr4.La57) != 0 && (ulong)((long)(target << 7) >> 7) == target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WrapNext(ulong rip) => rip;
}

/// <summary>32-bit flat code with 32-bit operand size: no target can be outside the limit.</summary>
internal readonly unsafe struct RipFlat32 : IRipForm
{
    public static bool Chained => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Wrap(Op* op, ulong target) => (uint)target;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsValid(CpuState* s, ulong target) => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WrapNext(ulong rip) => (uint)rip;
}

/// <summary>All else: operand size decides the wrap, the limit of CS is checked.</summary>
internal readonly unsafe struct RipGeneral : IRipForm
{
    public static bool Chained => false;

    public static ulong Wrap(Op* op, ulong target) => Vcpu.WrapAddress(target, op->Size);

    public static bool IsValid(CpuState* s, ulong target) =>
        (s->Mode & CodeMode.Code64) != 0 ? Rip64.IsValid(s, target) : target <= s->Segment(SegmentIndex.Cs).Limit;

    // The dispatcher checks the limit and wraps by the code size before it fetches.
    public static ulong WrapNext(ulong rip) => rip;
}

// Near branches and what ends a block.
internal static unsafe partial class Handlers
{
    /// <summary>
    /// Continues at <see cref="CpuState.Rip"/> if the jump cache knows the code there; otherwise returns to the
    /// dispatcher. Tail-called by every branch that has no link.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dispatch(Vcpu cpu, CpuState* s, Op* op)
    {
        ulong linear = s->Rip;
        TlbEntry* entry = s->CodeEntry(linear);
        if ((linear & ~0xFFFul) != entry->ExecuteTag) return;
        nint host = (nint)(linear + (ulong)entry->Addend);
        JumpCacheEntry* cached = s->JumpCache + JumpCacheEntry.Index(host);
        ulong key = JumpCacheEntry.KeyOf(host, s->Mode);
        if (cached->Key != key)
        {
            cached = JumpCacheEntry.PairOf(cached);
            if (cached->Key != key) return;
        }

        Op* next = cached->Entry;
        next->Handler(cpu, s, next);
    }

    /// <summary>End of a block that is no branch: falls into the next instruction. Not itself an instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FallThrough<TRip>(Vcpu cpu, CpuState* s, Op* op)
        where TRip : IRipForm
    {
        s->Rip = TRip.WrapNext(s->Rip + op->Offset);
        long remaining = s->Remaining - op->Index;
        s->Remaining = remaining;
        if (remaining < 0 || s->ExitRequest != 0 || !TRip.Chained) return;
        Op* target = (Op*)op->Aux;
        if (target != null)
        {
            target->Handler(cpu, s, target);
            return;
        }

        if ((op->Flags & OpFlags.Linkable) != 0)
        {
            s->LinkSlot = &op->Aux;
            return;
        }

        Dispatch(cpu, s, op);
    }

    // Faults of branches are handlers too: a call that is not the last would cost every branch a stack frame.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BadTarget(Vcpu cpu, CpuState* s, Op* op) => cpu.Fault(op, ExceptionVector.GeneralProtection);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BadCallTarget<T>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
    {
        cpu.Fault(op, ExceptionVector.GeneralProtection);
        cpu.PreferPushFault(sizeof(T));
    }

    /// <summary>JMP rel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Jump<TRip>(Vcpu cpu, CpuState* s, Op* op)
        where TRip : IRipForm
    {
        Op* link = (Op*)op->Aux;
        ulong target = TRip.Wrap(op, s->Rip + op->Immediate);
        // A linked target is on this page, so nothing can be wrong with it.
        if (link == null && !TRip.IsValid(s, target))
        {
            BadTarget(cpu, s, op);
            return;
        }

        s->Rip = target;
        if (!Retire(s, op) || !TRip.Chained) return;
        if (link != null)
        {
            link->Handler(cpu, s, link);
            return;
        }

        if ((op->Flags & OpFlags.Linkable) != 0)
        {
            s->LinkSlot = &op->Aux;
            return;
        }

        Dispatch(cpu, s, op);
    }

    /// <summary>
    /// Jcc rel. The operation behind it is a pseudo-operation holding the link of the not-taken side. What has no link yet, or
    /// never will, goes on as <see cref="Jump"/> or <see cref="FallThrough"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void JumpIf<TCondition, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
        where TRip : IRipForm
    {
        Op* link;
        if (TCondition.Test(s->FlagsResult, s->FlagsAux))
        {
            link = (Op*)op->Aux;
            if (link == null)
            {
                Jump<TRip>(cpu, s, op);
                return;
            }

            s->Rip = TRip.WrapNext(s->Rip + op->Immediate);
        }
        else
        {
            link = (Op*)op[1].Aux;
            if (link == null)
            {
                FallThrough<TRip>(cpu, s, op + 1);
                return;
            }

            s->Rip = TRip.WrapNext(s->Rip + (uint)op->NextOffset);
        }

        if (!Retire(s, op)) return;
        link->Handler(cpu, s, link);
    }

    /// <summary>Accounts for a block that ends in <paramref name="op"/>; false when the dispatcher must be asked before the next one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Retire(CpuState* s, Op* op)
    {
        long remaining = s->Remaining - (uint)(op->Index + 1);
        s->Remaining = remaining;
        return remaining >= 0 && s->ExitRequest == 0;
    }

    /// <summary>CALL rel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Call<T, TStack, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TStack : IStackForm
        where TRip : IRipForm
    {
        ulong target = TRip.Wrap(op, s->Rip + op->Immediate);
        if (!TRip.IsValid(s, target))
        {
            BadCallTarget<T>(cpu, s, op);
            return;
        }

        if (!TStack.TryPush(cpu, s, op, Bits.Truncate<T>(s->Rip + (uint)op->NextOffset)))
        {
            if (TStack.Retries) CallChecked<T, TStack, TRip>(cpu, s, op);
            return;
        }

        s->Rip = target;
        if (!Retire(s, op) || !TRip.Chained) return;
        Op* link = (Op*)op->Aux;
        if (link != null)
        {
            link->Handler(cpu, s, link);
            return;
        }

        if ((op->Flags & OpFlags.Linkable) != 0)
        {
            s->LinkSlot = &op->Aux;
            return;
        }

        Dispatch(cpu, s, op);
    }

    // CALL rel has its link where other operations have Retry. Not marked NoInlining, which would cost the tail call.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CallChecked<T, TStack, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TStack : IStackForm
        where TRip : IRipForm
    {
        if (typeof(TStack) == typeof(Stack64)) Call<T, CheckedStack64, TRip>(cpu, s, op);
        else Call<T, CheckedStackFlat32, TRip>(cpu, s, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Record(CpuState* s, Op* op, ulong target)
    {
        BranchRecord* record = s->BranchHistory + (s->BranchCount++ & (BranchRecord.Count - 1));
        record->Op = op;
        record->Target = target;
    }

    /// <summary>CALL r/m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CallIndirect<T, TSource, TStack, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IOperand
        where TStack : IStackForm
        where TRip : IRipForm
    {
        if (!TSource.TryRead(cpu, s, op, out T value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong target = TRip.Wrap(op, Bits.Zero(value));
        if (!TRip.IsValid(s, target))
        {
            BadCallTarget<T>(cpu, s, op);
            return;
        }

        if (!TStack.TryPush(cpu, s, op, Bits.Truncate<T>(s->Rip + (uint)op->NextOffset)))
        {
            if (TStack.Retries) op->Retry(cpu, s, op);
            return;
        }

        s->Rip = target;
        if (TRip.Chained) Record(s, op, target);
        if (!Retire(s, op) || !TRip.Chained) return;
        Dispatch(cpu, s, op);
    }

    /// <summary>JMP r/m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void JumpIndirect<T, TSource, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IOperand
        where TRip : IRipForm
    {
        if (!TSource.TryRead(cpu, s, op, out T value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong target = TRip.Wrap(op, Bits.Zero(value));
        if (!TRip.IsValid(s, target))
        {
            BadTarget(cpu, s, op);
            return;
        }

        s->Rip = target;
        if (TRip.Chained) Record(s, op, target);
        if (!Retire(s, op) || !TRip.Chained) return;
        Dispatch(cpu, s, op);
    }

    /// <summary>RET and RET imm16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Return<T, TStack, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TStack : IStackForm
        where TRip : IRipForm
    {
        if (!TStack.TryPeek(cpu, s, op, 0, out T value))
        {
            if (TStack.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong target = TRip.Wrap(op, Bits.Zero(value));
        if (!TRip.IsValid(s, target))
        {
            BadTarget(cpu, s, op);
            return;
        }

        TStack.Release(s, (ulong)sizeof(T) + op->Immediate);
        s->Rip = target;
        if (!Retire(s, op) || !TRip.Chained) return;
        Dispatch(cpu, s, op);
    }
}
