using System.Buffers.Binary;

namespace Emu.Devices.Firmware.Smbios;

/// <summary>The SMBIOS structure table and its entry point as firmware expects them in two fw_cfg files.</summary>
/// <param name="Anchor">"etc/smbios/smbios-anchor": entry point; the firmware fills in table address and checksums.</param>
/// <param name="Tables">"etc/smbios/smbios-tables".</param>
public sealed record SmbiosTables(byte[] Anchor, byte[] Tables)
{
    /// <summary>fw_cfg file of the entry point.</summary>
    public const string AnchorFile = "etc/smbios/smbios-anchor";

    /// <summary>fw_cfg file of the structures.</summary>
    public const string TablesFile = "etc/smbios/smbios-tables";

    private const ushort BiosHandle = 0x0000;
    private const ushort SystemHandle = 0x0100;
    private const ushort ChassisHandle = 0x0300;
    private const ushort ProcessorHandle = 0x0400;
    private const ushort MemoryArrayHandle = 0x1000;
    private const ushort MemoryDeviceHandle = 0x1100;
    private const ushort ArrayMappingHandle = 0x1300;
    private const ushort BootHandle = 0x2000;
    private const ushort EndHandle = 0x7F00;
    private const ushort NoHandle = 0xFFFE;
    private const ulong MaximumDevice = 16ul << 30;
    private const ulong FourGigabytes = 4ul << 30;

    /// <summary>Builds the tables.</summary>
    /// <param name="board">What to describe.</param>
    /// <param name="version3">False for a 2.8 entry point (every guest reads it), true for the 64-bit one of 3.0.</param>
    public static SmbiosTables Build(SmbiosConfiguration board, bool version3 = false)
    {
        List<byte[]> structures = [Bios(board), SystemInformation(board), Chassis(board)];
        for (int cpu = 0; cpu < board.CpuCount; cpu++)
            structures.Add(Processor(board, cpu));
        AddMemory(board, structures);
        structures.Add(new SmbiosStructure(32, BootHandle).Bytes(new byte[6]).Byte(0).ToArray());
        structures.Add(new SmbiosStructure(127, EndHandle).ToArray());
        byte[] tables = [.. structures.SelectMany(s => s)];
        byte[] anchor = version3
            ? EntryPoint30(tables.Length)
            : EntryPoint21(tables.Length, structures.Count, structures.Max(s => s.Length));
        return new SmbiosTables(anchor, tables);
    }

    /// <summary>Publishes the files.</summary>
    public void AddTo(FwCfg fwCfg)
    {
        fwCfg.AddFile(AnchorFile, Anchor);
        fwCfg.AddFile(TablesFile, Tables);
    }

    private static byte[] Bios(SmbiosConfiguration board)
    {
        const ulong characteristicsNotSupported = 1 << 3;
        const byte acpiSupported = 0;
        const byte targetedContentAndVirtualMachine = 1 << 2 | 1 << 4;
        return new SmbiosStructure(0, BiosHandle)
            .Text(board.BiosVendor).Text(board.BiosVersion)
            .UInt16(0xE800).Text(board.BiosDate).Byte(0)
            .UInt64(characteristicsNotSupported).Byte(acpiSupported).Byte(targetedContentAndVirtualMachine)
            .Byte(0).Byte(0).Byte(0xFF).Byte(0xFF)
            .ToArray();
    }

    private static byte[] SystemInformation(SmbiosConfiguration board)
    {
        const byte powerSwitch = 6;
        // Guid's own byte order (first three fields little-endian) is the one SMBIOS 2.6 and later prescribe.
        return new SmbiosStructure(1, SystemHandle)
            .Text(board.Manufacturer).Text(board.Product).Text(board.Version).Text(board.SerialNumber)
            .Bytes(board.Uuid.ToByteArray()).Byte(powerSwitch).Text("").Text("")
            .ToArray();
    }

    private static byte[] Chassis(SmbiosConfiguration board)
    {
        const byte other = 1, safe = 3, unknown = 2;
        return new SmbiosStructure(3, ChassisHandle)
            .Text(board.Manufacturer).Byte(other).Text(board.Version).Text("").Text("")
            .Byte(safe).Byte(safe).Byte(safe).Byte(unknown)
            .UInt32(0).Byte(0).Byte(0).Byte(0).Byte(0).Text("")
            .ToArray();
    }

