using System.IO.Compression;
using System.Text;
using Emu.Devices.Storage;
using Emu.Mmu;

namespace Emu.Machine;

/// <summary>A snapshot could not be written or read; the message is one line for the user.</summary>
public sealed class SnapshotException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a snapshot file says of itself.</summary>
/// <param name="Name">Name of the snapshot.</param>
/// <param name="Size">Bytes of the file.</param>
/// <param name="Taken">When, in host time.</param>
/// <param name="VirtualTime">Guest time since power-on.</param>
/// <param name="Instructions">Instructions retired.</param>
public sealed record SnapshotInformation(string Name, long Size, DateTime Taken, TimeSpan VirtualTime, ulong Instructions);

/// <summary>
/// Complete states of machines in files: memory, devices, processors, and what the guest has written to disks that keep their changes apart
/// (<c>-snapshot</c>, or a remembered history). Loaded into a machine of the same configuration.
/// </summary>
/// <remarks>
/// A header in the clear (magic, version, a checksum of the rest), then a Brotli stream. A file is complete or refused: it is written under another name and
/// moved into place.
/// </remarks>
public static class SnapshotFile
{
    /// <summary>Extension of snapshot files named without a path.</summary>
    public const string Extension = ".emusnap";

    private const int Version = 1;
    private const int EndMark = -1;
    private const int DiskUnit = 1 << 16;

    private static ReadOnlySpan<byte> Magic => "EMUSNAP\n"u8;

    /// <summary>The file of a snapshot: a name alone stands for a file in the current directory, anything else is a path.</summary>
    public static string PathOf(string name) => name.Contains('/') || name.EndsWith(Extension, StringComparison.Ordinal) ? name : name + Extension;

