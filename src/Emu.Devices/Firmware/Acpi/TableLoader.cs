using System.Buffers.Binary;
using System.Text;

namespace Emu.Devices.Firmware.Acpi;

/// <summary>
/// Writes the script "etc/table-loader" by which firmware places table files in guest memory, links them and computes
/// their checksums. Each command takes 128 bytes (SeaBIOS <c>romfile_loader</c> interface).
/// </summary>
public sealed class TableLoader
{
    /// <summary>Where a file has to lie.</summary>
    public enum Zone : byte
    {
        /// <summary>Anywhere below 4 GiB.</summary>
        High = 1,

        /// <summary>In the F segment, where operating systems look for anchors.</summary>
        FSegment = 2,
    }

    private const int EntrySize = 128;
    private const int NameSize = FwCfg.MaxFileName;
    private const uint CommandAllocate = 1;
    private const uint CommandAddPointer = 2;
    private const uint CommandAddChecksum = 3;

    private readonly List<byte> _script = [];

    /// <summary>Allocates memory for a file and loads it there.</summary>
    /// <param name="file">fw_cfg file name.</param>
    /// <param name="alignment">A power of two.</param>
    /// <param name="zone">Where.</param>
    public void Allocate(string file, uint alignment, Zone zone)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        Begin(entry, CommandAllocate);
        WriteName(entry[4..], file);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[60..], alignment);
        entry[64] = (byte)zone;
        _script.AddRange(entry);
    }

    /// <summary>Adds the load address of <paramref name="source"/> to the field of <paramref name="size"/> bytes at <paramref name="offset"/> of <paramref name="destination"/>.</summary>
    public void AddPointer(string destination, string source, uint offset, byte size)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        Begin(entry, CommandAddPointer);
        WriteName(entry[4..], destination);
        WriteName(entry[60..], source);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[116..], offset);
        entry[120] = size;
        _script.AddRange(entry);
    }

    /// <summary>Makes the bytes from <paramref name="start"/> on sum to zero by adjusting the byte at <paramref name="offset"/>.</summary>
    public void AddChecksum(string file, uint offset, uint start, uint length)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        Begin(entry, CommandAddChecksum);
        WriteName(entry[4..], file);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[60..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[64..], start);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[68..], length);
        _script.AddRange(entry);
    }

    /// <summary>The _script.</summary>
    public byte[] ToArray() => [.. _script];

    private static void Begin(Span<byte> entry, uint command)
    {
        entry.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(entry, command);
    }

    private static void WriteName(Span<byte> target, string file)
    {
        if (file.Length >= NameSize)
            throw new ArgumentException($"'{file}' is too long for a loader file name.", nameof(file));
        Encoding.ASCII.GetBytes(file, target);
    }
}
