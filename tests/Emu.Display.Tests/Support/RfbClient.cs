using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Emu.Display.Tests.Support;

/// <summary>A VNC viewer without a window, written from RFC 6143 alone: decodes what the server sends into pixels.</summary>
internal sealed class RfbClient : IDisposable
{
    public const int Raw = 0, Hextile = 5, Zrle = 16, DesktopSize = -223, PointerMotion = -257, ExtendedKey = -258;

    private readonly Stream stream;
    private readonly MemoryStream compressed = new();
    private ZLibStream? zlib;

    public RfbClient(EndPoint place)
    {
        Socket socket = new(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        socket.Connect(place);
        socket.ReceiveTimeout = 120_000;
        stream = new NetworkStream(socket, ownsSocket: true);
    }

    public int Width { get; private set; }

    public int Height { get; private set; }

    public string Name { get; private set; } = "";

    public uint[] Pixels { get; private set; } = [];

    /// <summary>Encodings of the rectangles received, in order.</summary>
    public List<int> Received { get; } = [];

    /// <summary>X of the last pointer announcement: 1 absolute, 0 relative.</summary>
    public int? Absolute { get; private set; }

    /// <summary>Bytes of a pixel: 4 (the server's format), 2 (565, big-endian) or 1 (BGR233).</summary>
    public int BytesPerPixel { get; private set; } = 4;

    /// <summary>Goes through version and security; returns the result word (0 let in), or the reason as exception.</summary>
    public uint Connect(string version, Func<byte[], byte[]>? answer = null)
    {
        Assert.Equal("RFB 003.008\n", Encoding.ASCII.GetString(Read(12)));
        stream.Write(Encoding.ASCII.GetBytes(version));
        int minor = int.Parse(version.AsSpan(8, 3));
        byte expected = answer == null ? (byte)1 : (byte)2;
        if (minor >= 7)
        {
            byte[] types = Read(Read(1)[0]);
            Assert.Equal([expected], types);
            stream.WriteByte(expected);
        }
        else
        {
            Assert.Equal(expected, ReadUInt32());
        }

        if (answer != null) stream.Write(answer(Read(16)));
        return answer != null || minor >= 8 ? ReadUInt32() : 0;
    }

    /// <summary>The server's reason for a refusal.</summary>
    public string ReadReason() => Encoding.UTF8.GetString(Read((int)ReadUInt32()));

    public void Initialize(bool shared = true)
    {
        stream.WriteByte(shared ? (byte)1 : (byte)0);
        Width = ReadUInt16();
        Height = ReadUInt16();
        Assert.Equal([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0], Read(16));
        Name = Encoding.UTF8.GetString(Read((int)ReadUInt32()));
        Pixels = new uint[Width * Height];
    }

    public void SetEncodings(params int[] encodings)
    {
        byte[] message = new byte[4 + (4 * encodings.Length)];
        message[0] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)encodings.Length);
        for (int i = 0; i < encodings.Length; i++) BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4 + (4 * i)), encodings[i]);
        stream.Write(message);
    }

    /// <summary>Asks for 565 big-endian (2 bytes) or BGR233 (1 byte).</summary>
    public void SetFormat(int bytes)
    {
        BytesPerPixel = bytes;
        stream.Write(bytes == 2
            ? [0, 0, 0, 0, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0]
            : [0, 0, 0, 0, 8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0]);
    }

    public void Request(bool incremental)
    {
        byte[] message = [3, incremental ? (byte)1 : (byte)0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), (ushort)Width);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(8), (ushort)Height);
        stream.Write(message);
    }

    public void Key(uint keysym, bool down)
    {
        byte[] message = [4, down ? (byte)1 : (byte)0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), keysym);
        stream.Write(message);
    }

    public void ExtendedKeyEvent(uint keysym, uint code, bool down)
    {
        byte[] message = [255, 0, 0, down ? (byte)1 : (byte)0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), keysym);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), code);
        stream.Write(message);
    }

    public void Pointer(int buttons, int x, int y)
    {
        byte[] message = [5, (byte)buttons, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)x);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)y);
        stream.Write(message);
    }

    public void Send(params byte[] bytes) => stream.Write(bytes);

    /// <summary>Whether the server has closed the connection.</summary>
    public bool IsClosed()
    {
        try
        {
            return stream.ReadByte() < 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Receives one update.</summary>
    public void Update()
    {
        Assert.Equal(0, Read(2)[0]);
        int count = ReadUInt16();
        for (int i = 0; i < count; i++)
        {
            int x = ReadUInt16(), y = ReadUInt16(), width = ReadUInt16(), height = ReadUInt16(), encoding = (int)ReadUInt32();
            Received.Add(encoding);
            switch (encoding)
            {
                case Raw:
                    for (int at = 0; at < width * height; at++) Set(x, y, width, at, ReadPixel(stream));
                    break;
                case Hextile:
                    DecodeHextile(x, y, width, height);
                    break;
                case Zrle:
                    DecodeZrle(x, y, width, height);
                    break;
                case DesktopSize:
                    (Width, Height, Pixels) = (width, height, new uint[width * height]);
                    break;
                case PointerMotion:
                    Absolute = x;
                    break;
                case ExtendedKey:
                    break;
                default:
                    Assert.Fail($"encoding {encoding} was not asked for");
                    break;
            }
        }
    }

    public void Dispose()
    {
        stream.Dispose();
        zlib?.Dispose();
    }

    private void Set(int x, int y, int width, int at, uint colour) => Pixels[((y + (at / width)) * Width) + x + (at % width)] = colour;

    private void Fill(int x, int y, int width, int height, uint colour)
    {
        for (int at = 0; at < width * height; at++) Set(x, y, width, at, colour);
    }

    private uint ReadPixel(Stream from)
    {
        byte[] bytes = new byte[BytesPerPixel];
        from.ReadExactly(bytes);
        return BytesPerPixel switch { 4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes) & 0xFFFFFF, 2 => BinaryPrimitives.ReadUInt16BigEndian(bytes), _ => bytes[0] };
    }

    private uint ReadCompactPixel(Stream from)
    {
        if (BytesPerPixel != 4) return ReadPixel(from);
        byte[] bytes = new byte[3];
        from.ReadExactly(bytes);
        return (uint)(bytes[2] << 16 | bytes[1] << 8 | bytes[0]);
    }

    private void DecodeHextile(int x, int y, int width, int height)
    {
        uint background = 0, foreground = 0;
        for (int top = y; top < y + height; top += 16)
        {
            for (int left = x; left < x + width; left += 16)
            {
                int w = Math.Min(16, x + width - left), h = Math.Min(16, y + height - top);
                int mask = Read(1)[0];
                if ((mask & 1) != 0)
                {
                    for (int at = 0; at < w * h; at++) Set(left, top, w, at, ReadPixel(stream));
                    continue;
                }

                if ((mask & 2) != 0) background = ReadPixel(stream);
                if ((mask & 4) != 0) foreground = ReadPixel(stream);
                Fill(left, top, w, h, background);
                int rectangles = (mask & 8) != 0 ? Read(1)[0] : 0;
                for (int i = 0; i < rectangles; i++)
                {
                    uint colour = (mask & 16) != 0 ? ReadPixel(stream) : foreground;
                    byte[] place = Read(2);
                    Fill(left + (place[0] >> 4), top + (place[0] & 15), (place[1] >> 4) + 1, (place[1] & 15) + 1, colour);
                }
            }
        }
    }

    private void DecodeZrle(int x, int y, int width, int height)
    {
        byte[] data = Read((int)ReadUInt32());
        // The stream goes on through the connection: what has been read is cut off, what is new appended.
        compressed.SetLength(0);
        compressed.Write(data);
        compressed.Position = 0;
        zlib ??= new ZLibStream(compressed, CompressionMode.Decompress, leaveOpen: true);
        for (int top = y; top < y + height; top += 64)
        {
            for (int left = x; left < x + width; left += 64) DecodeZrleTile(zlib, left, top, Math.Min(64, x + width - left), Math.Min(64, y + height - top));
        }
    }

    private void DecodeZrleTile(Stream from, int left, int top, int w, int h)
    {
        int kind = from.ReadByte();
        int size = kind switch { 0 or 128 => 0, < 128 => kind, _ => kind - 128 };
        uint[] palette = new uint[size];
        for (int i = 0; i < size; i++) palette[i] = ReadCompactPixel(from);
        if (kind == 0)
        {
            for (int at = 0; at < w * h; at++) Set(left, top, w, at, ReadCompactPixel(from));
        }
        else if (kind == 1)
        {
            Fill(left, top, w, h, palette[0]);
        }
        else if (kind < 128)
        {
            int bits = size <= 2 ? 1 : size <= 4 ? 2 : 4;
            for (int row = 0; row < h; row++)
            {
                int value = 0, left8 = 0;
                for (int column = 0; column < w; column++)
                {
                    if (left8 == 0) (value, left8) = (from.ReadByte(), 8);
                    left8 -= bits;
                    Set(left, top, w, (row * w) + column, palette[value >> left8 & ((1 << bits) - 1)]);
                }
            }
        }
        else
        {
            for (int at = 0; at < w * h;)
            {
                int entry = size > 0 ? from.ReadByte() : 128;
                uint colour = size > 0 ? palette[entry & 127] : ReadCompactPixel(from);
                int length = 1;
                if ((entry & 128) != 0)
                {
                    int more;
                    do length += more = from.ReadByte();
                    while (more == 255);
                }

                for (; length > 0; length--) Set(left, top, w, at++, colour);
            }
        }
    }

    private byte[] Read(int count)
    {
        byte[] bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private int ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Read(2));

    private uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Read(4));
}
