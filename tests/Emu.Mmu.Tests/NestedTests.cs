using Xunit;

namespace Emu.Mmu.Tests;

/// <summary>EPT (SDM Vol. 3C 28.3) and NPT (APM Vol. 2 15.25), alone and behind the guest's own paging.</summary>
public sealed unsafe class NestedTests : IDisposable
{
    private const ulong Root = 0x80_0000;
    private const ulong FlagsEnabled = 1 << 6;
    private static readonly EptFeatures s_plain = new(46, false, true, false, false);

    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    private static NestedAccess Access(AccessKind kind, GuestPageRights rights = GuestPageRights.All) => new(kind, false, true, rights, false);

    private static NestedAccess TableAccess(AccessKind kind) => new(kind, true, true, GuestPageRights.All, false);

    private static ulong Table(int level) => Root + ((ulong)(5 - level) << 12);

    /// <summary>EPT tables for one guest-physical page; each entry RWX, WB in the leaf.</summary>
    private EptStage Ept(ulong guestPhysical, ulong page, int leafLevel, EptFeatures features, bool flags = false, int top = 4)
    {
        ulong all = features.ModeBasedExecute ? 0x407UL : 7;
        for (int level = top; level > leafLevel; level--)
        {
            _board.Write64(Entry(level, guestPhysical), Table(level - 1) | all);
        }

        _board.Write64(Entry(leafLevel, guestPhysical), page | all | (6 << 3) | (leafLevel > 1 ? 0x80UL : 0));
        return new EptStage(_board.Space, Table(top) | 6 | ((ulong)(top - 1) << 3) | (flags ? FlagsEnabled : 0), features);
    }

    private static ulong Entry(int level, ulong guestPhysical) => Table(level) + (((guestPhysical >> (12 + (9 * (level - 1)))) & 0x1FF) * 8);

    [Theory]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    [InlineData(4, 3)]
    [InlineData(5, 1)]
    [InlineData(5, 2)]
    [InlineData(5, 3)]
    public void Section_28_3_2_ept_translates_with_pages_of_every_size(int top, int leaf)
    {
        ulong guest = (top == 5 ? 3UL << 48 : 0) | 0x12_4567_8ABC;
        EptStage stage = Ept(guest, 0xC000_0000, leaf, s_plain, top: top);
        Assert.True(stage.Translate(guest, Access(AccessKind.Write), out NestedTranslation t));
        Assert.Equal(0xC000_0000 | (guest & ((1UL << (12 + (9 * (leaf - 1)))) - 1)), t.Physical);
        Assert.Equal(PageRights.Read | PageRights.Write | PageRights.Execute, t.Rights);
        var steps = new List<WalkStep>();
        Assert.True(stage.Translate(guest, Access(AccessKind.Read) with { Probe = true }, out _, steps));
        Assert.Equal(top - leaf + 1, steps.Count);
        Assert.All(steps, s => Assert.True(s.Nested));
        Assert.False(stage.Translate(guest | (1UL << (top == 5 ? 57 : 48)), Access(AccessKind.Read), out t));
        Assert.Equal(TranslationFault.EptViolation, t.Fault);
    }

