using Xunit;

namespace Emu.Mmu.Tests;

/// <summary>Shadow contexts: warm after switches, coherent with the guest's tables, flushed when the manual says so.</summary>
public sealed unsafe class ShadowTests : IDisposable
{
    private const ulong Linear = 0x40_0000;
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    private bool Reads(ulong linear) => _board.Hit(linear, 1, AccessKind.Read, AccessClass.User) != null;

    private PagingTables FourLevels()
    {
        var tables = new PagingTables(_board, PagingMode.Level4, 1, Linear);
        // The tables themselves, seen at 1 GByte and up, for the guest's own writes.
        _board.Write64(PagingTables.TableOf(3) + 8, 0x83 | 0x60);
        tables.Load();
        return tables;
    }

    /// <summary>Linear address at which the guest writes a physical address.</summary>
    private static ulong Direct(ulong physical) => 0x4000_0000 + physical;

    [Fact]
    public void A_context_is_warm_when_cr3_returns_to_it()
    {
        PagingTables tables = FourLevels();
        for (int i = 0; i < 512; i++)
        {
            _board.Write64(0x10_0000 + (8UL * (ulong)i), _board.Read64(tables.Controls.Cr3 + (8UL * (ulong)i)));
        }

        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        TlbEntry* first = _board.Mmu.Tlb(AccessClass.User);
        _board.Mmu.LoadCr3(0x10_0000, default);
        Assert.False(Reads(Linear));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        _board.Mmu.LoadCr3(tables.Controls.Cr3, default);
        Assert.True(first == _board.Mmu.Tlb(AccessClass.User));
        Assert.True(Reads(Linear));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_write_to_an_entry_drops_what_came_from_it_and_nothing_else(int level)
    {
        PagingTables tables = FourLevels();
        // A second page whose tables part from the first one's at the level written.
        ulong other = Linear + (1UL << (12 + (9 * (level - 1))));
        ulong table = 0x20_0000;
        for (int l = level; l >= 1; l--)
        {
            ulong index = (other >> (12 + (9 * (l - 1)))) & 0x1FF;
            ulong at = l == level ? PagingTables.TableOf(level) : table;
            table = l == level ? table : table + 0x1000;
            _board.Write64(at + (8 * index), l == 1 ? 0x50_0067 : table | 0x67);
        }

        if (level == 3)
        {
            other = Linear + (2UL << 30);
            _board.Write64(PagingTables.TableOf(3) + 16, 0x20_0067);
            _board.Write64(0x20_0000 + 16, 0x20_1067);
            _board.Write64(0x20_1000, 0x50_0067);
            _board.Write64(PagingTables.TableOf(3) + 8, 0xE3);
        }

        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        Assert.True(_board.Mmu.Fill(other, AccessKind.Read, AccessClass.User, out _));
        Assert.True(_board.GuestWrite64(Direct(tables.AddressOf(level)), 0));
        Assert.False(Reads(Linear));
        Assert.True(Reads(other));
        Assert.False(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(PageFaultError.User, t.Error);
    }

    [Fact]
    public void A_large_page_goes_with_its_entry()
    {
        var tables = new PagingTables(_board, PagingMode.Level4, 2, Linear);
        tables.Load();
        for (ulong i = 0; i < 512; i++)
        {
            Assert.True(_board.Mmu.Fill(Linear + (i << 12), AccessKind.Write, AccessClass.User, out _));
        }

        tables.Set(2, 0);
        for (ulong i = 0; i < 512; i++)
        {
            Assert.False(Reads(Linear + (i << 12)));
        }
    }

    [Fact]
    public void Clearing_accessed_or_dirty_makes_the_next_use_set_it_again()
    {
        PagingTables tables = FourLevels();
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Write, AccessClass.User, out _));
        tables.Set(1, PagingTables.Page | 0x07);
        Assert.False(Reads(Linear));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        Assert.Equal(PagingTables.Page | 0x27, tables.Get(1));
        Assert.True(_board.Hit(Linear, 1, AccessKind.Write, AccessClass.User) == null);
    }

    [Fact]
    public void A_page_table_written_often_is_let_go_and_agrees_again_after_invlpg()
    {
        PagingTables tables = FourLevels();
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        ulong pte = Direct(tables.AddressOf(1));
        for (int i = 1; i < 20; i++)
        {
            Assert.True(_board.GuestWrite64(pte + (8UL * (ulong)i), 0x60_0067));
        }

        Assert.True(_board.Hit(pte, 8, AccessKind.Write, AccessClass.Supervisor) != null);
        Assert.True(_board.Mmu.Fill(Linear + 0x1000, AccessKind.Read, AccessClass.User, out _));
        Assert.True(_board.GuestWrite64(pte, 0x70_0067));
        Assert.True(_board.GuestWrite64(pte + 8, 0));
        _board.Mmu.InvalidatePage(Linear);
        Assert.False(Reads(Linear));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(0x70_0000UL, t.Physical);
        _board.Mmu.InvalidatePage(Linear + 0x1000);
        Assert.False(_board.Mmu.Fill(Linear + 0x1000, AccessKind.Read, AccessClass.User, out _));
    }

