using System.Buffers.Binary;
using System.Text;
using Iced.Intel;

namespace Emu.Demo;

/// <summary>
/// Puts a 32-bit guest together from routines and data, each at the next free address; a routine so knows the addresses of everything added before it. The
/// result is a Multiboot kernel with address fields (Multiboot Specification 0.6.96, 3.1).
/// </summary>
internal sealed class GuestImage
{
    private const uint LoadAddress = 0x100000, HeaderSize = 32, Reserved = 0x400000;
    private const uint HeaderMagic = 0x1BADB002, HasAddresses = 1 << 16;
    private const int CodeAlignment = 16;

    private readonly MemoryStream bytes = new();
    private uint nextReserved = Reserved;

    /// <summary>An empty image.</summary>
    public GuestImage() => bytes.Write(new byte[HeaderSize]);

    private uint Next => LoadAddress + (uint)bytes.Length;

    /// <summary>Adds a routine.</summary>
    /// <returns>Its address.</returns>
    public uint Code(Action<Assembler> write)
    {
        while (bytes.Length % CodeAlignment != 0) bytes.WriteByte(0xCC);
        uint address = Next;
        Assembler assembler = new(32);
        write(assembler);
        assembler.Assemble(new StreamCodeWriter(bytes), address);
        return address;
    }

    /// <summary>Adds constant data.</summary>
    /// <returns>Its address.</returns>
    public uint Data(ReadOnlySpan<byte> data)
    {
        uint address = Next;
        bytes.Write(data);
        return address;
    }

    /// <summary>Adds a text that ends with a zero byte.</summary>
    /// <returns>Its address.</returns>
    public uint Text(string text) => Data(Encoding.ASCII.GetBytes(text + '\0'));

    /// <summary>Sets memory aside behind the image, zero at the start.</summary>
    /// <returns>Its address.</returns>
    public uint Reserve(uint size)
    {
        uint address = nextReserved;
        nextReserved += (size + 15) & ~15u;
        return address;
    }

    /// <summary>The kernel, entered at a routine.</summary>
    public byte[] ToKernel(uint entry)
    {
        byte[] kernel = bytes.ToArray();
        ReadOnlySpan<uint> header = [HeaderMagic, HasAddresses, unchecked(0u - HeaderMagic - HasAddresses), LoadAddress, LoadAddress, Next, nextReserved, entry];
        for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(kernel.AsSpan(4 * i), header[i]);
        return kernel;
    }
}

/// <summary>Assembles into a stream.</summary>
internal sealed class StreamCodeWriter(Stream stream) : CodeWriter
{
    public override void WriteByte(byte value) => stream.WriteByte(value);
}
