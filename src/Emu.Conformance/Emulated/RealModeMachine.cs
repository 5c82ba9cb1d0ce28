using Emu.Conformance.Cases;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Conformance.Emulated;

/// <summary>
/// A processor in real mode with 1 MByte and 64 KBytes of memory. The interrupt table and its handlers, HLT instructions, take the last
/// page below 1 MByte.
/// </summary>
internal sealed unsafe class RealModeMachine : IDisposable, ICpuBus
{
    /// <summary>Bytes of memory, and the first byte of the page that is not the test's.</summary>
    public const uint MemorySize = 0x11_0000, Reserved = 0xF_F000;

    private const ushort HandlerSegment = (ushort)((Reserved + 0x400) >> 4);

    private readonly GuestMemory _memory = new(1UL << 30);
    private readonly GuestRam _ram;
    private readonly AddressSpace _space;
    private readonly CodeCache _code;

    /// <summary>Builds the machine around a processor model.</summary>
    public RealModeMachine(CpuModel model)
    {
        _ram = _memory.AllocateRam("test memory", MemorySize);
        MemoryRegion root = MemoryRegion.CreateContainer("physical");
        root.AddSubregion(0, MemoryRegion.CreateRam("test memory", _ram));
        _space = new AddressSpace("test", _memory, root);
        _code = new CodeCache(_memory);
        Cpu = new Vcpu(model, _space, this, _code);
        for (uint vector = 0; vector < 256; vector++)
        {
            *(uint*)(_ram.Base + Reserved + vector * 4) = (uint)HandlerSegment << 16 | vector;
            *(_ram.Base + Reserved + 0x400 + vector) = 0xF4; // hlt
        }
    }

    /// <summary>The processor.</summary>
    public Vcpu Cpu { get; }

    /// <summary>The vector of the exception or interrupt whose handler was entered, or null.</summary>
    public byte? DeliveredVector
    {
        get
        {
            if (Cpu.State->Segment(SegmentIndex.Cs).Selector != HandlerSegment) return null;
            // HLT has run, or will.
            return (byte)(Cpu.State->Activity == ActivityState.Halted ? Cpu.State->Rip - 1 : Cpu.State->Rip);
        }
    }

    /// <summary>Host address of memory.</summary>
    public byte* Host(ulong physical) => _ram.Base + physical;

    /// <summary>Copies bytes into memory.</summary>
    public void Write(ulong physical, ReadOnlySpan<byte> bytes) => _ram.Write(physical, bytes);

    /// <summary>Puts the processor into a state; a segment's base is 16 times its selector.</summary>
    public void Load(MachineState* from)
    {
        CpuState* state = Cpu.State;
        for (int i = 0; i < 16; i++) state->Gpr[i] = from->Gpr[i];
        state->Rip = from->Rip;
        state->Eflags = (uint)from->Rflags;
        state->Cr0 = Cr0.Et | Cr0.Ne | Cr0.Mp;
        state->Cr4 = Cr4.Osfxsr | Cr4.Osxmmexcpt;
        (state->IdtBase, state->IdtLimit) = (Reserved, 0x3FF);
        for (int i = 0; i < 6; i++)
        {
            ref SegmentRegister segment = ref state->Segment((SegmentIndex)i);
            segment = new SegmentRegister { Selector = from->Segments[i], Base = (ulong)from->Segments[i] << 4, Limit = 0xFFFF, Attributes = (ushort)(i == 1 ? 0x9B : 0x93) };
            segment.UpdateDerived();
        }
        StateImage.Load(from, state);
        Cpu.UpdatePaging();
        Cpu.UpdateMode();
    }

    /// <summary>Takes the state out.</summary>
    public void Store(MachineState* to)
    {
        CpuState* state = Cpu.State;
        for (int i = 0; i < 16; i++) to->Gpr[i] = state->Gpr[i];
        to->Rip = state->Rip;
        to->Rflags = state->Eflags;
        for (int i = 0; i < 6; i++) to->Segments[i] = state->Segment((SegmentIndex)i).Selector;
        StateImage.Store(state, to);
    }

    /// <summary>Replaces what the delivery of an exception changed by what its frame holds, and takes the frame off the stack (SDM Vol. 3A 22.1.4).</summary>
    public void LoadFrame(MachineState* to)
    {
        ulong stack = (ulong)to->Segments[2] << 4;
        ushort sp = (ushort)to->Gpr[4];
        to->Rip = Word(0);
        to->Segments[1] = Word(2);
        to->Rflags = to->Rflags & ~0xFFFFUL | Word(4);
        to->Gpr[4] = to->Gpr[4] & ~0xFFFFUL | (ushort)(sp + 6);

        ushort Word(int offset) => *(ushort*)Host(stack + (ushort)(sp + offset));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Cpu.Dispose();
        _code.Dispose();
        _space.Dispose();
        _memory.Dispose();
    }

    uint ICpuBus.ReadPort(ushort port, int size) => uint.MaxValue;

    void ICpuBus.WritePort(ushort port, int size, uint value)
    {
    }

    byte ICpuBus.AcknowledgeExternalInterrupt() => 0xFF;

    void ICpuBus.Shutdown(Vcpu cpu)
    {
    }

    void ICpuBus.SetFloatingPointError(bool asserted)
    {
    }
}
