namespace Emu.Devices.Storage;

/// <summary>What an L2 entry says of a guest cluster.</summary>
internal enum Qcow2ClusterKind
{
    Unallocated,
    Zero,
    Standard,
    Compressed,
}

/// <summary>An L1 or L2 table entry (docs/interop/qcow2.txt, "Cluster mapping").</summary>
internal readonly record struct Qcow2Entry(ulong Bits)
{
    /// <summary>Bits 9-55: byte offset in the file.</summary>
    public const ulong OffsetMask = 0x00FF_FFFF_FFFF_FE00;

    /// <summary>Bit 63: the refcount of what the entry points to is exactly one, so it may be written in place.</summary>
    public const ulong CopiedFlag = 1UL << 63;

    public const ulong CompressedFlag = 1UL << 62;

    /// <summary>Bit 0, version 3: reads as zeroes whatever the offset says.</summary>
    public const ulong ZeroFlag = 1;

    public static Qcow2Entry Empty => default;

    public static Qcow2Entry PlainZero => new(ZeroFlag);

    public bool IsCopied => (Bits & CopiedFlag) != 0;

    /// <summary>Host offset of a standard or zero cluster, or of an L2 table; 0 if none.</summary>
    public long HostOffset => (long)(Bits & OffsetMask);

    public Qcow2ClusterKind Kind =>
        (Bits & CompressedFlag) != 0 ? Qcow2ClusterKind.Compressed
        : (Bits & ZeroFlag) != 0 ? Qcow2ClusterKind.Zero
        : HostOffset != 0 ? Qcow2ClusterKind.Standard
        : Qcow2ClusterKind.Unallocated;

    public static Qcow2Entry Owned(long hostOffset) => new((ulong)hostOffset | CopiedFlag);

    /// <summary>Where a compressed cluster's data starts, and the most bytes it can take.</summary>
    public (long Offset, int Bytes) Compressed(int clusterBits)
    {
        int x = 62 - (clusterBits - 8);
        long offset = (long)(Bits & ((1UL << x) - 1) & ((1UL << 56) - 1));
        int extraSectors = (int)((Bits & (CompressedFlag - 1)) >> x);
        return (offset, (extraSectors + 1) * 512 - (int)(offset & 511));
    }

    /// <summary>Entry for compressed data of <paramref name="bytes"/> bytes at <paramref name="offset"/>.</summary>
    public static Qcow2Entry ForCompressed(long offset, int bytes, int clusterBits)
    {
        int x = 62 - (clusterBits - 8);
        long extraSectors = (offset + bytes - 1) / 512 - offset / 512;
        return new(CompressedFlag | ((ulong)extraSectors << x) | (ulong)offset);
    }
}
