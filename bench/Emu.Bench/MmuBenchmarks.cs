using BenchmarkDotNet.Attributes;
using Emu.Mmu;

namespace Emu.Bench;

/// <summary>Costs of the memory side: TLB misses, context switches, writes to page tables.</summary>
[MemoryDiagnoser]
public unsafe class MmuBenchmarks
{
    private const ulong DirectMap = 0xFFFF_8000_0000_0000;
    private const ulong Root = 0x10_0000;
    private const ulong OtherRoot = 0x11_0000;

    private readonly GuestMemory _memory;
    private readonly AddressSpace _space;
    private readonly SoftMmu _mmu;
    private ulong _next;

    /// <summary>Two address spaces of 2,048 small pages each, and a direct map in a 1-GByte page.</summary>
    public MmuBenchmarks()
    {
        _memory = new GuestMemory(1UL << 32);
        MemoryRegion root = MemoryRegion.CreateContainer("system");
        root.AddSubregion(0, MemoryRegion.CreateRam("ram", _memory.AllocateRam("ram", 1UL << 30)));
        _space = new AddressSpace("memory", _memory, root);
        _mmu = new SoftMmu(_space, PagingFeatures.Full);
        _space.Write(0x9000, 8, 0xE3);
        Build(Root);
        Build(OtherRoot);
        var controls = new PagingControls
        {
            Cr0 = PagingControls.Cr0Pg | PagingControls.Cr0Wp,
            Cr3 = Root,
            Cr4 = PagingControls.Cr4Pae,
            Efer = PagingControls.EferLma,
        };
        _mmu.SetControls(in controls);
    }

    /// <summary>Misses that cycle through twice as many pages as the TLB holds.</summary>
    [Benchmark]
    public bool FillSmallPages() => _mmu.Fill((_next++ & 2047) << 12, AccessKind.Write, AccessClass.User, out _);

    /// <summary>Misses inside a 1-GByte page.</summary>
    [Benchmark]
    public bool FillLargePage() => _mmu.Fill(DirectMap + ((_next++ * 7919 & 0x3FFFF) << 12), AccessKind.Read, AccessClass.Supervisor, out _);

    /// <summary>The walk without the shadow, for comparison.</summary>
    [Benchmark]
    public bool UncachedWalk() => _mmu.Probe((_next++ & 2047) << 12, AccessKind.Write, AccessClass.User, out _);

    /// <summary>MOV to CR3 and back.</summary>
    [Benchmark(OperationsPerInvoke = 2)]
    public void SwitchContexts()
    {
        _mmu.LoadCr3(OtherRoot, default);
        _mmu.LoadCr3(Root, default);
    }

    /// <summary>Copy on write: change a PTE, INVLPG, use the page.</summary>
    [Benchmark]
    public void WriteEntryInvalidateUse()
    {
        ulong page = _next++ & 511;
        GuestWrite(DirectMap + Root + 0x3000 + (8 * page), 0x1000_0067 + ((_next & 511) << 12));
        _mmu.InvalidatePage(page << 12);
        _mmu.Fill(page << 12, AccessKind.Read, AccessClass.User, out _);
    }

    /// <summary>A process of 40 pages: tables built, pages touched, everything torn down.</summary>
    [Benchmark]
    public void AddressSpaceLifetime()
    {
        ulong root = 0x90_0000 + ((_next++ & 63) << 16);
        GuestWrite(DirectMap + root, (root + 0x1000) | 0x67);
        GuestWrite(DirectMap + root + 0x800, 0x9023);
        GuestWrite(DirectMap + root + 0x1000, (root + 0x2000) | 0x67);
        GuestWrite(DirectMap + root + 0x2000, (root + 0x3000) | 0x67);
        _mmu.LoadCr3(root, default);
        for (ulong page = 0; page < 40; page++)
        {
            GuestWrite(DirectMap + root + 0x3000 + (8 * page), 0x2000_0067 + (page << 12));
            _mmu.Fill(page << 12, AccessKind.Write, AccessClass.User, out _);
        }

        for (ulong page = 0; page < 40; page++)
        {
            GuestWrite(DirectMap + root + 0x3000 + (8 * page), 0);
        }

        _mmu.LoadCr3(Root, default);
        GuestWrite(DirectMap + root + 0x2000, 0);
        GuestWrite(DirectMap + root + 0x1000, 0);
        GuestWrite(DirectMap + root, 0);
    }

    private void Build(ulong root)
    {
        _space.Write(root, 8, (root + 0x1000) | 0x67);
        _space.Write(root + 0x800, 8, 0x9023);
        _space.Write(root + 0x1000, 8, (root + 0x2000) | 0x67);
        for (ulong page = 0; page < 2048; page++)
        {
            _space.Write(root + 0x2000 + (8 * (page >> 9)), 8, (root + 0x3000 + ((page >> 9) << 12)) | 0x67);
            _space.Write(root + 0x3000 + (8 * page), 8, 0x1000_0067 + (page << 12));
        }
    }

    private void GuestWrite(ulong linear, ulong value)
    {
        TlbEntry* entry = _mmu.DataEntry(AccessClass.Supervisor, linear);
        if ((linear & ~0xFFFUL) == entry->WriteTag)
        {
            *(ulong*)(linear + (ulong)entry->Addend) = value;
            return;
        }

        _mmu.Fill(linear, AccessKind.Write, AccessClass.Supervisor, out Translation t);
        *(ulong*)t.Host = value;
        _memory.NotifyWrite(t.Host, 8);
    }
}
