using System.Globalization;
using Emu.Devices.Storage;

namespace Emu.Devices.Tests.Storage;

/// <summary>
/// The process that <see cref="KillTests"/> kills: <c>image-writer FILE SEED</c> writes the sequence that <see cref="Step"/> describes and
/// prints the number of steps done each time a flush has returned.
/// </summary>
internal static class ImageWriterHost
{
    public const string Verb = "image-writer";
    public const int DiskSize = 4 << 20, MaxLength = 48 * 512;

    public static int Main(string[] arguments)
    {
        if (arguments is not [Verb, { } path, { } seedText]) return 64;
        int seed = int.Parse(seedText, CultureInfo.InvariantCulture);
        using BlockImage image = DiskImages.Open(path);
        using Stream output = Console.OpenStandardOutput();
        byte[] data = new byte[MaxLength];
        for (int step = 0; step < 1_000_000; step++)
        {
            (int offset, int length, bool flush) = Step(seed, step, data);
            image.WriteAt(offset, data.AsSpan(0, length));
            if (!flush) continue;
            image.Flush();
            output.Write(System.Text.Encoding.ASCII.GetBytes($"{step + 1}\n"));
            output.Flush();
        }
        return 0;
    }

    /// <summary>Where step <paramref name="step"/> writes what, whole sectors; and whether a flush follows.</summary>
    public static (int Offset, int Length, bool Flush) Step(int seed, int step, byte[] data)
    {
        var random = new Random(unchecked(seed * 7919 + step));
        int length = random.Next(1, MaxLength / 512 + 1) * 512;
        int offset = random.Next((DiskSize - length) / 512 + 1) * 512;
        random.NextBytes(data.AsSpan(0, length));
        return (offset, length, random.Next(5) == 0);
    }
}
