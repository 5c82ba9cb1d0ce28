using System.Buffers.Binary;

namespace Emu.Devices.Firmware.Acpi;

/// <summary>Resource descriptors (ACPI 6.4, 6.4) and the template that holds them.</summary>
public static class AmlResource
{
    private const byte Consumer = 0x01;
    private const byte MinimumFixed = 0x04;
    private const byte MaximumFixed = 0x08;
    private const byte Producer = MinimumFixed | MaximumFixed;
    private const byte MemoryRange = 0;
    private const byte IoRange = 1;
    private const byte BusRange = 2;

    /// <summary>ResourceTemplate() { ... }: a buffer that ends in an end tag without checksum.</summary>
    public static AmlTerm Template(params ReadOnlySpan<AmlTerm> descriptors)
        => Aml.Buffer([.. AmlTerm.Concat(descriptors).Bytes, 0x79, 0x00]);

    /// <summary>IRQNoFlags() { line }: edge-triggered, active high.</summary>
    public static AmlTerm Irq(int line) => new([0x22, (byte)(1 << line), (byte)(1 << line >> 8)]);

    /// <summary>DMA(Compatibility, NotBusMaster, width) { channel }.</summary>
    /// <param name="channel">0 to 7.</param>
    /// <param name="flags">Transfer width in bits 1:0 (0 8-bit, 1 both, 2 16-bit), bus master in bit 2, timing in bits 6:5.</param>
    public static AmlTerm Dma(int channel, byte flags) => new([0x2A, (byte)(1 << channel), flags]);

    /// <summary>IO(Decode16, first, first, 1, count).</summary>
    public static AmlTerm Io(ushort first, byte count)
        => new([0x47, 0x01, (byte)first, (byte)(first >> 8), (byte)first, (byte)(first >> 8), 0x01, count]);

    /// <summary>Memory32Fixed(ReadWrite or ReadOnly, address, length).</summary>
    public static AmlTerm Memory32Fixed(uint address, uint length, bool writable)
    {
        byte[] bytes = new byte[12];
        bytes[0] = 0x86;
        bytes[1] = 9;
        bytes[3] = (byte)(writable ? 1 : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), length);
        return new AmlTerm(bytes);
    }

    /// <summary>Interrupt(ResourceConsumer, Level, ActiveHigh, Shared) { lines }.</summary>
    public static AmlTerm SharedLevelInterrupt(params ReadOnlySpan<uint> lines)
    {
        const byte consumerLevelHighShared = Consumer | 0x08;
        byte[] bytes = new byte[5 + 4 * lines.Length];
        bytes[0] = 0x89;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)(bytes.Length - 3));
        bytes[3] = consumerLevelHighShared;
        bytes[4] = (byte)lines.Length;
        for (int i = 0; i < lines.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(5 + 4 * i), lines[i]);
        return new AmlTerm(bytes);
    }

    /// <summary>WordBusNumber(ResourceProducer, MinFixed, MaxFixed, PosDecode, first to last).</summary>
    public static AmlTerm BusNumbers(ushort first, ushort last) => WordSpace(BusRange, 0, first, last);

    /// <summary>WordIO(ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, first to last).</summary>
    public static AmlTerm IoWindow(ushort first, ushort last) => WordSpace(IoRange, 3, first, last);

    /// <summary>DWordMemory window of the PCI bus.</summary>
    public static AmlTerm MemoryWindow32(uint first, uint last, bool cacheable)
    {
        byte[] bytes = new byte[26];
        Header(bytes, 0x87, MemoryRange, MemoryFlags(cacheable));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(10), first);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(14), last);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(22), last - first + 1);
        return new AmlTerm(bytes);
    }

    /// <summary>QWordMemory window of the PCI bus.</summary>
    public static AmlTerm MemoryWindow64(ulong first, ulong last, bool cacheable)
    {
        byte[] bytes = new byte[46];
        Header(bytes, 0x8A, MemoryRange, MemoryFlags(cacheable));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(14), first);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(22), last);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(38), last - first + 1);
        return new AmlTerm(bytes);
    }

    private static byte MemoryFlags(bool cacheable) => (byte)(cacheable ? 0x03 : 0x01);

    private static AmlTerm WordSpace(byte type, byte typeFlags, ushort first, ushort last)
    {
        byte[] bytes = new byte[16];
        Header(bytes, 0x88, type, typeFlags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), first);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), last);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(14), (ushort)(last - first + 1));
        return new AmlTerm(bytes);
    }

    private static void Header(byte[] bytes, byte tag, byte type, byte typeFlags)
    {
        bytes[0] = tag;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)(bytes.Length - 3));
        bytes[3] = type;
        bytes[4] = Producer;
        bytes[5] = typeFlags;
    }
}