    /// <summary>Writes the state of a machine. On its thread, between instructions.</summary>
    /// <exception cref="SnapshotException">A disk cannot be part of it, or the file cannot be written.</exception>
    public static void Save(Machine machine, string name)
    {
        string path = PathOf(name), temporary = path + ".new";
        IReadOnlyList<(string Name, BlockImage Overlay)> disks = machine.Board.Drives.ChangedImages();
        machine.Board.Drives.Settle();
        try
        {
            using MemoryStream body = new();
            using (BrotliStream packed = new(body, CompressionLevel.Fastest, leaveOpen: true))
            using (BinaryWriter writer = new(packed))
            {
                writer.Write(DateTime.UtcNow.Ticks);
                writer.Write(machine.Clock.Nanoseconds);
                writer.Write(machine.RetiredInstructions);
                writer.Write(Describe(machine));
                SaveMemory(machine.Board.GuestMemory, writer);
                writer.Write(disks.Count);
                foreach ((string drive, BlockImage overlay) in disks) SaveDisk(drive, overlay, writer);
                byte[] state = MachineState.Save(machine);
                writer.Write(state.Length);
                writer.Write(state);
            }

            using (FileStream file = new(temporary, FileMode.Create))
            using (BinaryWriter header = new(file))
            {
                ReadOnlySpan<byte> content = body.GetBuffer().AsSpan(0, (int)body.Length);
                header.Write(Magic);
                header.Write(Version);
                header.Write(body.Length);
                header.Write(Checksum(content));
                header.Write(content);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Abandon(temporary);
            throw new SnapshotException($"{path}: the snapshot cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Leaves nothing half written behind: the disk may be full because of it.</summary>
    private static void Abandon(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It could not be made in the first place.
        }
    }

    /// <summary>Puts a machine into the state of a file. On its thread, between instructions. The machine is as it was if the file is refused.</summary>
    /// <exception cref="SnapshotException">There is no such file, it is damaged, or it belongs to another machine.</exception>
    public static void Load(Machine machine, string name)
    {
        string path = PathOf(name);
        if (machine.Configuration.Recording != null) throw new SnapshotException("a machine whose run is recorded or replayed cannot be put into another state");
        byte[] content = ReadContent(path);
        byte[] before = MachineState.Save(machine);
        try
        {
            using BinaryReader reader = Unpack(content);
            ReadInformation(path, content.Length, reader);
            string made = reader.ReadString(), here = Describe(machine);
            if (made != here) throw new SnapshotException($"{path}: the snapshot is of another machine ({made}); this one has {here}");
            IReadOnlyList<(string Name, BlockImage Overlay)> disks = machine.Board.Drives.ChangedImages();
            LoadMemory(machine.Board.GuestMemory, reader);
            int count = reader.ReadInt32();
            if (count != disks.Count) throw new SnapshotException($"{path}: the snapshot is of a machine with other disks");
            foreach ((string drive, BlockImage overlay) in disks) LoadDisk(path, drive, overlay, reader);
            byte[] state = reader.ReadBytes(reader.ReadInt32());
            using BinaryReader stateReader = new(new MemoryStream(state));
            MachineState.Load(machine, stateReader);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or FormatException or OverflowException)
        {
            using BinaryReader old = new(new MemoryStream(before));
            MachineState.Load(machine, old);
            throw new SnapshotException($"{path}: the snapshot is damaged: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        // Keys held when the snapshot was taken are not held now.
        machine.Board.Keyboard.ReleaseAll();
        machine.History?.NoteChange();
    }

    /// <summary>The snapshots in a directory, by name.</summary>
    public static IReadOnlyList<SnapshotInformation> List(string directory)
    {
        List<SnapshotInformation> found = [];
        foreach (string path in Directory.EnumerateFiles(directory, "*" + Extension).Order(StringComparer.Ordinal))
        {
            try
            {
                byte[] content = ReadContent(path);
                using BinaryReader reader = Unpack(content);
                found.Add(ReadInformation(path, new FileInfo(path).Length, reader));
            }
            catch (Exception e) when (e is SnapshotException or IOException or InvalidDataException)
            {
                // A damaged file is none that could be loaded.
            }
        }

        return found;
    }

    /// <summary>Deletes a snapshot.</summary>
    /// <exception cref="SnapshotException">There is none of that name.</exception>
    public static void Delete(string name)
    {
        string path = PathOf(name);
        if (!File.Exists(path)) throw new SnapshotException($"{path}: there is no such snapshot");
        File.Delete(path);
    }

    /// <summary>What must agree between the machine that made a snapshot and the one that loads it.</summary>
    internal static string Describe(Machine machine)
    {
        MachineConfiguration c = machine.Configuration;
        StringBuilder text = new();
        text.Append($"{c.Processors} x {c.Cpu}, {c.Memory >> 20} MiB, {(c.Clock.InstructionShift is int shift ? $"icount shift={shift}" : "host clock")}");
        foreach (Drive drive in machine.Board.Drives.Drives) text.Append($", {drive.Name}");
        return text.ToString();
    }

    private static byte[] ReadContent(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SnapshotException($"{path}: there is no such snapshot", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{path}: the snapshot cannot be read: {e.Message}", e);
        }

        const int header = 8 + 4 + 8 + 8;
        if (file.Length < header || !file.AsSpan(0, 8).SequenceEqual(Magic)) throw new SnapshotException($"{path}: this is no snapshot of this emulator");
        int version = BitConverter.ToInt32(file, 8);
        if (version != Version) throw new SnapshotException($"{path}: the snapshot has version {version}; this emulator reads version {Version}");
        long length = BitConverter.ToInt64(file, 12);
        byte[] content = file[header..];
        if (length != content.Length || BitConverter.ToUInt64(file, 20) != Checksum(content)) throw new SnapshotException($"{path}: the snapshot is damaged");
        return content;
    }

    private static BinaryReader Unpack(byte[] content) => new(new BrotliStream(new MemoryStream(content), CompressionMode.Decompress));

    private static SnapshotInformation ReadInformation(string path, long size, BinaryReader reader)
    {
        DateTime taken = new(reader.ReadInt64(), DateTimeKind.Utc);
        TimeSpan time = TimeSpan.FromTicks(reader.ReadInt64() / 100);
        return new SnapshotInformation(Path.GetFileNameWithoutExtension(path), size, taken, time, reader.ReadUInt64());
    }

    private static void SaveMemory(GuestMemory memory, BinaryWriter writer)
    {
        Span<byte> page = stackalloc byte[GuestMemory.PageSize];
        foreach (GuestRam block in memory.Blocks)
        {
            writer.Write(block.Name);
            writer.Write(block.Size);
            for (ulong at = 0; at < block.Size; at += GuestMemory.PageSize)
            {
                block.Read(at, page);
                if (!page.ContainsAnyExcept((byte)0)) continue;
                writer.Write((int)(at / GuestMemory.PageSize));
                writer.Write(page);
            }

            writer.Write(EndMark);
        }
    }

    private static void LoadMemory(GuestMemory memory, BinaryReader reader)
    {
        byte[] zeros = new byte[GuestMemory.PageSize], page = new byte[GuestMemory.PageSize], present = new byte[GuestMemory.PageSize];
        foreach (GuestRam block in memory.Blocks)
        {
            if (reader.ReadString() != block.Name || reader.ReadUInt64() != block.Size) throw new InvalidDataException("its memory has another layout");
            int next = reader.ReadInt32();
            for (int index = 0; (ulong)index < block.Size / GuestMemory.PageSize; index++)
            {
                byte[] content = zeros;
                if (index == next)
                {
                    reader.BaseStream.ReadExactly(page);
                    content = page;
                    next = reader.ReadInt32();
                }

                ulong at = (ulong)index * GuestMemory.PageSize;
                block.Read(at, present);
                // Code on a page that does not change stays translated.
                if (!content.AsSpan().SequenceEqual(present)) block.Write(at, content);
            }

            if (next != EndMark) throw new InvalidDataException("its memory has another layout");
        }
    }

    private static void SaveDisk(string name, BlockImage overlay, BinaryWriter writer)
    {
        writer.Write(name);
        writer.Write(overlay.Length);
        byte[] buffer = new byte[DiskUnit];
        for (long at = 0; at < overlay.Length;)
        {
            BlockExtent extent = overlay.QueryExtent(at);
            if (extent.Kind != BlockExtentKind.Unallocated)
            {
                int count = (int)Math.Min(extent.Length, DiskUnit);
                overlay.ReadAt(at, buffer.AsSpan(0, count));
                writer.Write(count);
                writer.Write(at);
                writer.Write(buffer, 0, count);
                at += count;
            }
            else
            {
                at += extent.Length;
            }
        }

        writer.Write(EndMark);
    }

    private static void LoadDisk(string path, string name, BlockImage overlay, BinaryReader reader)
    {
        if (reader.ReadString() != name || reader.ReadInt64() != overlay.Length) throw new SnapshotException($"{path}: the snapshot is of a machine with other disks");
        ((IRevertibleImage)overlay).Revert();
        for (int count; (count = reader.ReadInt32()) != EndMark;)
        {
            if (count is < 0 or > DiskUnit) throw new InvalidDataException("a piece of a disk has an impossible size");
            long at = reader.ReadInt64();
            overlay.WriteAt(at, reader.ReadBytes(count));
        }
    }

    private static ulong Checksum(ReadOnlySpan<byte> content)
    {
        // FNV-1a over words: fast, and any damage shows.
        ulong hash = 0xCBF29CE484222325;
        int words = content.Length / 8;
        ReadOnlySpan<ulong> whole = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(content[..(words * 8)]);
        foreach (ulong word in whole) hash = System.Numerics.BitOperations.RotateLeft((hash ^ word) * 0x100000001B3, 23);
        foreach (byte value in content[(words * 8)..]) hash = (hash ^ value) * 0x100000001B3;
        return hash;
    }
}
