using System.Buffers.Binary;

namespace Emu.Conformance.Native;

/// <summary>Wraps machine code into a static x86-64 ELF executable (System V ABI, AMD64 supplement, chapters 4 and 5).</summary>
internal static class ElfImage
{
    private const int HeaderSize = 64, ProgramHeaderSize = 56, TextOffset = 0x1000;

    /// <summary>An executable with <paramref name="text"/> at <paramref name="textBase"/> (its entry point) and zeroed data.</summary>
    public static byte[] Build(ReadOnlySpan<byte> text, ulong textBase, ulong dataBase, ulong dataSize)
    {
        var image = new byte[TextOffset + text.Length];
        Span<byte> header = image;
        ReadOnlySpan<byte> ident = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62); // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], textBase);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 2);
        WriteLoad(header[HeaderSize..], 5, TextOffset, textBase, (ulong)text.Length, (ulong)text.Length);
        WriteLoad(header[(HeaderSize + ProgramHeaderSize)..], 6, 0, dataBase, 0, dataSize);
        text.CopyTo(header[TextOffset..]);
        return image;
    }

    private static void WriteLoad(Span<byte> header, uint flags, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], flags);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], memorySize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], 0x1000);
    }
}
