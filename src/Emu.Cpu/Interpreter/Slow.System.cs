using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Privileged and identification instructions.</summary>
internal static unsafe class SlowSystem
{
    private const int Rax = 0, Rcx = 1, Rdx = 2, Rbx = 3;

    /// <summary>MOV r, CRn.</summary>
    public static void ReadControl(Vcpu cpu, Op* op)
    {
        CheckControl(cpu, op->Source);
        cpu.WriteRegister(op->Destination, op->Size, cpu.ReadControl(op->Source));
    }

    /// <summary>MOV CRn, r.</summary>
    public static void WriteControl(Vcpu cpu, Op* op)
    {
        CheckControl(cpu, op->Destination);
        cpu.WriteControl(op->Destination, cpu.ReadRegister(op->Source, op->Size));
    }

    private static void CheckControl(Vcpu cpu, int number)
    {
        if (number is not (0 or 2 or 3 or 4 or 8)) cpu.RaiseInvalidOpcode();
        // AMD's LOCK MOV CR0 is the only way to name CR8 outside 64-bit code (APM Vol. 3, MOV CRn).
        if (number == 8 && (cpu.State->Mode & CodeMode.Code64) == 0 && !cpu.Model.Has("cr8legacy")) cpu.RaiseInvalidOpcode();
        cpu.RequireCpl0();
    }

    /// <summary>MOV r, DRn.</summary>
    public static void ReadDebug(Vcpu cpu, Op* op) => cpu.WriteRegister(op->Destination, op->Size, cpu.ReadDebug(op->Source));

    /// <summary>MOV DRn, r.</summary>
    public static void WriteDebug(Vcpu cpu, Op* op) => cpu.WriteDebug(op->Destination, cpu.ReadRegister(op->Source, op->Size));

    /// <summary>CLTS.</summary>
    public static void ClearTaskSwitched(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        cpu.State->Cr0 &= ~Cr0.Ts;
        cpu.UpdateMode();
    }

    /// <summary>HLT.</summary>
    public static void Halt(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        cpu.State->Activity = ActivityState.Halted;
        cpu.SignalPendingEvents();
    }

    /// <summary>INVD, WBINVD, WBNOINVD: there is no cache to empty.</summary>
    public static void InvalidateCaches(Vcpu cpu, Op* op) => cpu.RequireCpl0();

    /// <summary>INVLPG. A non-canonical address does nothing.</summary>
    public static void InvalidatePage(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        ulong offset = cpu.EffectiveAddress(op);
        ulong linear = (cpu.State->Mode & CodeMode.Code64) != 0
            ? offset + (op->Segment >= SegmentIndex.Fs ? cpu.State->Segment(op->Segment).Base : 0)
            : (uint)(offset + cpu.State->Segment(op->Segment).Base);
        if ((cpu.State->Mode & CodeMode.Code64) == 0 || cpu.IsCanonical(linear)) cpu.Mmu.InvalidatePage(linear);
    }

    /// <summary>INVPCID.</summary>
    public static void InvalidatePcid(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        ulong linear = cpu.OperandAddress(op, 16, AccessKind.Read);
        ulong low = cpu.ReadLinear<ulong>(linear);
        ulong address = cpu.ReadLinear<ulong>(cpu.WrapLinear(linear + 8));
        ulong type = cpu.ReadRegister(op->Destination, (cpu.State->Mode & CodeMode.Code64) != 0 ? 8 : 4);
        bool pcids = (cpu.State->Cr4 & Cr4.Pcide) != 0;
        if (type > 3 || low >> 12 != 0 || (type < 2 && !pcids && low != 0)) cpu.RaiseGeneralProtection();
        if (type == 0 && !cpu.IsCanonicalBase(address)) cpu.RaiseGeneralProtection();
        cpu.Mmu.Invpcid((InvpcidType)type, (ushort)low, address);
    }

    /// <summary>MONITOR and MONITORX.</summary>
    public static void Monitor(Vcpu cpu, Op* op)
    {
        if (cpu.State->Cpl != 0 || !cpu.IsMonitorEnabled) cpu.RaiseInvalidOpcode();
        if (cpu.ReadRegister<uint>(Rcx * 8) != 0) cpu.RaiseGeneralProtection();
        cpu.ReadSegment<byte>(op->Segment, Vcpu.WrapAddress(cpu.State->Gpr[Rax], op->AddressSize));
    }

