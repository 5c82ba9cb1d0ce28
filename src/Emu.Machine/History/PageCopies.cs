using System.Runtime.InteropServices;
using Emu.Mmu;

namespace Emu.Machine;

/// <summary>A copy of a page of guest memory, kept by <see cref="PageCopies"/>; the default value stands for a page of zeros.</summary>
internal readonly unsafe record struct PageCopy
{
    private readonly nint address;

    internal PageCopy(byte* address) => this.address = (nint)address;

    /// <summary>Every byte is zero, and nothing is kept.</summary>
    public bool IsZeros => address == 0;

    /// <summary>The bytes; none for a page of zeros.</summary>
    public Span<byte> Bytes => new((void*)address, IsZeros ? 0 : GuestMemory.PageSize);
}

/// <summary>
/// Keeps copies of pages outside the heap of .NET. There may be a gigabyte of them, and nearly all stay for long: on the heap each would be moved from generation to
/// generation, and stepping would stop for that.
/// </summary>
internal sealed unsafe class PageCopies : IDisposable
{
    private const int PagesInSlab = 256;

    private readonly List<nint> slabs = [];
    private readonly Stack<PageCopy> free = new();
    private int unused;
    private bool disposed;

    /// <summary>Bytes in copies that are kept.</summary>
    public long Size { get; private set; }

    /// <summary>Copies a page.</summary>
    public PageCopy Keep(ReadOnlySpan<byte> page)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (!page.ContainsAnyExcept((byte)0)) return default;
        if (!free.TryPop(out PageCopy copy)) copy = Next();
        page.CopyTo(copy.Bytes);
        Size += GuestMemory.PageSize;
        return copy;
    }

    /// <summary>Forgets a copy.</summary>
    public void Release(PageCopy copy)
    {
        if (copy.IsZeros) return;
        free.Push(copy);
        Size -= GuestMemory.PageSize;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        foreach (nint slab in slabs) NativeMemory.AlignedFree((void*)slab);
        slabs.Clear();
    }

    private PageCopy Next()
    {
        if (unused == 0)
        {
            slabs.Add((nint)NativeMemory.AlignedAlloc(PagesInSlab * GuestMemory.PageSize, GuestMemory.PageSize));
            unused = PagesInSlab;
        }

        return new PageCopy((byte*)slabs[^1] + (GuestMemory.PageSize * --unused));
    }
}
