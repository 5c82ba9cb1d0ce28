using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>INS and OUTS. A repeated one runs in bounded batches, each of which is one instruction retired.</summary>
internal static unsafe class SlowPortStrings
{
    private const int Rcx = 1, Rdx = 2, Rsi = 6, Rdi = 7;

    /// <summary>Elements between two looks at pending events.</summary>
    private const ulong Batch = 4096;

    /// <summary>INSB, INSW, INSD: port DX to ES:rDI.</summary>
    public static void Input<T>(Vcpu cpu, Op* op)
        where T : unmanaged
    {
        cpu.CheckIoPermission((ushort)cpu.State->Gpr[Rdx], sizeof(T));
        Repeat(cpu, op, Rdi, sizeof(T), &InputOne<T>);
    }

    /// <summary>OUTSB, OUTSW, OUTSD: segment:rSI to port DX.</summary>
    public static void Output<T>(Vcpu cpu, Op* op)
        where T : unmanaged
    {
        cpu.CheckIoPermission((ushort)cpu.State->Gpr[Rdx], sizeof(T));
        Repeat(cpu, op, Rsi, sizeof(T), &OutputOne<T>);
    }

    private static void InputOne<T>(Vcpu cpu, Op* op, ulong offset)
        where T : unmanaged
    {
        // The page must be writable before the device is read, or the data would be lost with the fault.
        ulong linear = cpu.TranslateSegment(SegmentIndex.Es, offset, sizeof(T), AccessKind.Write);
        cpu.ProbeLinear(linear, sizeof(T), AccessKind.Write, SegmentIndex.Es);
        cpu.WriteLinear(linear, Semantics.Bits.Truncate<T>(cpu.ReadPort((ushort)cpu.State->Gpr[Rdx], sizeof(T))), cpu.CurrentAccessClass, SegmentIndex.Es);
    }

    private static void OutputOne<T>(Vcpu cpu, Op* op, ulong offset)
        where T : unmanaged =>
        cpu.WritePort((ushort)cpu.State->Gpr[Rdx], sizeof(T), (uint)Semantics.Bits.Zero(cpu.ReadSegment<T>(op->Segment, offset)));

    private static void Repeat(Vcpu cpu, Op* op, int pointer, int size, delegate*<Vcpu, Op*, ulong, void> one)
    {
        CpuState* s = cpu.State;
        long step = (s->SystemFlags & Eflags.Df) != 0 ? -size : size;
        bool repeated = (op->Flags & (OpFlags.Rep | OpFlags.Repne)) != 0;
        while (true)
        {
            ulong count = Vcpu.WrapAddress(s->Gpr[Rcx], op->AddressSize);
            if (repeated && count == 0) return;
            one(cpu, op, Vcpu.WrapAddress(s->Gpr[pointer], op->AddressSize));
            cpu.WriteRegister((byte)(pointer * 8), op->AddressSize, s->Gpr[pointer] + (ulong)step);
            if (!repeated) return;
            cpu.WriteRegister(Rcx * 8, op->AddressSize, count - 1);
            if (count == 1) return;
            bool stops = cpu.DebugHit != null;
            // Batches end at multiples of their size, so that the number of instructions retired depends on the count alone.
            if ((count - 1) % Batch != 0 && !stops && !cpu.StopsAfterIteration) continue;
            s->Rip = cpu.InstructionRip;
            if (stops)
            {
                s->Remaining++;
                cpu.StopBehindIteration();
            }

            return;
        }
    }
}

/// <summary>INS and OUTS.</summary>
internal sealed unsafe class PortStringRow(delegate*<Vcpu, Op*, void> function) : InstructionRow
{
    private readonly delegate*<Vcpu, Op*, void> function = function;

    public override void Bind(ref Binder binder)
    {
        StringOperands.Bind(ref binder);
        binder.BindSlow(function, endsBlock: true);
    }
}
