using Emu.Devices.Storage;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class DiskImageTests
{
    [Theory]
    [InlineData("512", 512)]
    [InlineData("1440k", 1440 * 1024)]
    [InlineData("1.5G", 3L << 29)]
    [InlineData("2T", 2L << 40)]
    [InlineData("7b", 7)]
    public void Sizes_take_suffixes_and_fractions(string text, long bytes) => Assert.Equal(bytes, ImageSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("-1")]
    [InlineData("12x")]
    [InlineData("9999999999T")]
    public void Bad_sizes_are_refused_with_one_line(string text)
    {
        var error = Assert.Throws<DiskImageException>(() => ImageSize.Parse(text));
        Assert.Equal(DiskImageError.BadParameter, error.Error);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_raw_image_stays_sparse_and_keeps_what_is_written()
    {
        using var directory = new TempDirectory();
        string path = directory.File("disk.raw");
        ImageTool.Create(path, new ImageCreateOptions { Format = "raw", Size = 1L << 33 });
        using (BlockImage image = DiskImages.Open(path, new DiskImageOptions { Format = "raw" }))
        {
            Assert.Equal(1L << 24, image.SectorCount);
            image.WriteAt(5L << 30, new byte[] { 1, 2, 3 });
            image.WriteAt(1 << 20, Enumerable.Repeat((byte)7, 1 << 20).ToArray());
            image.WriteZeroes((1 << 20) + 4096, 8192);
            image.Flush();
            byte[] read = new byte[5];
            image.ReadAt((5L << 30) - 1, read);
            Assert.Equal([0, 1, 2, 3, 0], read);
            image.ReadAt((1 << 20) + 4094, read);
            Assert.Equal([7, 7, 0, 0, 0], read);
            Assert.Equal(BlockExtentKind.Unallocated, image.QueryExtent(0).Kind);
            Assert.Equal(BlockExtentKind.Data, image.QueryExtent(5L << 30).Kind);
            Assert.Throws<ArgumentOutOfRangeException>(() => image.ReadAt(image.Length - 1, read));
        }
        Assert.True(ImageTool.Info(path).ActualSize < 4 << 20);
    }

    [Fact]
    public void Conversion_keeps_holes_in_both_directions()
    {
        using var directory = new TempDirectory();
        string raw = directory.File("a.raw"), qcow2 = directory.File("b.qcow2"), back = directory.File("c.raw");
        ImageTool.Create(raw, new ImageCreateOptions { Format = "raw", Size = 1L << 34 });
        byte[] data = new byte[300_000];
        new Random(4).NextBytes(data);
        using (BlockImage image = DiskImages.Open(raw, new DiskImageOptions { Format = "raw" })) image.WriteAt(7_000_000_000, data);
        var seen = new List<double>();
        ImageTool.Convert(raw, "raw", qcow2, new ImageCreateOptions { Format = "qcow2" }, new SynchronousProgress(progress => seen.Add(progress.Fraction)));
        Assert.Equal(1, seen[^1]);
        Assert.True(new FileInfo(qcow2).Length < 3 << 20);
        ImageTool.Convert(qcow2, null, back, new ImageCreateOptions { Format = "raw" });
        Assert.True(ImageTool.Info(back).ActualSize < 1 << 20);
        using BlockImage copy = DiskImages.Open(back, new DiskImageOptions { Format = "raw", ReadOnly = true });
        byte[] read = new byte[data.Length];
        copy.ReadAt(7_000_000_000, read);
        Assert.Equal(data, read);
    }

    [Fact]
    public void A_snapshot_overlay_leaves_the_file_untouched()
    {
        using var directory = new TempDirectory();
        string path = directory.File("disk.raw");
        byte[] content = new byte[300_032];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(path, content);
        byte[] reference = (byte[])content.Clone();
        using (BlockImage image = DiskImages.Open(path, new DiskImageOptions { Snapshot = true }))
        {
            Assert.False(image.IsReadOnly);
            var random = new Random(5);
            for (int i = 0; i < 500; i++)
            {
                int offset = random.Next(content.Length), length = Math.Min(random.Next(1, 140_000), content.Length - offset);
                if (i % 4 == 0)
                {
                    image.WriteZeroes(offset, length);
                    reference.AsSpan(offset, length).Clear();
                }
                else if (i % 4 == 1)
                {
                    byte[] read = new byte[length];
                    image.ReadAt(offset, read);
                    Assert.True(read.AsSpan().SequenceEqual(reference.AsSpan(offset, length)));
                }
                else
                {
                    random.NextBytes(reference.AsSpan(offset, length));
                    image.WriteAt(offset, reference.AsSpan(offset, length));
                }
            }
            image.Flush();
        }
        Assert.Equal(content, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_guest_cannot_turn_a_guessed_raw_image_into_a_qcow2_one()
    {
        using var directory = new TempDirectory();
        string path = directory.File("disk.img");
        File.WriteAllBytes(path, new byte[65536]);
        byte[] evil = [(byte)'Q', (byte)'F', (byte)'I', 0xFB, 0, 0, 0, 3];
        using (BlockImage guessed = DiskImages.Open(path)) Assert.Throws<DiskImageException>(() => guessed.WriteAt(0, evil));
        using (BlockImage told = DiskImages.Open(path, new DiskImageOptions { Format = "raw" })) told.WriteAt(0, evil);
    }

    [Fact]
    public void A_backing_loop_is_reported()
    {
        using var directory = new TempDirectory();
        string a = directory.File("a.qcow2"), b = directory.File("b.qcow2");
        ImageTool.Create(a, new ImageCreateOptions { Format = "qcow2", Size = 1 << 20 });
        ImageTool.Create(b, new ImageCreateOptions { Format = "qcow2" }.With("backing_file", "a.qcow2"));
        Assert.Equal(DiskImageError.BackingLoop, Assert.Throws<DiskImageException>(() => ImageTool.Create(a, new ImageCreateOptions { Format = "qcow2" }.With("backing_file", "b.qcow2"))).Error);
        byte[] swapped = File.ReadAllBytes(b);
        swapped[swapped.AsSpan().IndexOf("a.qcow2"u8)] = (byte)'b';
        File.WriteAllBytes(b, swapped);
        Assert.Equal(DiskImageError.BackingLoop, Assert.Throws<DiskImageException>(() => DiskImages.Open(b, new DiskImageOptions { ReadOnly = true })).Error);
        Assert.Equal(DiskImageError.BackingLoop, Assert.Throws<DiskImageException>(() => DiskImages.Open(b)).Error);
    }

    [Fact]
    public void Missing_files_and_directories_are_reported_in_one_line()
    {
        using var directory = new TempDirectory();
        AssertError(DiskImageError.NotFound, () => DiskImages.Open(directory.File("none.img")));
        AssertError(DiskImageError.NotFound, () => DiskImages.Open(directory.File("none/none.img")));
        AssertError(DiskImageError.AccessDenied, () => DiskImages.Open(directory.Path));
        AssertError(DiskImageError.NotFound, () => DiskImages.Open(""));
        AssertError(DiskImageError.BadParameter, () => DiskImages.Open(directory.File("x"), new DiskImageOptions { Format = "vmdk" }));
        AssertError(DiskImageError.BadParameter, () => ImageTool.Create(directory.File("x"), new ImageCreateOptions { Format = "qcow2", Size = 1 << 20 }.With("cluster_size", "3000")));
        AssertError(DiskImageError.BadParameter, () => ImageTool.Create(directory.File("x"), new ImageCreateOptions { Format = "qcow2", Size = 1L << 50 }.With("cluster_size", "512")));
        AssertError(DiskImageError.NotFound, () => ImageTool.Create(directory.File("x"), new ImageCreateOptions { Format = "qcow2" }.With("backing_file", "none")));
        Assert.False(File.Exists(directory.File("x")));
    }

    /// <summary>Whatever bytes an image has, opening, reading, checking and repairing it end in a result or the typed exception.</summary>
    [Fact]
    public void Damaged_qcow2_images_never_raise_anything_but_the_typed_exception()
    {
        byte[] good = Qcow2FuzzTests.EmptyImage(1 << 20, new Qcow2CreateOptions { ClusterSize = 1024 });
        var whole = new CrashFile(good);
        using (var image = new Qcow2Image(whole, null)) image.WriteAt(1000, new byte[100_000]);
        good = whole.Content;
        var random = new Random(21);
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = (byte[])good.Clone();
            for (int n = random.Next(4); n >= 0; n--)
            {
                // Mostly the header and tables, where it hurts.
                int at = random.Next(3) switch { 0 => random.Next(112), 1 => random.Next(5120), _ => random.Next(bad.Length) };
                bad[at] = (byte)random.Next(256);
            }
            if (random.Next(4) == 0) bad = bad[..random.Next(bad.Length)];
            var file = new CrashFile(bad);
            try
            {
                using (var image = new Qcow2Image(file, null))
                {
                    byte[] buffer = new byte[4096];
                    for (int n = 0; n < 20 && image.Length > 4096; n++)
                    {
                        long offset = random.NextInt64(Math.Min(image.Length, 2 << 20) - 4096);
                        if (n % 2 == 0) image.ReadAt(offset, buffer);
                        else image.WriteAt(offset, buffer);
                    }
                    image.Flush();
                }
            }
            catch (DiskImageException)
            {
                refused++;
            }
            try
            {
                Qcow2Checker.Run(new CrashFile(bad), Qcow2Repair.All);
            }
            catch (DiskImageException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 300, 5900);
    }

    [Fact]
    public void Corruption_found_while_running_marks_the_image_and_stops_writes()
    {
        var file = new CrashFile(Qcow2FuzzTests.EmptyImage(1 << 20, new Qcow2CreateOptions { ClusterSize = 4096 }));
        using (var image = new Qcow2Image(file, null)) image.WriteAt(0, new byte[8192]);
        byte[] bytes = file.Content;
        long l1 = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(40));
        long l2 = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan((int)l1)) & 0xFFFFFFFFFF00;
        bytes[l2 + 6] |= 2; // no longer aligned to a cluster
        file = new CrashFile(bytes);
        using (var image = new Qcow2Image(file, null))
        {
            Assert.Equal(DiskImageError.Corrupt, Assert.Throws<DiskImageException>(() => image.WriteAt(0, new byte[512])).Error);
            Assert.Equal(DiskImageError.Corrupt, Assert.Throws<DiskImageException>(() => image.WriteAt(4096, new byte[512])).Error);
            image.ReadAt(4096, new byte[512]);
        }
        Assert.Equal(DiskImageError.Corrupt, Assert.Throws<DiskImageException>(() => new Qcow2Image(file, null)).Error);
        using (new Qcow2Image(new CrashFile(file.Content) { IsReadOnly = true }, null)) { }
        Assert.True(Qcow2Checker.Run(file, Qcow2Repair.All).IsClean);
        using (var image = new Qcow2Image(file, null)) image.WriteAt(0, new byte[512]);
    }

    [Fact]
    public void Corruption_found_by_reading_leaves_the_image_untouched()
    {
        var whole = new CrashFile(Qcow2FuzzTests.EmptyImage(1 << 20, new Qcow2CreateOptions { ClusterSize = 4096 }));
        using (var image = new Qcow2Image(whole, null)) image.WriteAt(0, new byte[65536]);
        byte[] truncated = whole.Content[..^8192];
        var file = new CrashFile([.. truncated]);
        using (var image = new Qcow2Image(file, null))
        {
            Assert.Equal(DiskImageError.Corrupt, Assert.Throws<DiskImageException>(() => image.ReadAt(0, new byte[65536])).Error);
            Assert.Equal(DiskImageError.Corrupt, Assert.Throws<DiskImageException>(() => image.WriteAt(0, new byte[512])).Error);
        }

        Assert.Equal(truncated, file.Content);
    }

    [Fact]
    public void A_copy_into_a_folder_that_is_not_there_says_so()
    {
        string source = Path.GetTempFileName();
        try
        {
            AssertError(DiskImageError.AccessDenied, () => ImageTool.Convert(source, "raw", Path.GetTempPath(), new ImageCreateOptions { Format = "qcow2", Size = 1 << 20 }));
            var error = Assert.Throws<DiskImageException>(() => ImageTool.Convert(source, "raw", Path.Combine(source + "-none", "x"), new ImageCreateOptions { Format = "qcow2", Size = 1 << 20 }));
            Assert.Equal(DiskImageError.NotFound, error.Error);
            Assert.Contains("no such folder", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(source);
        }
    }

    [Fact]
    public void A_full_host_device_is_told_from_other_failures()
    {
        if (!File.Exists("/dev/full")) return; // not Linux
        using HostFile file = HostFile.Open("/dev/full", writable: true);
        Assert.Equal(DiskImageError.NoSpace, Assert.Throws<DiskImageException>(() => file.Write(0, new byte[512])).Error);
    }

    private static void AssertError(DiskImageError expected, Func<object> action)
    {
        var error = Assert.Throws<DiskImageException>(action);
        Assert.Equal(expected, error.Error);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void AssertError(DiskImageError expected, Action action) => AssertError(expected, () =>
    {
        action();
        return new object();
    });

    private sealed class SynchronousProgress(Action<ImageProgress> report) : IProgress<ImageProgress>
    {
        public void Report(ImageProgress value) => report(value);
    }
}