    /// <summary>
    /// MWAIT and MWAITX: gives the rest of the time slice away. Leaving the wait early is always permitted (SDM Vol. 3A 8.10.4), and
    /// no store to the monitored line can be missed.
    /// </summary>
    public static void Wait(Vcpu cpu, Op* op)
    {
        if (cpu.State->Cpl != 0 || !cpu.IsMonitorEnabled) cpu.RaiseInvalidOpcode();
        if ((cpu.ReadRegister<uint>(Rcx * 8) & ~1u) != 0) cpu.RaiseGeneralProtection();
        cpu.Yield();
    }

    /// <summary>IN from an immediate port.</summary>
    public static void InImmediate<T>(Vcpu cpu, Op* op)
        where T : unmanaged => In(cpu, (byte)op->Immediate, sizeof(T));

    /// <summary>IN from DX.</summary>
    public static void InDx<T>(Vcpu cpu, Op* op)
        where T : unmanaged => In(cpu, (ushort)cpu.State->Gpr[Rdx], sizeof(T));

    private static void In(Vcpu cpu, ushort port, int size)
    {
        cpu.CheckIoPermission(port, size);
        cpu.WriteRegister(0, size, cpu.ReadPort(port, size));
    }

    /// <summary>OUT to an immediate port.</summary>
    public static void OutImmediate<T>(Vcpu cpu, Op* op)
        where T : unmanaged => Out(cpu, (byte)op->Immediate, sizeof(T));

    /// <summary>OUT to DX.</summary>
    public static void OutDx<T>(Vcpu cpu, Op* op)
        where T : unmanaged => Out(cpu, (ushort)cpu.State->Gpr[Rdx], sizeof(T));

    private static void Out(Vcpu cpu, ushort port, int size)
    {
        cpu.CheckIoPermission(port, size);
        cpu.WritePort(port, size, (uint)cpu.ReadRegister(0, size));
    }

    /// <summary>XGETBV.</summary>
    public static void GetExtendedControl(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        if ((s->Cr4 & Cr4.Osxsave) == 0) cpu.RaiseInvalidOpcode();
        uint index = (uint)s->Gpr[Rcx];
        // Register 1 is XCR0 AND the components in use; all of them always are.
        if (index > 1 || (index == 1 && !cpu.Model.Has("xgetbv1"))) cpu.RaiseGeneralProtection();
        SetPair(s, s->Xcr0);
    }

    /// <summary>XSETBV.</summary>
    public static void SetExtendedControl(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        if ((s->Cr4 & Cr4.Osxsave) == 0) cpu.RaiseInvalidOpcode();
        cpu.RequireCpl0();
        cpu.WriteXcr((uint)s->Gpr[Rcx], GetPair(s));
    }

    private static void SetPair(CpuState* s, ulong value)
    {
        s->Gpr[Rax] = (uint)value;
        s->Gpr[Rdx] = value >> 32;
    }

    private static ulong GetPair(CpuState* s) => (uint)s->Gpr[Rax] | (s->Gpr[Rdx] << 32);

    /// <summary>RDTSC.</summary>
    public static void ReadTimeStamp(Vcpu cpu, Op* op)
    {
        cpu.CheckTimeStampAccess();
        // Time may be the count of instructions, which is exact at block boundaries: account for this one and those before it in its block.
        CpuState* s = cpu.State;
        s->Remaining -= op->Index + 1;
        ulong time = cpu.TimeStampCounter;
        s->Remaining += op->Index + 1;
        SetPair(s, time);
    }

    /// <summary>RDTSCP.</summary>
    public static void ReadTimeStampAndProcessor(Vcpu cpu, Op* op)
    {
        ReadTimeStamp(cpu, op);
        cpu.State->Gpr[Rcx] = cpu.Msrs.TscAux;
    }

    /// <summary>RDPID.</summary>
    public static void ReadProcessor(Vcpu cpu, Op* op) => cpu.WriteRegister(op->Destination, op->Size, cpu.Msrs.TscAux);

    /// <summary>RDPMC.</summary>
    public static void ReadPerformanceCounter(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        if ((s->Cr4 & Cr4.Pce) == 0 && s->Cpl != 0) cpu.RaiseGeneralProtection();
        uint index = (uint)s->Gpr[Rcx];
        uint address = index switch
        {
            < 8 => (cpu.Model.IsAmd ? 0xC0010004u : 0xC1u) + index,
            >= 0x40000000 and < 0x40000003 when !cpu.Model.IsAmd => 0x309 + (index - 0x40000000),
            _ => 0,
        };
        if (address == 0 || !cpu.TryReadMsr(address, out ulong value)) cpu.RaiseGeneralProtection();
        else SetPair(s, value);
    }

