using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Segment registers, far transfers and descriptor-table instructions.</summary>
internal static unsafe class SlowSegments
{
    /// <summary>MOV r/m, Sreg.</summary>
    public static void Store(Vcpu cpu, Op* op)
    {
        ushort selector = cpu.State->Segment((SegmentIndex)op->Source).Selector;
        if ((op->Flags & OpFlags.Memory) != 0) cpu.WriteMemoryOperand(op, selector);
        else cpu.WriteRegister(op->Destination, op->Size, selector);
    }

    /// <summary>MOV Sreg, r/m.</summary>
    public static void Load(Vcpu cpu, Op* op)
    {
        SegmentIndex index = (SegmentIndex)op->Destination;
        if (index == SegmentIndex.Cs) cpu.RaiseInvalidOpcode();
        ushort selector = cpu.ReadRm<ushort>(op, op->Source);
        cpu.LoadSegment(index, selector);
        if (index == SegmentIndex.Ss) cpu.State->Shadow = InterruptShadow.MovSs;
        cpu.UpdateMode();
    }

    /// <summary>PUSH Sreg with an operand size of 2, 4 or 8 bytes.</summary>
    public static void Push16(Vcpu cpu, Op* op) => Push(cpu, op, 2);

    /// <inheritdoc cref="Push16"/>
    public static void Push32(Vcpu cpu, Op* op) => Push(cpu, op, 4);

    /// <inheritdoc cref="Push16"/>
    public static void Push64(Vcpu cpu, Op* op) => Push(cpu, op, 8);

    private static void Push(Vcpu cpu, Op* op, int size)
    {
        Vcpu.StackCursor stack = new(cpu);
        stack.Push(cpu.State->Segment((SegmentIndex)op->Destination).Selector, size);
        stack.Commit();
    }

    /// <summary>POP Sreg with an operand size of 2, 4 or 8 bytes.</summary>
    public static void Pop16(Vcpu cpu, Op* op) => Pop(cpu, op, 2);

    /// <inheritdoc cref="Pop16"/>
    public static void Pop32(Vcpu cpu, Op* op) => Pop(cpu, op, 4);

    /// <inheritdoc cref="Pop16"/>
    public static void Pop64(Vcpu cpu, Op* op) => Pop(cpu, op, 8);

    private static void Pop(Vcpu cpu, Op* op, int size)
    {
        SegmentIndex index = (SegmentIndex)op->Destination;
        Vcpu.StackCursor stack = new(cpu);
        ushort selector = (ushort)stack.Pop(size);
        cpu.LoadSegment(index, selector);
        // With the old SS the pointer still has the width it was popped with.
        stack.Commit();
        if (index == SegmentIndex.Ss) cpu.State->Shadow = InterruptShadow.MovSs;
        cpu.UpdateMode();
    }

    /// <summary>LES.</summary>
    public static void LoadEs(Vcpu cpu, Op* op) => LoadPointer(cpu, op, SegmentIndex.Es);

    /// <summary>LSS.</summary>
    public static void LoadSs(Vcpu cpu, Op* op) => LoadPointer(cpu, op, SegmentIndex.Ss);

    /// <summary>LDS.</summary>
    public static void LoadDs(Vcpu cpu, Op* op) => LoadPointer(cpu, op, SegmentIndex.Ds);

    /// <summary>LFS.</summary>
    public static void LoadFs(Vcpu cpu, Op* op) => LoadPointer(cpu, op, SegmentIndex.Fs);

    /// <summary>LGS.</summary>
    public static void LoadGs(Vcpu cpu, Op* op) => LoadPointer(cpu, op, SegmentIndex.Gs);

    private static void LoadPointer(Vcpu cpu, Op* op, SegmentIndex index)
    {
        int size = op->Size;
        ulong offset = ReadFarPointer(cpu, op, size, out ushort selector);
        cpu.LoadSegment(index, selector);
        cpu.WriteRegister(op->Destination, size, offset);
        cpu.UpdateMode();
    }

