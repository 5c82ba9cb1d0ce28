using Xunit;

namespace Emu.Mmu.Tests;

/// <summary>SDM Vol. 3A 4.6 and 4.7: every combination of rights bits, controls, class and kind, against the oracle.</summary>
public sealed unsafe class PermissionTests
{
    public static TheoryData<PagingMode, int> Shapes
    {
        get
        {
            var data = new TheoryData<PagingMode, int>();
            foreach ((PagingMode mode, int leaf) in PagingTables.Shapes)
            {
                data.Add(mode, leaf);
            }

            return data;
        }
    }

    private static IEnumerable<(AccessClass Class, AccessKind Kind)> Accesses =>
        from c in Enum.GetValues<AccessClass>() from k in Enum.GetValues<AccessKind>() select (c, k);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_combination_of_rights_and_controls_gives_the_access_rights_of_section_4_6_1(PagingMode mode, int leaf)
    {
        using var board = new TestBoard();
        ulong linear = mode >= PagingMode.Level4 ? 0xFFFF_9234_5640_1123 : 0xC040_1123UL;
        linear = leaf == 1 ? linear : linear & ~0x1F_F000UL;
        var tables = new PagingTables(board, mode, leaf, linear);
        var oracle = new OracleWalker(board.Read64, PagingFeatures.Full);
        int upper = mode == PagingMode.Pae ? 2 : tables.Top;
        bool noUpper = upper == leaf;
        int checkedCount = 0;
        for (int bits = 0; bits < 16; bits++)
        {
            tables.Controls.Cr0 = PagingControls.Cr0Pg | ((bits & 1) != 0 ? PagingControls.Cr0Wp : 0);
            tables.Controls.Cr4 = (tables.Controls.Cr4 & ~(PagingControls.Cr4Smep | PagingControls.Cr4Smap))
                | ((bits & 2) != 0 ? PagingControls.Cr4Smep : 0) | ((bits & 4) != 0 ? PagingControls.Cr4Smap : 0);
            tables.Controls.Efer = (tables.Controls.Efer & ~PagingControls.EferNxe) | ((bits & 8) != 0 ? PagingControls.EferNxe : 0);
            bool nx = (bits & 8) != 0 && mode != PagingMode.Bits32;
            tables.Load();
            for (int rights = 0; rights < (noUpper ? 8 : 64); rights++)
            {
                if (!nx && (rights & 0x24) != 0)
                {
                    continue;
                }

                SetRights(tables, leaf, rights & 7);
                if (!noUpper)
                {
                    SetRights(tables, upper, rights >> 3);
                }

                foreach ((AccessClass accessClass, AccessKind kind) in Accesses)
                {
                    board.Mmu.InvalidatePage(linear);
                    Check(board, tables, oracle, linear, kind, accessClass);
                    checkedCount++;
                }
            }
        }

        Assert.True(checkedCount >= 16 * 2 * 9);
    }

    /// <summary>Bits 0 R/W, 1 U/S, 2 XD of <paramref name="rights"/> into an entry; accessed set, dirty set.</summary>
    private static void SetRights(PagingTables tables, int level, int rights)
    {
        ulong entry = tables.Get(level) & ~(0x6UL | (1UL << 63));
        tables.Set(level, entry | ((ulong)(rights & 3) << 1) | ((ulong)(rights >> 2) << 63) | 0x60);
    }

    private static void Check(TestBoard board, PagingTables tables, OracleWalker oracle, ulong linear, AccessKind kind, AccessClass accessClass)
    {
        PagingControls controls = tables.Controls;
        OracleResult expected = oracle.Walk(in controls, linear, kind, accessClass);
        bool ok = board.Mmu.Fill(linear, kind, accessClass, out Translation t);
        if (ok == expected.Fault || (uint)t.Error != expected.Error)
        {
            Assert.Fail($"{kind} {accessClass}: expected error {expected.Error:X}, got {(ok ? "none" : t.Error.ToString())}");
        }

        bool probed = board.Mmu.Probe(linear, kind, accessClass, out Translation probe);
        Assert.Equal(ok, probed);
        Assert.Equal(t.Error, probe.Error);
        if (!ok)
        {
            Assert.Equal(TranslationFault.PageFault, t.Fault);
            foreach (AccessKind any in Enum.GetValues<AccessKind>())
            {
                Assert.True(board.Hit(linear, 1, any, accessClass) == null);
            }

            return;
        }

        Assert.Equal(expected.Physical, t.Physical);
        Assert.Equal(expected.Physical, probe.Physical);
        Assert.Equal(t.Rights, probe.Rights);
        foreach (AccessKind any in Enum.GetValues<AccessKind>())
        {
            bool allowed = !oracle.Walk(in controls, linear, any, accessClass).Fault;
            bool hit = board.Hit(linear, 1, any, accessClass) != null;
            // Fetches and data have TLBs of their own; an access fills one of them with all that is allowed.
            if ((any == AccessKind.Execute) == (kind == AccessKind.Execute)) Assert.Equal(allowed, hit);
            else Assert.True(allowed || !hit);
            Assert.Equal(allowed, t.Rights.HasFlag((PageRights)(1 << (int)any)));
        }
    }

