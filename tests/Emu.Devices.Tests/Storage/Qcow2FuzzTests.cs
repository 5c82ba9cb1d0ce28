using Emu.Devices.Storage;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class Qcow2FuzzTests
{
    public static TheoryData<int, int, int> Layouts => new()
    {
        { 512, 3, 16 }, { 512, 3, 64 }, { 1024, 3, 1 }, { 4096, 2, 16 }, { 4096, 3, 2 }, { 4096, 3, 4 }, { 65536, 3, 8 }, { 65536, 3, 32 }, { 65536, 2, 16 }, { 2097152, 3, 16 },
    };

    internal static byte[] EmptyImage(long size, Qcow2CreateOptions options)
    {
        var file = new CrashFile();
        Qcow2Creator.Write(file, size, options);
        return file.Content;
    }

    private static Qcow2CheckReport CheckOf(byte[] image) => Qcow2Checker.Run(new CrashFile(image), Qcow2Repair.None);

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Random_operations_read_back_as_a_flat_array_would(int clusterSize, int version, int refcountBits)
    {
        var random = new Random(clusterSize + version + refcountBits);
        int size = Math.Max(300 * 512 + 1024, clusterSize * 5 + 512);
        byte[] backingData = new byte[size / 2 / 512 * 512];
        random.NextBytes(backingData);
        byte[] reference = new byte[size];
        bool hasBacking = random.Next(2) == 0;
        if (hasBacking) backingData.CopyTo(reference, 0);

        var file = new CrashFile(EmptyImage(size, new Qcow2CreateOptions { ClusterSize = clusterSize, Version = version, RefcountBits = refcountBits }));
        Qcow2Image image = Open();
        int steps = clusterSize > 65536 ? 200 : 1500;
        for (int i = 0; i < steps; i++)
        {
            int offset = random.Next(size), length = random.Next(Math.Min(size - offset, random.Next(4) == 0 ? clusterSize * 3 : 2000)) + 1;
            if (random.Next(2) == 0)
            {
                offset &= ~511;
                length = Math.Min((length + 511) & ~511, size - offset);
            }
            switch (random.Next(20))
            {
                case < 9:
                    byte[] data = new byte[length];
                    random.NextBytes(data);
                    image.WriteAt(offset, data);
                    data.CopyTo(reference, offset);
                    break;
                case < 15:
                    byte[] read = new byte[length];
                    image.ReadAt(offset, read);
                    Assert.True(read.AsSpan().SequenceEqual(reference.AsSpan(offset, length)), $"step {i}: {length} bytes at {offset}");
                    break;
                case < 17:
                    image.WriteZeroes(offset, length);
                    reference.AsSpan(offset, length).Clear();
                    break;
                case 17:
                    image.Discard(offset, length);
                    image.ReadAt(offset, reference.AsSpan(offset, length)); // undefined, but stable from here on
                    break;
                case 18:
                    image.Flush();
                    break;
                default:
                    image.Dispose();
                    Qcow2CheckReport report = CheckOf(file.Content);
                    Assert.True(report.IsClean, string.Join('\n', report.Messages));
                    image = Open();
                    break;
            }
        }
        image.Dispose();
        Assert.True(CheckOf(file.Content).IsClean);

        Qcow2Image Open() => new(file, hasBacking ? new RawImage(new CrashFile(backingData) { IsReadOnly = true }) : null);
    }

    /// <summary>Power is cut at a random write or flush; unflushed sectors survive at random.</summary>
    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_power_cut_leaves_no_corruption_and_every_flushed_write(int clusterSize, int version, int refcountBits)
    {
        if (clusterSize > 65536) return; // the same code; its tables are only larger
        const int size = 256 * 1024;
        byte[] content = EmptyImage(size, new Qcow2CreateOptions { ClusterSize = clusterSize, Version = version, RefcountBits = refcountBits });
        var random = new Random(99 * clusterSize + refcountBits);
        byte[] reference = new byte[size];
        int crashes = 0;
        for (int round = 0; round < 60; round++)
        {
            var file = new CrashFile(content);
            var image = new Qcow2Image(file, null);
            int budget = random.Next(120);
            file.BeforeChange = () =>
            {
                if (--budget < 0) throw new PowerCutException();
            };
            // Sectors changed since the last flush may hold any value they had since.
            var possible = new Dictionary<int, List<byte[]>>();
            try
            {
                for (int i = 0; i < 60; i++)
                {
                    int sector = random.Next(size / 512), count = Math.Min(random.Next(24) + 1, size / 512 - sector);
                    byte[] data = new byte[count * 512];
                    int kind = random.Next(10);
                    if (kind < 8) random.NextBytes(data);
                    for (int s = 0; s < count; s++)
                    {
                        if (!possible.TryGetValue(sector + s, out List<byte[]>? values)) possible[sector + s] = values = [reference.AsSpan((sector + s) * 512, 512).ToArray()];
                        values.Add(data.AsSpan(s * 512, 512).ToArray());
                    }
                    if (kind < 8) image.WriteAt(sector * 512L, data);
                    else image.WriteZeroes(sector * 512L, data.Length);
                    if (random.Next(4) != 0) continue;
                    image.Flush();
                    foreach ((int s, List<byte[]> values) in possible) values[^1].CopyTo(reference, s * 512);
                    possible.Clear();
                }
            }
            catch (PowerCutException)
            {
                crashes++;
            }

            content = file.Crash(random);
            Qcow2CheckReport report = CheckOf(content);
            Assert.True(report.Corruptions == 0, $"round {round}: {string.Join('\n', report.Messages)}");
            using var survivor = new Qcow2Image(new CrashFile(content) { IsReadOnly = true }, null);
            byte[] sectorData = new byte[512];
            for (int s = 0; s < size / 512; s++)
            {
                survivor.ReadAt(s * 512L, sectorData);
                bool expected = possible.TryGetValue(s, out List<byte[]>? values)
                    ? values.Any(value => value.AsSpan().SequenceEqual(sectorData))
                    : reference.AsSpan(s * 512, 512).SequenceEqual(sectorData);
                Assert.True(expected, $"round {round}: sector {s} has a value it never had");
                sectorData.CopyTo(reference, s * 512);
            }
        }
        Assert.True(crashes > 20);
    }

    [Fact]
    public void A_full_host_disk_fails_the_write_and_leaves_the_image_intact()
    {
        const int size = 4 << 20;
        var file = new CrashFile(EmptyImage(size, new Qcow2CreateOptions { ClusterSize = 4096 }));
        var image = new Qcow2Image(file, null);
        byte[] first = new byte[100_000];
        new Random(1).NextBytes(first);
        image.WriteAt(5000, first);
        image.Flush();
        file.Capacity = file.Length + 50_000;

        var error = Assert.Throws<DiskImageException>(() => image.WriteAt(1 << 20, new byte[1 << 20]));
        Assert.Equal(DiskImageError.NoSpace, error.Error);
        byte[] read = new byte[first.Length];
        image.ReadAt(5000, read);
        Assert.Equal(first, read);

        file.Capacity = long.MaxValue; // somebody made room
        image.WriteAt(1 << 20, first);
        image.Flush();
        image.Dispose();
        Qcow2CheckReport report = CheckOf(file.Content);
        Assert.True(report.IsClean, string.Join('\n', report.Messages));
        using var again = new Qcow2Image(new CrashFile(file.Content), null);
        again.ReadAt(1 << 20, read);
        Assert.Equal(first, read);
        again.ReadAt(5000, read);
        Assert.Equal(first, read);
    }

    private sealed class PowerCutException : Exception;
}
