using Xunit;

namespace Emu.Mmu.Tests;

public sealed unsafe class AddressSpaceTests : IDisposable
{
    private readonly TestBoard _board = new(1 << 20);

    public void Dispose() => _board.Dispose();

    private sealed class Listener(Action changed) : IAddressSpaceListener
    {
        public void OnMapChanged(AddressSpace space) => changed();
    }

    [Fact]
    public void Addresses_nobody_decodes_read_as_ones_and_drop_writes()
    {
        _board.Space.Write(0x8000_0000, 4, 0);
        Assert.Equal(0xFFFF_FFFFu, _board.Space.Read(0x8000_0000, 4));
        var bytes = new byte[16];
        _board.Space.Read(AddressSpace.MaxSize + 5, bytes);
        Assert.All(bytes, b => Assert.Equal(0xFF, b));
        _board.Space.Write(ulong.MaxValue - 3, new byte[4]);
    }

    [Fact]
    public void An_access_across_the_end_of_ram_gets_ram_and_then_ones()
    {
        _board.Space.Write((1 << 20) - 2, [0x11, 0x22, 0x33, 0x44]);
        Assert.Equal(0xFFFF_2211u, _board.Space.Read((1 << 20) - 2, 4));
        Assert.Equal(0xFFFF_FFFF_FFFF_2211u, _board.Space.Read((1 << 20) - 2, 8));
    }

    [Theory]
    [InlineData(0x00, 8, 4, "0:4 4:4")]
    [InlineData(0x00, 8, 8, "0:8")]
    [InlineData(0x04, 8, 8, "4:4 8:4")]
    [InlineData(0x01, 4, 4, "1:1 2:2 4:1")]
    [InlineData(0x03, 2, 4, "3:1 4:1")]
    [InlineData(0x02, 4, 2, "2:2 4:2")]
    [InlineData(0x10, 2, 1, "16:1 17:1")]
    [InlineData(0x05, 3, 4, "5:1 6:2")]
    public void Device_accesses_are_aligned_and_no_wider_than_the_device_decodes(ulong offset, int size, int max, string expected)
    {
        var device = new RecordingDevice(max);
        _board.Root.AddSubregion(0x10_0000, MemoryRegion.CreateDevice("dev", 0x1000, device));
        ulong value = _board.Space.Read(0x10_0000 + offset, size);
        Assert.Equal(expected, string.Join(' ', device.Log.Select(l => $"{l.Offset}:{l.Size}")));
        for (int i = 0; i < size; i++)
        {
            Assert.Equal((byte)(offset + (ulong)i), (byte)(value >> (8 * i)));
        }

        device.Log.Clear();
        _board.Space.Write(0x10_0000 + offset, size, 0x8877_6655_4433_2211);
        Assert.Equal(expected, string.Join(' ', device.Log.Select(l => $"{l.Offset}:{l.Size}")));
        foreach ((bool _, ulong at, int length, ulong written) in device.Log)
        {
            ulong mask = length == 8 ? ulong.MaxValue : (1UL << (8 * length)) - 1;
            Assert.Equal((0x8877_6655_4433_2211 >> (8 * (int)(at - offset))) & mask, written);
        }
    }

    [Fact]
    public void Rom_reads_directly_and_sends_writes_to_its_device_which_may_take_reads_too()
    {
        GuestRam block = _board.Memory.AllocateRam("flash", 0x2000);
        block.Write(0x10, [1, 2, 3, 4]);
        var commands = new RecordingDevice(4);
        MemoryRegion flash = MemoryRegion.CreateRom("flash", block, commands);
        _board.Root.AddSubregion(0xFFF0_0000, flash);
        Assert.Equal(0x0403_0201u, _board.Space.Read(0xFFF0_0010, 4));
        _board.Space.Write(0xFFF0_0010, 2, 0x90);
        Assert.Equal((true, 0x10UL, 2, 0x90UL), commands.Log.Single());
        Assert.True(_board.Space.TryGetRam(0xFFF0_0010, out bool writable) != null);
        Assert.False(writable);

        flash.DirectReads = false;
        Assert.True(_board.Space.TryGetRam(0xFFF0_0010, out _) == null);
        Assert.Equal(0x1312_1110u, _board.Space.Read(0xFFF0_0010, 4));
        flash.DirectReads = true;
        Assert.Equal(0x0403_0201u, _board.Space.Read(0xFFF0_0010, 4));
    }

