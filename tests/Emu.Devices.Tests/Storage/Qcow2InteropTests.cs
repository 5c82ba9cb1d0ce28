using System.Text.Json;
using Emu.Devices.Storage;
using Xunit;

namespace Emu.Devices.Tests.Storage;

/// <summary>Our images in qemu-img's hands, and its images in ours.</summary>
public sealed class Qcow2InteropTests
{
    private const int Size = 9 * 1024 * 1024 + 512;

    [QemuImgTheory]
    [InlineData(512, "1.1", 16)]
    [InlineData(1024, "1.1", 1)]
    [InlineData(4096, "0.10", 16)]
    [InlineData(4096, "1.1", 64)]
    [InlineData(65536, "1.1", 16)]
    [InlineData(65536, "0.10", 16)]
    [InlineData(2097152, "1.1", 2)]
    public void Images_written_here_pass_qemu_img_check_and_compare_equal(int clusterSize, string compat, int refcountBits)
    {
        using var directory = new TempDirectory();
        string path = directory.File("ours.qcow2"), flat = directory.File("flat.raw");
        var options = new ImageCreateOptions { Format = "qcow2", Size = Size }.With("cluster_size", $"{clusterSize}").With("compat", compat).With("refcount_bits", $"{refcountBits}");
        ImageTool.Create(path, options);
        QemuImg.Run("check", "-f", "qcow2", path);

        byte[] reference = new byte[Size];
        var random = new Random(clusterSize);
        using (BlockImage image = DiskImages.Open(path))
        {
            for (int i = 0; i < 200; i++)
            {
                int offset = random.Next(Size), length = Math.Min(random.Next(1, 150_000), Size - offset);
                if (i % 5 == 4)
                {
                    image.WriteZeroes(offset, length);
                    reference.AsSpan(offset, length).Clear();
                }
                else
                {
                    random.NextBytes(reference.AsSpan(offset, length));
                    image.WriteAt(offset, reference.AsSpan(offset, length));
                }
                if (i % 50 == 0) image.Flush();
            }
        }
        File.WriteAllBytes(flat, reference);
        QemuImg.Run("check", "-f", "qcow2", path);
        QemuImg.Run("compare", "-f", "qcow2", "-F", "raw", path, flat);
        Assert.True(ImageTool.Check(path).ExitCode == 0);
    }

    [QemuImgTheory]
    [InlineData("cluster_size=512", false)]
    [InlineData("cluster_size=4096,compat=0.10", false)]
    [InlineData("cluster_size=65536", true)]
    [InlineData("cluster_size=65536,compat=0.10", true)]
    [InlineData("cluster_size=512", true)]
    [InlineData("cluster_size=4096,refcount_bits=64", true)]
    [InlineData("cluster_size=2M,refcount_bits=1", true)]
    [InlineData("cluster_size=65536,lazy_refcounts=on", false)]
    public void Images_of_qemu_img_read_and_rewrite_correctly(string options, bool compressed)
    {
        using var directory = new TempDirectory();
        string path = directory.File("theirs.qcow2"), flat = directory.File("flat.raw");
        byte[] reference = SemiRandom(Size, 5);
        File.WriteAllBytes(flat, reference);
        List<string> arguments = ["convert", "-f", "raw", "-O", "qcow2", "-o", options, flat, path];
        if (compressed) arguments.Insert(1, "-c");
        QemuImg.Run([.. arguments]);
        AssertReads(path, reference);
        Assert.Equal(0, ImageTool.Check(path).ExitCode);

        var random = new Random(6);
        using (BlockImage image = DiskImages.Open(path))
        {
            for (int i = 0; i < 60; i++)
            {
                int offset = random.Next(Size), length = Math.Min(random.Next(1, 100_000), Size - offset);
                random.NextBytes(reference.AsSpan(offset, length));
                image.WriteAt(offset, reference.AsSpan(offset, length));
            }
        }
        AssertReads(path, reference);
        File.WriteAllBytes(flat, reference);
        QemuImg.Run("check", "-f", "qcow2", path);
        QemuImg.Run("compare", "-f", "qcow2", "-F", "raw", path, flat);
    }