    /// <summary>Reads a far pointer in memory: offset of 2, 4 or 8 bytes, then the selector.</summary>
    private static ulong ReadFarPointer(Vcpu cpu, Op* op, int size, out ushort selector)
    {
        ulong address = cpu.EffectiveAddress(op);
        ulong linear = cpu.TranslateSegment(op->Segment, address, size + 2, AccessKind.Read);
        ulong offset = size switch
        {
            2 => cpu.ReadLinear<ushort>(linear),
            4 => cpu.ReadLinear<uint>(linear),
            _ => cpu.ReadLinear<ulong>(linear),
        };
        selector = cpu.ReadLinear<ushort>(cpu.WrapLinear(linear + (uint)size));
        return offset;
    }

    /// <summary>JMP ptr16:16 and ptr16:32.</summary>
    public static void Jump(Vcpu cpu, Op* op) => cpu.FarJump((ushort)(op->Immediate >> 32), (uint)op->Immediate);

    /// <summary>CALL ptr16:16 and ptr16:32.</summary>
    public static void Call(Vcpu cpu, Op* op) => cpu.FarCall((ushort)(op->Immediate >> 32), (uint)op->Immediate, op->Size);

    /// <summary>JMP m16:16, m16:32, m16:64.</summary>
    public static void JumpMemory(Vcpu cpu, Op* op)
    {
        ulong offset = ReadFarPointer(cpu, op, op->Size - 2, out ushort selector);
        cpu.FarJump(selector, offset);
    }

    /// <summary>CALL m16:16, m16:32, m16:64.</summary>
    public static void CallMemory(Vcpu cpu, Op* op)
    {
        int size = op->Size - 2;
        ulong offset = ReadFarPointer(cpu, op, size, out ushort selector);
        cpu.FarCall(selector, offset, size);
    }

    /// <summary>RET far with an operand size of 2, 4 or 8 bytes.</summary>
    public static void Return16(Vcpu cpu, Op* op) => cpu.FarReturn(2, (ushort)op->Immediate);

    /// <inheritdoc cref="Return16"/>
    public static void Return32(Vcpu cpu, Op* op) => cpu.FarReturn(4, (ushort)op->Immediate);

    /// <inheritdoc cref="Return16"/>
    public static void Return64(Vcpu cpu, Op* op) => cpu.FarReturn(8, (ushort)op->Immediate);

    /// <summary>IRET with an operand size of 2, 4 or 8 bytes.</summary>
    public static void InterruptReturn16(Vcpu cpu, Op* op) => cpu.InterruptReturn(2);

    /// <inheritdoc cref="InterruptReturn16"/>
    public static void InterruptReturn32(Vcpu cpu, Op* op) => cpu.InterruptReturn(4);

    /// <inheritdoc cref="InterruptReturn16"/>
    public static void InterruptReturn64(Vcpu cpu, Op* op) => cpu.InterruptReturn(8);

    /// <summary>LAR.</summary>
    public static void LoadAccessRights(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        ushort selector = cpu.ReadRm<ushort>(op, op->Source);
        bool valid = cpu.TryInspect(selector, forLimit: false, out Descriptor descriptor);
        if (valid) cpu.WriteRegister(op->Destination, op->Size, (descriptor.Raw >> 32) & 0x00FFFF00);
        SetZero(cpu, valid);
    }

    /// <summary>LSL.</summary>
    public static void LoadLimit(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        ushort selector = cpu.ReadRm<ushort>(op, op->Source);
        bool valid = cpu.TryInspect(selector, forLimit: true, out Descriptor descriptor);
        if (valid) cpu.WriteRegister(op->Destination, op->Size, descriptor.Limit);
        SetZero(cpu, valid);
    }

    /// <summary>VERR.</summary>
    public static void VerifyRead(Vcpu cpu, Op* op) => Verify(cpu, op, write: false);

