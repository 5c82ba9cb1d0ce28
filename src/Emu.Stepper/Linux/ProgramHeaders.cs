using System.Buffers.Binary;
using Emu.Machine.Loaders;

namespace Emu.Stepper.Linux;

/// <summary>What a loader needs of the program headers beyond addresses: rights of the parts, and where the headers are in memory.</summary>
internal sealed class ProgramHeaders
{
    private const uint Load = 1, Phdr = 6, Executable = 1, Writable = 2;

    /// <summary>A part in memory.</summary>
    public readonly record struct Loaded(ulong Address, ulong Size, bool Write, bool Execute);

    /// <summary>The parts.</summary>
    public List<Loaded> Parts { get; } = [];

    /// <summary>Linear address of the headers, AT_PHDR.</summary>
    public ulong Address { get; private set; }

    /// <summary>Size of one, AT_PHENT.</summary>
    public int Size { get; private init; }

    /// <summary>How many, AT_PHNUM.</summary>
    public int Count { get; private init; }

    /// <summary>Reads the headers of a file that <see cref="ElfImage"/> has accepted.</summary>
    public static ProgramHeaders Parse(ReadOnlySpan<byte> file)
    {
        bool wide = file[4] == 2;
        ulong table = wide ? BinaryPrimitives.ReadUInt64LittleEndian(file[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(file[28..]);
        ProgramHeaders result = new()
        {
            Size = BinaryPrimitives.ReadUInt16LittleEndian(file[(wide ? 54 : 42)..]),
            Count = BinaryPrimitives.ReadUInt16LittleEndian(file[(wide ? 56 : 44)..]),
        };
        for (int i = 0; i < result.Count; i++)
        {
            ReadOnlySpan<byte> h = file[((int)table + (i * result.Size))..];
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(h);
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(h[(wide ? 4 : 24)..]);
            ulong offset = wide ? BinaryPrimitives.ReadUInt64LittleEndian(h[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(h[4..]);
            ulong address = wide ? BinaryPrimitives.ReadUInt64LittleEndian(h[16..]) : BinaryPrimitives.ReadUInt32LittleEndian(h[8..]);
            ulong size = wide ? BinaryPrimitives.ReadUInt64LittleEndian(h[40..]) : BinaryPrimitives.ReadUInt32LittleEndian(h[20..]);
            if (type == Phdr) result.Address = address;
            if (type != Load || size == 0) continue;
            if (result.Address == 0 && offset <= table) result.Address = address + table - offset;
            result.Parts.Add(new Loaded(address, size, (flags & Writable) != 0, (flags & Executable) != 0));
        }

        return result;
    }
}