    [Fact]
    public void Section_4_10_4_1_mov_to_cr3_brings_a_let_go_page_table_up_to_date_in_all_contexts()
    {
        PagingTables tables = FourLevels();
        for (ulong i = 0; i < 512; i++)
        {
            _board.Write64(0x10_0000 + (8 * i), _board.Read64(tables.Controls.Cr3 + (8 * i)));
        }

        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        _board.Mmu.LoadCr3(0x10_0000, default);
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        ulong pte = Direct(tables.AddressOf(1));
        for (int i = 1; i < 20; i++)
        {
            Assert.True(_board.GuestWrite64(pte + (8UL * (ulong)i), 0));
        }

        Assert.True(_board.GuestWrite64(pte, 0));
        _board.Mmu.LoadCr3(tables.Controls.Cr3, default);
        Assert.False(Reads(Linear));
        _board.Mmu.LoadCr3(0x10_0000, default);
        Assert.False(Reads(Linear));
        // Quiet for two flushes, the table is under tracking again: a write is seen at once.
        _board.Mmu.LoadCr3(0x10_0000, default);
        _board.Mmu.LoadCr3(0x10_0000, default);
        Assert.True(_board.Hit(pte, 8, AccessKind.Write, AccessClass.Supervisor) == null);
        Assert.True(_board.GuestWrite64(pte, 0x60_0067));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        Assert.True(_board.GuestWrite64(pte, 0));
        Assert.False(Reads(Linear));
    }

    [Theory]
    [InlineData(InvpcidType.Address, false)]
    [InlineData(InvpcidType.Address, true)]
    [InlineData(InvpcidType.SingleContext, false)]
    [InlineData(InvpcidType.SingleContext, true)]
    [InlineData(InvpcidType.AllIncludingGlobal, true)]
    [InlineData(InvpcidType.AllContexts, true)]
    public void Invpcid_brings_the_context_of_the_pcid_up_to_date(InvpcidType type, bool otherPcid)
    {
        PagingTables tables = FourLevels();
        tables.Controls.Cr4 |= PagingControls.Cr4Pcide;
        tables.Controls.Cr3 |= 5;
        tables.Load();
        for (ulong i = 0; i < 512; i++)
        {
            _board.Write64(0x10_0000 + (8 * i), _board.Read64(PagingTables.TableOf(4) + (8 * i)));
        }

        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        ulong pte = Direct(tables.AddressOf(1));
        for (int i = 0; i < 20; i++)
        {
            Assert.True(_board.GuestWrite64(pte + (8UL * (ulong)(i + 1)), 0));
        }

        if (otherPcid)
        {
            _board.Mmu.LoadCr3(0x10_0000 | 6 | PagingControls.Cr3NoFlush, default);
        }

        Assert.True(_board.GuestWrite64(pte, 0));
        _board.Mmu.Invpcid(type, 5, Linear);
        if (otherPcid)
        {
            _board.Mmu.LoadCr3(tables.Controls.Cr3 | PagingControls.Cr3NoFlush, default);
        }

        Assert.False(Reads(Linear));
        Assert.False(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
    }

    [Fact]
    public void Section_4_10_2_4_a_global_translation_survives_nothing_it_must_not_when_cr4_pge_changes()
    {
        PagingTables tables = FourLevels();
        tables.Controls.Cr4 |= PagingControls.Cr4Pge;
        tables.Load();
        tables.Set(1, PagingTables.Page | 0x167);
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        ulong pte = Direct(tables.AddressOf(1));
        for (int i = 1; i < 20; i++)
        {
            Assert.True(_board.GuestWrite64(pte + (8UL * (ulong)i), 0));
        }

        Assert.True(_board.GuestWrite64(pte, 0));
        tables.Controls.Cr4 &= ~PagingControls.Cr4Pge;
        tables.Load();
        Assert.False(Reads(Linear));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Section_4_10_4_1_invlpg_drops_a_global_translation_for_every_pcid(bool knownToCurrent)
    {
        PagingTables tables = FourLevels();
        tables.Controls.Cr4 |= PagingControls.Cr4Pcide | PagingControls.Cr4Pge;
        tables.Controls.Cr3 |= 5;
        tables.Load();
        for (ulong i = 0; i < 512; i++)
        {
            _board.Write64(0x10_0000 + (8 * i), _board.Read64(PagingTables.TableOf(4) + (8 * i)));
        }

        tables.Set(1, PagingTables.Page | 0x167);
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        ulong pte = Direct(tables.AddressOf(1));
        for (int i = 0; i < 20; i++)
        {
            Assert.True(_board.GuestWrite64(pte + (8UL * (ulong)(i + 1)), 0x60_0067));
        }

        _board.Mmu.LoadCr3(0x10_0000 | 6 | PagingControls.Cr3NoFlush, default);
        if (knownToCurrent)
        {
            Assert.True(_board.Mmu.Fill(Linear + 0x1000, AccessKind.Read, AccessClass.User, out _));
        }

        Assert.True(_board.GuestWrite64(pte, 0));
        _board.Mmu.InvalidatePage(Linear);
        _board.Mmu.LoadCr3(tables.Controls.Cr3 | PagingControls.Cr3NoFlush, default);
        Assert.False(Reads(Linear));
        Assert.False(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
    }

    [Fact]
    public void A_table_that_maps_itself_is_kept_coherent()
    {
        // The PML4 as its own last entry: FFFFFF80_00000000 and up are page tables seen as data.
        PagingTables tables = FourLevels();
        _board.Write64(PagingTables.TableOf(4) + (8 * 511), PagingTables.TableOf(4) | 0x67);
        const ulong PteSpace = 0xFFFF_FF80_0000_0000;
        ulong pteOfLinear = PteSpace + ((Linear >> 12) * 8);
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        Assert.True(_board.GuestWrite64(pteOfLinear, 0x60_0067));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(0x60_0000UL, t.Physical);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(_board.GuestWrite64(pteOfLinear, 0x60_0067 + ((ulong)i << 12)));
            _board.Mmu.InvalidatePage(Linear);
            Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out t));
            Assert.Equal(0x60_0000UL + ((ulong)i << 12), t.Physical);
        }

        // Cut the self-reference through itself.
        Assert.True(_board.GuestWrite64(0xFFFF_FFFF_FFFF_FFF8, 0));
        Assert.False(_board.Mmu.Fill(pteOfLinear, AccessKind.Read, AccessClass.Supervisor, out _));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
    }