    [Fact]
    public void Table_28_7_permissions_are_the_and_of_all_levels_and_show_in_the_exit_qualification()
    {
        var features = s_plain with { ExecuteOnly = true };
        for (int upper = 0; upper < 8; upper++)
        {
            for (int leaf = 0; leaf < 8; leaf++)
            {
                foreach (AccessKind kind in Enum.GetValues<AccessKind>())
                {
                    EptStage stage = Ept(0x1000, 0x50_0000, 1, features);
                    _board.Write64(Entry(3, 0x1000), Table(2) | (uint)upper);
                    _board.Write64(Entry(1, 0x1000), 0x50_0000UL | (6 << 3) | (uint)leaf);
                    bool ok = stage.Translate(0x1000, Access(kind), out NestedTranslation t);
                    bool misconfigured = (upper & 3) == 2 || (upper != 0 && (leaf & 3) == 2);
                    int both = upper & leaf;
                    bool allowed = (both & (1 << (int)kind)) != 0;
                    if (misconfigured)
                    {
                        Assert.Equal(TranslationFault.EptMisconfiguration, t.Fault);
                    }
                    else if (allowed)
                    {
                        Assert.True(ok);
                        Assert.Equal((PageRights)both, t.Rights);
                    }
                    else
                    {
                        Assert.Equal(TranslationFault.EptViolation, t.Fault);
                        ulong expected = (1UL << (int)kind) | ((ulong)both << 3) | (1 << 7) | (1 << 8);
                        Assert.Equal(expected, t.ExitInformation);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Section_28_3_3_1_each_reserved_bit_is_a_misconfiguration(int leaf)
    {
        EptFeatures features = s_plain with { PhysicalAddressBits = 40 };
        int sizeBit = 12 + (9 * (leaf - 1));
        for (int level = leaf; level <= 4; level++)
        {
            for (int bit = 3; bit < 64; bit++)
            {
                bool leafHere = level == leaf;
                if ((!leafHere && (bit is >= 12 and < 40 || (bit == 7 && level <= 3))) || (leafHere && leaf > 1 && bit == 7))
                {
                    // Another table, or a large page: nothing reserved in itself.
                    continue;
                }

                EptStage stage = Ept(0x1000, 0, leaf, features);
                ulong good = _board.Read64(Entry(level, 0x1000)) & ~0x38UL;
                _board.Write64(Entry(level, 0x1000), good ^ (1UL << bit));
                stage.Translate(0x1000, Access(AccessKind.Read), out NestedTranslation t);
                // Of the memory types 1, 2 and 4 that single bits make, 2 is reserved.
                bool reserved = bit is >= 40 and < 52 || (leafHere ? bit == 4 || (bit >= 12 && bit < sizeBit) : bit <= 7);
                Assert.True((t.Fault == TranslationFault.EptMisconfiguration) == reserved, $"level {level} bit {bit} leaf {leaf}: {t.Fault}");
            }
        }
    }

    [Fact]
    public void Section_28_3_3_1_a_gigabyte_page_is_a_misconfiguration_where_it_is_not_supported()
    {
        EptStage stage = Ept(0x1000, 0, 3, s_plain with { GigabytePages = false });
        Assert.False(stage.Translate(0x1000, Access(AccessKind.Read), out NestedTranslation t));
        Assert.Equal(TranslationFault.EptMisconfiguration, t.Fault);
    }

    [Fact]
    public void Section_28_3_5_accessed_flags_are_set_at_every_level_and_dirty_in_the_leaf_on_writes()
    {
        EptStage stage = Ept(0x1000, 0x50_0000, 1, s_plain, flags: true);
        Assert.True(stage.Translate(0x1000, Access(AccessKind.Read) with { Probe = true }, out _));
        Assert.Equal(0UL, _board.Read64(Entry(1, 0x1000)) & 0x300);
        Assert.True(stage.Translate(0x1000, Access(AccessKind.Read), out NestedTranslation t));
        Assert.Equal(PageRights.Read | PageRights.Execute, t.Rights);
        for (int level = 1; level <= 4; level++)
        {
            Assert.Equal(0x100UL, _board.Read64(Entry(level, 0x1000)) & 0x300);
        }

        Assert.True(stage.Translate(0x1000, Access(AccessKind.Write), out t));
        Assert.Equal(PageRights.Read | PageRights.Execute | PageRights.Write, t.Rights);
        Assert.Equal(0x300UL, _board.Read64(Entry(1, 0x1000)) & 0x300);
        Assert.Equal(0x100UL, _board.Read64(Entry(2, 0x1000)) & 0x300);
    }

    [Fact]
    public void Section_28_3_5_with_flags_enabled_reads_of_guest_tables_are_writes_to_ept()
    {
        EptStage stage = Ept(0x1000, 0x50_0000, 1, s_plain, flags: true);
        _board.Write64(Entry(1, 0x1000), 0x50_0000UL | (6 << 3) | 5);
        Assert.False(stage.Translate(0x1000, TableAccess(AccessKind.Read), out NestedTranslation t));
        Assert.Equal(3UL | (5 << 3) | (1 << 7), t.ExitInformation);
        stage = Ept(0x1000, 0x50_0000, 1, s_plain, flags: false);
        _board.Write64(Entry(1, 0x1000), 0x50_0000UL | (6 << 3) | 5);
        Assert.True(stage.Translate(0x1000, TableAccess(AccessKind.Read), out _));
        Assert.False(stage.Translate(0x1000, TableAccess(AccessKind.Write), out t));
        Assert.Equal(2UL | (5 << 3) | (1 << 7), t.ExitInformation);
    }

    [Theory]
    [InlineData(0x405, true, true)]
    [InlineData(0x401, true, false)]
    [InlineData(0x005, false, true)]
    public void Mode_based_execute_control_has_separate_bits_for_user_and_supervisor_addresses(int bits, bool user, bool supervisor)
    {
        var features = s_plain with { ModeBasedExecute = true, AdvancedExitInformation = true };
        EptStage stage = Ept(0x1000, 0x50_0000, 1, features);
        _board.Write64(Entry(1, 0x1000), 0x50_0000UL | (6 << 3) | (ulong)bits);
        Assert.Equal(user, stage.Translate(0x1000, Access(AccessKind.Execute, GuestPageRights.User | GuestPageRights.Executable), out NestedTranslation t));
        if (!user)
        {
            Assert.Equal(4UL | ((ulong)(bits & 7) << 3) | (3 << 7) | (1 << 9), t.ExitInformation);
        }

        Assert.Equal(supervisor, stage.Translate(0x1000, Access(AccessKind.Execute, GuestPageRights.Writable), out t));
        if (!supervisor)
        {
            Assert.Equal(4UL | ((ulong)(bits & 7) << 3) | (1 << 6) | (3 << 7) | (1 << 10) | (1 << 11), t.ExitInformation);
        }
    }

    [Theory]
    [InlineData(0x1000 | 6 | (3 << 3), true)]
    [InlineData(0x1000 | 0 | (3 << 3), true)]
    [InlineData(0x1000 | 4 | (3 << 3), false)]
    [InlineData(0x1000 | 6 | (4 << 3), false)]
    [InlineData(0x1000 | 6 | (2 << 3), false)]
    [InlineData(0x1000 | 6 | (3 << 3) | 0x80, false)]
    [InlineData(0x1000 | 6 | (3 << 3) | 0x40, true)]
    [InlineData((1UL << 46) | 6 | (3 << 3), false)]
    public void Section_26_2_1_1_an_ept_pointer_is_checked_at_vm_entry(ulong eptp, bool valid) =>
        Assert.Equal(valid, EptStage.IsValidPointer(eptp, 46, fiveLevels: false, accessedDirty: true));

    /// <summary>A guest with 4-level paging whose physical page n is at machine page n + 10000h.</summary>
    private (PagingTables Guest, EptStage Stage) GuestUnderEpt(bool flags = false)
    {
        var tables = new PagingTables(_board, PagingMode.Level4, 1, 0x40_0000);
        var bytes = new byte[0x6000];
        _board.Space.Read(0x1000, bytes);
        _board.Space.Write(0x1000_1000, bytes);
        _board.Space.Write(0x1000, new byte[0x6000]);
        EptStage stage = Ept(0, 0, 1, s_plain, flags);
        for (ulong i = 0; i < 512; i++)
        {
            _board.Write64(Table(1) + (8 * i), (0x1000_0000 + (i << 12)) | 7 | (6 << 3));
        }

        _board.Write64(Table(2) + 16, 0x1040_0000 | 7 | (6 << 3) | 0x80);
        return (tables, stage);
    }

    [Fact]
    public void Guest_tables_and_pages_both_go_through_ept_and_tags_carry_the_combined_rights()
    {
        (PagingTables guest, EptStage stage) = GuestUnderEpt();
        _board.Mmu.SetNested(stage);
        _board.Mmu.SetControls(in guest.Controls);
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Write, AccessClass.User, out Translation t));
        Assert.Equal(0x1040_0123UL, t.Physical);
        Assert.Equal(0x40_0123UL, t.GuestPhysical);
        Assert.True(_board.Hit(0x40_0123, 1, AccessKind.Write, AccessClass.User) == _board.Ram.Base + 0x1040_0123);

        // INVEPT after the monitor made the page read-only.
        _board.Write64(Table(2) + 16, 0x1040_0000 | 1 | (6 << 3) | 0x80);
        _board.Mmu.FlushNested(stage.Key);
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Read, AccessClass.User, out _));
        Assert.True(_board.Hit(0x40_0123, 1, AccessKind.Read, AccessClass.User) != null);
        Assert.True(_board.Hit(0x40_0123, 1, AccessKind.Write, AccessClass.User) == null);
        Assert.True(_board.Hit(0x40_0123, 1, AccessKind.Execute, AccessClass.User) == null);
        Assert.False(_board.Mmu.Fill(0x40_0123, AccessKind.Execute, AccessClass.User, out t));
        Assert.Equal(TranslationFault.EptViolation, t.Fault);
        Assert.Equal(0x40_0123UL, t.GuestPhysical);
        Assert.Equal(4UL | (1 << 3) | (3 << 7), t.ExitInformation);

        // VM exit: the host's own translation, and back.
        _board.Mmu.SetNested(null);
        PagingControls off = default;
        _board.Mmu.SetControls(in off);
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Read, AccessClass.Supervisor, out t));
        Assert.Equal(0x40_0123UL, t.Physical);
        _board.Mmu.SetNested(stage);
        _board.Mmu.SetControls(in guest.Controls);
        Assert.True(_board.Hit(0x40_0123, 1, AccessKind.Read, AccessClass.User) == _board.Ram.Base + 0x1040_0123);
    }

    [Fact]
    public void A_guest_table_in_read_only_ept_memory_violates_only_when_a_flag_must_be_set()
    {
        (PagingTables guest, EptStage stage) = GuestUnderEpt();
        _board.Mmu.SetNested(stage);
        _board.Mmu.SetControls(in guest.Controls);
        ulong pteAddress = guest.AddressOf(1);
        ulong eptOfTable = Table(1) + ((pteAddress >> 12) * 8);
        _board.Write64(eptOfTable, (0x1000_0000 + (pteAddress & ~0xFFFUL)) | 5 | (6 << 3));
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Write, AccessClass.User, out Translation t));
        _board.Write64(0x1000_0000 + pteAddress, PagingTables.Page | 0x27);
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Read, AccessClass.User, out t));
        Assert.False(_board.Mmu.Fill(0x40_0123, AccessKind.Write, AccessClass.User, out t));
        Assert.Equal(TranslationFault.EptViolation, t.Fault);
        Assert.Equal(pteAddress, t.GuestPhysical);
        Assert.Equal(2UL | (5 << 3) | (1 << 7), t.ExitInformation);
        Assert.Equal(0x27UL, _board.Read64(0x1000_0000 + pteAddress) & 0xFFF);
    }

    [Fact]
    public void A_guest_write_to_its_own_table_is_seen_under_ept()
    {
        (PagingTables guest, EptStage stage) = GuestUnderEpt();
        _board.Mmu.SetNested(stage);
        _board.Mmu.SetControls(in guest.Controls);
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Read, AccessClass.User, out _));
        _board.Write64(0x1000_0000 + guest.AddressOf(1), 0x5000 | 0x67);
        Assert.True(_board.Hit(0x40_0123, 1, AccessKind.Read, AccessClass.User) == null);
        Assert.True(_board.Mmu.Fill(0x40_0123, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(0x1000_5123UL, t.Physical);
        Assert.False(_board.Mmu.Fill(0x80_0000, AccessKind.Read, AccessClass.User, out t));
        Assert.Equal(TranslationFault.PageFault, t.Fault);
    }

    [Fact]
    public void An_unpaged_guest_runs_on_guest_physical_addresses()
    {
        (_, EptStage stage) = GuestUnderEpt();
        _board.Mmu.SetNested(stage);
        Assert.True(_board.Mmu.Fill(0x5678, AccessKind.Write, AccessClass.Supervisor, out Translation t));
        Assert.Equal(0x1000_5678UL, t.Physical);
        Assert.True(_board.Hit(0x5678, 1, AccessKind.Write, AccessClass.Supervisor) != null);
        Assert.False(_board.Mmu.Fill(0xF000_0000, AccessKind.Read, AccessClass.Supervisor, out t));
        Assert.Equal(TranslationFault.EptViolation, t.Fault);
        Assert.Equal(0xF000_0000UL, t.GuestPhysical);
    }

    [Fact]
    public void Pdptes_are_loaded_through_ept()
    {
        (_, EptStage stage) = GuestUnderEpt();
        _board.Mmu.SetNested(stage);
        _board.Write64(0x1000_9028, 0x7001);
        Assert.True(_board.Mmu.TryLoadPdptes(0x9020, out Pdptes pdptes, out _));
        Assert.Equal(0x7001UL, pdptes[1]);
        Assert.False(_board.Mmu.TryLoadPdptes(0xE000_0000, out _, out Translation fault));
        Assert.Equal(TranslationFault.EptViolation, fault.Fault);
        Assert.Equal(1UL, fault.ExitInformation);
    }

    private NptStage Npt(ulong guestPhysical, ulong page, ulong flags, ulong efer = PagingControls.EferLma | PagingControls.EferNxe)
    {
        for (int level = 4; level > 1; level--)
        {
            _board.Write64(Entry(level, guestPhysical), Table(level - 1) | 7);
        }

        _board.Write64(Entry(1, guestPhysical), page | flags);
        return new NptStage(_board.Space, Table(4), PagingControls.Cr4Pae, efer, PagingFeatures.Full, 1);
    }

    [Theory]
    [InlineData(AccessKind.Read, 0x7UL, false, null)]
    [InlineData(AccessKind.Write, 0x7UL, false, null)]
    [InlineData(AccessKind.Execute, 0x7UL, false, null)]
    [InlineData(AccessKind.Read, 0x6UL, false, 0x1_0000_0004UL)]
    [InlineData(AccessKind.Write, 0x6UL, false, 0x1_0000_0006UL)]
    [InlineData(AccessKind.Execute, 0x6UL, false, 0x1_0000_0014UL)]
    [InlineData(AccessKind.Write, 0x5UL, false, 0x1_0000_0007UL)]
    [InlineData(AccessKind.Read, 0x3UL, false, 0x1_0000_0005UL)]
    [InlineData(AccessKind.Execute, 0x8000_0000_0000_0007UL, false, 0x1_0000_0015UL)]
    [InlineData(AccessKind.Read, 0x0008_0000_0000_0007UL, false, 0x1_0000_000DUL)]
    [InlineData(AccessKind.Read, 0x5UL, true, 0x2_0000_0007UL)]
    [InlineData(AccessKind.Read, 0x7UL, true, null)]
    public void Section_15_25_6_nested_page_faults_tell_what_and_where_in_exitinfo1(AccessKind kind, ulong flags, bool table, ulong? exitInfo)
    {
        NptStage stage = Npt(0x3000, 0x50_0000, flags);
        bool ok = stage.Translate(0x3456, table ? TableAccess(kind) : Access(kind), out NestedTranslation t);
        Assert.Equal(exitInfo is null, ok);
        if (exitInfo is { } expected)
        {
            Assert.Equal(TranslationFault.NestedPageFault, t.Fault);
            Assert.Equal(expected, t.ExitInformation);
        }
        else
        {
            Assert.Equal(0x50_0456UL, t.Physical);
        }
    }

    [Fact]
    public void Npt_sets_its_own_accessed_and_dirty_flags_and_takes_tables_for_written()
    {
        NptStage stage = Npt(0x3000, 0x50_0000, 7);
        Assert.True(stage.Translate(0x3000, Access(AccessKind.Read), out NestedTranslation t));
        Assert.Equal(0x27UL, _board.Read64(Entry(1, 0x3000)) & 0xFFF);
        Assert.False(t.Rights.HasFlag(PageRights.Write));
        Assert.True(stage.Translate(0x3000, TableAccess(AccessKind.Read), out t));
        Assert.Equal(0x67UL, _board.Read64(Entry(1, 0x3000)) & 0xFFF);
        Assert.True(t.Rights.HasFlag(PageRights.Write));
    }

    [Fact]
    public void Npt_in_pae_format_reads_its_pdptes_from_memory()
    {
        _board.Write64(Root + 8, (Root + 0x1000) | 1);
        _board.Write64(Root + 0x1000, 0xE0_0000 | 0x87);
        var stage = new NptStage(_board.Space, Root, PagingControls.Cr4Pae, 0, PagingFeatures.Full, 1);
        Assert.True(stage.Translate(0x4000_0123, Access(AccessKind.Write), out NestedTranslation t));
        Assert.Equal(0xE0_0123UL, t.Physical);
        Assert.False(stage.Translate(0x1_0000_0000, Access(AccessKind.Read), out t));
        Assert.Equal(NptStage.FinalAddress | 4, t.ExitInformation);
        _board.Write64(Root + 8, (Root + 0x1000) | 3);
        stage.Flush();
        Assert.False(stage.Translate(0x4000_0123, Access(AccessKind.Read), out t));
        Assert.Equal(NptStage.FinalAddress | 0xD, t.ExitInformation);
    }

    /// <summary>Random rights in both stages against two naive walks, one inside the other.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void Both_stages_together_do_what_a_walk_inside_a_walk_does(bool flags, int seed)
    {
        (PagingTables guest, EptStage stage) = GuestUnderEpt(flags);
        var random = new Random(seed);
        guest.Controls.Efer |= PagingControls.EferNxe;
        int faults = 0, violations = 0, successes = 0;
        for (int round = 0; round < 3000; round++)
        {
            for (int level = 1; level <= 4; level++)
            {
                ulong at = 0x1000_0000 + guest.AddressOf(level);
                ulong entry = _board.Read64(at) & ~0x8000_0000_0000_0067UL;
                entry |= (random.Next(16) != 0 ? 1u : 0) | (random.Next(6) != 0 ? 2u : 0) | (random.Next(6) != 0 ? 4u : 0);
                entry |= ((uint)random.Next(4) << 5) | (random.Next(12) == 0 ? 1UL << 63 : 0);
                _board.Write64(at, entry);
                _board.Write64(Table(1) + ((PagingTables.TableOf(level) >> 12) * 8), (0x1000_0000 + PagingTables.TableOf(level)) | EptRights(random) | (6 << 3));
            }

            _board.Write64(Table(2) + 16, 0x1040_0000 | EptRights(random) | (6 << 3) | 0x80);
            _board.Mmu.SetNested(stage);
            _board.Mmu.SetControls(in guest.Controls);
            _board.Mmu.FlushNested(stage.Key);
            for (int i = 0; i < 4; i++)
            {
                var kind = (AccessKind)random.Next(3);
                var accessClass = (AccessClass)random.Next(2);
                (TranslationFault fault, ulong information, ulong guestPhysical) = Naive(guest, kind, accessClass, flags);
                bool ok = _board.Access(0x40_0123, kind, accessClass, out Translation t);
                Assert.Equal(fault == TranslationFault.None, ok);
                switch (fault)
                {
                    case TranslationFault.None:
                        successes++;
                        Assert.Equal(0x1040_0123UL, t.Physical);
                        break;
                    case TranslationFault.PageFault:
                        faults++;
                        Assert.Equal(TranslationFault.PageFault, t.Fault);
                        Assert.Equal(information, (ulong)t.Error);
                        break;
                    default:
                        violations++;
                        Assert.Equal(TranslationFault.EptViolation, t.Fault);
                        Assert.Equal(information, t.ExitInformation);
                        Assert.Equal(guestPhysical, t.GuestPhysical);
                        break;
                }
            }
        }

        Assert.True(faults > 500 && violations > 500 && successes > 500, $"{faults} {violations} {successes}");
    }

    private static ulong EptRights(Random random) => random.Next(10) switch { 0 => 0UL, 1 => 1, 2 => 3, 3 => 5, _ => 7 };

    private (TranslationFault Fault, ulong Information, ulong GuestPhysical) Naive(
        PagingTables guest, AccessKind kind, AccessClass accessClass, bool flags)
    {
        bool w = true, u = true, x = true;
        ulong baseError = (kind == AccessKind.Write ? 2UL : 0) | (accessClass == AccessClass.User ? 4UL : 0) | (kind == AccessKind.Execute ? 16UL : 0);
        for (int level = 4; level >= 1; level--)
        {
            ulong address = guest.AddressOf(level);
            ulong ept = _board.Read64(Table(1) + ((address >> 12) * 8)) & 7;
            ulong need = flags ? 3UL : 1;
            if ((ept & need) != need)
            {
                return (TranslationFault.EptViolation, need | (ept << 3) | (1 << 7), address);
            }

            ulong entry = _board.Read64(0x1000_0000 + address);
            if ((entry & 1) == 0)
            {
                return (TranslationFault.PageFault, baseError, 0);
            }

            w &= (entry & 2) != 0;
            u &= (entry & 4) != 0;
            x &= entry >> 63 == 0;
            if (level == 1)
            {
                bool allowed = accessClass == AccessClass.User
                    ? u && (kind != AccessKind.Write || w) && (kind != AccessKind.Execute || x)
                    : (kind != AccessKind.Write || w) && (kind != AccessKind.Execute || x);
                if (!allowed)
                {
                    return (TranslationFault.PageFault, baseError | 1, 0);
                }
            }

            ulong flag = level == 1 && kind == AccessKind.Write ? 0x60UL : 0x20;
            if ((entry & flag) != flag && (ept & 2) == 0)
            {
                return (TranslationFault.EptViolation, 2 | (ept << 3) | (1 << 7), address);
            }
        }

        ulong final = _board.Read64(Table(2) + 16) & 7;
        ulong bit = 1UL << (int)kind;
        return (final & bit) != 0
            ? (TranslationFault.None, 0, 0)
            : (TranslationFault.EptViolation, bit | (final << 3) | (3 << 7), 0x40_0123UL);
    }
}
