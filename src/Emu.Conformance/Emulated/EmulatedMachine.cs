using System.Runtime.InteropServices;
using Emu.Conformance.Cases;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Conformance.Emulated;

/// <summary>Pages of linear memory.</summary>
/// <param name="Address">First byte, page aligned.</param>
/// <param name="Size">Bytes, a multiple of 4096.</param>
/// <param name="Write">Whether user mode may write.</param>
/// <param name="Execute">Whether it may execute.</param>
internal readonly record struct MappedPages(ulong Address, ulong Size, bool Write, bool Execute);

/// <summary>
/// A processor in long mode with a few mapped pages, descriptor tables as Linux lays them out, and an IDT whose handlers are HLT
/// instructions, so that an exception is delivered as in a real system and its frame can be read.
/// </summary>
/// <remarks>Everything of the supervisor is above <see cref="KernelBase"/>, out of reach of the tested code.</remarks>
internal sealed unsafe partial class EmulatedMachine : IDisposable, ICpuBus
{
    /// <summary>Linear address of the supervisor's pages.</summary>
    public const ulong KernelBase = 0xFFFF_8000_0000_0000;

    /// <summary>Linear address of the exception handlers, one every 16 bytes.</summary>
    public const ulong HandlerBase = KernelBase + 0x4000;

    /// <summary>Linear address of the top of the supervisor's stack.</summary>
    public const ulong StackTop = KernelBase + 0x3000;

    /// <summary>Size of the GDT in bytes: 16 entries, as in Linux.</summary>
    private const int GdtSize = 16 * 8;

    private const ulong GdtOffset = 0, LdtOffset = 0x200, TssOffset = 0x400, IdtOffset = 0x1000, HandlerOffset = 0x4000, KernelSize = 0x6000;
    private const ulong Present = 1, Writable = 2, User = 4, NoExecute = 1UL << 63;
    private const int TableLevels = 4;

    private readonly GuestMemory _memory;
    private readonly GuestRam _ram;
    private readonly MemoryRegion _root;
    private readonly Dictionary<ulong, ulong> _physical = [];
    private readonly TestSegments _segments;
    private ulong _nextPage;

    /// <summary>Builds the machine around a processor model.</summary>
    /// <param name="model">The processor.</param>
    /// <param name="pages">What user mode sees; regions must not overlap.</param>
    /// <param name="segments">The segments there are.</param>
    /// <param name="ownStack">Whether exceptions get a stack of their own even at CPL 0 (IST1).</param>
    public EmulatedMachine(CpuModel model, IReadOnlyList<MappedPages> pages, TestSegments segments, bool ownStack = false)
    {
        _segments = segments;
        ulong count = pages.Aggregate(KernelSize, (sum, p) => sum + p.Size) / GuestMemory.PageSize;
        _memory = new GuestMemory(1UL << 30);
        _ram = _memory.AllocateRam("test memory", (count * (1 + TableLevels) + 16) * GuestMemory.PageSize);
        _root = MemoryRegion.CreateContainer("physical");
        _root.AddSubregion(0, MemoryRegion.CreateRam("test memory", _ram));
        Space = new AddressSpace("test", _memory, _root);

        foreach (MappedPages p in pages)
            Allocate(p.Address, p.Size);
        Allocate(KernelBase, KernelSize);
        Root = AllocateTable();
        foreach (MappedPages p in pages)
            Map(p.Address, p.Size, Present | User | (p.Write ? Writable : 0) | (p.Execute ? 0 : NoExecute));
        Map(KernelBase, KernelSize, Present | Writable);
        FillDescriptorTables(ownStack);

        Code = new CodeCache(_memory);
        Cpu = new Vcpu(model, Space, this, Code);
        SetSystemRegisters();
    }

    /// <summary>The machine that <see cref="TestMap"/> describes, with the segments a host has.</summary>
    public static EmulatedMachine ForTestMap(CpuModel model, TestSegments segments)
    {
        var machine = new EmulatedMachine(model,
        [
            new MappedPages(TestMap.CodeBase, TestMap.CodeSize, false, true),
            new MappedPages(TestMap.ReadWriteBase, TestMap.ReadWriteSize, true, false),
            new MappedPages(TestMap.ReadOnlyBase, TestMap.ReadOnlySize, false, false),
        ], segments);
        new Span<byte>(machine.Host(TestMap.CodeBase), (int)TestMap.CodeSize).Fill(0xCC);
        return machine;
    }

    /// <summary>The processor.</summary>
    public Vcpu Cpu { get; }

    /// <summary>Predecoded code.</summary>
    public CodeCache Code { get; }

    /// <summary>Physical memory.</summary>
    public AddressSpace Space { get; }

    private ulong Root { get; }

    /// <summary>Host address of a mapped linear address.</summary>
    public byte* Host(ulong linear) => _ram.Base + _physical[linear & ~0xFFFUL] + (linear & 0xFFF);

    /// <summary>Copies bytes into mapped pages, which lie one behind the other in physical memory as they do in linear.</summary>
    public void Write(ulong linear, ReadOnlySpan<byte> bytes) => _ram.Write((ulong)(Host(linear) - _ram.Base), bytes);

