namespace Emu.Cpu;

// Instructions that look at descriptors or load LDTR and TR.
public sealed unsafe partial class Vcpu
{
    /// <summary>LAR and LSL: whether the selector names a descriptor that CPL and RPL may see and whose type the instruction accepts.</summary>
    internal bool TryInspect(ushort selector, bool forLimit, out Descriptor descriptor)
    {
        descriptor = default;
        if (IsNull(selector) || !TryFetchDescriptor(selector, out descriptor)) return false;
        if (!descriptor.IsSegment)
        {
            bool known = State->IsLongMode
                ? descriptor.Type is SystemType.Ldt or SystemType.AvailableTss or SystemType.BusyTss
                : descriptor.Type is SystemType.AvailableTss16 or SystemType.Ldt or SystemType.BusyTss16 or SystemType.AvailableTss or SystemType.BusyTss;
            if (!forLimit)
            {
                known |= descriptor.Type == SystemType.CallGate
                    || (!State->IsLongMode && descriptor.Type is SystemType.CallGate16 or SystemType.TaskGate);
            }

            if (!known) return false;
        }

        return descriptor.IsConforming || (descriptor.Dpl >= State->Cpl && descriptor.Dpl >= (selector & 3));
    }

    /// <summary>VERR and VERW.</summary>
    internal bool IsAccessible(ushort selector, bool write)
    {
        if (IsNull(selector) || !TryFetchDescriptor(selector, out Descriptor descriptor) || !descriptor.IsSegment) return false;
        bool visible = descriptor.Dpl >= State->Cpl && descriptor.Dpl >= (selector & 3);
        if (write) return visible && descriptor.IsWritableData;
        return descriptor.IsReadable && (visible || descriptor.IsConforming);
    }

    /// <summary>LLDT. Raises #GP, #NP.</summary>
    internal void LoadLocalDescriptorTable(ushort selector)
    {
        if (IsNull(selector))
        {
            SetNullSegment(SegmentIndex.Ldtr, selector);
            return;
        }

        uint error = selector & SelectorError;
        if ((selector & 4) != 0) RaiseGeneralProtection(error);
        Descriptor descriptor = FetchDescriptor(selector);
        if (descriptor.IsSegment || descriptor.Type != SystemType.Ldt) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        descriptor = FetchUpper(selector, descriptor);
        if (State->IsLongMode && !IsCanonicalBase(descriptor.Base)) RaiseGeneralProtection(error);
        SetSegment(SegmentIndex.Ldtr, selector, descriptor);
    }

    /// <summary>LTR. Raises #GP, #NP.</summary>
    internal void LoadTaskRegister(ushort selector)
    {
        if (IsNull(selector)) RaiseGeneralProtection();
        uint error = selector & SelectorError;
        if ((selector & 4) != 0) RaiseGeneralProtection(error);
        Descriptor descriptor = FetchDescriptor(selector);
        bool available = descriptor.Type == SystemType.AvailableTss || (descriptor.Type == SystemType.AvailableTss16 && !State->IsLongMode);
        if (descriptor.IsSegment || !available) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        descriptor = FetchUpper(selector, descriptor);
        if (State->IsLongMode && !IsCanonicalBase(descriptor.Base)) RaiseGeneralProtection(error);
        MarkBusy(descriptor.Address, busy: true);
        SegmentRegister register = descriptor.ToRegister(selector);
        register.Attributes |= 2;
        State->Segment(SegmentIndex.Tr) = register;
    }

    /// <summary>SGDT, SIDT, SLDT, STR and SMSW outside CPL 0 with CR4.UMIP: #GP(0).</summary>
    internal void CheckUserModeInstructionPrevention()
    {
        if ((State->Cr4 & Cr4.Umip) != 0 && State->Cpl != 0) RaiseGeneralProtection();
    }
}
