using System.Text.Json.Serialization;

namespace Emu.Devices.Storage;

/// <summary>What <c>emu img info</c> tells of an image. The JSON names are those of qemu-img, so that scripts work with both.</summary>
public sealed record ImageInfo
{
    /// <summary>The file as named by the user.</summary>
    [JsonPropertyName("filename")]
    public required string FileName { get; init; }

    /// <summary><c>raw</c> or <c>qcow2</c>.</summary>
    [JsonPropertyName("format")]
    public required string Format { get; init; }

    /// <summary>Size of the guest's disk in bytes.</summary>
    [JsonPropertyName("virtual-size")]
    public required long VirtualSize { get; init; }

    /// <summary>Bytes the file really takes on the host, holes left out.</summary>
    [JsonPropertyName("actual-size")]
    public required long ActualSize { get; init; }

    /// <summary>Bytes in a cluster.</summary>
    [JsonPropertyName("cluster-size")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ClusterSize { get; init; }

    /// <summary>Backing file as stored in the image.</summary>
    [JsonPropertyName("backing-filename")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BackingFile { get; init; }

    /// <summary>Backing file as found from here.</summary>
    [JsonPropertyName("full-backing-filename")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FullBackingFile { get; init; }

    /// <summary>Format of the backing file as stored.</summary>
    [JsonPropertyName("backing-filename-format")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BackingFormat { get; init; }

    /// <summary>Reference counts may be stale: a writer did not close the image.</summary>
    [JsonPropertyName("dirty-flag")]
    public bool IsDirty { get; init; }

    /// <summary>What only the format knows.</summary>
    [JsonPropertyName("format-specific")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Qcow2SpecificInfo? Specific { get; init; }

    /// <summary>Internal snapshots.</summary>
    [JsonPropertyName("snapshots")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ImageSnapshotInfo>? Snapshots { get; init; }

    /// <summary>The same for the chain of backing files, nearest first, where asked for.</summary>
    [JsonPropertyName("backing-image")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageInfo? Backing { get; init; }
}

/// <summary>The envelope qemu-img puts around format details.</summary>
/// <param name="Type">Format name.</param>
/// <param name="Data">Details.</param>
public sealed record Qcow2SpecificInfo([property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("data")] Qcow2Details Data);

/// <summary>Details of a qcow2 image.</summary>
/// <param name="Compat"><c>0.10</c> for version 2, <c>1.1</c> for version 3.</param>
/// <param name="CompressionType"><c>zlib</c> or <c>zstd</c>.</param>
/// <param name="LazyRefcounts">Whether writers may postpone refcounts.</param>
/// <param name="RefcountBits">Width of a reference count.</param>
/// <param name="Corrupt">Whether the image is marked corrupt.</param>
public sealed record Qcow2Details(
    [property: JsonPropertyName("compat")] string Compat,
    [property: JsonPropertyName("compression-type")] string CompressionType,
    [property: JsonPropertyName("lazy-refcounts")] bool LazyRefcounts,
    [property: JsonPropertyName("refcount-bits")] int RefcountBits,
    [property: JsonPropertyName("corrupt")] bool Corrupt);

/// <summary>An internal snapshot.</summary>
/// <param name="Id">Its unique ID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Date">Seconds since 1970-01-01 UTC.</param>
/// <param name="VmStateSize">Bytes of machine state saved with it.</param>
public sealed record ImageSnapshotInfo(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("date-sec")] long Date,
    [property: JsonPropertyName("vm-state-size")] long VmStateSize);

/// <summary>What <c>emu img check</c> found, with qemu-img's JSON names.</summary>
public sealed record ImageCheckResult
{
    /// <summary>The file as named by the user.</summary>
    [JsonPropertyName("filename")]
    public required string FileName { get; init; }

    /// <summary>Its format.</summary>
    [JsonPropertyName("format")]
    public required string Format { get; init; }

    /// <summary>Failures that kept the check from finishing. Always 0 here: they are exceptions.</summary>
    [JsonPropertyName("check-errors")]
    public int CheckErrors { get; init; }

    /// <summary>Contradictions left.</summary>
    [JsonPropertyName("corruptions")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Corruptions { get; init; }

    /// <summary>Leaked clusters left.</summary>
    [JsonPropertyName("leaks")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Leaks { get; init; }

    /// <summary>Contradictions repaired.</summary>
    [JsonPropertyName("corruptions-fixed")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int CorruptionsFixed { get; init; }

    /// <summary>Leaks repaired.</summary>
    [JsonPropertyName("leaks-fixed")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int LeaksFixed { get; init; }

    /// <summary>Clusters of the guest's disk.</summary>
    [JsonPropertyName("total-clusters")]
    public long TotalClusters { get; init; }

    /// <summary>Of these, in the file.</summary>
    [JsonPropertyName("allocated-clusters")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long AllocatedClusters { get; init; }

    /// <summary>Of those, not behind their predecessor.</summary>
    [JsonPropertyName("fragmented-clusters")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long FragmentedClusters { get; init; }

    /// <summary>Of those, compressed.</summary>
    [JsonPropertyName("compressed-clusters")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long CompressedClusters { get; init; }

    /// <summary>End of the last cluster in use, in bytes.</summary>
    [JsonPropertyName("image-end-offset")]
    public long ImageEndOffset { get; init; }

    /// <summary>A line for each finding, for people.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Exit code of <c>qemu-img check</c>: 0 clean, 2 corruptions, 3 leaks only.</summary>
    [JsonIgnore]
    public int ExitCode => Corruptions != 0 ? 2 : Leaks != 0 ? 3 : 0;
}
