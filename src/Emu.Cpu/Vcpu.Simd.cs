using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Availability of x87, MMX, SSE and AVX state.
public sealed unsafe partial class Vcpu
{
    /// <summary>
    /// Every MMX instruction but EMMS: reports a pending x87 exception, then sets TOP to 0 and all tags to valid
    /// (SDM Vol. 1 9.5.1). False when it faulted.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnterMmx(Vcpu cpu, CpuState* s, Op* op)
    {
        if ((s->Fsw & FswExceptionSummary) != 0 && !cpu.TryReportX87Error(op)) return false;
        s->Fsw = (ushort)(s->Fsw & ~0x3800);
        s->Ftw = 0xFF;
        return true;
    }

    private const ushort FswExceptionSummary = 1 << 7;

    /// <summary>An unmasked SSE exception: #XM, or #UD when the operating system has not announced a handler (SDM Vol. 1 11.5.1).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void SimdFloatingPointFault(Op* op)
    {
        State->SseEnvironment.ClearUnmasked();
        Fault(op, (State->Cr4 & Cr4.Osxmmexcpt) != 0 ? ExceptionVector.SimdFloatingPoint : ExceptionVector.InvalidOpcode);
    }

    /// <summary>As <see cref="SimdFloatingPointFault"/> for slow functions: raises if the last operations met an unmasked exception.</summary>
    internal void RaiseSimdFloatingPoint()
    {
        if (State->SseEnvironment.Unmasked == FloatingPoint.FloatExceptions.None) return;
        State->SseEnvironment.ClearUnmasked();
        Raise((State->Cr4 & Cr4.Osxmmexcpt) != 0 ? ExceptionVector.SimdFloatingPoint : ExceptionVector.InvalidOpcode);
    }

    /// <summary>Reads an element at segment:offset, of any alignment even where alignment is checked. Raises #PF, #GP, #SS.</summary>
    internal T ReadElement<T>(SegmentIndex segment, ulong offset)
        where T : unmanaged
    {
        if ((State->Mode & CodeMode.Code64) != 0)
        {
            // What is in the TLB is canonical.
            ulong address = segment >= SegmentIndex.Fs ? State->Segment(segment).Base + offset : offset;
            TlbEntry* entry = State->DataEntry(address);
            if (((address + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->ReadTag) return Unsafe.ReadUnaligned<T>((void*)(address + (ulong)entry->Addend));
        }

        T value;
        ulong linear = TranslateSegment(segment, offset, sizeof(T), AccessKind.Read);
        if (!Access(linear, (byte*)&value, sizeof(T), AccessKind.Read, CurrentAccessClass, segment, allowUnaligned: true)) throw unwind;
        return value;
    }

    /// <summary>Checks that a store will not fault, for instructions with another fault of lower priority to find out first.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TryProbeWrite(Op* op, ulong linear, int size)
    {
        if (Probe(linear, size, AccessKind.Write, CurrentAccessClass, op->Segment)) return true;
        LeaveAt(op);
        return false;
    }

    /// <summary>
    /// Slow function of an instruction whose unit is switched off in the block's mode: raises the exception the control
    /// registers ask for (SDM Vol. 3A tables 2-2, 2-3; Vol. 2A 2.4). The immediate is an <see cref="ExecutionUnit"/>.
    /// </summary>
    internal static void UnitUnavailable(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        ExecutionUnit unit = (ExecutionUnit)op->Immediate;
        bool undefined = unit switch
        {
            ExecutionUnit.Mmx => (s->Cr0 & Cr0.Em) != 0,
            ExecutionUnit.Sse => (s->Cr0 & Cr0.Em) != 0 || (s->Cr4 & Cr4.Osfxsr) == 0,
            ExecutionUnit.Avx => !s->IsProtected || (s->Cr4 & Cr4.Osxsave) == 0 || (s->Xcr0 & (Xcr0.Sse | Xcr0.Avx)) != (Xcr0.Sse | Xcr0.Avx),
            _ => false,
        };
        if (undefined) cpu.RaiseInvalidOpcode();
        cpu.Raise(ExceptionVector.DeviceNotAvailable);
    }
}

/// <summary>State an instruction needs the operating system to have enabled.</summary>
internal enum ExecutionUnit : byte
{
    X87,
    Mmx,
    Sse,
    Avx,
}
