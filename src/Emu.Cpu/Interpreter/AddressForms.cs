using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>
/// How a memory operand's linear address is computed. Handlers take one as a type argument, so the common forms cost a
/// few instructions and no test.
/// </summary>
internal unsafe interface IAddressForm
{
    /// <summary>False when the segment check failed; the fault is recorded and the handler must return.</summary>
    static abstract bool TryLinear(Vcpu cpu, CpuState* s, Op* op, int size, AccessKind kind, out ulong linear);

    /// <summary>The same, <paramref name="distance"/> bytes further on (bit strings).</summary>
    static abstract bool TryLinearAt(Vcpu cpu, CpuState* s, Op* op, ulong distance, int size, AccessKind kind, out ulong linear);
}

/// <summary>64-bit mode, base + displacement (also RIP-relative), segment base zero.</summary>
internal readonly unsafe struct AddressBase64 : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinear(Vcpu cpu, CpuState* s, Op* op, int size, AccessKind kind, out ulong linear)
    {
        linear = *(ulong*)((byte*)s + op->Base) + (ulong)(long)op->Displacement;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinearAt(Vcpu cpu, CpuState* s, Op* op, ulong distance, int size, AccessKind kind, out ulong linear)
    {
        TryLinear(cpu, s, op, size, kind, out linear);
        linear += distance;
        return true;
    }
}

/// <summary>64-bit mode, base + index * scale + displacement, segment base zero.</summary>
internal readonly unsafe struct AddressIndex64 : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinear(Vcpu cpu, CpuState* s, Op* op, int size, AccessKind kind, out ulong linear)
    {
        linear = *(ulong*)((byte*)s + op->Base) + (*(ulong*)((byte*)s + op->IndexRegister) << op->Scale) + (ulong)(long)op->Displacement;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinearAt(Vcpu cpu, CpuState* s, Op* op, ulong distance, int size, AccessKind kind, out ulong linear)
    {
        TryLinear(cpu, s, op, size, kind, out linear);
        linear += distance;
        return true;
    }
}

/// <summary>64-bit mode with an FS or GS base.</summary>
internal readonly unsafe struct AddressSegment64 : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinear(Vcpu cpu, CpuState* s, Op* op, int size, AccessKind kind, out ulong linear)
    {
        linear = *(ulong*)((byte*)s + op->Base) + (*(ulong*)((byte*)s + op->IndexRegister) << op->Scale) + (ulong)(long)op->Displacement
            + s->Segment(op->Segment).Base;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinearAt(Vcpu cpu, CpuState* s, Op* op, ulong distance, int size, AccessKind kind, out ulong linear)
    {
        TryLinear(cpu, s, op, size, kind, out linear);
        linear += distance;
        // AMD's processors check this sum as they go, before the segment base makes it a linear address.
        if (cpu.IsCanonical(linear - s->Segment(op->Segment).Base)) return true;
        cpu.Fault(op, ExceptionVector.GeneralProtection);
        return false;
    }
}

/// <summary>32-bit addresses in flat segments (ES, CS, SS, DS).</summary>
internal readonly unsafe struct AddressFlat32 : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinear(Vcpu cpu, CpuState* s, Op* op, int size, AccessKind kind, out ulong linear)
    {
        linear = *(uint*)((byte*)s + op->Base) + (*(uint*)((byte*)s + op->IndexRegister) << op->Scale) + (uint)op->Displacement;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinearAt(Vcpu cpu, CpuState* s, Op* op, ulong distance, int size, AccessKind kind, out ulong linear)
    {
        TryLinear(cpu, s, op, size, kind, out linear);
        linear = (uint)(linear + distance);
        return true;
    }
}

/// <summary>Everything else: any address size, any segment, all checks.</summary>
internal readonly unsafe struct AddressGeneral : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinear(Vcpu cpu, CpuState* s, Op* op, int size, AccessKind kind, out ulong linear)
    {
        bool permitted = cpu.TryGeneralAddress(op, size, kind);
        linear = *(ulong*)s->Scratch;
        return permitted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinearAt(Vcpu cpu, CpuState* s, Op* op, ulong distance, int size, AccessKind kind, out ulong linear)
    {
        bool permitted = cpu.TryGeneralAddress(op, size, kind, distance);
        linear = *(ulong*)s->Scratch;
        return permitted;
    }
}
