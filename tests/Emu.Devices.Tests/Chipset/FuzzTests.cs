using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>No access of a guest, however senseless, may throw on the host.</summary>
public sealed class FuzzTests
{
    private static readonly ushort[] Starts =
        [0x00, 0x08, 0x20, 0x40, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xF0, 0x190, 0x4D0, 0x600, 0x700, 0xAFE0, 0xCF8];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_port_accesses_of_all_sizes_never_throw(int seed)
    {
        using var board = new TestBoard();
        var random = new Random(seed);
        board.WritePci(1, 3, 0x40, 0x601);
        board.WritePci(1, 3, 0x80, 1, 1);
        board.WritePci(1, 3, 0x90, 0x701);
        for (int i = 0; i < 400_000; i++)
        {
            var port = (ushort)(Starts[random.Next(Starts.Length)] + random.Next(16));
            int size = 1 << random.Next(3);
            if (random.Next(3) == 0)
                board.Ports.Read(port, size);
            else
                board.Ports.Write(port, size, (uint)random.NextInt64());
            if (random.Next(8) == 0)
                board.Clock.Advance(random.Next(20_000));
            if (random.Next(64) == 0)
                board.Chipset.Pic.AcknowledgeInterrupt();
            if (random.Next(50_000) == 0)
                board.Chipset.Reset();
        }
        board.Chipset.Describe(TextWriter.Null);
    }

    [Fact]
    public void Random_configuration_space_accesses_never_throw()
    {
        using var board = new TestBoard();
        var random = new Random(4);
        for (int i = 0; i < 30_000; i++)
        {
            int device = random.Next(3);
            int function = random.Next(5);
            int offset = random.Next(256);
            int size = 1 << random.Next(3);
            if (random.Next(2) == 0)
                board.ReadPci(device, function, offset, size);
            else
                board.WritePci(device, function, offset, (uint)random.NextInt64(), size);
            board.Memory.Space.Read((ulong)random.Next(0xA0000, 0x100000), 4);
            board.Memory.Space.Write((ulong)random.Next(0xA0000, 0x100000), 4, (uint)random.Next());
        }
        board.Chipset.Describe(TextWriter.Null);
    }

    [Fact]
    public void Random_memory_accesses_to_HPET_and_I_O_APIC_never_throw()
    {
        using var board = new TestBoard();
        var random = new Random(5);
        for (int i = 0; i < 400_000; i++)
        {
            ulong address = (random.Next(2) == 0 ? 0xFED0_0000ul : 0xFEC0_0000ul) + (ulong)random.Next(random.Next(2) == 0 ? 0x1000 : 0x180);
            int size = 1 << random.Next(4);
            ulong value = random.Next(3) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => (ulong)random.Next(256),
                _ => ulong.MaxValue,
            };
            if (random.Next(3) == 0)
                board.Memory.Space.Read(address, size);
            else
                board.Memory.Space.Write(address, size, value);
            if (random.Next(8) == 0)
                board.Clock.Advance(random.Next(5_000));
            if (board.Messages.Count > 10_000)
                board.Messages.Clear();
        }
        board.Chipset.Describe(TextWriter.Null);
    }

    [Fact]
    public void Random_bytes_as_a_snapshot_are_survived_by_later_accesses()
    {
        using var board = new TestBoard();
        var saved = new MemoryStream();
        board.Chipset.SaveState(new BinaryWriter(saved));
        var random = new Random(6);
        for (int round = 0; round < 20; round++)
        {
            byte[] bytes = saved.ToArray();
            for (int i = 0; i < 40; i++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            board.Chipset.LoadState(new BinaryReader(new MemoryStream(bytes)));
            for (int i = 0; i < 500; i++)
            {
                var port = (ushort)(Starts[random.Next(Starts.Length)] + random.Next(16));
                board.Ports.Read(port, 1);
                board.Ports.Write(port, 1, (uint)random.Next(256));
            }
        }
    }
}