    [Theory]
    [InlineData(PagingMode.Level4)]
    [InlineData(PagingMode.Level5)]
    public void Protection_keys_of_user_and_supervisor_pages_follow_section_4_6_2(PagingMode mode)
    {
        using var board = new TestBoard();
        const ulong Linear = 0x1234_5000;
        var tables = new PagingTables(board, mode, 1, Linear);
        var oracle = new OracleWalker(board.Read64, PagingFeatures.Full);
        for (int bits = 0; bits < 128; bits++)
        {
            tables.Controls.Cr0 = PagingControls.Cr0Pg | ((bits & 1) != 0 ? PagingControls.Cr0Wp : 0);
            tables.Controls.Cr4 = PagingControls.Cr4Pae | (mode == PagingMode.Level5 ? PagingControls.Cr4La57 : 0)
                | ((bits & 2) != 0 ? PagingControls.Cr4Pke : 0) | ((bits & 4) != 0 ? PagingControls.Cr4Pks : 0)
                | ((bits & 8) != 0 ? PagingControls.Cr4Smap : 0);
            ulong entry = PagingTables.Page | 0x61 | ((bits & 16) != 0 ? 4UL : 0) | ((bits & 32) != 0 ? 2UL : 0);
            tables.Set(1, entry | ((bits & 64) != 0 ? 15UL << 59 : 5UL << 59));
            for (uint key = 0; key < 16; key++)
            {
                tables.Controls.Pkru = Spread(key & 3);
                tables.Controls.Pkrs = Spread(key >> 2);
                tables.Load();
                foreach ((AccessClass accessClass, AccessKind kind) in Accesses)
                {
                    board.Mmu.InvalidatePage(Linear);
                    Check(board, tables, oracle, Linear, kind, accessClass);
                }
            }
        }

        static uint Spread(uint rights) => (rights << 10) | (rights << 30);
    }

    [Fact]
    public void Protection_keys_mean_nothing_outside_ia_32e_mode()
    {
        using var board = new TestBoard();
        var tables = new PagingTables(board, PagingMode.Pae, 1, 0x1234_5000);
        tables.Controls.Cr4 |= PagingControls.Cr4Pke;
        tables.Controls.Pkru = uint.MaxValue;
        tables.Load();
        Assert.True(board.Mmu.Fill(0x1234_5000, AccessKind.Write, AccessClass.User, out _));
    }

    [Theory]
    [InlineData(PagingMode.Bits32, false, false, false)]
    [InlineData(PagingMode.Bits32, true, false, false)]
    [InlineData(PagingMode.Bits32, false, true, true)]
    [InlineData(PagingMode.Pae, false, false, false)]
    [InlineData(PagingMode.Pae, true, false, true)]
    [InlineData(PagingMode.Pae, false, true, true)]
    [InlineData(PagingMode.Level4, false, false, false)]
    [InlineData(PagingMode.Level4, true, false, true)]
    public void Section_4_7_the_fetch_bit_is_reported_only_with_execute_disable_or_smep(PagingMode mode, bool nxe, bool smep, bool reported)
    {
        using var board = new TestBoard();
        var tables = new PagingTables(board, mode, 1, 0x1234_5000);
        tables.Set(1, 0);
        tables.Controls.Efer |= nxe ? PagingControls.EferNxe : 0;
        tables.Controls.Cr4 |= smep ? PagingControls.Cr4Smep : 0;
        tables.Load();
        Assert.False(board.Mmu.Fill(0x1234_5000, AccessKind.Execute, AccessClass.User, out Translation t));
        Assert.Equal(reported ? PageFaultError.User | PageFaultError.InstructionFetch : PageFaultError.User, t.Error);
    }
}