    [QemuImgFact]
    public void Compressed_conversion_is_readable_by_qemu_img()
    {
        using var directory = new TempDirectory();
        string flat = directory.File("flat.raw"), packed = directory.File("packed.qcow2");
        File.WriteAllBytes(flat, SemiRandom(Size, 9));
        ImageTool.Convert(flat, "raw", packed, new ImageCreateOptions { Format = "qcow2", Compress = true });
        QemuImg.Run("check", packed);
        QemuImg.Run("compare", "-F", "raw", packed, flat);
        Assert.True(ImageTool.Check(packed).CompressedClusters > 10);

        // Clusters share host clusters now; writing some of them must not disturb the others.
        byte[] reference = File.ReadAllBytes(flat);
        var random = new Random(10);
        using (BlockImage image = DiskImages.Open(packed))
        {
            for (int i = 0; i < 40; i++)
            {
                int offset = random.Next(Size - 70_000), length = random.Next(1, 70_000);
                random.NextBytes(reference.AsSpan(offset, length));
                image.WriteAt(offset, reference.AsSpan(offset, length));
                if (i % 10 == 0) image.Flush();
            }
        }
        AssertReads(packed, reference);
        Assert.Equal(0, ImageTool.Check(packed).ExitCode);
    }

    [QemuImgFact]
    public void A_chain_of_backing_files_reads_and_grows_like_qemu_img_says()
    {
        using var directory = new TempDirectory();
        string raw = directory.File("base.raw"), middle = directory.File("middle.qcow2"), top = directory.File("top.qcow2"), flat = directory.File("flat.raw");
        byte[] reference = SemiRandom(3 << 20, 1);
        File.WriteAllBytes(raw, reference);
        QemuImg.Run("create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", middle, "4M");
        QemuImg.Io(middle, "qcow2", "write -P 0x5a 1M 100k", "write -z 2M 128k");
        ImageTool.Create(top, new ImageCreateOptions { Format = "qcow2", Size = 5 << 20 }.With("backing_file", "middle.qcow2").With("cluster_size", "4k"));
        Assert.Equal("qcow2", ImageTool.Info(top).BackingFormat);

        Array.Resize(ref reference, 5 << 20);
        reference.AsSpan(1 << 20, 100 << 10).Fill(0x5A);
        reference.AsSpan(2 << 20, 128 << 10).Clear();
        AssertReads(top, reference);
        using (BlockImage image = DiskImages.Open(top))
        {
            byte[] data = SemiRandom(300_000, 2);
            foreach (int offset in new[] { 1000, (3 << 20) - 1000, (4 << 20) - 150_000 })
            {
                image.WriteAt(offset, data);
                data.CopyTo(reference, offset);
            }
            image.WriteZeroes(512 << 10, 77_777);
            reference.AsSpan(512 << 10, 77_777).Clear();
        }
        AssertReads(top, reference);
        File.WriteAllBytes(flat, reference);
        QemuImg.Run("check", top);
        QemuImg.Run("compare", "-F", "raw", top, flat);

        // A copy of only the differences, over the same backing file.
        string difference = directory.File("difference.qcow2");
        ImageTool.Convert(top, null, difference, new ImageCreateOptions { Format = "qcow2" }.With("backing_file", "middle.qcow2"));
        QemuImg.Run("check", difference);
        QemuImg.Run("compare", "-F", "raw", difference, flat);
    }