    [Fact]
    public void Read_only_ram_drops_writes_from_the_bus_but_can_be_loaded()
    {
        _board.RamRegion.ReadOnly = true;
        _board.Space.Write(0x100, 4, 0x1234);
        Assert.Equal(0u, _board.Space.Read(0x100, 4));
        Assert.True(_board.Space.TryPoke(0x100, [0x34, 0x12]));
        Assert.Equal(0x1234u, _board.Space.Read(0x100, 4));
    }

    [Fact]
    public void An_alias_follows_the_region_it_shows_and_its_bank()
    {
        GuestRam vram = _board.Memory.AllocateRam("vram", 0x10000);
        MemoryRegion all = MemoryRegion.CreateRam("vram", vram);
        MemoryRegion window = MemoryRegion.CreateAlias("window", all, 0, 0x1000);
        _board.Root.AddSubregion(0xA0000, window, 1);
        vram.Write(0x3000, [0x5A]);
        Assert.Equal(0u, _board.Space.Read(0xA0000, 1));
        window.AliasOffset = 0x3000;
        Assert.Equal(0x5Au, _board.Space.Read(0xA0000, 1));
        all.Enabled = false;
        _board.Ram.Write(0xA0000, [0x77]);
        Assert.Equal(0x77u, _board.Space.Read(0xA0000, 1));
    }

    [Fact]
    public void Pages_with_a_device_in_part_of_them_are_not_direct_memory()
    {
        var device = new RecordingDevice(4);
        _board.Root.AddSubregion(0x2800, MemoryRegion.CreateDevice("dev", 0x10, device), 1);
        Assert.True(_board.Space.TryGetRam(0x2000, out _) == null);
        Assert.True(_board.Space.TryGetRam(0x3000, out _) != null);
        _board.Space.Write(0x27FC, 8, 0x1122_3344_5566_7788);
        Assert.Equal((true, 0UL, 4, 0x1122_3344UL), device.Log.Single());
        Assert.Equal(0x5566_7788u, _board.Space.Read(0x27FC, 4));
    }

    [Fact]
    public void Changes_inside_a_transaction_show_and_are_announced_once_at_its_end()
    {
        int announced = 0;
        _board.Space.AddListener(new Listener(() => announced++));
        Assert.Equal(0u, _board.Space.Read(0, 1));
        using (_board.Space.BeginTransaction())
        {
            _board.RamRegion.Offset = 0x10_0000;
            _board.RamRegion.Enabled = false;
            _board.RamRegion.Enabled = true;
            Assert.Equal(0u, _board.Space.Read(0, 1));
            Assert.Equal(0, announced);
        }

        Assert.Equal(1, announced);
        Assert.Equal(0xFFu, _board.Space.Read(0, 1));
        Assert.Equal(0u, _board.Space.Read(0x10_0000, 1));
        _board.RamRegion.Offset = 0;
        _board.RamRegion.Offset = 0x20_0000;
        Assert.Equal(2, announced);
        Assert.Equal(0u, _board.Space.Read(0x20_0000, 1));
    }

    [Fact]
    public void A_change_of_a_region_seen_through_two_aliases_deep_is_seen()
    {
        MemoryRegion inner = MemoryRegion.CreateContainer("inner", 0x10000);
        GuestRam block = _board.Memory.AllocateRam("block", 0x1000);
        block.Write(0, [0xAB]);
        MemoryRegion ram = MemoryRegion.CreateRam("block", block);
        inner.AddSubregion(0x1000, ram);
        MemoryRegion first = MemoryRegion.CreateAlias("first", inner, 0, 0x10000);
        MemoryRegion second = MemoryRegion.CreateAlias("second", first, 0x800, 0x8000);
        _board.Root.AddSubregion(0x4000_0000, second);
        Assert.Equal(0xABu, _board.Space.Read(0x4000_0800, 1));
        ram.Offset = 0x2000;
        Assert.Equal(0xFFu, _board.Space.Read(0x4000_0800, 1));
        Assert.Equal(0xABu, _board.Space.Read(0x4000_1800, 1));
        inner.Remove(ram);
        Assert.Equal(0xFFu, _board.Space.Read(0x4000_1800, 1));
    }