    /// <summary>VERW.</summary>
    public static void VerifyWrite(Vcpu cpu, Op* op) => Verify(cpu, op, write: true);

    private static void Verify(Vcpu cpu, Op* op, bool write)
    {
        cpu.RequireProtectedMode();
        ushort selector = cpu.ReadRm<ushort>(op, op->Destination);
        SetZero(cpu, cpu.IsAccessible(selector, write));
    }

    private static void SetZero(Vcpu cpu, bool set)
    {
        uint flags = cpu.State->ArithmeticFlags;
        cpu.State->SetArithmeticFlags(set ? flags | Eflags.Zf : flags & ~Eflags.Zf);
    }

    /// <summary>ARPL.</summary>
    public static void AdjustRpl(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        ushort destination = cpu.ReadRm<ushort>(op, op->Destination);
        int rpl = cpu.ReadRegister<ushort>(op->Source) & 3;
        bool lower = (destination & 3) < rpl;
        if (lower) cpu.WriteRm(op, op->Destination, (ushort)((destination & ~3) | rpl));
        SetZero(cpu, lower);
    }

    /// <summary>SLDT.</summary>
    public static void StoreLdt(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        StoreSystem(cpu, op, cpu.State->Segment(SegmentIndex.Ldtr).Selector);
    }

    /// <summary>STR.</summary>
    public static void StoreTask(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        StoreSystem(cpu, op, cpu.State->Segment(SegmentIndex.Tr).Selector);
    }

    /// <summary>SMSW. A register destination gets all of CR0.</summary>
    public static void StoreMachineStatus(Vcpu cpu, Op* op) => StoreSystem(cpu, op, cpu.State->Cr0);

    private static void StoreSystem(Vcpu cpu, Op* op, ulong value)
    {
        cpu.CheckUserModeInstructionPrevention();
        if ((op->Flags & OpFlags.Memory) != 0) cpu.WriteMemoryOperand(op, (ushort)value);
        else cpu.WriteRegister(op->Destination, op->Size, value);
    }

    /// <summary>LMSW.</summary>
    public static void LoadMachineStatus(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        cpu.LoadMachineStatus(cpu.ReadRm<ushort>(op, op->Destination));
    }

    /// <summary>LLDT.</summary>
    public static void LoadLdt(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        cpu.RequireCpl0();
        cpu.LoadLocalDescriptorTable(cpu.ReadRm<ushort>(op, op->Destination));
    }

    /// <summary>LTR.</summary>
    public static void LoadTask(Vcpu cpu, Op* op)
    {
        cpu.RequireProtectedMode();
        cpu.RequireCpl0();
        cpu.LoadTaskRegister(cpu.ReadRm<ushort>(op, op->Destination));
    }

    /// <summary>SGDT.</summary>
    public static void StoreGdt(Vcpu cpu, Op* op) => StoreTable(cpu, op, cpu.State->GdtBase, cpu.State->GdtLimit);

    /// <summary>SIDT.</summary>
    public static void StoreIdt(Vcpu cpu, Op* op) => StoreTable(cpu, op, cpu.State->IdtBase, cpu.State->IdtLimit);

    private static void StoreTable(Vcpu cpu, Op* op, ulong tableBase, ushort limit)
    {
        cpu.CheckUserModeInstructionPrevention();
        int size = (cpu.State->Mode & CodeMode.Code64) != 0 ? 8 : 4;
        ulong linear = cpu.TranslateSegment(op->Segment, cpu.EffectiveAddress(op), size + 2, AccessKind.Write);
        Span<byte> image = stackalloc byte[10];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(image, limit);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(image[2..], tableBase);
        cpu.WriteLinear(linear, image[..(size + 2)], op->Segment);
    }

