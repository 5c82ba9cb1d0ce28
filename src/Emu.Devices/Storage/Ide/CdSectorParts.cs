namespace Emu.Devices.Storage.Ide;

/// <summary>Which parts of a mode 1 sector a read returns: byte 9 of READ CD (MMC-3 6.23, "flag bits").</summary>
/// <param name="Bits">Bit 7 sync, 6-5 header codes, 4 user data, 3 EDC/ECC, 2-1 error flags.</param>
internal readonly record struct CdSectorParts(byte Bits)
{
    private const int C2Bits = 294, C2AndBlockError = 296;

    public static CdSectorParts UserData => new(0x10);

    public bool HasSync => (Bits & 0x80) != 0;

    /// <summary>Header codes 1 and 3; a mode 1 sector has no subheader.</summary>
    public bool HasHeader => (Bits & 0x20) != 0;

    public bool HasUserData => (Bits & 0x10) != 0;

    public bool HasTail => (Bits & 0x08) != 0;

    /// <summary>Bytes of error flags, all clear for an image.</summary>
    public int ErrorFlags => (Bits >> 1 & 3) switch { 1 => C2Bits, 2 => C2AndBlockError, _ => 0 };

    /// <summary>Bytes a sector.</summary>
    public int Size => (HasSync ? CdSector.SyncSize : 0) + (HasHeader ? CdSector.HeaderSize : 0) + (HasUserData ? CdSector.UserSize : 0)
        + (HasTail ? CdSector.RawSize - CdSector.TailOffset : 0) + ErrorFlags;

    public bool IsUserDataOnly => Bits == UserData.Bits;

    /// <summary>Copies the parts of a raw sector into <paramref name="target"/>.</summary>
    public void Extract(ReadOnlySpan<byte> raw, Span<byte> target)
    {
        int at = 0;
        if (HasSync) Add(raw[..CdSector.SyncSize], target);
        if (HasHeader) Add(raw.Slice(CdSector.SyncSize, CdSector.HeaderSize), target);
        if (HasUserData) Add(raw.Slice(CdSector.UserOffset, CdSector.UserSize), target);
        if (HasTail) Add(raw[CdSector.TailOffset..], target);
        target[at..].Clear();

        void Add(ReadOnlySpan<byte> part, Span<byte> to)
        {
            part.CopyTo(to[at..]);
            at += part.Length;
        }
    }
}
