using System.Buffers.Binary;
using System.Text;

namespace Emu.Stepper.Loading;

/// <summary>The section headers and symbols of a little-endian ELF file (System V ABI, chapter 4).</summary>
internal sealed class ElfSections
{
    private const uint SymbolTableType = 2;
    private const int FileSymbol = 4, SectionSymbol = 3, AbsoluteSection = 0xFFF1;

    private readonly record struct Section(string Name, uint Type, ulong Address, int Offset, int Size, int Link, int EntrySize);

    /// <summary>Addresses of the sections that are in memory.</summary>
    public Dictionary<string, ulong> Addresses { get; } = [];

    /// <summary>Labels.</summary>
    public SymbolTable Symbols { get; } = new();

    /// <summary>Reads what there is; a stripped or damaged table simply has nothing.</summary>
    public static ElfSections Parse(byte[] file)
    {
        ElfSections result = new();
        try
        {
            result.Read(file);
        }
        catch (ArgumentOutOfRangeException)
        {
            // Cut off; what came before is good.
        }

        return result;
    }

    private void Read(ReadOnlySpan<byte> file)
    {
        bool wide = file[4] == 2;
        long table = wide ? BinaryPrimitives.ReadInt64LittleEndian(file[40..]) : BinaryPrimitives.ReadUInt32LittleEndian(file[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file[(wide ? 58 : 46)..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[(wide ? 60 : 48)..]);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(file[(wide ? 62 : 50)..]);
        if (table <= 0 || count == 0 || table > file.Length) return;
        List<(uint NameAt, Section Section)> sections = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> h = file[((int)table + (i * size))..];
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(h[4..]);
            sections.Add((BinaryPrimitives.ReadUInt32LittleEndian(h), wide
                ? new Section("", type, BinaryPrimitives.ReadUInt64LittleEndian(h[16..]), (int)BinaryPrimitives.ReadInt64LittleEndian(h[24..]), (int)BinaryPrimitives.ReadInt64LittleEndian(h[32..]), BinaryPrimitives.ReadInt32LittleEndian(h[40..]), (int)BinaryPrimitives.ReadInt64LittleEndian(h[56..]))
                : new Section("", type, BinaryPrimitives.ReadUInt32LittleEndian(h[12..]), BinaryPrimitives.ReadInt32LittleEndian(h[16..]), BinaryPrimitives.ReadInt32LittleEndian(h[20..]), BinaryPrimitives.ReadInt32LittleEndian(h[24..]), BinaryPrimitives.ReadInt32LittleEndian(h[36..]))));
        }

        foreach ((uint nameAt, Section section) in sections)
        {
            string name = Text(file, sections[names].Section.Offset + (int)nameAt);
            if (section.Address != 0 && name.Length > 0) Addresses.TryAdd(name, section.Address);
            if (section.Type == SymbolTableType) ReadSymbols(file, section, sections[section.Link].Section.Offset, wide);
        }
    }

    private void ReadSymbols(ReadOnlySpan<byte> file, in Section table, int names, bool wide)
    {
        int size = wide ? 24 : 16;
        for (int at = table.Offset; at + size <= table.Offset + table.Size; at += size)
        {
            ReadOnlySpan<byte> s = file[at..];
            int info = s[wide ? 4 : 12];
            int section = BinaryPrimitives.ReadUInt16LittleEndian(s[(wide ? 6 : 14)..]);
            ulong value = wide ? BinaryPrimitives.ReadUInt64LittleEndian(s[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(s[4..]);
            string name = Text(file, names + BinaryPrimitives.ReadInt32LittleEndian(s));
            if (section == 0 || (info & 15) is FileSymbol or SectionSymbol || name.Length == 0) continue;
            // The linker's own marks would name data that a label names better.
            if (name is "__bss_start" or "_edata" or "_end") continue;
            if (section == AbsoluteSection) Symbols.AddNumber(name, value);
            else Symbols.Add(name, value);
        }
    }

    private static string Text(ReadOnlySpan<byte> file, int at)
    {
        ReadOnlySpan<byte> rest = file[at..];
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
