using System.Buffers.Binary;

namespace Emu.Display.Vnc;

/// <summary>Numbers in network order over a stream. Reading and writing may be done by different threads.</summary>
internal sealed class VncStream(Stream stream) : IDisposable
{
    private readonly BufferedStream input = new(stream, 4096);
    private readonly byte[] buffer = new byte[16];

    /// <summary>Reads a byte.</summary>
    /// <exception cref="EndOfStreamException">The client has gone.</exception>
    public byte ReadByte()
    {
        int value = input.ReadByte();
        return value >= 0 ? (byte)value : throw new EndOfStreamException();
    }

    /// <summary>Reads 16 bits.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Read(2));

    /// <summary>Reads 32 bits.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Read(4));

    /// <summary>Reads up to 16 bytes, valid until the next call.</summary>
    public ReadOnlySpan<byte> Read(int count)
    {
        input.ReadExactly(buffer, 0, count);
        return buffer.AsSpan(0, count);
    }

    /// <summary>Skips bytes.</summary>
    public void Skip(long count)
    {
        byte[] waste = new byte[Math.Min(count, 4096)];
        for (; count > 0; count -= waste.Length) input.ReadExactly(waste, 0, (int)Math.Min(count, waste.Length));
    }

    /// <summary>Sends a message at once.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        stream.Write(message);
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}

/// <summary>Builds a message.</summary>
internal static class VncMessage
{
    /// <summary>Appends 16 bits.</summary>
    public static void AddUInt16(this List<byte> message, int value)
    {
        message.Add((byte)(value >> 8));
        message.Add((byte)value);
    }

    /// <summary>Appends 32 bits.</summary>
    public static void AddUInt32(this List<byte> message, uint value)
    {
        message.AddUInt16((int)(value >> 16));
        message.AddUInt16((int)(value & 0xFFFF));
    }
}
