using System.Buffers.Binary;

namespace Emu.Machine.Loaders;

/// <summary>A loadable part of an ELF file.</summary>
/// <param name="FileOffset">Offset of its bytes.</param>
/// <param name="FileSize">Bytes present in the file.</param>
/// <param name="Physical">Physical load address.</param>
/// <param name="Virtual">Virtual address.</param>
/// <param name="MemorySize">Bytes in memory; what the file lacks is zero.</param>
public readonly record struct ElfSegment(int FileOffset, int FileSize, ulong Physical, ulong Virtual, ulong MemorySize);

/// <summary>The headers of a little-endian x86 ELF executable, 32- or 64-bit (System V ABI, chapters 4 and 5).</summary>
public sealed class ElfImage
{
    private const uint NoteTypePvhEntry = 18;
    private const uint ProgramLoad = 1, ProgramNote = 4;
    private readonly byte[] file;

    private ElfImage(byte[] file, bool is64)
    {
        this.file = file;
        Is64 = is64;
    }

    /// <summary>ELFCLASS64.</summary>
    public bool Is64 { get; }

    /// <summary>Machine number: 3 (386) or 62 (x86-64).</summary>
    public ushort Machine { get; private init; }

    /// <summary>Entry point.</summary>
    public ulong Entry { get; private init; }

    /// <summary>Loadable segments.</summary>
    public IReadOnlyList<ElfSegment> Segments { get; private set; } = [];

    /// <summary>Physical entry point of the PVH boot protocol, from the XEN_ELFNOTE_PHYS32_ENTRY note.</summary>
    public uint? PvhEntry { get; private set; }

    /// <summary>File bytes of a segment.</summary>
    public ReadOnlySpan<byte> BytesOf(in ElfSegment segment) => file.AsSpan(segment.FileOffset, segment.FileSize);

    /// <summary>Whether the file begins like an ELF file.</summary>
    public static bool Is(ReadOnlySpan<byte> file) => file.Length >= 52 && file[0] == 0x7F && file[1..4].SequenceEqual("ELF"u8);

    /// <summary>Parses the headers.</summary>
    /// <exception cref="LoaderException">The file is no x86 ELF executable, or truncated.</exception>
    public static ElfImage Parse(byte[] file, string name)
    {
        if (!Is(file) || file[5] != 1) throw new LoaderException($"{name}: not a little-endian ELF file");
        bool is64 = file[4] == 2;
        ReadOnlySpan<byte> span = file;
        try
        {
            ElfImage image = new(file, is64)
            {
                Machine = BinaryPrimitives.ReadUInt16LittleEndian(span[18..]),
                Entry = is64 ? BinaryPrimitives.ReadUInt64LittleEndian(span[24..]) : BinaryPrimitives.ReadUInt32LittleEndian(span[24..]),
            };
            if (image.Machine is not (3 or 62)) throw new LoaderException($"{name}: an ELF file for machine {image.Machine}, not x86");
            image.ReadProgramHeaders(name);
            return image;
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new LoaderException($"{name}: truncated ELF file");
        }
    }

    private void ReadProgramHeaders(string name)
    {
        ReadOnlySpan<byte> span = file;
        ulong table = Is64 ? BinaryPrimitives.ReadUInt64LittleEndian(span[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(span[28..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(span[(Is64 ? 54 : 42)..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(span[(Is64 ? 56 : 44)..]);
        List<ElfSegment> segments = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = span[checked((int)table + (i * size))..];
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
            ulong offset, virtualAddress, physical, fileSize, memorySize;
            if (Is64)
            {
                offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
                virtualAddress = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
                physical = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
                fileSize = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
                memorySize = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
            }
            else
            {
                offset = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
                virtualAddress = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
                physical = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
                fileSize = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
                memorySize = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
            }

            if (type is not (ProgramLoad or ProgramNote)) continue;
            if (offset > (ulong)file.Length || fileSize > (ulong)file.Length - offset || fileSize > memorySize && type == ProgramLoad)
            {
                throw new LoaderException($"{name}: program header {i} reaches past the end of the file");
            }

            ElfSegment segment = new((int)offset, (int)fileSize, physical, virtualAddress, memorySize);
            if (type == ProgramLoad) segments.Add(segment);
            else ReadNotes(BytesOf(segment));
        }

        Segments = segments;
    }

    private void ReadNotes(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            int nameSize = BinaryPrimitives.ReadInt32LittleEndian(notes);
            int size = BinaryPrimitives.ReadInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            if (nameSize < 0 || size < 0) return;
            long descriptor = 12 + ((nameSize + 3L) & ~3L), next = descriptor + ((size + 3L) & ~3L);
            if (descriptor + size > notes.Length) return;
            if (type == NoteTypePvhEntry && size >= 4 && notes.Slice(12, Math.Min(nameSize, 4)).SequenceEqual("Xen\0"u8))
            {
                PvhEntry = BinaryPrimitives.ReadUInt32LittleEndian(notes[(int)descriptor..]);
            }

            if (next > notes.Length) return;
            notes = notes[(int)next..];
        }
    }
}
