using Xunit;

namespace Emu.Mmu.Tests;

/// <summary>SDM Vol. 3A chapter 4: formats, reserved bits, accessed and dirty flags.</summary>
public sealed unsafe class PagingTests
{
    public static TheoryData<PagingMode, int> Shapes => PermissionTests.Shapes;

    [Fact]
    public void Without_paging_linear_addresses_are_physical()
    {
        using var board = new TestBoard();
        Assert.True(board.Mmu.Fill(0x12345, AccessKind.Write, AccessClass.Supervisor, out Translation t));
        Assert.Equal(0x12345UL, t.Physical);
        Assert.True(t.Host == board.Ram.Base + 0x12345);
        Assert.True(board.Hit(0x12FF8, 8, AccessKind.Execute, AccessClass.Supervisor) == null);
        Assert.True(board.Mmu.Fill(0x12345, AccessKind.Execute, AccessClass.Supervisor, out t));
        Assert.True(t.Host == board.Ram.Base + 0x12345);
        foreach (AccessKind kind in Enum.GetValues<AccessKind>())
        {
            Assert.True(board.Hit(0x12FF8, 8, kind, AccessClass.Supervisor) == board.Ram.Base + 0x12FF8);
            Assert.True(board.Hit(0x12FF9, 8, kind, AccessClass.Supervisor) == null);
            Assert.True(board.Hit(0x12345, 1, kind, AccessClass.User) == null);
        }
    }