    [Fact]
    public void More_address_spaces_than_contexts_only_cost_time()
    {
        using var board = new TestBoard(maxContexts: 4);
        var tables = new PagingTables(board, PagingMode.Level4, 1, Linear);
        tables.Load();
        for (ulong space = 0; space < 20; space++)
        {
            ulong root = 0x80_0000 + (space * 0x4000);
            board.Write64(root, (root + 0x1000) | 0x67);
            board.Write64(root + 0x1000, (root + 0x2000) | 0x67);
            board.Write64(root + 0x2000 + 16, (root + 0x3000) | 0x67);
            board.Write64(root + 0x3000, 0x100_0067 + (space << 12));
        }

        for (int round = 0; round < 3; round++)
        {
            for (ulong space = 0; space < 20; space++)
            {
                board.Mmu.LoadCr3(0x80_0000 + (space * 0x4000), default);
                Assert.True(board.Access(Linear, AccessKind.Write, AccessClass.User, out Translation t));
                Assert.Equal(0x100_0000 + (space << 12), t.Physical);
            }
        }
    }

    [Fact]
    public void An_address_space_with_more_tables_than_the_shadow_holds_only_costs_time()
    {
        // One table of each level, entered through all of its entries: 2^27 ways to the same page table.
        for (ulong i = 0; i < 512; i++)
        {
            _board.Write64(0x10_0000 + (8 * i), 0x10_1067);
            _board.Write64(0x10_1000 + (8 * i), 0x10_2067);
            _board.Write64(0x10_2000 + (8 * i), 0x10_3067);
        }

        _board.Write64(0x10_3000, 0x50_0067);
        var controls = new PagingControls
        {
            Cr0 = PagingControls.Cr0Pg, Cr3 = 0x10_0000, Cr4 = PagingControls.Cr4Pae, Efer = PagingControls.EferLma,
        };
        _board.Mmu.SetControls(in controls);
        for (ulong i = 0; i < 150_000; i++)
        {
            Assert.True(_board.Mmu.Fill(i << 21, AccessKind.Read, AccessClass.User, out Translation t));
            Assert.Equal(0x50_0000UL, t.Physical);
        }

        _board.Write64(0x10_3000, 0);
        for (ulong i = 149_000; i < 150_000; i++)
        {
            Assert.False(Reads(i << 21));
            Assert.False(_board.Mmu.Fill(i << 21, AccessKind.Read, AccessClass.User, out _));
        }
    }

    [Fact]
    public void A_change_of_the_memory_map_voids_all_contexts()
    {
        PagingTables tables = FourLevels();
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out _));
        PagingControls off = default;
        _board.Mmu.SetControls(in off);
        _board.Root.AddSubregion(PagingTables.Page, MemoryRegion.CreateDevice("dev", 0x1000, new RecordingDevice(4)), 1);
        tables.Load();
        Assert.False(Reads(Linear));
        Assert.True(_board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.True(t.Host == null);
        Assert.False(Reads(Linear));
    }

    [Fact]
    public void Steady_state_work_allocates_nothing()
    {
        PagingTables tables = FourLevels();
        void Work()
        {
            for (int i = 0; i < 200; i++)
            {
                _board.Mmu.Fill(Linear, AccessKind.Write, AccessClass.User, out _);
                _board.GuestWrite64(Direct(tables.AddressOf(1)) + (8UL * (ulong)(i & 15)), PagingTables.Page | 0x67);
                _board.Mmu.InvalidatePage(Linear);
                _board.Mmu.LoadCr3((i & 1) == 0 ? 0x10_0000 : tables.Controls.Cr3, default);
            }
        }

        Work();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Work();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
