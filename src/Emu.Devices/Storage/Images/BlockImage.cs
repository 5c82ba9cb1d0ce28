namespace Emu.Devices.Storage;

/// <summary>
/// A disk image: a fixed-length array of bytes with the persistence rules of a disk that has a volatile write cache.
/// </summary>
/// <remarks>
/// <para>Offsets and lengths are bytes and need no alignment. A completed write is seen by every later read; it is
/// certain to survive a power cut only once a later <see cref="Flush"/> has returned (ATA8-ACS 7.10 FLUSH CACHE).</para>
/// <para>All members may be called from any thread; calls are serialized inside. Failures of the host or of the image are
/// <see cref="DiskImageException"/>; after one the image is still usable and still consistent.</para>
/// </remarks>
public abstract class BlockImage : IDisposable
{
    /// <summary>Bytes in one sector of the guest's disk.</summary>
    public const int SectorSize = 512;

    /// <summary>The format's name as users write it: <c>raw</c> or <c>qcow2</c>.</summary>
    public abstract string Format { get; }

    /// <summary>The file behind the image, as it was named when opened.</summary>
    public abstract string FileName { get; }

    /// <summary>Size in bytes, a multiple of <see cref="SectorSize"/>.</summary>
    public abstract long Length { get; }

    /// <summary>Whether writes are refused.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>The image that shows through where this one holds nothing, if any.</summary>
    public virtual BlockImage? Backing => null;

    /// <summary>Size in sectors.</summary>
    public long SectorCount => Length / SectorSize;

    /// <summary>Fills <paramref name="buffer"/> from <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the image.</exception>
    /// <exception cref="DiskImageException">The host or the image failed; the buffer's content is undefined.</exception>
    public abstract void ReadAt(long offset, Span<byte> buffer);

    /// <summary>Stores <paramref name="data"/> at <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the image.</exception>
    /// <exception cref="DiskImageException">The write failed; each byte of the range is either old or new.</exception>
    public abstract void WriteAt(long offset, ReadOnlySpan<byte> data);

    /// <summary>Makes the range read as zeroes, giving storage back to the host where the format can.</summary>
    public abstract void WriteZeroes(long offset, long length);

    /// <summary>Says that the content of the range is no longer needed. What it reads as afterwards is undefined but stable; whole
    /// units of the format are given back to the host, the rest is left as it was.</summary>
    public abstract void Discard(long offset, long length);

    /// <summary>Returns once every completed write is on stable storage.</summary>
    public abstract void Flush();

    /// <summary>Describes what begins at <paramref name="offset"/> (which must be less than <see cref="Length"/>).</summary>
    public abstract BlockExtent QueryExtent(long offset);

    /// <summary>Closes the image after a best-effort flush. Call <see cref="Flush"/> first to hear of errors.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the files.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>Throws unless the range is inside the image.</summary>
    protected void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes there are not inside an image of {Length} bytes");
    }

    /// <summary>Throws unless the image takes writes.</summary>
    protected void CheckWritable()
    {
        if (IsReadOnly) throw new DiskImageException(DiskImageError.ReadOnly, $"{FileName}: the image is open read-only");
    }
}
