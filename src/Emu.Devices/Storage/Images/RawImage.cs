using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>A raw image: byte n of the file is byte n of the disk. Holes of a sparse file are kept and made.</summary>
public sealed class RawImage : BlockImage
{
    private readonly Lock _gate = new();
    private readonly IImageFile _file;
    private readonly bool _probed;

    /// <summary>Wraps a file.</summary>
    /// <param name="file">The file; it is owned by the image from now on.</param>
    /// <param name="probed">True if nobody said the image is raw but it only looked so. Then a guest may not write the magic number of
    /// another format to its first sector: at the next start it could pose as an image that names any host file as its backing file.</param>
    public RawImage(IImageFile file, bool probed = false)
    {
        _file = file;
        _probed = probed;
        Length = (file.Length + SectorSize - 1) / SectorSize * SectorSize;
    }

    /// <inheritdoc/>
    public override string Format => "raw";

    /// <inheritdoc/>
    public override string FileName => _file.Name;

    /// <inheritdoc/>
    /// <remarks>A file that ends inside a sector counts as if padded with zeroes; writing that sector pads it.</remarks>
    public override long Length { get; }

    /// <inheritdoc/>
    public override bool IsReadOnly => _file.IsReadOnly;

    /// <summary>Creates a sparse raw image of <paramref name="length"/> bytes.</summary>
    public static RawImage Create(string path, long length)
    {
        HostFile file = HostFile.Create(path);
        try
        {
            file.SetLength(length);
            return new RawImage(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void ReadAt(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        lock (_gate) _file.Read(offset, buffer);
    }

    /// <inheritdoc/>
    public override void WriteAt(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        CheckWritable();
        if (_probed && offset == 0 && data.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(data) == Qcow2Header.MagicNumber)
        {
            throw new DiskImageException(DiskImageError.Unsupported,
                $"{FileName}: the guest may not write a qcow2 header to an image whose format was guessed; say format=raw");
        }
        lock (_gate) _file.Write(offset, data);
    }

    /// <inheritdoc/>
    public override void WriteZeroes(long offset, long length)
    {
        CheckRange(offset, length);
        CheckWritable();
        lock (_gate)
        {
            long stored = Math.Min(length, _file.Length - offset); // past the end it reads as zero already
            if (stored <= 0 || _file.TryPunchHole(offset, stored)) return;
            byte[] zeroes = new byte[(int)Math.Min(stored, 1 << 20)];
            for (long done = 0; done < stored; done += zeroes.Length)
                _file.Write(offset + done, zeroes.AsSpan(0, (int)Math.Min(zeroes.Length, stored - done)));
        }
    }

    /// <inheritdoc/>
    public override void Discard(long offset, long length)
    {
        CheckRange(offset, length);
        CheckWritable();
        lock (_gate)
        {
            long stored = Math.Min(length, _file.Length - offset);
            if (stored > 0) _file.TryPunchHole(offset, stored);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        lock (_gate) _file.Flush();
    }

    /// <inheritdoc/>
    public override BlockExtent QueryExtent(long offset)
    {
        CheckRange(offset, 1);
        lock (_gate)
        {
            if (offset >= _file.Length) return new BlockExtent(BlockExtentKind.Unallocated, Length - offset);
            (bool isHole, long length) = _file.QueryRun(offset);
            return new BlockExtent(isHole ? BlockExtentKind.Unallocated : BlockExtentKind.Data, length);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _file.Dispose();
    }
}
