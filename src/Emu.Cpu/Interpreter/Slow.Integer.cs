using Emu.Cpu.Semantics;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Integer instructions too rare or too intricate for a handler of their own.</summary>
internal static unsafe class SlowInteger
{
    /// <summary>MOV accumulator, [64-bit offset].</summary>
    public static void LoadFar(Vcpu cpu, Op* op)
    {
        ulong linear = cpu.TranslateSegment(op->Segment, op->Immediate, op->Size, AccessKind.Read);
        ulong value = op->Size switch
        {
            1 => cpu.ReadLinear<byte>(linear, cpu.CurrentAccessClass, op->Segment),
            2 => cpu.ReadLinear<ushort>(linear, cpu.CurrentAccessClass, op->Segment),
            4 => cpu.ReadLinear<uint>(linear, cpu.CurrentAccessClass, op->Segment),
            _ => cpu.ReadLinear<ulong>(linear, cpu.CurrentAccessClass, op->Segment),
        };
        cpu.WriteRegister(0, op->Size, value);
    }

    /// <summary>MOV [64-bit offset], accumulator.</summary>
    public static void StoreFar(Vcpu cpu, Op* op)
    {
        ulong linear = cpu.TranslateSegment(op->Segment, op->Immediate, op->Size, AccessKind.Write);
        ulong value = cpu.State->Gpr[0];
        switch (op->Size)
        {
            case 1: cpu.WriteLinear(linear, (byte)value, cpu.CurrentAccessClass, op->Segment); break;
            case 2: cpu.WriteLinear(linear, (ushort)value, cpu.CurrentAccessClass, op->Segment); break;
            case 4: cpu.WriteLinear(linear, (uint)value, cpu.CurrentAccessClass, op->Segment); break;
            default: cpu.WriteLinear(linear, value, cpu.CurrentAccessClass, op->Segment); break;
        }
    }

    /// <summary>XLAT: AL = [rBX + AL]; only AL takes part in the address, wrapped to the address size.</summary>
    public static void Xlat(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        ulong offset = Vcpu.WrapAddress(s->Gpr[3] + (byte)s->Gpr[0], op->AddressSize);
        cpu.WriteRegister(0, cpu.ReadSegment<byte>(op->Segment, offset));
    }

    /// <summary>CMPXCHG8B. Only ZF changes.</summary>
    public static void CompareExchange8(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        ulong linear = cpu.OperandAddress(op, 8, AccessKind.Write);
        cpu.ProbeLinear(linear, 8, AccessKind.Write, op->Segment);
        ulong old = cpu.ReadLinear<ulong>(linear, cpu.CurrentAccessClass, op->Segment);
        bool equal = old == ((s->Gpr[2] << 32) | (uint)s->Gpr[0]);
        if (equal)
        {
            cpu.WriteLinear(linear, (s->Gpr[1] << 32) | (uint)s->Gpr[3], cpu.CurrentAccessClass, op->Segment);
        }
        else
        {
            s->Gpr[0] = (uint)old;
            s->Gpr[2] = old >> 32;
        }

        SetZero(s, equal);
    }

    /// <summary>CMPXCHG16B. Only ZF changes. An address that is no multiple of 16 is #GP(0).</summary>
    public static void CompareExchange16(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        ulong linear = cpu.OperandAddress(op, 16, AccessKind.Write);
        if ((linear & 15) != 0) cpu.RaiseGeneralProtection();
        cpu.ProbeLinear(linear, 16, AccessKind.Write, op->Segment);
        ulong low = cpu.ReadLinear<ulong>(linear, cpu.CurrentAccessClass, op->Segment);
        ulong high = cpu.ReadLinear<ulong>(linear + 8, cpu.CurrentAccessClass, op->Segment);
        bool equal = low == s->Gpr[0] && high == s->Gpr[2];
        if (equal)
        {
            cpu.WriteLinear(linear, s->Gpr[3], cpu.CurrentAccessClass, op->Segment);
            cpu.WriteLinear(linear + 8, s->Gpr[1], cpu.CurrentAccessClass, op->Segment);
        }
        else
        {
            s->Gpr[0] = low;
            s->Gpr[2] = high;
        }

        SetZero(s, equal);
    }

    private static void SetZero(CpuState* s, bool value) =>
        s->SetArithmeticFlags((s->ArithmeticFlags & ~Eflags.Zf) | (value ? Eflags.Zf : 0));

    /// <summary>
    /// MOVDIR64B: 64 bytes to ES:register, which must be a multiple of 64 (#GP). The source needs no alignment.
    /// </summary>
    public static void MoveDirect64(Vcpu cpu, Op* op)
    {
        Span<byte> data = stackalloc byte[64];
        cpu.ReadLinear(cpu.OperandAddress(op, 64, AccessKind.Read), data, op->Segment);
        ulong offset = Vcpu.WrapAddress(cpu.ReadRegister<ulong>(op->Destination), op->AddressSize);
        ulong linear = cpu.TranslateSegment(SegmentIndex.Es, offset, 64, AccessKind.Write);
        if ((linear & 63) != 0) cpu.RaiseGeneralProtection();
        cpu.WriteLinear(linear, data, SegmentIndex.Es);
    }

