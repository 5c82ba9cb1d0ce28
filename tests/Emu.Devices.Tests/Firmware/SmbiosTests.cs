using System.Buffers.Binary;

using Emu.Devices.Firmware.Smbios;
using Xunit;

namespace Emu.Devices.Tests.Firmware;

public class SmbiosTests
{
    [Fact]
    public void Structures_follow_one_another_and_end_with_type_127()
    {
        SmbiosTables tables = SmbiosTables.Build(new() { CpuCount = 2, LowRamSize = 3ul << 30, HighRamSize = 30ul << 30 });
        List<(int Type, int Length)> found = Walk(tables.Tables);
        Assert.Equal([0, 1, 3, 4, 4, 16, 17, 17, 17, 19, 19, 32, 127], found.Select(s => s.Type));
        Assert.Equal([0x18, 0x1B, 0x16, 0x2A, 0x2A, 0x17, 0x28, 0x28, 0x28, 0x1F, 0x1F, 0x0B, 4], found.Select(s => s.Length));
        Assert.Equal(found.Count, BinaryPrimitives.ReadUInt16LittleEndian(tables.Anchor.AsSpan(0x1C)));
        Assert.Equal(tables.Tables.Length, BinaryPrimitives.ReadUInt16LittleEndian(tables.Anchor.AsSpan(0x16)));
    }

    [Fact]
    public void Version_3_entry_point_has_its_own_anchor()
    {
        SmbiosTables tables = SmbiosTables.Build(new(), version3: true);
        Assert.Equal("_SM3_"u8.ToArray(), tables.Anchor[..5]);
        Assert.Equal(24, tables.Anchor.Length);
        Assert.Equal(tables.Tables.Length, BinaryPrimitives.ReadInt32LittleEndian(tables.Anchor.AsSpan(12)));
    }

    private static List<(int Type, int Length)> Walk(byte[] tables)
    {
        List<(int, int)> found = [];
        int at = 0;
        while (at < tables.Length)
        {
            found.Add((tables[at], tables[at + 1]));
            at += tables[at + 1];
            while (tables[at] != 0 || tables[at + 1] != 0)
                at++;
            at += 2;
        }
        Assert.Equal(tables.Length, at);
        return found;
    }
}