    /// <summary>CPUID.</summary>
    public static void Identify(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        CpuidResult result = cpu.Cpuid((uint)s->Gpr[Rax], (uint)s->Gpr[Rcx]);
        s->Gpr[Rax] = result.Eax;
        s->Gpr[Rbx] = result.Ebx;
        s->Gpr[Rcx] = result.Ecx;
        s->Gpr[Rdx] = result.Edx;
    }

    /// <summary>RDMSR.</summary>
    public static void ReadMsr(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        SetPair(cpu.State, cpu.ReadMsr((uint)cpu.State->Gpr[Rcx]));
    }

    /// <summary>WRMSR.</summary>
    public static void WriteMsr(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        cpu.WriteMsr((uint)cpu.State->Gpr[Rcx], GetPair(cpu.State));
    }

    /// <summary>RDRAND and RDSEED: CF set, the other status flags clear.</summary>
    public static void Random(Vcpu cpu, Op* op)
    {
        cpu.WriteRegister(op->Destination, op->Size, cpu.Entropy());
        cpu.State->SetArithmeticFlags(Eflags.Cf);
    }

    /// <summary>CLFLUSH, CLFLUSHOPT, CLWB: the address must be readable.</summary>
    public static void FlushLine(Vcpu cpu, Op* op)
    {
        ulong linear = cpu.OperandAddress(op, 1, AccessKind.Read);
        cpu.ProbeLinear(linear, 1, AccessKind.Read, op->Segment);
    }

    /// <summary>CLZERO: zeroes the 64-byte line at rAX.</summary>
    public static void ZeroLine(Vcpu cpu, Op* op)
    {
        ulong offset = Vcpu.WrapAddress(cpu.State->Gpr[Rax], op->AddressSize) & ~63UL;
        ulong linear = cpu.TranslateSegment(op->Segment, offset, 64, AccessKind.Write);
        ReadOnlySpan<byte> zeros = stackalloc byte[64];
        cpu.WriteLinear(linear, zeros, op->Segment);
    }

    /// <summary>RDPKRU.</summary>
    public static void ReadPkru(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        if ((s->Cr4 & Cr4.Pke) == 0) cpu.RaiseInvalidOpcode();
        if ((uint)s->Gpr[Rcx] != 0) cpu.RaiseGeneralProtection();
        SetPair(s, s->Pkru);
    }

    /// <summary>WRPKRU.</summary>
    public static void WritePkru(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        if ((s->Cr4 & Cr4.Pke) == 0) cpu.RaiseInvalidOpcode();
        if ((uint)s->Gpr[Rcx] != 0 || (uint)s->Gpr[Rdx] != 0) cpu.RaiseGeneralProtection();
        cpu.WritePkru((uint)s->Gpr[Rax]);
    }

    /// <summary>SYSCALL.</summary>
    public static void SystemCall(Vcpu cpu, Op* op) => cpu.SystemCall();

    /// <summary>SYSRET to 32-bit code.</summary>
    public static void SystemReturn32(Vcpu cpu, Op* op) => cpu.SystemReturn(to64: false);

    /// <summary>SYSRET to 64-bit code.</summary>
    public static void SystemReturn64(Vcpu cpu, Op* op) => cpu.SystemReturn(to64: true);

    /// <summary>SYSENTER.</summary>
    public static void SystemEnter(Vcpu cpu, Op* op) => cpu.SystemEnter();

    /// <summary>SYSEXIT to 32-bit code.</summary>
    public static void SystemExit32(Vcpu cpu, Op* op) => cpu.SystemExit(to64: false);

    /// <summary>SYSEXIT to 64-bit code.</summary>
    public static void SystemExit64(Vcpu cpu, Op* op) => cpu.SystemExit(to64: true);

    /// <summary>RSM.</summary>
    public static void ResumeFromManagement(Vcpu cpu, Op* op) => cpu.ResumeFromManagement();

    /// <summary>PAUSE: in a spin loop it is another processor's turn.</summary>
    public static void Pause(Vcpu cpu, Op* op)
    {
        if (cpu.Apic.Bus is { Apics.Count: > 1 }) cpu.Yield();
    }

    /// <summary>SERIALIZE: nothing is out of order here.</summary>
    public static void Nothing(Vcpu cpu, Op* op)
    {
    }

    /// <summary>UD0, UD1, UD2.</summary>
    public static void Undefined(Vcpu cpu, Op* op) => cpu.RaiseInvalidOpcode();
}