    /// <summary>LGDT.</summary>
    public static void LoadGdt(Vcpu cpu, Op* op)
    {
        ulong tableBase = ReadTable(cpu, op, out ushort limit, 32);
        (cpu.State->GdtBase, cpu.State->GdtLimit) = (tableBase, limit);
    }

    /// <summary>LGDT with 16-bit operand size: 24 bits of base.</summary>
    public static void LoadGdt16(Vcpu cpu, Op* op)
    {
        ulong tableBase = ReadTable(cpu, op, out ushort limit, 24);
        (cpu.State->GdtBase, cpu.State->GdtLimit) = (tableBase, limit);
    }

    /// <summary>LIDT.</summary>
    public static void LoadIdt(Vcpu cpu, Op* op)
    {
        ulong tableBase = ReadTable(cpu, op, out ushort limit, 32);
        (cpu.State->IdtBase, cpu.State->IdtLimit) = (tableBase, limit);
    }

    /// <summary>LIDT with 16-bit operand size: 24 bits of base.</summary>
    public static void LoadIdt16(Vcpu cpu, Op* op)
    {
        ulong tableBase = ReadTable(cpu, op, out ushort limit, 24);
        (cpu.State->IdtBase, cpu.State->IdtLimit) = (tableBase, limit);
    }

    private static ulong ReadTable(Vcpu cpu, Op* op, out ushort limit, int legacyBits)
    {
        cpu.RequireCpl0();
        bool wide = (cpu.State->Mode & CodeMode.Code64) != 0;
        ulong linear = cpu.TranslateSegment(op->Segment, cpu.EffectiveAddress(op), wide ? 10 : 6, AccessKind.Read);
        limit = cpu.ReadLinear<ushort>(linear);
        linear = cpu.WrapLinear(linear + 2);
        if (!wide) return cpu.ReadLinear<uint>(linear) & (uint)((1UL << legacyBits) - 1);
        ulong tableBase = cpu.ReadLinear<ulong>(linear);
        if (!cpu.IsCanonicalBase(tableBase)) cpu.RaiseGeneralProtection();
        return tableBase;
    }

    /// <summary>SWAPGS.</summary>
    public static void SwapGs(Vcpu cpu, Op* op)
    {
        cpu.RequireCpl0();
        ref SegmentRegister gs = ref cpu.State->Segment(SegmentIndex.Gs);
        (gs.Base, cpu.Msrs.KernelGsBase) = (cpu.Msrs.KernelGsBase, gs.Base);
    }

    /// <summary>RDFSBASE.</summary>
    public static void ReadFsBase(Vcpu cpu, Op* op) => ReadBase(cpu, op, SegmentIndex.Fs);

    /// <summary>RDGSBASE.</summary>
    public static void ReadGsBase(Vcpu cpu, Op* op) => ReadBase(cpu, op, SegmentIndex.Gs);

    private static void ReadBase(Vcpu cpu, Op* op, SegmentIndex index)
    {
        RequireFsGsBase(cpu);
        cpu.WriteRegister(op->Destination, op->Size, cpu.State->Segment(index).Base);
    }

    /// <summary>WRFSBASE.</summary>
    public static void WriteFsBase(Vcpu cpu, Op* op) => WriteBase(cpu, op, SegmentIndex.Fs);

    /// <summary>WRGSBASE.</summary>
    public static void WriteGsBase(Vcpu cpu, Op* op) => WriteBase(cpu, op, SegmentIndex.Gs);

    private static void WriteBase(Vcpu cpu, Op* op, SegmentIndex index)
    {
        RequireFsGsBase(cpu);
        ulong value = cpu.ReadRegister(op->Destination, op->Size);
        if (!cpu.IsCanonicalBase(value)) cpu.RaiseGeneralProtection();
        cpu.SetSegmentBase(index, value);
    }

    private static void RequireFsGsBase(Vcpu cpu)
    {
        if ((cpu.State->Cr4 & Cr4.Fsgsbase) == 0) cpu.RaiseInvalidOpcode();
    }
}
