namespace Emu.Devices.Storage;

/// <summary>
/// The host storage under an image format: a growable file with explicit durability. Everything raises
/// <see cref="DiskImageException"/> on failure.
/// </summary>
public interface IImageFile : IDisposable
{
    /// <summary>Name for messages.</summary>
    string Name { get; }

    /// <summary>Whether writes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Fills the buffer; bytes past the end of the file read as zero.</summary>
    void Read(long offset, Span<byte> buffer);

    /// <summary>Stores the bytes, growing the file if needed.</summary>
    void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Cuts or extends (with zeroes) the file.</summary>
    void SetLength(long length);

    /// <summary>Returns once all earlier writes are on stable storage. Also the only barrier: without it, writes may reach storage in any order.</summary>
    void Flush();

    /// <summary>Makes a range read as zeroes and gives its blocks back; false where the host cannot.</summary>
    bool TryPunchHole(long offset, long length);

    /// <summary>Whether <paramref name="offset"/> (inside the file) is in a hole, and for how many bytes that stays so.</summary>
    (bool IsHole, long Length) QueryRun(long offset);
}
