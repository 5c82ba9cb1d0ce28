using System.Diagnostics;
using System.Globalization;
using Emu.Devices.Storage;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class KillTests
{
    private const int Kills = 50;

    /// <summary>Fifty lives of a writing process on one image, each ended by SIGKILL at a random moment.</summary>
    [Fact]
    public async Task Killing_the_writer_fifty_times_corrupts_nothing_and_loses_no_flushed_write()
    {
        using var directory = new TempDirectory();
        string path = directory.File("disk.qcow2");
        ImageTool.Create(path, new ImageCreateOptions { Format = "qcow2", Size = ImageWriterHost.DiskSize }.With("cluster_size", "4k"));
        byte[] reference = new byte[ImageWriterHost.DiskSize], actual = new byte[ImageWriterHost.DiskSize], data = new byte[ImageWriterHost.MaxLength];
        var random = new Random(1);
        int flushedInAll = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            int flushed = await RunAndKill(path, kill, random.Next(1, 40), random.Next(3));
            flushedInAll += flushed;
            ImageCheckResult check = ImageTool.Check(path);
            Assert.True(check.Corruptions == 0, $"kill {kill}: {string.Join('\n', check.Messages)}");

            for (int step = 0; step < flushed; step++)
            {
                (int offset, int length, _) = ImageWriterHost.Step(kill, step, data);
                data.AsSpan(0, length).CopyTo(reference.AsSpan(offset));
            }
            using (BlockImage image = DiskImages.Open(path, new DiskImageOptions { ReadOnly = true })) image.ReadAt(0, actual);
            var differing = new HashSet<int>();
            for (int at = 0; at < actual.Length; at += 512)
                if (!actual.AsSpan(at, 512).SequenceEqual(reference.AsSpan(at, 512))) differing.Add(at);
            // What was written after the last flush heard of may be there or not.
            for (int step = flushed; step < flushed + 400 && differing.Count != 0; step++)
            {
                (int offset, int length, _) = ImageWriterHost.Step(kill, step, data);
                for (int at = 0; at < length; at += 512)
                    if (actual.AsSpan(offset + at, 512).SequenceEqual(data.AsSpan(at, 512))) differing.Remove(offset + at);
            }
            Assert.True(differing.Count == 0, $"kill {kill}: {differing.Count} sectors lost what was flushed");
            actual.CopyTo(reference, 0);
        }
        Assert.True(flushedInAll > Kills * 10, "the writer hardly wrote");
    }

    /// <summary>Returns how many steps the process is known to have flushed before it was killed.</summary>
    private static async Task<int> RunAndKill(string path, int seed, int flushes, int delay)
    {
        var start = new ProcessStartInfo(Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath ?? "dotnet" : "dotnet", [typeof(KillTests).Assembly.Location, ImageWriterHost.Verb, path, seed.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet");
        int flushed = 0;
        for (int i = 0; i < flushes && await process.StandardOutput.ReadLineAsync() is { } line; i++) flushed = int.Parse(line, CultureInfo.InvariantCulture);
        await Task.Delay(delay);
        process.Kill();
        await process.WaitForExitAsync();
        while (await process.StandardOutput.ReadLineAsync() is { Length: > 0 } line)
            if (int.TryParse(line, out int steps) && steps > flushed) flushed = steps;
        return flushed;
    }
}
