using Xunit;

namespace Emu.Mmu.Tests;

/// <summary>Pages that contend for an entry of the TLB are spread in another way.</summary>
public sealed unsafe class TlbContentionTests : IDisposable
{
    /// <summary>Two pages with the same entry.</summary>
    private const ulong First = 0x10_0000, Second = 0x90_2000;

    private readonly TestBoard board = new();

    public void Dispose() => board.Dispose();

    private void Use(ulong linear, AccessKind kind = AccessKind.Read) => Assert.True(board.Access(linear, kind, AccessClass.Supervisor, out _));

    [Theory]
    [InlineData(AccessKind.Read)]
    [InlineData(AccessKind.Write)]
    [InlineData(AccessKind.Execute)]
    public void Two_pages_used_in_turn_end_up_in_different_entries(AccessKind kind)
    {
        Assert.Equal(TlbEntry.Index(First, TlbEntry.FoldShift), TlbEntry.Index(Second, TlbEntry.FoldShift));
        int turns = 0;
        for (; !board.Mmu.Thrashes; turns++)
        {
            Use(First, kind);
            Use(Second, kind);
            Assert.True(turns < 1000, "nobody notices");
        }

        Assert.True(turns > 50, "two pages may meet a few times");
        board.Mmu.Rehash();
        Assert.False(board.Mmu.Thrashes);
        Assert.True(board.Hit(First, 1, kind, AccessClass.Supervisor) == null);
        Use(First, kind);
        Use(Second, kind);
        Assert.True(board.Hit(First, 1, kind, AccessClass.Supervisor) != null);
        Assert.True(board.Hit(Second, 1, kind, AccessClass.Supervisor) != null);
        Assert.Equal(1UL, board.Mmu.Statistics.Rehashes);
    }

    [Fact]
    public void Pages_that_take_the_place_of_each_other_because_they_are_many_are_left_alone()
    {
        Random random = new(7);
        for (int i = 0; i < 300_000; i++)
        {
            Use((ulong)random.Next(4 * TlbEntry.Count) << 12);
            Assert.False(board.Mmu.Thrashes);
        }

        for (int i = 0; i < 40 * TlbEntry.Count; i++)
        {
            Use((ulong)(i % (4 * TlbEntry.Count)) << 12);
            Assert.False(board.Mmu.Thrashes);
        }
    }

    [Fact]
    public void Whatever_bits_two_pages_differ_in_some_way_parts_them()
    {
        HashSet<int> ways = [];
        while (ways.Add(board.Mmu.FoldShift)) board.Mmu.Rehash();
        for (int bit = 12; bit < 47; bit++)
        {
            Assert.Contains(ways, fold => TlbEntry.Index(First, fold) != TlbEntry.Index(First ^ (1UL << bit), fold));
            Assert.Contains(ways, fold => TlbEntry.Index(First, fold) != TlbEntry.Index(First ^ (0x7FFF_FFFF_E000 & ~((1UL << bit) - 1)), fold));
        }
    }

    [Fact]
    public void Invalidation_finds_a_page_wherever_it_has_come_to_lie()
    {
        board.Mmu.Rehash();
        Use(Second);
        Assert.True(board.Hit(Second, 1, AccessKind.Read, AccessClass.Supervisor) != null);
        board.Mmu.InvalidatePage(Second);
        Assert.True(board.Hit(Second, 1, AccessKind.Read, AccessClass.Supervisor) == null);
    }
}
