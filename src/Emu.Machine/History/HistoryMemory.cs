using Emu.Mmu;

namespace Emu.Machine;

/// <summary>
/// The contents of guest memory at checkpoints. Each checkpoint keeps the pages written since the one before it; a page's content at a checkpoint
/// is the latest copy at or before it, or zeros.
/// </summary>
internal sealed unsafe class HistoryMemory(GuestMemory memory) : IDisposable
{
    private readonly List<uint> written = [];
    private readonly PageCopies copies = new();

    /// <summary>Bytes in copies of pages.</summary>
    public long Size => copies.Size;

    /// <summary>Begins to follow the memory; returns all pages that hold something.</summary>
    public Dictionary<uint, PageCopy> Start()
    {
        memory.StartCheckpointLog();
        Dictionary<uint, PageCopy> pages = [];
        foreach (GuestRam block in memory.Blocks)
        {
            for (uint page = block.FirstPage; page < block.FirstPage + (uint)(block.Size / GuestMemory.PageSize); page++)
            {
                if (CopyPage(page) is { IsZeros: false } copy) pages.Add(page, copy);
            }
        }

        return pages;
    }

    /// <summary>Copies of the pages written since the last call of this, of <see cref="Start"/> or of <see cref="Restore"/>.</summary>
    public Dictionary<uint, PageCopy> TakeWritten()
    {
        written.Clear();
        memory.TakeCheckpointLog(written);
        Dictionary<uint, PageCopy> pages = new(written.Count);
        foreach (uint page in written) pages.Add(page, CopyPage(page));
        return pages;
    }

    /// <summary>
    /// Makes memory what it was at <paramref name="target"/>, an element of <paramref name="checkpoints"/>, given that it was derived from
    /// <paramref name="basis"/>, another.
    /// </summary>
    public void Restore(IReadOnlyList<Checkpoint> checkpoints, int basis, int target)
    {
        written.Clear();
        memory.TakeCheckpointLog(written);
        HashSet<uint> pages = [.. written];
        for (int i = Math.Min(basis, target) + 1; i <= Math.Max(basis, target); i++) pages.UnionWith(checkpoints[i].Pages.Keys);
        foreach (uint page in pages)
        {
            PageCopy content = default;
            for (int i = target; i >= 0; i--)
            {
                if (checkpoints[i].Pages.TryGetValue(page, out content)) break;
            }

            Write(page, content);
        }

        // The copying itself is no write of the guest.
        written.Clear();
        memory.TakeCheckpointLog(written);
    }

    /// <summary>Gives the pages of a checkpoint that is being dropped to the one behind it, as far as that has no later copies.</summary>
    public void Merge(Checkpoint dropped, Checkpoint next)
    {
        foreach ((uint page, PageCopy content) in dropped.Pages)
        {
            if (!next.Pages.TryAdd(page, content)) copies.Release(content);
        }
    }

    /// <summary>Forgets the pages of a checkpoint.</summary>
    public void Forget(Checkpoint dropped)
    {
        foreach (PageCopy content in dropped.Pages.Values) copies.Release(content);
    }

    /// <summary>A copy of the present content of a page.</summary>
    public PageCopy CopyPage(uint page) => copies.Keep(new ReadOnlySpan<byte>(memory.HostOf(page), GuestMemory.PageSize));

    /// <inheritdoc/>
    public void Dispose() => copies.Dispose();

    private void Write(uint page, PageCopy content)
    {
        byte* host = memory.HostOf(page);
        Span<byte> target = new(host, GuestMemory.PageSize);
        if (content.IsZeros)
        {
            if (!target.ContainsAnyExcept((byte)0)) return;
            target.Clear();
        }
        else
        {
            // Code on a page that did not change stays translated.
            if (target.SequenceEqual(content.Bytes)) return;
            content.Bytes.CopyTo(target);
        }

        memory.NotifyWrite(host, GuestMemory.PageSize);
    }
}