    private static byte[] Processor(SmbiosConfiguration board, int cpu)
    {
        const byte central = 3, otherFamily = 1, populatedEnabled = 0x41, otherUpgrade = 1, unknownCache16 = 0xFF;
        const ushort unknownCharacteristics = 0x02;
        const ushort mhz = 2000;
        return new SmbiosStructure(4, (ushort)(ProcessorHandle + cpu))
            .Text($"CPU {cpu}").Byte(central).Byte(otherFamily).Text(board.Manufacturer)
            .UInt32(board.ProcessorId.Eax).UInt32(board.ProcessorId.Edx)
            .Text(board.ProcessorVersion).Byte(0).UInt16(0).UInt16(mhz).UInt16(mhz)
            .Byte(populatedEnabled).Byte(otherUpgrade)
            .Bytes([unknownCache16, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
            .Text("").Text("").Text("")
            .Byte(1).Byte(1).Byte(1).UInt16(unknownCharacteristics).UInt16(otherFamily)
            .ToArray();
    }

    private static void AddMemory(SmbiosConfiguration board, List<byte[]> structures)
    {
        const byte locationOther = 1, useSystem = 3, errorCorrectionMultiBit = 6;
        ulong total = board.LowRamSize + board.HighRamSize;
        int devices = (int)((total + MaximumDevice - 1) / MaximumDevice);
        const uint capacityInExtendedField = 0x8000_0000;
        uint kilobytes = total < 2ul << 40 ? (uint)(total >> 10) : capacityInExtendedField;
        structures.Add(new SmbiosStructure(16, MemoryArrayHandle)
            .Byte(locationOther).Byte(useSystem).Byte(errorCorrectionMultiBit)
            .UInt32(kilobytes).UInt16(NoHandle).UInt16((ushort)devices)
            .UInt64(kilobytes == capacityInExtendedField ? total : 0)
            .ToArray());
        for (int i = 0; i < devices; i++)
            structures.Add(MemoryDevice(board, i, Math.Min(MaximumDevice, total - (ulong)i * MaximumDevice)));
        structures.Add(ArrayMapping(0, 0, board.LowRamSize, devices));
        if (board.HighRamSize != 0)
            structures.Add(ArrayMapping(1, FourGigabytes, board.HighRamSize, devices));
    }

    private static byte[] MemoryDevice(SmbiosConfiguration board, int index, ulong size)
    {
        const ushort unknownWidth = 0xFFFF, detailOther = 0x02, sizeInKilobytes = 0x8000;
        const byte dimm = 9, ram = 7;
        ulong megabytes = size >> 20;
        ushort sizeField = megabytes == 0 ? (ushort)(sizeInKilobytes | size >> 10) : (ushort)Math.Min(megabytes, 0x7FFF);
        return new SmbiosStructure(17, (ushort)(MemoryDeviceHandle + index))
            .UInt16(MemoryArrayHandle).UInt16(NoHandle).UInt16(unknownWidth).UInt16(unknownWidth)
            .UInt16(sizeField).Byte(dimm).Byte(0).Text($"DIMM {index}").Text("")
            .Byte(ram).UInt16(detailOther).UInt16(0)
            .Text(board.Manufacturer).Text("").Text("").Text("")
            .Byte(0).UInt32(0).UInt16(0).UInt16(0).UInt16(0).UInt16(0)
            .ToArray();
    }

    private static byte[] ArrayMapping(int index, ulong start, ulong size, int devices)
    {
        const uint addressesInExtendedFields = 0xFFFF_FFFF;
        ulong startKilobytes = start >> 10;
        ulong endKilobytes = (start + size - 1) >> 10;
        bool extended = endKilobytes >= addressesInExtendedFields;
        return new SmbiosStructure(19, (ushort)(ArrayMappingHandle + index))
            .UInt32(extended ? addressesInExtendedFields : (uint)startKilobytes)
            .UInt32(extended ? addressesInExtendedFields : (uint)endKilobytes)
            .UInt16(MemoryArrayHandle).Byte((byte)devices)
            .UInt64(extended ? start : 0).UInt64(extended ? start + size - 1 : 0)
            .ToArray();
    }

    private static byte[] EntryPoint21(int tableLength, int structureCount, int largest)
    {
        const int length = 0x1F;
        byte[] anchor = new byte[length];
        "_SM_"u8.CopyTo(anchor);
        anchor[5] = length;
        anchor[6] = 2;
        anchor[7] = 8;
        BinaryPrimitives.WriteUInt16LittleEndian(anchor.AsSpan(8), (ushort)largest);
        "_DMI_"u8.CopyTo(anchor.AsSpan(0x10));
        BinaryPrimitives.WriteUInt16LittleEndian(anchor.AsSpan(0x16), (ushort)tableLength);
        BinaryPrimitives.WriteUInt16LittleEndian(anchor.AsSpan(0x1C), (ushort)structureCount);
        anchor[0x1E] = 0x28;
        return anchor;
    }

    private static byte[] EntryPoint30(int tableLength)
    {
        const int length = 0x18;
        byte[] anchor = new byte[length];
        "_SM3_"u8.CopyTo(anchor);
        anchor[6] = length;
        anchor[7] = 3;
        anchor[10] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(anchor.AsSpan(0x0C), tableLength);
        return anchor;
    }
}
