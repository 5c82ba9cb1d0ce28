namespace Emu.Cpu;

// Descriptor tables and segment registers.
public sealed unsafe partial class Vcpu
{
    /// <summary>Selector bits that go into an error code: index and TI.</summary>
    private const uint SelectorError = 0xFFFC;

    private static bool IsNull(ushort selector) => (selector & SelectorError) == 0;

    /// <summary>The processor is in IA-32e mode and runs 64-bit code.</summary>
    private bool Is64BitCode => (State->Mode & CodeMode.Code64) != 0;

    private bool IsAmd => Model.IsAmd;

    /// <summary>Reads a descriptor; false when the selector points beyond its table. Raises #PF only.</summary>
    private bool TryFetchDescriptor(ushort selector, out Descriptor descriptor)
    {
        CpuState* s = State;
        ulong table = s->GdtBase;
        uint limit = s->GdtLimit;
        if ((selector & 4) != 0)
        {
            ref SegmentRegister ldt = ref s->Segment(SegmentIndex.Ldtr);
            table = ldt.Base;
            limit = ldt.Limit;
            if (!ldt.Present)
            {
                descriptor = default;
                return false;
            }
        }

        uint offset = selector & 0xFFF8u;
        if (offset + 7 > limit)
        {
            descriptor = default;
            return false;
        }

        ulong address = table + offset;
        descriptor = new Descriptor(ReadSystem<ulong>(address), address);
        return true;
    }

    /// <summary>Reads a descriptor; raises <paramref name="vector"/>(selector) when it lies beyond its table.</summary>
    private Descriptor FetchDescriptor(ushort selector, byte vector = ExceptionVector.GeneralProtection, uint ext = 0)
    {
        if (!TryFetchDescriptor(selector, out Descriptor descriptor)) Raise(vector, (selector & SelectorError) | ext);
        return descriptor;
    }

    /// <summary>Completes a system descriptor to its 16-byte form in IA-32e mode (SDM Vol. 3A 7.2.3).</summary>
    private Descriptor FetchUpper(ushort selector, in Descriptor descriptor, byte vector = ExceptionVector.GeneralProtection, uint ext = 0)
    {
        if (!State->IsLongMode) return descriptor;
        uint limit = (selector & 4) != 0 ? State->Segment(SegmentIndex.Ldtr).Limit : State->GdtLimit;
        if ((selector & 0xFFF8u) + 15 > limit) Raise(vector, (selector & SelectorError) | ext);
        return descriptor with { Upper = ReadSystem<ulong>(descriptor.Address + 8) };
    }

    /// <summary>Sets the accessed flag in memory if it is clear; returns the descriptor with it set.</summary>
    private Descriptor MarkAccessed(in Descriptor descriptor)
    {
        if (descriptor.Accessed) return descriptor;
        ulong raw = descriptor.Raw | (1UL << 40);
        WriteSystem(descriptor.Address + 5, (byte)(raw >> 40));
        return descriptor with { Raw = raw };
    }

    /// <summary>Sets or clears the busy flag of a TSS descriptor in memory.</summary>
    private void MarkBusy(ulong descriptorAddress, bool busy)
    {
        byte access = ReadSystem<byte>(descriptorAddress + 5);
        WriteSystem(descriptorAddress + 5, (byte)(busy ? access | 2 : access & ~2));
    }

    /// <summary>Loads a segment register from a checked descriptor. No fault is possible.</summary>
    private void SetSegment(SegmentIndex index, ushort selector, in Descriptor descriptor) =>
        State->Segment(index) = descriptor.ToRegister(selector);

    /// <summary>
    /// Loads a null selector. In 64-bit mode the register stays usable with base 0 (FS and GS bases are cleared, as CPUID
    /// 80000021h EAX[6] promises); elsewhere every use of it faults.
    /// </summary>
    private void SetNullSegment(SegmentIndex index, ushort selector)
    {
        ref SegmentRegister register = ref State->Segment(index);
        register = new SegmentRegister { Selector = selector };
        register.UpdateDerived();
    }

    /// <summary>Loads a segment register in real-address mode, where limit and attributes stay (SDM Vol. 3A 20.1.1), or in virtual-8086 mode.</summary>
    private void SetRealSegment(SegmentIndex index, ushort selector)
    {
        ref SegmentRegister register = ref State->Segment(index);
        register.Selector = selector;
        register.Base = (uint)selector << 4;
        if (State->IsVirtual8086)
        {
            register.Limit = 0xFFFF;
            register.Attributes = 0xF3;
        }
        else if (!register.Present || !register.IsCodeOrData)
        {
            register.Attributes = 0x93;
        }

        register.UpdateDerived();
    }

