using Xunit;

namespace Emu.Mmu.Tests;

public sealed class PortSpaceTests
{
    private readonly PortSpace _ports = new();

    [Fact]
    public void Unclaimed_ports_read_as_ones_in_every_size()
    {
        Assert.Equal(0xFFu, _ports.Read(0x80, 1));
        Assert.Equal(0xFFFFu, _ports.Read(0x80, 2));
        Assert.Equal(0xFFFF_FFFFu, _ports.Read(0xFFFE, 4));
        _ports.Write(0x80, 4, 1);
    }

    [Theory]
    [InlineData(0, 4, 1, "0:1 1:1 2:1 3:1")]
    [InlineData(0, 4, 2, "0:2 2:2")]
    [InlineData(0, 4, 4, "0:4")]
    [InlineData(6, 4, 4, "6:2")]
    [InlineData(7, 2, 4, "7:1")]
    [InlineData(1, 2, 2, "1:2")]
    public void Wide_accesses_are_split_low_port_first(int offset, int size, int max, string expected)
    {
        var device = new RecordingDevice(max);
        _ports.Map(0x100, 8, device, "dev");
        uint value = _ports.Read((ushort)(0x100 + offset), size);
        Assert.Equal(expected, string.Join(' ', device.Log.Select(l => $"{l.Offset}:{l.Size}")));
        for (int i = 0; i < size; i++)
        {
            Assert.Equal(offset + i < 8 ? (byte)(offset + i) : (byte)0xFF, (byte)(value >> (8 * i)));
        }

        device.Log.Clear();
        _ports.Write((ushort)(0x100 + offset), size, 0x4433_2211);
        Assert.Equal(expected, string.Join(' ', device.Log.Select(l => $"{l.Offset}:{l.Size}")));
        Assert.All(device.Log, l => Assert.Equal(
            (0x4433_2211u >> (8 * ((int)l.Offset - offset))) & (l.Size == 4 ? uint.MaxValue : (1u << (8 * l.Size)) - 1), l.Value));
    }

    [Fact]
    public void The_newest_claim_wins_unless_a_priority_says_otherwise()
    {
        var old = new RecordingDevice(1);
        var young = new RecordingDevice(1);
        var strong = new RecordingDevice(1);
        _ports.Map(0x60, 4, old, "old");
        PortMapping middle = _ports.Map(0x60, 1, young, "young");
        PortMapping top = _ports.Map(0x61, 1, strong, "strong", priority: 1);
        _ports.Map(0x61, 1, young, "late");
        _ports.Read(0x60, 4);
        Assert.Single(young.Log);
        Assert.Single(strong.Log);
        Assert.Equal(2, old.Log.Count);
        top.Dispose();
        middle.Enabled = false;
        old.Log.Clear();
        young.Log.Clear();
        _ports.Read(0x60, 2);
        Assert.Equal(0UL, old.Log.Single().Offset);
        Assert.Equal(0UL, young.Log.Single().Offset);
    }

    [Fact]
    public void A_moved_range_leaves_what_was_below_it_visible()
    {
        var below = new RecordingDevice(1);
        var bar = new RecordingDevice(4);
        _ports.Map(0xC000, 16, below, "below");
        PortMapping mapping = _ports.Map(0xC000, 16, bar, "bar");
        mapping.Move(0xD000);
        Assert.Equal(0x03020100u, _ports.Read(0xD000, 4));
        _ports.Read(0xC000, 1);
        Assert.Single(below.Log);
        mapping.Move(0xC008);
        Assert.Equal(0xFFu, _ports.Read(0xD000, 1));
        Assert.Equal(bar, _ports.Find(0xC00F)?.Device);
        Assert.Equal(below, _ports.Find(0xC007)?.Device);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapping.Move(0xFFF8));
        var text = new StringWriter();
        _ports.Dump(text);
        Assert.Contains("c000-c007 (prio 0): below", text.ToString());
    }
}