    [Fact]
    public void With_a20_masked_bit_20_of_every_physical_address_is_clear()
    {
        using var board = new TestBoard();
        board.Mmu.SetAddressMask(~(1UL << 20));
        Assert.True(board.Mmu.Fill(0x10_0010, AccessKind.Read, AccessClass.Supervisor, out Translation t));
        Assert.Equal(0x10UL, t.Physical);
        board.Mmu.SetAddressMask(ulong.MaxValue);
        Assert.True(board.Hit(0x10_0010, 1, AccessKind.Read, AccessClass.Supervisor) == null);
        Assert.True(board.Mmu.Fill(0x10_0010, AccessKind.Read, AccessClass.Supervisor, out t));
        Assert.Equal(0x10_0010UL, t.Physical);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Section_4_8_a_read_sets_accessed_and_a_write_sets_dirty_in_the_leaf_only(PagingMode mode, int leaf)
    {
        using var board = new TestBoard();
        ulong linear = 0x4010_0123 & ~(leaf == 1 ? 0UL : 0x1F_F000);
        var tables = new PagingTables(board, mode, leaf, linear);
        int top = mode == PagingMode.Pae ? 2 : tables.Top;
        for (int level = leaf; level <= top; level++)
        {
            tables.Set(level, tables.Get(level) & ~0x60UL);
        }

        tables.Load();
        Assert.True(board.Mmu.Probe(linear, AccessKind.Write, AccessClass.User, out _));
        for (int level = leaf; level <= top; level++)
        {
            Assert.Equal(0UL, tables.Get(level) & 0x60);
        }

        Assert.True(board.Mmu.Fill(linear, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.True(t.Rights.HasFlag(PageRights.Write));
        for (int level = leaf; level <= top; level++)
        {
            Assert.Equal(0x20UL, tables.Get(level) & 0x60);
        }

        Assert.True(board.Hit(linear, 1, AccessKind.Read, AccessClass.User) != null);
        Assert.True(board.Hit(linear, 1, AccessKind.Write, AccessClass.User) == null);
        Assert.True(board.Mmu.Fill(linear, AccessKind.Write, AccessClass.User, out _));
        for (int level = leaf; level <= top; level++)
        {
            Assert.Equal(level == leaf ? 0x60UL : 0x20UL, tables.Get(level) & 0x60);
        }

        Assert.True(board.Hit(linear, 1, AccessKind.Write, AccessClass.User) != null);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Section_4_8_a_denied_write_leaves_accessed_and_dirty_of_the_leaf_alone(PagingMode mode, int leaf)
    {
        using var board = new TestBoard();
        const ulong Linear = 0x4000_0000;
        var tables = new PagingTables(board, mode, leaf, Linear);
        tables.Set(leaf, tables.Get(leaf) & ~0x62UL);
        tables.Load();
        Assert.False(board.Mmu.Fill(Linear, AccessKind.Write, AccessClass.User, out Translation t));
        Assert.Equal(PageFaultError.Present | PageFaultError.Write | PageFaultError.User, t.Error);
        Assert.Equal(0UL, tables.Get(leaf) & 0x60);
    }

    [Theory]
    [InlineData(PagingMode.Pae, 32)]
    [InlineData(PagingMode.Pae, 40)]
    [InlineData(PagingMode.Level4, 36)]
    [InlineData(PagingMode.Level4, 46)]
    [InlineData(PagingMode.Level4, 52)]
    [InlineData(PagingMode.Level5, 52)]
    [InlineData(PagingMode.Level5, 39)]
    public void Tables_4_8_to_4_20_each_single_bit_of_each_entry_faults_as_the_oracle_says(PagingMode mode, int width)
    {
        foreach (bool gigabyte in new[] { false, true })
        {
            var features = new PagingFeatures(width, gigabyte, true);
            for (int leaf = 1; leaf <= (mode == PagingMode.Pae ? 2 : 3); leaf++)
            {
                using var board = new TestBoard(features: features);
                const ulong Linear = 0x4000_0123;
                var tables = new PagingTables(board, mode, leaf, Linear);
                tables.Set(leaf, 0x67 | (leaf > 1 ? 0x80UL : 0));
                var oracle = new OracleWalker(board.Read64, features);
                for (int nxe = 0; nxe < 2; nxe++)
                {
                    tables.Controls.Efer = (tables.Controls.Efer & ~PagingControls.EferNxe) | (nxe != 0 ? PagingControls.EferNxe : 0);
                    tables.Load();
                    for (int level = leaf; level <= (mode == PagingMode.Pae ? 2 : tables.Top); level++)
                    {
                        ulong good = tables.Get(level);
                        for (int bit = 0; bit < 64; bit++)
                        {
                            tables.Set(level, good ^ (1UL << bit));
                            board.Mmu.InvalidatePage(Linear);
                            PagingControls controls = tables.Controls;
                            OracleResult expected = oracle.Walk(in controls, Linear, AccessKind.Read, AccessClass.User);
                            bool ok = board.Mmu.Fill(Linear, AccessKind.Read, AccessClass.User, out Translation t);
                            Assert.True(ok != expected.Fault, $"level {level} bit {bit}: {t.Error}, expected {expected.Error:X}");
                            Assert.Equal(expected.Error, (uint)t.Error);
                            if (ok)
                            {
                                Assert.Equal(expected.Physical, t.Physical);
                            }

                            tables.Set(level, good);
                        }
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(36, true)]
    [InlineData(40, true)]
    [InlineData(46, true)]
    [InlineData(32, true)]
    [InlineData(46, false)]
    public void Table_4_4_pse_36_puts_address_bits_39_to_32_into_bits_20_to_13(int width, bool pse36)
    {
        var features = new PagingFeatures(width, true, pse36);
        using var board = new TestBoard(features: features);
        var tables = new PagingTables(board, PagingMode.Bits32, 2, 0x4000_1234);
        var oracle = new OracleWalker(board.Read64, features);
        tables.Load();
        for (int bit = 12; bit < 22; bit++)
        {
            tables.Set(2, 0x00C0_00E7u | (1u << bit));
            board.Mmu.InvalidatePage(0x4000_1234);
            PagingControls controls = tables.Controls;
            OracleResult expected = oracle.Walk(in controls, 0x4000_1234, AccessKind.Read, AccessClass.User);
            bool ok = board.Mmu.Fill(0x4000_1234, AccessKind.Read, AccessClass.User, out Translation t);
            Assert.Equal(!expected.Fault, ok);
            Assert.Equal(expected.Error, (uint)t.Error);
            if (ok)
            {
                Assert.Equal(expected.Physical, t.Physical);
                Assert.Equal(22, t.PageShift);
            }
        }
    }

    [Fact]
    public void Section_4_3_without_pse_the_ps_bit_is_ignored()
    {
        using var board = new TestBoard();
        var tables = new PagingTables(board, PagingMode.Bits32, 1, 0x4000_1234);
        tables.Set(2, tables.Get(2) | 0x80);
        tables.Controls.Cr4 = 0;
        tables.Load();
        Assert.True(board.Mmu.Fill(0x4000_1234, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(PagingTables.Page | 0x234, t.Physical);
    }

    [Theory]
    [InlineData(PagingMode.Level4, 0x0000_8000_0000_0000UL, false)]
    [InlineData(PagingMode.Level4, 0xFFFF_7FFF_FFFF_FFFFUL, false)]
    [InlineData(PagingMode.Level4, 0xFFFF_8000_0000_0000UL, true)]
    [InlineData(PagingMode.Level4, 0x0000_7FFF_FFFF_FFFFUL, true)]
    [InlineData(PagingMode.Level5, 0x0000_8000_0000_0000UL, true)]
    [InlineData(PagingMode.Level5, 0x0100_0000_0000_0000UL, false)]
    [InlineData(PagingMode.Level5, 0xFEFF_FFFF_FFFF_FFFFUL, false)]
    [InlineData(PagingMode.Level5, 0xFF00_0000_0000_0000UL, true)]
    public void Addresses_that_are_not_canonical_fault_before_any_walk(PagingMode mode, ulong linear, bool canonical)
    {
        using var board = new TestBoard();
        var tables = new PagingTables(board, mode, 1, linear);
        tables.Load();
        Assert.Equal(canonical, board.Mmu.IsCanonical(linear));
        Assert.Equal(canonical, board.Mmu.Fill(linear, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(canonical ? TranslationFault.None : TranslationFault.NonCanonical, t.Fault);
        Assert.Equal(canonical, board.Mmu.Probe(linear, AccessKind.Read, AccessClass.User, out _));
    }

    [Fact]
    public void Section_4_4_1_the_pdpte_registers_are_what_counts_until_the_next_load()
    {
        using var board = new TestBoard();
        var tables = new PagingTables(board, PagingMode.Pae, 1, 0x4000_1234);
        tables.Load();
        Assert.True(board.Mmu.Fill(0x4000_1234, AccessKind.Read, AccessClass.User, out _));
        board.Write64(tables.AddressOf(3), 0);
        board.Mmu.InvalidatePage(0x4000_1234);
        Assert.True(board.Mmu.Fill(0x4000_1234, AccessKind.Read, AccessClass.User, out _));
        Assert.True(board.Mmu.TryLoadPdptes(tables.Controls.Cr3, out Pdptes pdptes, out _));
        board.Mmu.LoadCr3(tables.Controls.Cr3, in pdptes);
        Assert.True(board.Hit(0x4000_1234, 1, AccessKind.Read, AccessClass.User) == null);
        Assert.False(board.Mmu.Fill(0x4000_1234, AccessKind.Read, AccessClass.User, out Translation t));
        Assert.Equal(PageFaultError.User, t.Error);
    }

    [Fact]
    public void Section_4_4_1_reserved_bits_of_a_present_pdpte_are_refused()
    {
        using var board = new TestBoard(features: new PagingFeatures(40, true, true));
        for (int bit = 1; bit < 64; bit++)
        {
            board.Write64(0x4008, 1UL | (1UL << bit));
            bool reserved = bit is 1 or 2 or (>= 5 and <= 8) or >= 40;
            Assert.Equal(!reserved, board.Mmu.TryLoadPdptes(0x4000, out _, out _));
            board.Write64(0x4008, 1UL << bit);
            Assert.True(board.Mmu.TryLoadPdptes(0x4000, out _, out _));
        }
    }

    [Fact]
    public void A_trace_of_a_walk_names_every_entry_read()
    {
        using var board = new TestBoard();
        var tables = new PagingTables(board, PagingMode.Level4, 1, 0x1234_5678);
        tables.Load();
        var steps = new List<WalkStep>();
        Assert.True(board.Mmu.Probe(0x1234_5678, AccessKind.Read, AccessClass.User, out _, steps));
        Assert.Equal([4, 3, 2, 1], steps.Select(s => s.Level));
        Assert.Equal([.. Enumerable.Range(1, 4).Reverse().Select(tables.AddressOf)], steps.Select(s => s.EntryAddress));
        Assert.Equal([.. Enumerable.Range(1, 4).Reverse().Select(tables.Get)], steps.Select(s => s.Value));
        Assert.Equal([false, false, false, true], steps.Select(s => s.Leaf));
    }

    [Fact]
    public void Device_pages_translate_but_get_no_tag_and_rom_pages_get_no_write_tag()
    {
        using var board = new TestBoard();
        board.Root.AddSubregion(0xFEE0_0000, MemoryRegion.CreateDevice("apic", 0x1000, new RecordingDevice(4)));
        GuestRam rom = board.Memory.AllocateRam("rom", 0x1000);
        board.Root.AddSubregion(0xFFFF_F000, MemoryRegion.CreateRom("rom", rom));
        Assert.True(board.Mmu.Fill(0xFEE0_0020, AccessKind.Read, AccessClass.Supervisor, out Translation t));
        Assert.True(t.Host == null);
        Assert.Equal(0xFEE0_0020UL, t.Physical);
        Assert.True(board.Hit(0xFEE0_0020, 4, AccessKind.Read, AccessClass.Supervisor) == null);
        Assert.True(board.Mmu.Fill(0xFFFF_FFF0, AccessKind.Execute, AccessClass.Supervisor, out t));
        Assert.True(t.Host == rom.Base + 0xFF0);
        Assert.True(board.Hit(0xFFFF_FFF0, 1, AccessKind.Execute, AccessClass.Supervisor) != null);
        Assert.True(board.Hit(0xFFFF_FFF0, 1, AccessKind.Write, AccessClass.Supervisor) == null);
        Assert.True(board.Mmu.Fill(0xFFFF_FFF0, AccessKind.Write, AccessClass.Supervisor, out t));
        Assert.True(t.Host == null);
    }

    [Fact]
    public void Tables_in_rom_work_though_their_flags_cannot_be_set()
    {
        using var board = new TestBoard();
        GuestRam rom = board.Memory.AllocateRam("rom", 0x2000);
        Span<byte> bytes = rom.Bytes;
        BitConverter.TryWriteBytes(bytes[0x400..], 0xFFFF_1000u | 1 | 2);
        BitConverter.TryWriteBytes(bytes[0x1004..], 0x0040_0003u);
        board.Root.AddSubregion(0xFFFF_0000, MemoryRegion.CreateRom("rom", rom));
        var controls = new PagingControls { Cr0 = PagingControls.Cr0Pg, Cr3 = 0xFFFF_0000 };
        board.Mmu.SetControls(in controls);
        Assert.True(board.Mmu.Fill(0x4000_1234, AccessKind.Write, AccessClass.Supervisor, out Translation t));
        Assert.Equal(0x40_0234UL, t.Physical);
        Assert.True(board.Hit(0x4000_1234, 1, AccessKind.Write, AccessClass.Supervisor) != null);
        Assert.Equal(0x0040_0003u, BitConverter.ToUInt32(rom.Bytes[0x1004..]));
    }

    [Fact]
    public void Tables_in_device_memory_are_walked_every_time()
    {
        using var board = new TestBoard();
        uint leaf = 0x0040_0003;
        var device = new RecordingDevice(4) { OnRead = (offset, _) => offset == 0x400 ? 0xF000_1003u : offset == 0x1004 ? leaf : 0 };
        board.Root.AddSubregion(0xF000_0000, MemoryRegion.CreateDevice("tables", 0x2000, device));
        var controls = new PagingControls { Cr0 = PagingControls.Cr0Pg, Cr3 = 0xF000_0000 };
        board.Mmu.SetControls(in controls);
        Assert.True(board.Mmu.Fill(0x4000_1234, AccessKind.Write, AccessClass.Supervisor, out Translation t));
        Assert.Equal(0x40_0234UL, t.Physical);
        Assert.True(t.Host != null);
        Assert.Contains((true, 0x1004UL, 4, 0x0040_0063UL), device.Log);
        Assert.True(board.Hit(0x4000_1234, 1, AccessKind.Read, AccessClass.Supervisor) == null);
        leaf = 0x0050_0063;
        Assert.True(board.Mmu.Fill(0x4000_1234, AccessKind.Write, AccessClass.Supervisor, out t));
        Assert.Equal(0x50_0234UL, t.Physical);
    }

    [Fact]
    public void Pages_with_breakpoints_armed_get_no_tags_until_they_are_disarmed()
    {
        using var board = new TestBoard();
        Assert.True(board.Mmu.Fill(0x5000, AccessKind.Write, AccessClass.Supervisor, out _));
        board.Mmu.SetUncachedPages([0x5000]);
        Assert.True(board.Hit(0x5010, 4, AccessKind.Read, AccessClass.Supervisor) == null);
        Assert.True(board.Mmu.Fill(0x5010, AccessKind.Write, AccessClass.Supervisor, out Translation t));
        Assert.True(t.Host != null);
        Assert.True(board.Hit(0x5010, 4, AccessKind.Write, AccessClass.Supervisor) == null);
        board.Mmu.SetUncachedPages([]);
        Assert.True(board.Mmu.Fill(0x5010, AccessKind.Write, AccessClass.Supervisor, out _));
        Assert.True(board.Hit(0x5010, 4, AccessKind.Write, AccessClass.Supervisor) != null);
    }
}
