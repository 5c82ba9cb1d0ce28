using Emu.Cpu;
using Emu.Machine;
using Emu.Mmu;
using Emu.Stepper.Loading;

namespace Emu.Stepper;

/// <summary>A machine without firmware whose processor is put straight into the state a program wants.</summary>
internal static unsafe class BareMachine
{
    private const ulong FlatMemory = 64ul << 20;
    private const ulong GdtAddress = 0x800, RootAddress = 0x1000, Stack = 0x9_0000;

    /// <summary>What all such machines share: time counted in instructions, so that a run can be repeated exactly; no display.</summary>
    public static MachineConfiguration Configuration { get; } = new()
    {
        Bios = "",
        Vga = false,
        NoReboot = true,
        History = new HistoryConfiguration(),
        Clock = new ClockConfiguration { InstructionShift = 0, SleepWhenIdle = false, RtcBase = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc) },
    };

    /// <summary>A machine with a flat binary loaded and the processor at its first byte.</summary>
    /// <exception cref="StepperException">It does not fit.</exception>
    public static Machine.Machine Load(byte[] image, FlatPlacement placement, string name)
    {
        bool real = placement.Bits == 16;
        // Without an origin, real-mode code gets a segment of its own.
        ushort segment = real && placement.Origin is 0 or 0x100 ? (ushort)0x1000 : (ushort)0;
        ulong address = placement.Origin + ((ulong)segment << 4);
        if (real && placement.Origin > 0xFFFF) throw new StepperException($"{name}: the origin {placement.Origin:x}h is not in a real-mode segment (0 to FFFFh); bits 32 or 64 go further");
        if (address + (ulong)image.Length > FlatMemory) throw new StepperException($"{name}: {image.Length} bytes at {address:x}h do not fit into {FlatMemory >> 20} MiB of memory");
        Machine.Machine machine = new(Configuration with { Memory = FlatMemory });
        AddressSpace space = machine.Board.Memory.Space;
        space.Write(address, image);
        Vcpu cpu = machine.Board.Processors[0];
        EnableExtensions(cpu);
        MaskInterrupts(machine);
        if (real) EnterReal(cpu, segment, (ushort)placement.Origin);
        else EnterFlat(cpu, space, address, placement.Bits == 64);
        machine.Pause();
        machine.History?.NoteChange();
        return machine;
    }

    /// <summary>Masks every line of the interrupt controllers: no program here has said yet which vectors they are to use.</summary>
    public static void MaskInterrupts(Machine.Machine machine)
    {
        const ushort firstMask = 0x21, secondMask = 0xA1;
        machine.Board.Ports.Write(firstMask, 1, 0xFF);
        machine.Board.Ports.Write(secondMask, 1, 0xFF);
    }

    /// <summary>Lets SSE and AVX instructions execute, as an operating system would.</summary>
    public static void EnableExtensions(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        s->Cr0 = (s->Cr0 & ~(Cr0.Em | Cr0.Ts | Cr0.Cd | Cr0.Nw)) | Cr0.Mp | Cr0.Ne;
        s->Cr4 |= (Cr4.Osfxsr | Cr4.Osxmmexcpt | Cr4.Osxsave | Cr4.Fsgsbase) & cpu.Model.Cr4Mask;
        s->Xcr0 = cpu.Model.Xcr0Mask & (Xcr0.X87 | Xcr0.Sse | Xcr0.Avx);
        s->Fcw = 0x37F;
        s->Ftw = 0;
    }

    /// <summary>Loads a segment register with everything behind it.</summary>
    public static void SetSegment(CpuState* s, SegmentIndex index, ushort selector, ulong segmentBase, uint limit, ushort attributes)
    {
        ref SegmentRegister register = ref s->Segment(index);
        register = new SegmentRegister { Selector = selector, Base = segmentBase, Limit = limit, Attributes = attributes };
        register.UpdateDerived();
    }

    private static void EnterReal(Vcpu cpu, ushort segment, ushort offset)
    {
        CpuState* s = cpu.State;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++) SetSegment(s, i, segment, (ulong)segment << 4, 0xFFFF, (ushort)(i == SegmentIndex.Cs ? 0x9B : 0x93));
        for (int i = 0; i < 16; i++) s->Gpr[i] = 0;
        s->Gpr[4] = offset == 0x7C00 ? 0x7C00u : 0xFFFEu;
        s->Rip = offset;
        s->Eflags = Eflags.Reserved1;
        cpu.UpdateMode();
    }

    private static void EnterFlat(Vcpu cpu, AddressSpace space, ulong entry, bool wide)
    {
        CpuState* s = cpu.State;
        ReadOnlySpan<ulong> descriptors = [0, wide ? 0x00AF_9B00_0000_FFFFul : 0x00CF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF];
        for (int i = 0; i < descriptors.Length; i++) space.Write(GdtAddress + (ulong)(i * 8), 8, descriptors[i]);
        (s->GdtBase, s->GdtLimit) = (GdtAddress, (ushort)((descriptors.Length * 8) - 1));
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            bool code = i == SegmentIndex.Cs;
            SetSegment(s, i, (ushort)(code ? 8 : 16), 0, uint.MaxValue, (ushort)((code ? 0x9B : 0x93) | SegmentAttributes.G | (code && wide ? SegmentAttributes.L : SegmentAttributes.Db)));
        }

        s->Cr0 |= Cr0.Pe;
        if (wide)
        {
            MapIdentity(space);
            s->Cr3 = RootAddress;
            s->Cr4 |= Cr4.Pae;
            s->Efer = Efer.Lme | Efer.Lma | Efer.Nxe;
            s->Cr0 |= Cr0.Pg;
        }

        for (int i = 0; i < 16; i++) s->Gpr[i] = 0;
        s->Gpr[4] = Stack;
        s->Rip = entry;
        s->Eflags = Eflags.Reserved1;
        cpu.UpdatePaging();
        cpu.UpdateMode();
    }

    /// <summary>The first 4 GiB in pages of 2 MiB: PML4, PDPT, four page directories.</summary>
    private static void MapIdentity(AddressSpace space)
    {
        const ulong rights = 3, large = 0x80, page = 0x1000;
        space.Fill(RootAddress, 2 * page, 0);
        space.Write(RootAddress, 8, (RootAddress + page) | rights);
        for (ulong i = 0; i < 4; i++)
        {
            ulong directory = RootAddress + ((2 + i) * page);
            space.Write(RootAddress + page + (i * 8), 8, directory | rights);
            for (ulong entry = 0; entry < 512; entry++) space.Write(directory + (entry * 8), 8, (((i * 512) + entry) << 21) | rights | large);
        }
    }
}
