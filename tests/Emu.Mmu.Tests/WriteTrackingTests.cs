using Xunit;

namespace Emu.Mmu.Tests;

public sealed unsafe class WriteTrackingTests : IDisposable
{
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    private sealed class CodeCache : ICodeWriteListener
    {
        public List<(uint Page, int Offset, int Length)> Writes { get; } = [];

        public void OnCodeWritten(uint ramPage, int offset, int length) => Writes.Add((ramPage, offset, length));
    }

    [Fact]
    public void A_page_that_becomes_code_loses_its_write_tags_in_every_class_of_every_processor()
    {
        using var second = new SoftMmu(_board.Space, PagingFeatures.Full);
        foreach (AccessClass accessClass in Enum.GetValues<AccessClass>())
        {
            Assert.True(_board.Mmu.Fill(0x7000, AccessKind.Write, accessClass, out _));
            Assert.True(second.Fill(0x7000, AccessKind.Write, accessClass, out _));
        }

        var cache = new CodeCache();
        _board.Memory.AddCodeListener(cache);
        uint page = _board.Memory.PageOf(_board.Ram.Base + 0x7000);
        _board.Memory.TrackWrites(page, PageTracking.Code);
        foreach (AccessClass accessClass in Enum.GetValues<AccessClass>())
        {
            Assert.True(_board.Hit(0x7000, 1, AccessKind.Write, accessClass) == null);
            Assert.True(_board.Hit(0x7000, 1, AccessKind.Read, accessClass) != null);
            Assert.Equal(TlbEntry.Invalid, (second.DataEntry(accessClass, 0x7000))->WriteTag);
        }

        Assert.True(_board.Mmu.Fill(0x7000, AccessKind.Write, AccessClass.Supervisor, out _));
        Assert.True(_board.Hit(0x7000, 1, AccessKind.Write, AccessClass.Supervisor) == null);
        Assert.True(_board.GuestWrite64(0x7010, 1));
        Assert.Equal((page, 0x10, 8), cache.Writes.Single());
        _board.Memory.Untrack(page, PageTracking.Code);
        Assert.True(_board.GuestWrite64(0x7010, 1));
        Assert.True(_board.Hit(0x7000, 1, AccessKind.Write, AccessClass.Supervisor) != null);
        Assert.Single(cache.Writes);
    }

    [Fact]
    public void Writes_of_every_kind_reach_the_code_listener_once_a_page()
    {
        var cache = new CodeCache();
        _board.Memory.AddCodeListener(cache);
        uint first = _board.Ram.FirstPage;
        _board.Memory.TrackWrites(first + 2, PageTracking.Code);
        _board.Memory.TrackWrites(first + 3, PageTracking.Code);
        _board.Space.Write(0x2FFC, 8, 0);
        Assert.Equal([(first + 2, 0xFFC, 4), (first + 3, 0, 4)], cache.Writes);
        cache.Writes.Clear();
        _board.Space.Write(0x1F00, new byte[0x3000]);
        Assert.Equal([(first + 2, 0, 0x1000), (first + 3, 0, 0x1000)], cache.Writes);
        cache.Writes.Clear();
        _board.Ram.Write(0x3010, [1]);
        Assert.True(_board.Space.TryPoke(0x3011, [1]));
        Assert.Equal([(first + 3, 0x10, 1), (first + 3, 0x11, 1)], cache.Writes);
        cache.Writes.Clear();
        _board.Memory.RemoveCodeListener(cache);
        _board.Space.Write(0x3000, 1, 0);
        Assert.Empty(cache.Writes);
    }

    [Fact]
    public void Unlinking_write_tags_keeps_the_others_of_the_page()
    {
        // Three linear pages map one RAM page; entries come and go, then tracking must find what is left.
        var tables = new PagingTables(_board, PagingMode.Level4, 1, 0x40_0000);
        for (ulong i = 0; i < 8; i++)
        {
            _board.Write64(tables.AddressOf(1) + (8 * i), 0x50_0067);
        }

        tables.Load();
        for (int drop = 0; drop < 8; drop++)
        {
            for (ulong i = 0; i < 8; i++)
            {
                Assert.True(_board.Mmu.Fill(0x40_0000 + (0x1000 * i), AccessKind.Write, AccessClass.User, out _));
            }

            _board.Mmu.InvalidatePage(0x40_0000 + (0x1000UL * (ulong)drop));
            uint page = _board.Memory.PageOf(_board.Ram.Base + 0x50_0000);
            _board.Memory.TrackWrites(page, PageTracking.Code);
            for (ulong i = 0; i < 8; i++)
            {
                Assert.True(_board.Hit(0x40_0000 + (0x1000 * i), 1, AccessKind.Write, AccessClass.User) == null);
            }

            _board.Memory.Untrack(page, PageTracking.Code);
        }
    }

    [Fact]
    public void The_dirty_log_reports_pages_written_by_any_path_since_the_last_reading()
    {
        GuestRam vram = _board.Memory.AllocateRam("vram", 0x80000);
        _board.Root.AddSubregion(0xE000_0000, MemoryRegion.CreateRam("vram", vram));
        vram.StartDirtyLog();
        Span<ulong> map = stackalloc ulong[2];
        Assert.True(vram.GetAndClearDirty(0, vram.Size, map));
        Assert.Equal([ulong.MaxValue, ulong.MaxValue], map.ToArray());
        Assert.False(vram.GetAndClearDirty(0, vram.Size, map));
        for (int round = 0; round < 3; round++)
        {
            Assert.True(_board.Hit(0xE000_5000, 8, AccessKind.Write, AccessClass.Supervisor) == null);
            Assert.True(_board.GuestWrite64(0xE000_5000, 1));
            Assert.True(_board.GuestWrite64(0xE000_5008, 1));
            Assert.True(_board.Hit(0xE000_5000, 8, AccessKind.Write, AccessClass.Supervisor) != null);
            Assert.True(_board.GuestWrite64(0xE000_5008, 1));
            _board.Space.Write(0xE004_1000, 1, 0);
            vram.Write(0x7F000, [1]);
            Assert.True(vram.GetAndClearDirty(0, vram.Size, map));
            Assert.Equal([1UL << 5, (1UL << 1) | (1UL << 63)], map.ToArray());
            Assert.False(vram.GetAndClearDirty(0, vram.Size, map));
        }

        Assert.True(_board.GuestWrite64(0xE000_5000, 1));
        Assert.True(vram.GetAndClearDirty(0x5010, 0x10, map));
        Assert.Equal(1UL, map[0]);
        vram.StopDirtyLog();
        Assert.True(_board.GuestWrite64(0xE000_5000, 1));
        Assert.True(_board.GuestWrite64(0xE000_5000, 1));
        Assert.False(vram.GetAndClearDirty(0, vram.Size, map));
    }

    [Fact]
    public void Discarded_ram_reads_as_zeros()
    {
        _board.Ram.Write(0x1234, [1, 2, 3]);
        _board.Ram.Discard();
        Assert.Equal(0UL, _board.Read64(0x1230));
        _board.Ram.Write(0x1234, [1]);
        Assert.Equal(1UL, _board.Space.Read(0x1234, 1));
    }

    [Fact]
    public void Asking_for_more_memory_than_was_reserved_is_a_clear_error()
    {
        using var memory = new GuestMemory(1UL << 30);
        HostMemoryException error = Assert.Throws<HostMemoryException>(() => memory.AllocateRam("ram", 2UL << 30));
        Assert.Contains("no room for 2048 MiB of ram", error.Message);
        Assert.Throws<HostMemoryException>(() => memory.AllocateRam("ram", ulong.MaxValue));
    }
}