    [QemuImgFact]
    public void Internal_snapshots_keep_their_content_when_the_disk_is_written()
    {
        using var directory = new TempDirectory();
        string path = directory.File("snap.qcow2"), before = directory.File("before.raw"), after = directory.File("after.raw");
        byte[] reference = SemiRandom(4 << 20, 3);
        File.WriteAllBytes(before, reference);
        QemuImg.Run("convert", "-O", "qcow2", "-o", "cluster_size=4096", before, path);
        QemuImg.Run("snapshot", "-c", "first", path);
        using (BlockImage image = DiskImages.Open(path))
        {
            byte[] data = SemiRandom(500_000, 4);
            image.WriteAt(123_456, data);
            data.CopyTo(reference, 123_456);
            image.WriteZeroes(2 << 20, 1 << 20);
            reference.AsSpan(2 << 20, 1 << 20).Clear();
            image.Flush();
            image.WriteAt(2_500_000, data);
            data.CopyTo(reference, 2_500_000);
        }
        File.WriteAllBytes(after, reference);
        QemuImg.Run("check", path);
        Assert.Equal(0, ImageTool.Check(path).ExitCode);
        Assert.Equal("first", Assert.Single(ImageTool.Info(path).Snapshots ?? []).Name);
        QemuImg.Run("compare", "-F", "raw", path, after);
        QemuImg.Run("snapshot", "-a", "first", path);
        QemuImg.Run("compare", "-F", "raw", path, before);
        AssertReads(path, File.ReadAllBytes(before));
        QemuImg.Run("snapshot", "-d", "first", path);
        Assert.Equal(0, ImageTool.Check(path).ExitCode);
    }

    [QemuImgFact]
    public void The_refcount_table_grows_when_the_image_outgrows_it()
    {
        using var directory = new TempDirectory();
        string path = directory.File("grow.qcow2");
        ImageTool.Create(path, new ImageCreateOptions { Format = "qcow2", Size = 12 << 20 }.With("cluster_size", "512").With("refcount_bits", "64"));
        int before;
        using (BlockImage image = DiskImages.Open(path))
        {
            before = Assert.IsType<Qcow2Image>(image).Header.RefcountTableClusters;
            byte[] data = SemiRandom(12 << 20, 8);
            image.WriteAt(0, data);
            image.Flush();
            Assert.True(Assert.IsType<Qcow2Image>(image).Header.RefcountTableClusters > before);
            image.WriteAt(0, data.AsSpan(0, 5 << 20));
        }
        QemuImg.Run("check", path);
    }

    [QemuImgFact]
    public void Leaks_and_stale_counts_are_found_and_repaired_like_qemu_img_would()
    {
        using var directory = new TempDirectory();
        string path = directory.File("broken.qcow2"), flat = directory.File("flat.raw");
        File.WriteAllBytes(flat, SemiRandom(1 << 20, 12));
        QemuImg.Run("convert", "-O", "qcow2", flat, path);
        byte[] image = File.ReadAllBytes(path);
        Qcow2Header header;
        using (var file = HostFile.Open(path, false)) header = Qcow2Header.Read(file);
        long block = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(image.AsSpan((int)header.RefcountTableOffset));

        image[block + 2 * 60 + 1] = 1; // cluster 60: counted, not used
        image[block + 2 * 61 + 1] = 3;
        File.WriteAllBytes(path, image);
        ImageCheckResult leaky = ImageTool.Check(path);
        Assert.Equal((0, 2, 3), (leaky.Corruptions, leaky.Leaks, leaky.ExitCode));
        ImageCheckResult cleaned = ImageTool.Check(path, repair: Qcow2Repair.Leaks);
        Assert.Equal((0, 2, 0), (cleaned.Leaks, cleaned.LeaksFixed, cleaned.ExitCode));
        QemuImg.Run("check", path);

        image = File.ReadAllBytes(path);
        image[block + 2 * 8 + 1] = 0; // cluster 8: used, not counted
        image[79] |= 1; // dirty
        File.WriteAllBytes(path, image);
        Assert.Equal(DiskImageError.Corrupt, Assert.Throws<DiskImageException>(() => DiskImages.Open(path)).Error);
        ImageCheckResult corrupt = ImageTool.Check(path);
        Assert.True(corrupt.Corruptions > 0);
        ImageCheckResult repaired = ImageTool.Check(path, repair: Qcow2Repair.All);
        Assert.Equal((0, 0), (repaired.Corruptions, repaired.Leaks));
        QemuImg.Run("check", path);
        QemuImg.Run("compare", "-F", "raw", path, flat);
        DiskImages.Open(path).Dispose();
    }