    /// <summary>BOUND: #BR when the signed index is below the first or above the second bound in memory.</summary>
    public static void Bound(Vcpu cpu, Op* op)
    {
        ulong offset = cpu.EffectiveAddress(op);
        long index, lower, upper;
        if (op->Size == 2)
        {
            index = cpu.ReadRegister<short>(op->Destination);
            lower = cpu.ReadSegment<short>(op->Segment, offset);
            upper = cpu.ReadSegment<short>(op->Segment, Vcpu.WrapAddress(offset + 2, op->AddressSize));
        }
        else
        {
            index = cpu.ReadRegister<int>(op->Destination);
            lower = cpu.ReadSegment<int>(op->Segment, offset);
            upper = cpu.ReadSegment<int>(op->Segment, Vcpu.WrapAddress(offset + 4, op->AddressSize));
        }

        if (index < lower || index > upper) cpu.Raise(ExceptionVector.BoundRange);
    }

    /// <summary>DAA.</summary>
    public static void Daa(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        cpu.WriteRegister(0, DecimalAdjust.Daa((byte)s->Gpr[0], s->ArithmeticFlags, out uint flags));
        s->SetArithmeticFlags(flags);
    }

    /// <summary>DAS.</summary>
    public static void Das(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        cpu.WriteRegister(0, DecimalAdjust.Das((byte)s->Gpr[0], s->ArithmeticFlags, out uint flags));
        s->SetArithmeticFlags(flags);
    }

    /// <summary>AAA.</summary>
    public static void Aaa(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        cpu.WriteRegister(0, DecimalAdjust.Aaa((ushort)s->Gpr[0], s->ArithmeticFlags, out uint flags));
        s->SetArithmeticFlags(flags);
    }

    /// <summary>AAS.</summary>
    public static void Aas(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        cpu.WriteRegister(0, DecimalAdjust.Aas((ushort)s->Gpr[0], s->ArithmeticFlags, out uint flags));
        s->SetArithmeticFlags(flags);
    }

    /// <summary>AAM; a base of zero is #DE.</summary>
    public static void Aam(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        byte numberBase = (byte)op->Immediate;
        if (numberBase == 0) cpu.Raise(ExceptionVector.DivideError);
        cpu.WriteRegister(0, DecimalAdjust.Aam((byte)s->Gpr[0], numberBase, out uint flags));
        s->SetArithmeticFlags(flags);
    }

    /// <summary>AAD.</summary>
    public static void Aad(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        cpu.WriteRegister(0, DecimalAdjust.Aad((ushort)s->Gpr[0], (byte)op->Immediate, out uint flags));
        s->SetArithmeticFlags(flags);
    }

    /// <summary>PUSHA, PUSHAD: eight registers, the stack pointer as it was before.</summary>
    public static void PushAll<T>(Vcpu cpu, Op* op)
        where T : unmanaged
    {
        Vcpu.StackCursor stack = new(cpu);
        for (int i = 0; i < 8; i++) stack.Push(cpu.State->Gpr[i], sizeof(T));
        stack.Commit();
    }

    /// <summary>POPA, POPAD: eight registers, the image of the stack pointer thrown away.</summary>
    public static void PopAll<T>(Vcpu cpu, Op* op)
        where T : unmanaged
    {
        Vcpu.StackCursor stack = new(cpu);
        uint* values = stackalloc uint[8];
        for (int i = 7; i >= 0; i--) values[i] = (uint)stack.Pop(sizeof(T));
        stack.Commit();
        for (int i = 0; i < 8; i++)
        {
            if (i == 4) continue;
            if (sizeof(T) == 2) *(ushort*)&cpu.State->Gpr[i] = (ushort)values[i];
            else cpu.State->Gpr[i] = values[i];
        }
    }

    /// <summary>
    /// ENTER: saves the frame pointer, copies up to 30 outer frame pointers and the new one, reserves space (SDM Vol. 2A). The
    /// new top of the stack must be writable, though nothing is written there.
    /// </summary>
    public static void Enter<T>(Vcpu cpu, Op* op)
        where T : unmanaged
    {
        CpuState* s = cpu.State;
        int size = sizeof(T), level = (int)(op->Immediate >> 16) & 31;
        Vcpu.StackCursor stack = new(cpu);
        stack.Push(s->Gpr[5], size);
        // With a 16-bit stack the new EBP is all of ESP, upper half included.
        ulong frame = cpu.StackAddressSize == 2 ? (s->Gpr[4] & ~0xFFFFul) | stack.Pointer : stack.Pointer;
        ulong outer = s->Gpr[5];
        for (int i = 1; i < level; i++)
        {
            outer = Vcpu.WrapAddress(outer - (uint)size, cpu.StackAddressSize);
            stack.Push(size switch
            {
                2 => cpu.ReadSegment<ushort>(SegmentIndex.Ss, outer),
                4 => cpu.ReadSegment<uint>(SegmentIndex.Ss, outer),
                _ => cpu.ReadSegment<ulong>(SegmentIndex.Ss, outer),
            }, size);
        }

        if (level != 0) stack.Push(frame, size);
        stack.Pointer -= (ushort)op->Immediate;
        cpu.ProbeLinear(cpu.TranslateSegment(SegmentIndex.Ss, stack.Pointer, size, AccessKind.Write), size, AccessKind.Write, SegmentIndex.Ss);
        stack.Commit();
        cpu.WriteRegister(RegisterOffset.Rbp, size, frame);
    }
}
