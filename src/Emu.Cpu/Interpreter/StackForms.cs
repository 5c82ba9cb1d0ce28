using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>How the stack is addressed.</summary>
internal unsafe interface IStackForm
{
    /// <summary>As <see cref="IOperand.Retries"/>.</summary>
    static abstract bool Retries { get; }

    /// <summary>Pushes a value and moves the stack pointer; false when it faulted.</summary>
    static abstract bool TryPush<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged;

    /// <summary>Reads at <paramref name="displacement"/> above the stack pointer, which stays.</summary>
    static abstract bool TryPeek<T>(Vcpu cpu, CpuState* s, Op* op, ulong displacement, out T value)
        where T : unmanaged;

    /// <summary>Adds to the stack pointer.</summary>
    static abstract void Release(CpuState* s, ulong bytes);
}

/// <summary>64-bit mode.</summary>
internal readonly unsafe struct Stack64 : IStackForm
{
    public static bool Retries => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        ulong pointer = s->Gpr[4] - (uint)sizeof(T);
        if (!Vcpu.TryWriteHit(s, pointer, value)) return false;
        s->Gpr[4] = pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPeek<T>(Vcpu cpu, CpuState* s, Op* op, ulong displacement, out T value)
        where T : unmanaged => Vcpu.TryReadHit(s, s->Gpr[4] + displacement, out value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Release(CpuState* s, ulong bytes) => s->Gpr[4] += bytes;
}

/// <summary>64-bit mode, wherever the stack is.</summary>
internal readonly unsafe struct CheckedStack64 : IStackForm
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        ulong pointer = s->Gpr[4] - (uint)sizeof(T);
        if (!Vcpu.TryWriteStack(cpu, s, op, pointer, value)) return false;
        s->Gpr[4] = pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPeek<T>(Vcpu cpu, CpuState* s, Op* op, ulong displacement, out T value)
        where T : unmanaged => Vcpu.TryReadStack(cpu, s, op, s->Gpr[4] + displacement, out value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Release(CpuState* s, ulong bytes) => Stack64.Release(s, bytes);
}

/// <summary>Flat 32-bit stack segment.</summary>
internal readonly unsafe struct StackFlat32 : IStackForm
{
    public static bool Retries => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        uint pointer = (uint)s->Gpr[4] - (uint)sizeof(T);
        if (!Vcpu.TryWriteHit(s, pointer, value)) return false;
        s->Gpr[4] = pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPeek<T>(Vcpu cpu, CpuState* s, Op* op, ulong displacement, out T value)
        where T : unmanaged => Vcpu.TryReadHit(s, (uint)s->Gpr[4] + (uint)displacement, out value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Release(CpuState* s, ulong bytes) => s->Gpr[4] = (uint)(s->Gpr[4] + bytes);
}

/// <summary>Flat 32-bit stack segment, wherever the stack is.</summary>
internal readonly unsafe struct CheckedStackFlat32 : IStackForm
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        uint pointer = (uint)s->Gpr[4] - (uint)sizeof(T);
        if (!Vcpu.TryWriteStack(cpu, s, op, pointer, value)) return false;
        s->Gpr[4] = pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPeek<T>(Vcpu cpu, CpuState* s, Op* op, ulong displacement, out T value)
        where T : unmanaged => Vcpu.TryReadStack(cpu, s, op, (uint)s->Gpr[4] + (uint)displacement, out value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Release(CpuState* s, ulong bytes) => StackFlat32.Release(s, bytes);
}

/// <summary>Any segmented stack, 16 or 32 bits wide.</summary>
internal readonly unsafe struct StackGeneral : IStackForm
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        ulong pointer = Vcpu.WrapAddress(cpu.StackPointer - (uint)sizeof(T), cpu.StackAddressSize);
        if (!cpu.TryStackAddress(op, pointer, sizeof(T), AccessKind.Write)) return false;
        if (!Vcpu.TryWriteStack(cpu, s, op, *(ulong*)s->Scratch, value)) return false;
        cpu.StackPointer = pointer;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPeek<T>(Vcpu cpu, CpuState* s, Op* op, ulong displacement, out T value)
        where T : unmanaged
    {
        ulong pointer = Vcpu.WrapAddress(cpu.StackPointer + displacement, cpu.StackAddressSize);
        if (cpu.TryStackAddress(op, pointer, sizeof(T), AccessKind.Read)) return Vcpu.TryReadStack(cpu, s, op, *(ulong*)s->Scratch, out value);
        value = default;
        return false;
    }

    public static void Release(CpuState* s, ulong bytes)
    {
        if ((s->Mode & CodeMode.Stack32) != 0)
        {
            s->Gpr[4] = (uint)(s->Gpr[4] + bytes);
        }
        else
        {
            *(ushort*)&s->Gpr[4] += (ushort)bytes;
        }
    }
}