    /// <summary>The descriptor a selector names, or 0.</summary>
    public ulong Descriptor(ushort selector)
    {
        int index = selector >> 3;
        if ((selector & 4) != 0) return _segments.Ldt && index < TestMap.Ldt.Count ? TestMap.Ldt[index].Descriptor : 0;
        return index * 8 < GdtSize ? *(ulong*)(Host(KernelBase + GdtOffset) + index * 8) : 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Cpu.Dispose();
        Code.Dispose();
        Space.Dispose();
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

    // Linear neighbours are physical neighbours, so that whole regions can be copied at once.
    private void Allocate(ulong linear, ulong size)
    {
        for (ulong end = linear + size; linear != end; linear += GuestMemory.PageSize)
        {
            _physical.Add(linear, _nextPage);
            _nextPage += GuestMemory.PageSize;
        }
    }

    private void Map(ulong linear, ulong size, ulong flags)
    {
        for (ulong end = linear + size; linear != end; linear += GuestMemory.PageSize)
        {
            ulong table = Root;
            for (int level = TableLevels - 1; level > 0; level--)
            {
                ulong* entry = Entry(table, linear, level);
                if (*entry == 0) *entry = AllocateTable() | Present | Writable | User | 0x20;
                table = *entry & 0xF_FFFF_FFFF_F000;
            }
            *Entry(table, linear, 0) = _physical[linear] | flags | 0x60; // accessed, dirty
        }
    }

    private ulong* Entry(ulong table, ulong linear, int level) => (ulong*)(_ram.Base + table) + (linear >> (12 + 9 * level) & 511);

    private ulong AllocateTable()
    {
        ulong table = _nextPage;
        _nextPage += GuestMemory.PageSize;
        return table;
    }

    // Linux: arch/x86/include/asm/segment.h.
    private void FillDescriptorTables(bool ownStack)
    {
        ulong* gdt = (ulong*)Host(KernelBase + GdtOffset);
        gdt[1] = 0x00CF_9B00_0000_FFFF; // kernel code, 32 bits
        gdt[2] = 0x00AF_9B00_0000_FFFF; // kernel code
        gdt[3] = 0x00CF_9300_0000_FFFF; // kernel data
        gdt[4] = _segments.UserCode32 ? 0x00CF_FB00_0000_FFFF : 0UL; // user code, 32 bits
        gdt[5] = 0x00CF_F300_0000_FFFF; // user data
        gdt[6] = 0x00AF_FB00_0000_FFFF; // user code
        gdt[15] = 0x0040_F500_0000_0000; // the limit of this one numbers the processor
        WriteSystemDescriptor(gdt + 8, KernelBase + TssOffset, 0x67, 0x8B); // busy TSS
        if (_segments.Ldt) WriteSystemDescriptor(gdt + 10, KernelBase + LdtOffset, (uint)TestMap.Ldt.Count * 8 - 1, 0x82);

        ulong* ldt = (ulong*)Host(KernelBase + LdtOffset);
        for (int i = 0; i < TestMap.Ldt.Count; i++) ldt[i] = TestMap.Ldt[i].Descriptor;

        *(ulong*)(Host(KernelBase + TssOffset) + 4) = StackTop; // RSP0
        *(ulong*)(Host(KernelBase + TssOffset) + 0x24) = StackTop; // IST1
        *(ushort*)(Host(KernelBase + TssOffset) + 0x66) = 0x68; // no I/O permission map

        ulong* idt = (ulong*)Host(KernelBase + IdtOffset);
        for (uint vector = 0; vector < 256; vector++)
        {
            ulong handler = HandlerBase + vector * 16;
            ulong dpl = vector is 3 or 4 or 0x80 ? 3UL : 0;
            idt[vector * 2] = handler & 0xFFFF | 0x10UL << 16 | (0x8E00UL | dpl << 13 | (ownStack ? 1UL : 0)) << 32 | (handler >> 16 & 0xFFFF) << 48;
            idt[vector * 2 + 1] = handler >> 32;
            *Host(handler) = 0xF4; // hlt
        }
    }

    private static void WriteSystemDescriptor(ulong* entry, ulong address, uint limit, ulong access)
    {
        entry[0] = limit & 0xFFFF | (address & 0xFF_FFFF) << 16 | access << 40 | (address >> 24 & 0xFF) << 56;
        entry[1] = address >> 32;
    }

    private void SetSystemRegisters()
    {
        CpuState* state = Cpu.State;
        state->Cr0 = Cr0.Pg | Cr0.Am | Cr0.Wp | Cr0.Ne | Cr0.Et | Cr0.Mp | Cr0.Pe;
        state->Cr3 = Root;
        state->Cr4 = Cr4.Pae | Cr4.Pge | Cr4.Osfxsr | Cr4.Osxmmexcpt | Cr4.Osxsave | Cr4.Fsgsbase | Cr4.Umip;
        state->Efer = Efer.Lme | Efer.Lma | Efer.Nxe | Efer.Sce;
        state->Xcr0 = Xcr0.X87 | Xcr0.Sse | Xcr0.Avx;
        (state->GdtBase, state->GdtLimit) = (KernelBase + GdtOffset, GdtSize - 1);
        (state->IdtBase, state->IdtLimit) = (KernelBase + IdtOffset, 0xFFF);
        SetSystemSegment(SegmentIndex.Tr, 0x40, KernelBase + TssOffset, 0x67, 0x8B);
        if (_segments.Ldt) SetSystemSegment(SegmentIndex.Ldtr, 0x50, KernelBase + LdtOffset, (uint)TestMap.Ldt.Count * 8 - 1, 0x82);
        else SetSystemSegment(SegmentIndex.Ldtr, 0, 0, 0, 0);
        Cpu.UpdatePaging();
        Cpu.UpdateMode();
    }

    private void SetSystemSegment(SegmentIndex index, ushort selector, ulong @base, uint limit, ushort attributes)
    {
        ref SegmentRegister segment = ref Cpu.State->Segment(index);
        segment = new SegmentRegister { Selector = selector, Base = @base, Limit = limit, Attributes = attributes };
        segment.UpdateDerived();
    }
}
