using Xunit;

namespace Emu.Machine.Tests;

/// <summary>What a history keeps of guest memory.</summary>
public sealed class PageCopiesTests
{
    private const int PageSize = 4096;

    [Fact]
    public void CopiesKeepWhatTheyWereMadeOfAndPagesOfZerosTakeNoRoom()
    {
        using PageCopies copies = new();
        const int count = 1000;
        PageCopy[] kept = [.. Enumerable.Range(0, count).Select(i => copies.Keep(Page(i)))];
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(i % 256 == 0, kept[i].IsZeros);
            if (!kept[i].IsZeros) Assert.Equal(Page(i), kept[i].Bytes.ToArray());
        }

        Assert.Equal(kept.Count(k => !k.IsZeros) * (long)PageSize, copies.Size);
    }

    [Fact]
    public void RoomOfForgottenCopiesIsUsedAgain()
    {
        using PageCopies copies = new();
        PageCopy first = copies.Keep(Page(1));
        PageCopy second = copies.Keep(Page(2));
        copies.Release(first);
        PageCopy third = copies.Keep(Page(3));
        Assert.Equal(first, third);
        Assert.Equal(Page(2), second.Bytes.ToArray());
        Assert.Equal(Page(3), third.Bytes.ToArray());
        copies.Release(default);
        Assert.Equal(2L * PageSize, copies.Size);
    }

    private static byte[] Page(int value)
    {
        byte[] page = new byte[PageSize];
        page[^1] = (byte)value;
        return page;
    }
}
