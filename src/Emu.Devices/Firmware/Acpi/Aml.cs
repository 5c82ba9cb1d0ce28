using System.Buffers.Binary;
using System.Text;

namespace Emu.Devices.Firmware.Acpi;

/// <summary>
/// Encoder of ACPI machine language: one method for each ASL term used by the board, named as in ASL (ACPI 6.4, chapters
/// 19 and 20).
/// </summary>
public static class Aml
{
    /// <summary>Address space of an operation region.</summary>
    public enum RegionSpace : byte
    {
        /// <summary>Physical memory.</summary>
        SystemMemory = 0,

        /// <summary>I/O ports.</summary>
        SystemIO = 1,

        /// <summary>Configuration space of the enclosing PCI device.</summary>
        PciConfig = 2,
    }

    private const byte ExtendedPrefix = 0x5B;

    /// <summary>An integer in its shortest form.</summary>
    public static AmlTerm Integer(ulong value)
    {
        Span<byte> bytes = stackalloc byte[9];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[1..], value);
        switch (value)
        {
            case 0 or 1:
                return new AmlTerm([(byte)value]);
            case <= byte.MaxValue:
                bytes[0] = 0x0A;
                return new AmlTerm(bytes[..2].ToArray());
            case <= ushort.MaxValue:
                bytes[0] = 0x0B;
                return new AmlTerm(bytes[..3].ToArray());
            case <= uint.MaxValue:
                bytes[0] = 0x0C;
                return new AmlTerm(bytes[..5].ToArray());
            default:
                bytes[0] = 0x0E;
                return new AmlTerm(bytes.ToArray());
        }
    }

    /// <summary>A NUL-terminated string constant.</summary>
    public static AmlTerm String(string value) => new([0x0D, .. Encoding.ASCII.GetBytes(value), 0]);

    /// <summary>An EISA identifier such as PNP0A03 as the compressed 32-bit integer.</summary>
    /// <exception cref="ArgumentException">Not three letters and four hexadecimal digits.</exception>
    public static AmlTerm EisaId(string id)
    {
        if (id.Length != 7)
            throw new ArgumentException($"'{id}' is not an EISA identifier.", nameof(id));
        uint number = Convert.ToUInt32(id[3..], 16);
        uint letters = (uint)((id[0] - '@') << 10 | (id[1] - '@') << 5 | (id[2] - '@'));
        return Integer(BinaryPrimitives.ReverseEndianness(letters << 16 | number));
    }

    /// <summary>A name: optional root (<c>\</c>) or parent (<c>^</c>) prefixes and segments of up to four characters, split by dots.</summary>
    public static AmlTerm Path(string name)
    {
        List<byte> bytes = [];
        int start = 0;
        while (start < name.Length && name[start] is '\\' or '^')
            bytes.Add((byte)name[start++]);
        string[] segments = start == name.Length ? [] : name[start..].Split('.');
        switch (segments.Length)
        {
            case 0:
                bytes.Add(0);
                break;
            case 1:
                break;
            case 2:
                bytes.Add(0x2E);
                break;
            default:
                bytes.Add(0x2F);
                bytes.Add((byte)segments.Length);
                break;
        }
        foreach (string segment in segments)
            bytes.AddRange(Segment(segment));
        return new AmlTerm([.. bytes]);
    }

    /// <summary>Name(name, value).</summary>
    public static AmlTerm Name(string name, AmlTerm value) => AmlTerm.Concat(Op(0x08), Path(name), value);

    /// <summary>Scope(name) { ... }.</summary>
    public static AmlTerm Scope(string name, params ReadOnlySpan<AmlTerm> body) => Package([0x10], Path(name), AmlTerm.Concat(body));

    /// <summary>Device(name) { ... }.</summary>
    public static AmlTerm Device(string name, params ReadOnlySpan<AmlTerm> body) => Package([ExtendedPrefix, 0x82], Path(name), AmlTerm.Concat(body));

    /// <summary>Processor(name, id, P_BLK address, P_BLK length) {}: the ACPI 1.0 form that every operating system reads.</summary>
    public static AmlTerm Processor(string name, byte id, uint blockAddress, byte blockLength)
    {
        byte[] fields = new byte[6];
        fields[0] = id;
        BinaryPrimitives.WriteUInt32LittleEndian(fields.AsSpan(1), blockAddress);
        fields[5] = blockLength;
        return Package([ExtendedPrefix, 0x83], Path(name), new AmlTerm(fields));
    }

    /// <summary>Method(name, arguments) { ... }.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">Number of arguments, 0 to 7.</param>
    /// <param name="serialized">Only one thread may run it at a time (needed where it creates named objects).</param>
    /// <param name="body">Statements.</param>
    public static AmlTerm Method(string name, int arguments, bool serialized, params ReadOnlySpan<AmlTerm> body)
        => Package([0x14], Path(name), Op((byte)(arguments | (serialized ? 8 : 0))), AmlTerm.Concat(body));

    /// <summary>OperationRegion(name, space, offset, length).</summary>
    public static AmlTerm OperationRegion(string name, RegionSpace space, uint offset, uint length)
        => AmlTerm.Concat(ExtendedOp(0x80), Path(name), Op((byte)space), Integer(offset), Integer(length));

    /// <summary>Field(region, ByteAcc, NoLock, Preserve) { name, bits ... }.</summary>
    public static AmlTerm ByteField(string region, params ReadOnlySpan<(string Name, int Bits)> fields)
    {
        const byte byteAccessPreserve = 0x01;
        List<byte> list = [];
        foreach ((string name, int bits) in fields)
        {
            list.AddRange(Segment(name));
            list.AddRange(FieldLength(bits));
        }
        return Package([ExtendedPrefix, 0x81], Path(region), Op(byteAccessPreserve), new AmlTerm([.. list]));
    }

    /// <summary>Package() { ... } of at most 255 elements.</summary>
    public static AmlTerm Package(params ReadOnlySpan<AmlTerm> elements) => Package([0x12], Op((byte)elements.Length), AmlTerm.Concat(elements));

    /// <summary>Buffer() { ... }.</summary>
    public static AmlTerm Buffer(byte[] content) => Package([0x11], Integer((ulong)content.Length), new AmlTerm(content));

    /// <summary>ArgN.</summary>
    public static AmlTerm Arg(int index) => Op((byte)(0x68 + index));

    /// <summary>LocalN.</summary>
    public static AmlTerm Local(int index) => Op((byte)(0x60 + index));

    /// <summary>Store(source, target).</summary>
    public static AmlTerm Store(AmlTerm source, AmlTerm target) => AmlTerm.Concat(Op(0x70), source, target);

    /// <summary>And(left, right) as an expression.</summary>
    public static AmlTerm And(AmlTerm left, AmlTerm right) => AmlTerm.Concat(Op(0x7B), left, right, NoTarget);

    /// <summary>Or(left, right, target).</summary>
    public static AmlTerm Or(AmlTerm left, AmlTerm right, AmlTerm target) => AmlTerm.Concat(Op(0x7D), left, right, target);

    /// <summary>LLess(left, right).</summary>
    public static AmlTerm LessThan(AmlTerm left, AmlTerm right) => AmlTerm.Concat(Op(0x95), left, right);

    /// <summary>SizeOf(object).</summary>
    public static AmlTerm SizeOf(AmlTerm value) => AmlTerm.Concat(Op(0x87), value);

    /// <summary>DerefOf(reference).</summary>
    public static AmlTerm DerefOf(AmlTerm reference) => AmlTerm.Concat(Op(0x83), reference);

    /// <summary>Index(object, index).</summary>
    public static AmlTerm Index(AmlTerm value, AmlTerm index) => AmlTerm.Concat(Op(0x88), value, index, NoTarget);

    /// <summary>ToHexString(value, target).</summary>
    public static AmlTerm ToHexString(AmlTerm value, AmlTerm target) => AmlTerm.Concat(Op(0x98), value, target);

    /// <summary>ToBuffer(value, target).</summary>
    public static AmlTerm ToBuffer(AmlTerm value, AmlTerm target) => AmlTerm.Concat(Op(0x96), value, target);

    /// <summary>Increment(target).</summary>
    public static AmlTerm Increment(AmlTerm target) => AmlTerm.Concat(Op(0x75), target);

    /// <summary>Subtract(left, right, target).</summary>
    public static AmlTerm Subtract(AmlTerm left, AmlTerm right, AmlTerm target) => AmlTerm.Concat(Op(0x74), left, right, target);

    /// <summary>FindSetRightBit(source, target): one plus the number of the lowest bit set.</summary>
    public static AmlTerm FindSetRightBit(AmlTerm source, AmlTerm target) => AmlTerm.Concat(Op(0x82), source, target);

    /// <summary>CreateDWordField(buffer, byte index, name).</summary>
    public static AmlTerm CreateDWordField(AmlTerm buffer, AmlTerm index, string name) => AmlTerm.Concat(Op(0x8A), buffer, index, Path(name));

    /// <summary>If(condition) { ... }.</summary>
    public static AmlTerm If(AmlTerm condition, params ReadOnlySpan<AmlTerm> body) => Package([0xA0], condition, AmlTerm.Concat(body));

    /// <summary>While(condition) { ... }.</summary>
    public static AmlTerm While(AmlTerm condition, params ReadOnlySpan<AmlTerm> body) => Package([0xA2], condition, AmlTerm.Concat(body));

    /// <summary>Return(value).</summary>
    public static AmlTerm Return(AmlTerm value) => AmlTerm.Concat(Op(0xA4), value);

    /// <summary>A call of a method by name.</summary>
    public static AmlTerm Call(string method, params ReadOnlySpan<AmlTerm> arguments) => AmlTerm.Concat(Path(method), AmlTerm.Concat(arguments));

    private static AmlTerm NoTarget => new([0]);

    private static AmlTerm Op(byte code) => new([code]);

    private static AmlTerm ExtendedOp(byte code) => new([ExtendedPrefix, code]);

    private static byte[] Segment(string name)
    {
        if (name.Length is 0 or > 4 || char.IsAsciiDigit(name[0]) || !name.All(c => c == '_' || char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c)))
            throw new ArgumentException($"'{name}' is not an ACPI name segment.", nameof(name));
        return Encoding.ASCII.GetBytes(name.PadRight(4, '_'));
    }

    private static AmlTerm Package(ReadOnlySpan<byte> opcode, params ReadOnlySpan<AmlTerm> parts)
    {
        AmlTerm body = AmlTerm.Concat(parts);
        return new AmlTerm([.. opcode, .. PackageLength(body.Bytes.Length), .. body.Bytes]);
    }

    /// <summary>PkgLength, which counts its own bytes (ACPI 6.4, 20.2.4).</summary>
    private static byte[] PackageLength(int bodyLength)
    {
        if (bodyLength + 1 < 1 << 6)
            return LengthBytes(bodyLength + 1, 1);
        if (bodyLength + 2 < 1 << 12)
            return LengthBytes(bodyLength + 2, 2);
        if (bodyLength + 3 < 1 << 20)
            return LengthBytes(bodyLength + 3, 3);
        return LengthBytes(bodyLength + 4, 4);
    }

    /// <summary>The same encoding for a field's width in bits, which does not count itself.</summary>
    private static byte[] FieldLength(int bits) => bits < 1 << 6 ? LengthBytes(bits, 1) : bits < 1 << 12 ? LengthBytes(bits, 2) : LengthBytes(bits, 3);

    private static byte[] LengthBytes(int value, int count)
    {
        if (count == 1)
            return [(byte)value];
        byte[] bytes = new byte[count];
        bytes[0] = (byte)((count - 1) << 6 | value & 0xF);
        for (int i = 1; i < count; i++)
            bytes[i] = (byte)(value >> (4 + 8 * (i - 1)));
        return bytes;
    }
}
