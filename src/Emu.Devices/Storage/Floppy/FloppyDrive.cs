namespace Emu.Devices.Storage.Floppy;

/// <summary>A floppy drive: where its head stands, and the diskette in it.</summary>
public sealed class FloppyDrive : IDisposable
{
    /// <summary>The head stops against the frame here.</summary>
    public const int MaxTrack = 85;

    private IBlockBackend? _medium;

    /// <param name="type">What the BIOS shall take it for; None takes the type from the first diskette, 1.44 MB without one.</param>
    /// <param name="medium">The diskette in it, or null.</param>
    public FloppyDrive(FloppyDriveType type = FloppyDriveType.None, IBlockBackend? medium = null)
    {
        Exchange(medium);
        Type = type != FloppyDriveType.None ? type : Format?.Drive ?? FloppyDriveType.Drive1440K;
    }

    /// <summary>Drive type for the CMOS.</summary>
    public FloppyDriveType Type { get; }

    /// <summary>The diskette's content, null without one.</summary>
    public IBlockBackend? Medium => _medium;

    /// <summary>The diskette's layout.</summary>
    public FloppyFormat? Format { get; private set; }

    /// <summary>DSKCHG: a diskette was taken out since the head last moved.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Physical track under the head.</summary>
    public int Track { get; internal set; }

    /// <summary>Whether the diskette must not be written.</summary>
    public bool IsWriteProtected => _medium is null || _medium.Image.IsReadOnly;

    /// <summary>Puts another diskette (or none) into the drive; see <see cref="FloppyController.ExchangeMedium"/>.</summary>
    internal IBlockBackend? Exchange(IBlockBackend? medium)
    {
        FloppyFormat? format = medium is null ? null : FloppyFormat.Detect(medium.Image);
        IBlockBackend? old = _medium;
        _medium = medium;
        Format = format;
        IsChanged = true;
        return old;
    }

    /// <summary>Moves the head; a step pulse resets the disk change line if a diskette is in.</summary>
    public void Seek(int track)
    {
        Track = Math.Clamp(track, 0, MaxTrack);
        if (_medium is not null) IsChanged = false;
    }

    /// <inheritdoc/>
    public void Dispose() => _medium?.Dispose();

    internal void Save(BinaryWriter writer)
    {
        writer.Write(Track);
        writer.Write(IsChanged);
    }

    internal void Load(BinaryReader reader)
    {
        Track = Math.Clamp(reader.ReadInt32(), 0, MaxTrack);
        IsChanged = reader.ReadBoolean();
    }
}
