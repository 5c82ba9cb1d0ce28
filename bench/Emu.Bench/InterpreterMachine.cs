using Emu.Cpu;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Bench;

/// <summary>A processor in 64-bit mode, paging on, 64 MiB mapped one to one by pages of 2 MiB.</summary>
internal sealed unsafe class InterpreterMachine : ICpuBus, IDisposable
{
    /// <summary>Address of code.</summary>
    public const ulong CodeBase = 0x1_0000;

    private const ulong Tables = 0x200_0000;

    private readonly GuestMemory memory = new(1UL << 32);
    private readonly GuestRam ram;
    private readonly AddressSpace space;

    public InterpreterMachine()
    {
        ram = memory.AllocateRam("ram", 64 << 20);
        MemoryRegion root = MemoryRegion.CreateContainer("system");
        root.AddSubregion(0, MemoryRegion.CreateRam("ram", ram));
        space = new AddressSpace("memory", memory, root);
        Code = new CodeCache(memory);
        Cpu = new Vcpu(CpuModel.Max, space, this, Code);
        space.Write(Tables, 8, (Tables + 0x1000) | 0x63);
        space.Write(Tables + 0x1000, 8, (Tables + 0x2000) | 0x63);
        for (uint i = 0; i < 32; i++) space.Write(Tables + 0x2000 + (i * 8), 8, (i << 21) | 0xE3);
        CpuState* s = Cpu.State;
        s->Cr0 |= Cr0.Pe | Cr0.Pg;
        s->Cr3 = Tables;
        s->Cr4 = Cr4.Pae;
        s->Efer = Efer.Lme | Efer.Lma;
        ref SegmentRegister cs = ref s->Segment(SegmentIndex.Cs);
        cs = new SegmentRegister { Selector = 8, Limit = uint.MaxValue, Attributes = 0xA09B };
        cs.UpdateDerived();
        s->Gpr[4] = 0x100_0000;
        Cpu.UpdatePaging();
        Cpu.UpdateMode();
    }

    public Vcpu Cpu { get; }

    public CodeCache Code { get; }

    /// <summary>Assembles code at <see cref="CodeBase"/> and points RIP at it.</summary>
    public void Load(Action<Assembler> write)
    {
        Assembler assembler = new(64);
        write(assembler);
        MemoryStream bytes = new();
        assembler.Assemble(new StreamCodeWriter(bytes), CodeBase);
        ram.Write(CodeBase, bytes.ToArray());
        Cpu.State->Rip = CodeBase;
    }

    /// <summary>Writes guest memory.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> bytes) => ram.Write(address, bytes);

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

    public void Dispose()
    {
        Cpu.Dispose();
        Code.Dispose();
        space.Dispose();
        memory.Dispose();
    }
}
