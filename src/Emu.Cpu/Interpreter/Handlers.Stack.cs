using System.Runtime.CompilerServices;

namespace Emu.Cpu;

// PUSH, POP, LEAVE.
internal static unsafe partial class Handlers
{
    /// <summary>PUSH. The source is read before the stack pointer moves (PUSH RSP stores the old value).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Push<T, TSource, TStack>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IOperand
        where TStack : IStackForm
    {
        if (!TSource.TryRead(cpu, s, op, out T value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        if (!TStack.TryPush(cpu, s, op, value))
        {
            if (TStack.Retries) op->Retry(cpu, s, op);
            return;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>
    /// POP. The stack pointer moves before the destination is addressed (POP [RSP+n]) or written (POP RSP), and back if
    /// that faults (SDM Vol. 2B, POP).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pop<T, TDestination, TStack>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TDestination : IOperand
        where TStack : IStackForm
    {
        if (!TStack.TryPeek(cpu, s, op, 0, out T value))
        {
            if (TStack.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong pointer = s->Gpr[4];
        TStack.Release(s, (uint)sizeof(T));
        if (!TDestination.TryWrite(cpu, s, op, value))
        {
            s->Gpr[4] = pointer;
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>LEAVE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Leave<T, TStack>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TStack : IStackForm
    {
        ulong pointer = s->Gpr[4];
        // In the stack's width: the pointer becomes a copy of the frame pointer.
        TStack.Release(s, s->Gpr[5] - pointer);
        if (!TStack.TryPeek(cpu, s, op, 0, out T value))
        {
            s->Gpr[4] = pointer;
            if (TStack.Retries) op->Retry(cpu, s, op);
            return;
        }

        TStack.Release(s, (uint)sizeof(T));
        if (sizeof(T) == 4) s->Gpr[5] = Unsafe.BitCast<T, uint>(value);
        else *(T*)&s->Gpr[5] = value;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
