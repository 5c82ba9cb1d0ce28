using System.Globalization;
using Emu.Devices.Storage;

namespace Emu.Frontend.Images;

/// <summary>Reports on images as people read them, laid out as by qemu-img.</summary>
internal static class ImageText
{
    /// <summary>Writes a description.</summary>
    public static void Write(ImageInfo info, TextWriter output)
    {
        output.WriteLine($"image: {info.FileName}");
        output.WriteLine($"file format: {info.Format}");
        output.WriteLine($"virtual size: {ImageSize.Format(info.VirtualSize)} ({info.VirtualSize} bytes)");
        output.WriteLine($"disk size: {ImageSize.Format(info.ActualSize)}");
        if (info.ClusterSize is { } cluster) output.WriteLine($"cluster_size: {cluster}");
        if (info.BackingFile is { } backing) output.WriteLine($"backing file: {backing}{(info.FullBackingFile != backing ? $" (actual path: {info.FullBackingFile})" : "")}");
        if (info.BackingFormat is { } format) output.WriteLine($"backing file format: {format}");
        if (info.IsDirty) output.WriteLine("the image was not closed properly: check it");
        foreach (ImageSnapshotInfo snapshot in info.Snapshots ?? [])
        {
            string date = DateTimeOffset.FromUnixTimeSeconds(snapshot.Date).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            output.WriteLine($"snapshot: {snapshot.Id} {snapshot.Name} {date} {ImageSize.Format(snapshot.VmStateSize)}");
        }

        if (info.Specific is { Data: var details })
        {
            output.WriteLine("Format specific information:");
            output.WriteLine($"    compat: {details.Compat}");
            output.WriteLine($"    compression type: {details.CompressionType}");
            output.WriteLine($"    lazy refcounts: {(details.LazyRefcounts ? "true" : "false")}");
            output.WriteLine($"    refcount bits: {details.RefcountBits}");
            output.WriteLine($"    corrupt: {(details.Corrupt ? "true" : "false")}");
        }

        if (info.Backing is not { } below) return;
        output.WriteLine();
        Write(below, output);
    }

    /// <summary>Writes the result of a check.</summary>
    public static void Write(ImageCheckResult check, TextWriter output)
    {
        foreach (string message in check.Messages) output.WriteLine(message);
        if (check.CorruptionsFixed + check.LeaksFixed > 0) output.WriteLine($"repaired: {check.CorruptionsFixed} corruptions, {check.LeaksFixed} leaked clusters");
        if (check.Corruptions + check.Leaks == 0) output.WriteLine("No errors were found on the image.");
        if (check.Corruptions > 0) output.WriteLine($"{check.Corruptions} errors were found on the image. Data may be corrupted, and writes may harm it further.");
        if (check.Leaks > 0) output.WriteLine($"{check.Leaks} leaked clusters were found on the image. They waste space but do no harm.");
        double Share(long part, long whole) => whole == 0 ? 0 : 100.0 * part / whole;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{check.AllocatedClusters}/{check.TotalClusters} = {Share(check.AllocatedClusters, check.TotalClusters):F2}% allocated, " +
            $"{Share(check.FragmentedClusters, check.AllocatedClusters):F2}% fragmented, {Share(check.CompressedClusters, check.AllocatedClusters):F2}% compressed clusters"));
        output.WriteLine($"Image end offset: {check.ImageEndOffset}");
    }
}
