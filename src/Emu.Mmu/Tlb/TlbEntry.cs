using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emu.Mmu;

/// <summary>
/// One entry of the software TLB. An access of n bytes at linear address a hits when the page of its <em>last</em> byte
/// equals the tag of its kind, in the entry selected by the page of its first byte; then the host address is
/// <c>a + Addend</c>. One compare so serves both the tag check and page crossing.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
public struct TlbEntry
{
    /// <summary>Size of an entry in bytes.</summary>
    public const int SizeInBytes = 32;

    /// <summary>log2 of the number of entries in one TLB.</summary>
    public const int IndexBits = 11;

    /// <summary>Number of entries in one TLB (one access class of one shadow context).</summary>
    public const int Count = 1 << IndexBits;

    /// <summary>A tag that no page address equals.</summary>
    public const ulong Invalid = ulong.MaxValue;

    /// <summary>Linear page address (bits 11:0 clear) when data reads may go straight to RAM, else <see cref="Invalid"/>.</summary>
    public ulong ReadTag;

    /// <summary>
    /// The same for data writes. Invalid also while the page's dirty bit is clear, or while somebody tracks writes to the
    /// physical page (translated code, guest page tables, dirty logging).
    /// </summary>
    public ulong WriteTag;

    /// <summary>The same for instruction fetches, in the TLBs for code; those have no other tags.</summary>
    public ulong ExecuteTag;

    /// <summary>Host address minus linear address.</summary>
    public nint Addend;

    /// <summary>
    /// The higher bits of the page number that are folded into the index lie this far above those they are combined with at first, so that arrays
    /// a power of two apart do not meet in one entry. Where others do, a context takes another distance (<see cref="ShadowContext.Rehash"/>).
    /// </summary>
    public const int FoldDistance = IndexBits - 1;

    /// <summary>By how many bits an address is shifted to fold its higher bits, at first.</summary>
    public const int FoldShift = 12 + FoldDistance;

    /// <summary>Which bits of the index the higher bits are folded into: all but the lowest.</summary>
    public const int FoldMask = Count - 2;

    /// <summary>
    /// Index of the entry for a linear address. The lowest bit of the index is the lowest bit of the page number, so
    /// neighbouring pages never share an entry: the last-byte compare depends on that.
    /// </summary>
    /// <param name="linear">The address.</param>
    /// <param name="foldShift">By how many bits it is shifted to fold its higher bits; at least 13.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Index(ulong linear, int foldShift) => ((nuint)(linear >> 12) ^ ((nuint)(linear >> foldShift) & FoldMask)) & (Count - 1);
}
