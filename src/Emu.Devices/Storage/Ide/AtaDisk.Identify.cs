namespace Emu.Devices.Storage.Ide;

/// <summary>IDENTIFY DEVICE.</summary>
public sealed partial class AtaDisk
{
    private const long MaxLba28 = (1 << 28) - 1;

    /// <summary>Sectors of TRIM ranges one DATA SET MANAGEMENT command takes.</summary>
    private const int MaxTrimBlocks = 8;

    /// <summary>ATA/ATAPI-6 table 27; words 69, 105, 169 and 217 from ATA8-ACS.</summary>
    private byte[] Identify()
    {
        var id = new AtaIdentify();
        long sectors = Sectors;
        id[0] = 0x0040; // fixed device
        id[1] = (ushort)_native.Cylinders;
        id[3] = (ushort)_native.Heads;
        id[4] = (ushort)(SectorSize * _native.Sectors);
        id[5] = SectorSize;
        id[6] = (ushort)_native.Sectors;
        id.SetText(10, 10, _options.Serial);
        id[20] = 3; // dual-ported buffer with read cache
        id[21] = 512; // of 256 KB
        id[22] = 4;
        id.SetText(23, 4, _options.Firmware);
        id.SetText(27, 20, _options.Model);
        id[47] = 0x8000 | MaxMultiple;
        id[48] = 1; // 32-bit data port accesses
        id[49] = 0x0B00; // IORDY, LBA, DMA
        id[50] = 0x4000;
        id[51] = 2 << 8;
        id[52] = 2 << 8;
        id[53] = 0x0007; // words 54-58, 64-70 and 88 are valid
        long cylinders = Math.Min(sectors / (_heads * _sectorsPerTrack), DiskGeometry.MaxCylinders);
        id[54] = (ushort)cylinders;
        id[55] = (ushort)_heads;
        id[56] = (ushort)_sectorsPerTrack;
        id.SetDouble(57, (uint)(cylinders * _heads * _sectorsPerTrack));
        id[59] = (ushort)(_multiple != 0 ? 0x100 | _multiple : 0);
        id.SetDouble(60, (uint)Math.Min(sectors, MaxLba28));
        id.SetTransferModes(_mode);
        id[69] = 1 << 14; // after TRIM a sector reads the same every time
        id[80] = 0x00F0; // ATA/ATAPI-4 to -7
        id[81] = 0x001D; // ATA/ATAPI-7 as published
        id[82] = 1 << 14 | 1 << 13 | 1 << 12 | 1 << 6 | 1 << 5 | 1 << 3 | 1 << 0; // NOP, buffers, look-ahead, write cache, power management, SMART
        id[83] = 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10; // flush (both), 48-bit
        ushort commands = (ushort)(1 << 14 | 1 << 6 | (_options.WorldWideName != 0 ? 1 << 8 : 0)); // FUA
        id[84] = commands;
        id[85] = (ushort)(1 << 14 | 1 << 13 | 1 << 12 | (_readLookAhead ? 1 << 6 : 0) | (_writeCache ? 1 << 5 : 0) | 1 << 3 | (_smart ? 1 : 0));
        id[86] = 1 << 13 | 1 << 12 | 1 << 10;
        id[87] = commands;
        id[93] = (ushort)(1 << 14 | 1 << 13 | (Unit == 0 ? 0x000B : 0x0B00)); // 80-conductor cable; passed diagnostics, number by jumper
        id.SetDouble(100, (uint)sectors);
        id.SetDouble(102, (uint)(sectors >> 32));
        id[105] = MaxTrimBlocks;
        for (int i = 0; i < 4; i++) id[108 + i] = (ushort)(_options.WorldWideName >> (48 - 16 * i));
        id[169] = 1; // TRIM
        id[217] = 1; // nothing rotates
        return id.ToArray();
    }
}