    [Fact]
    public void A_region_cannot_contain_itself_nor_be_in_two_places()
    {
        MemoryRegion outer = MemoryRegion.CreateContainer("outer", 0x1000);
        MemoryRegion inner = MemoryRegion.CreateContainer("inner", 0x1000);
        outer.AddSubregion(0, inner);
        Assert.Throws<InvalidOperationException>(() => inner.AddSubregion(0, outer));
        Assert.Throws<InvalidOperationException>(() => inner.AddSubregion(0, MemoryRegion.CreateAlias("loop", outer, 0, 0x10)));
        Assert.Throws<InvalidOperationException>(() => _board.Root.AddSubregion(0, inner));
    }

    [Fact]
    public void The_dump_shows_the_tree_and_the_flat_map()
    {
        _board.Root.AddSubregion(0xA0000, MemoryRegion.CreateDevice("vga", 0x20000, new RecordingDevice(4)), 1);
        var text = new StringWriter();
        _board.Space.Dump(text);
        string dump = text.ToString();
        Assert.Contains("00000000000a0000-00000000000bffff (prio 1, i/o): vga", dump);
        Assert.Contains("00000000000c0000-00000000000fffff (ram): ram @00000000000c0000", dump);
    }

    /// <summary>Random trees of overlapping regions against a resolution byte by byte.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Overlaps_resolve_as_a_search_from_the_top_byte_by_byte(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            MemoryRegion root = MemoryRegion.CreateContainer("root", 0x400);
            var regions = new List<MemoryRegion> { root };
            for (int i = 0; i < 25; i++)
            {
                ulong size = (ulong)random.Next(1, 0x180);
                MemoryRegion region = random.Next(4) switch
                {
                    0 => MemoryRegion.CreateContainer($"c{i}", size),
                    1 => MemoryRegion.CreateAlias($"a{i}", regions[random.Next(regions.Count)], (ulong)random.Next(0x100), size),
                    _ => MemoryRegion.CreateDevice($"d{i}", size, new RecordingDevice(1)),
                };
                try
                {
                    regions[random.Next(regions.Count)].AddSubregion((ulong)random.Next(0x300), region, random.Next(-1, 2));
                }
                catch (InvalidOperationException)
                {
                    continue;
                }

                region.Enabled = random.Next(8) != 0;
                regions.Add(region);
            }

            using var space = new AddressSpace("fuzz", _board.Memory, root);
            for (int change = 0; change < 6; change++)
            {
                for (ulong address = 0; address < 0x420; address++)
                {
                    (MemoryRegion? expected, ulong expectedOffset) = address < root.Size ? Resolve(root, address) : default;
                    MemoryRegion? actual = space.FindRegion(address, out ulong offset);
                    Assert.Same(expected, actual);
                    Assert.Equal(expectedOffset, offset);
                }

                MemoryRegion victim = regions[random.Next(1, regions.Count)];
                switch (random.Next(4))
                {
                    case 0:
                        victim.Enabled = !victim.Enabled;
                        break;
                    case 1:
                        victim.Offset = (ulong)random.Next(0x300);
                        break;
                    case 2:
                        victim.Size = (ulong)random.Next(1, 0x180);
                        break;
                    default:
                        if (victim.Container is { } container)
                        {
                            container.Remove(victim);
                        }

                        break;
                }
            }
        }
    }

    private static (MemoryRegion? Region, ulong Offset) Resolve(MemoryRegion region, ulong offset)
    {
        if (!region.Enabled || offset >= region.Size)
        {
            return default;
        }

        IEnumerable<MemoryRegion> byPriority = region.Subregions
            .Select((child, age) => (child, age))
            .OrderByDescending(x => x.child.Priority).ThenByDescending(x => x.age)
            .Select(x => x.child);
        foreach (MemoryRegion child in byPriority)
        {
            if (offset >= child.Offset && Resolve(child, offset - child.Offset) is { Region: not null } found)
            {
                return found;
            }
        }

        return region.Kind switch
        {
            MemoryRegionKind.Container => default,
            MemoryRegionKind.Alias => region.AliasOf is { } target ? Resolve(target, offset + region.AliasOffset) : default,
            _ => (region, offset),
        };
    }
}