    [QemuImgFact]
    public void Info_and_check_have_the_json_fields_of_qemu_img()
    {
        using var directory = new TempDirectory();
        string path = directory.File("image.qcow2");
        ImageTool.Create(path, new ImageCreateOptions { Format = "qcow2", Size = 64 << 20 });
        AssertSubset(QemuImg.Run("info", "--output=json", path), JsonSerializer.Serialize(ImageTool.Info(path)), "actual-size", "extended-l2");
        AssertSubset(QemuImg.Run("check", "--output=json", path), JsonSerializer.Serialize(ImageTool.Check(path)));

        static void AssertSubset(string theirs, string ours, params string[] except)
        {
            JsonElement mine = JsonDocument.Parse(ours).RootElement;
            foreach (JsonProperty property in JsonDocument.Parse(theirs).RootElement.EnumerateObject())
            {
                if (except.Contains(property.Name)) continue;
                Assert.True(mine.TryGetProperty(property.Name, out JsonElement value), property.Name);
                if (property.Value.ValueKind == JsonValueKind.Object) AssertSubset(property.Value.GetRawText(), value.GetRawText(), except);
                else Assert.Equal(property.Value.ToString(), value.ToString());
            }
        }
    }

    [QemuImgFact]
    public void Qemu_img_and_this_program_respect_each_others_locks()
    {
        using var directory = new TempDirectory();
        string path = directory.File("locked.qcow2");
        ImageTool.Create(path, new ImageCreateOptions { Format = "qcow2", Size = 1 << 20 });
        using (DiskImages.Open(path))
        {
            (int code, string output) = QemuImg.Try("qemu-img", "check", "-r", "all", path);
            Assert.NotEqual(0, code);
            Assert.Contains("lock", output);
            Assert.Equal(DiskImageError.Locked, Assert.Throws<DiskImageException>(() => DiskImages.Open(path)).Error);
            Assert.Equal(DiskImageError.Locked, Assert.Throws<DiskImageException>(() => DiskImages.Open(path, new DiskImageOptions { ReadOnly = true })).Error);
            Assert.Equal(1 << 20, ImageTool.Info(path).VirtualSize);
        }
        using (DiskImages.Open(path, new DiskImageOptions { ReadOnly = true }))
        {
            DiskImages.Open(path, new DiskImageOptions { ReadOnly = true }).Dispose();
            QemuImg.Run("info", path);
            Assert.NotEqual(0, QemuImg.Try("qemu-io", "-c", "write 0 512", path).ExitCode);
        }
        QemuImg.Io(path, "qcow2", "write 0 512");
    }

    private static byte[] SemiRandom(int length, int seed)
    {
        byte[] data = new byte[length];
        var random = new Random(seed);
        for (int at = 0; at < length;)
        {
            int run = Math.Min(random.Next(1, 200_000), length - at);
            switch (random.Next(3))
            {
                case 0: random.NextBytes(data.AsSpan(at, run)); break;
                case 1: data.AsSpan(at, run).Fill((byte)random.Next(256)); break;
            }
            at += run;
        }
        return data;
    }

    private static void AssertReads(string path, byte[] expected)
    {
        using BlockImage image = DiskImages.Open(path, new DiskImageOptions { ReadOnly = true });
        Assert.Equal(expected.Length, image.Length);
        byte[] read = new byte[expected.Length];
        image.ReadAt(0, read);
        Assert.True(read.AsSpan().SequenceEqual(expected));
        var random = new Random(7);
        for (int i = 0; i < 200; i++)
        {
            int offset = random.Next(expected.Length), length = Math.Min(random.Next(1, 5000), expected.Length - offset);
            image.ReadAt(offset, read.AsSpan(0, length));
            Assert.True(read.AsSpan(0, length).SequenceEqual(expected.AsSpan(offset, length)));
        }
    }
}
