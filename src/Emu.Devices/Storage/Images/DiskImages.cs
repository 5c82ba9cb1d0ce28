using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>How to open a disk image.</summary>
public sealed record DiskImageOptions
{
    /// <summary><c>raw</c> or <c>qcow2</c>; null to look at the file.</summary>
    public string? Format { get; init; }

    /// <summary>Open without the right to write.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Leave the file alone and keep writes in a temporary overlay that is gone when the image is closed (<c>-snapshot</c>).</summary>
    public bool Snapshot { get; init; }

    /// <summary>Do not lock the file: for looking at an image that a machine is using.</summary>
    public bool IgnoreLocks { get; init; }

    /// <summary>Do not open the backing file: only what this file itself holds is read.</summary>
    public bool WithoutBacking { get; init; }
}

/// <summary>Opens disk images of every supported format.</summary>
public static class DiskImages
{
    private const int MaxChain = 64;

    /// <summary>Names of the supported formats.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["raw", "qcow2"];

    /// <summary>Opens the image at <paramref name="path"/> with all its backing files.</summary>
    /// <exception cref="DiskImageException">With a one-line message for the user.</exception>
    public static BlockImage Open(string path, DiskImageOptions? options = null)
    {
        if (path.Length == 0) throw new DiskImageException(DiskImageError.NotFound, "the name of an image file is missing");
        options ??= new DiskImageOptions();
        if (!options.Snapshot) return Open(path, options, []);
        BlockImage image = Open(path, options with { ReadOnly = true }, []);
        try
        {
            return new TemporaryOverlay(image);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>The format the file's first bytes suggest; <c>raw</c> where none is recognized.</summary>
    public static string Probe(IImageFile file)
    {
        Span<byte> magic = stackalloc byte[4];
        file.Read(0, magic);
        return BinaryPrimitives.ReadUInt32BigEndian(magic) == Qcow2Header.MagicNumber ? "qcow2" : "raw";
    }

    /// <summary>Throws if <paramref name="format"/> is not a supported format's name.</summary>
    public static void CheckFormat(string format)
    {
        if (!Formats.Contains(format)) throw new DiskImageException(DiskImageError.BadParameter, $"unknown image format '{format}' (known: {string.Join(", ", Formats)})");
    }

    /// <summary>Where the backing file named in the image at <paramref name="imagePath"/> is: relative names start at that image's directory.</summary>
    public static string ResolveBacking(string imagePath, string backing)
    {
        const string filePrefix = "file:";
        if (backing.StartsWith(filePrefix, StringComparison.Ordinal)) backing = backing[filePrefix.Length..];
        int colon = backing.IndexOf(':');
        if (backing.StartsWith("json:", StringComparison.Ordinal) || (colon > 1 && backing.AsSpan(colon).StartsWith("://", StringComparison.Ordinal)))
            throw new DiskImageException(DiskImageError.Unsupported, $"{imagePath}: its backing file '{backing}' is not a plain file name");
        return Path.IsPathRooted(backing) ? backing : Path.Combine(Path.GetDirectoryName(imagePath) ?? "", backing);
    }

    private static BlockImage Open(string path, DiskImageOptions options, List<string> chain)
    {
        if (options.Format is not null) CheckFormat(options.Format);
        string identity = Identity(path);
        if (chain.Contains(identity) || chain.Count >= MaxChain)
            throw new DiskImageException(DiskImageError.BackingLoop, $"{path}: the chain of backing files refers back to itself");
        chain.Add(identity);

        IImageFile file = options.IgnoreLocks ? HostFile.OpenUnlocked(path) : HostFile.Open(path, !options.ReadOnly);
        BlockImage? backing = null;
        try
        {
            if ((options.Format ?? Probe(file)) == "raw") return new RawImage(file, probed: options.Format is null);
            if (!options.WithoutBacking) backing = OpenBacking(file, path, options, chain);
            return new Qcow2Image(file, backing);
        }
        catch
        {
            backing?.Dispose();
            file.Dispose();
            throw;
        }
    }

    private static BlockImage? OpenBacking(IImageFile file, string path, DiskImageOptions options, List<string> chain)
    {
        Qcow2Header header = Qcow2Header.Read(file);
        if (header.BackingFile is null) return null;
        string backing = ResolveBacking(path, header.BackingFile);
        if (header.BackingFormat is { } format && !Formats.Contains(format))
            throw new DiskImageException(DiskImageError.Unsupported, $"{path}: its backing file '{backing}' has the unsupported format '{format}'");
        try
        {
            return Open(backing, new DiskImageOptions { Format = header.BackingFormat, ReadOnly = true, IgnoreLocks = options.IgnoreLocks }, chain);
        }
        catch (DiskImageException e) when (e.Error == DiskImageError.NotFound)
        {
            throw new DiskImageException(DiskImageError.NotFound, $"{path}: its backing file '{backing}' does not exist", e);
        }
    }

    /// <summary>One spelling for each file, symbolic links followed.</summary>
    private static string Identity(string path)
    {
        string full = Path.GetFullPath(path);
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (Exception e) when (DiskImageException.IsHostFailure(e))
        {
            return full; // opening it will tell
        }
    }
}