    /// <summary>
    /// MOV, POP and LDS... into ES, SS, DS, FS or GS. Raises #GP, #NP, #SS with the selector (SDM Vol. 2B, MOV). The caller
    /// calls <see cref="UpdateMode"/> afterwards.
    /// </summary>
    public void LoadSegment(SegmentIndex index, ushort selector)
    {
        CpuState* s = State;
        if (!s->IsProtected)
        {
            SetRealSegment(index, selector);
            return;
        }

        if (index == SegmentIndex.Ss)
        {
            LoadStackSegment(selector);
            return;
        }

        if (IsNull(selector))
        {
            SetNullSegment(index, selector);
            return;
        }

        Descriptor descriptor = FetchDescriptor(selector);
        uint error = selector & SelectorError;
        int rpl = selector & 3;
        if (!descriptor.IsReadable) RaiseGeneralProtection(error);
        if (!descriptor.IsConforming && (rpl > descriptor.Dpl || s->Cpl > descriptor.Dpl)) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        SetSegment(index, selector, MarkAccessed(descriptor));
    }

    private void LoadStackSegment(ushort selector)
    {
        CpuState* s = State;
        int rpl = selector & 3;
        if (IsNull(selector))
        {
            // Only 64-bit code below CPL 3 may run with a null SS (SDM Vol. 3A 5.4.1.1).
            if (!Is64BitCode || s->Cpl == 3 || rpl != s->Cpl) RaiseGeneralProtection();
            SetNullSegment(SegmentIndex.Ss, selector);
            return;
        }

        Descriptor descriptor = FetchDescriptor(selector);
        uint error = selector & SelectorError;
        if (rpl != s->Cpl || !descriptor.IsWritableData || descriptor.Dpl != s->Cpl) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.StackFault, error);
        SetSegment(SegmentIndex.Ss, selector, MarkAccessed(descriptor));
    }

    /// <summary>
    /// Reads the inner-level stack of a legacy TSS and checks its segment (SDM Vol. 2A, CALL and INT n). Raises
    /// #TS, #SS(selector), each with EXT.
    /// </summary>
    private void FetchInnerStack(int dpl, uint ext, out SegmentRegister stack, out ulong pointer)
    {
        ref SegmentRegister tr = ref State->Segment(SegmentIndex.Tr);
        bool wide = (tr.Type & 8) != 0;
        uint offset = wide ? (uint)(dpl * 8) + 4 : (uint)(dpl * 4) + 2;
        if (offset + (wide ? 5u : 3u) > tr.Limit) Raise(ExceptionVector.InvalidTss, (tr.Selector & SelectorError) | ext);
        ushort selector;
        if (wide)
        {
            pointer = ReadSystem<uint>(tr.Base + offset);
            selector = ReadSystem<ushort>(tr.Base + offset + 4);
        }
        else
        {
            pointer = ReadSystem<ushort>(tr.Base + offset);
            selector = ReadSystem<ushort>(tr.Base + offset + 2);
        }

        if (IsNull(selector)) Raise(ExceptionVector.InvalidTss, ext);
        uint error = (selector & SelectorError) | ext;
        Descriptor descriptor = FetchDescriptor(selector, ExceptionVector.InvalidTss, ext);
        if ((selector & 3) != dpl || descriptor.Dpl != dpl || !descriptor.IsWritableData) Raise(ExceptionVector.InvalidTss, error);
        if (!descriptor.Present) Raise(ExceptionVector.StackFault, error);
        stack = MarkAccessed(descriptor).ToRegister(selector);
    }

    /// <summary>Reads an RSP or IST entry of a 64-bit TSS. Raises #TS, #SS with EXT.</summary>
    /// <param name="offset">Offset in the TSS: 4 + 8 n for RSPn, 28 + 8 n for ISTn.</param>
    /// <param name="ext">EXT bit of the error code.</param>
    private ulong FetchStackPointer64(uint offset, uint ext)
    {
        ref SegmentRegister tr = ref State->Segment(SegmentIndex.Tr);
        if (offset + 7 > tr.Limit) Raise(ExceptionVector.InvalidTss, (tr.Selector & SelectorError) | ext);
        ulong pointer = ReadSystem<ulong>(tr.Base + offset);
        if (!IsCanonical(pointer)) Raise(ExceptionVector.StackFault, ext);
        return pointer;
    }

    /// <summary>The null SS that a transfer to an inner level in IA-32e mode loads.</summary>
    private static SegmentRegister NullStack(int rpl)
    {
        SegmentRegister stack = new() { Selector = (ushort)rpl };
        stack.UpdateDerived();
        return stack;
    }

    /// <summary>
    /// After a return to an outer level: data segments that level may not use become null (SDM Vol. 3A 5.8.6).
    /// </summary>
    private void DropInnerDataSegments()
    {
        CpuState* s = State;
        Drop(ref s->Segment(SegmentIndex.Es));
        Drop(ref s->Segment(SegmentIndex.Ds));
        Drop(ref s->Segment(SegmentIndex.Fs));
        Drop(ref s->Segment(SegmentIndex.Gs));

        void Drop(ref SegmentRegister register)
        {
            bool conforming = register.IsCode && (register.Attributes & 4) != 0;
            if (register.Dpl >= State->Cpl || conforming || !register.IsCodeOrData) return;
            register = new SegmentRegister { Base = register.Base };
            register.UpdateDerived();
        }
    }
}
