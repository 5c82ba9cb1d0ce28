using Emu.Devices.Storage;
using Emu.Devices.Storage.Floppy;
using Emu.Devices.Storage.Ide;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Storage;

/// <summary>A guest that writes nonsense: no access may throw.</summary>
public sealed class StorageFuzzTests
{
    private const int Accesses = 1_000_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_accesses_to_the_ide_ports_never_throw(int seed)
    {
        var random = new Random(seed);
        var clock = new ManualClock();
        var disk = new MemoryImage(new byte[300 * 512]);
        var disc = new MemoryImage(new byte[200 * 2048], readOnly: true);
        var host = new IdeHost(new AtaDisk(new DeterministicBlockBackend(disk, clock)), new AtapiCdRom(new DeterministicBlockBackend(disc, clock))) { Clock = clock };
        int completed = 0;
        for (int i = 0; i < Accesses; i++)
        {
            int size = 1 << random.Next(3);
            uint value = (uint)random.Next();
            switch (random.Next(16))
            {
                case < 5: host.Channel.CommandBlock.WritePort((ushort)random.Next(8), size, value); break;
                case < 7: host.Channel.CommandBlock.ReadPort((ushort)random.Next(8), size); break;
                case < 9: DoBurst(); break;
                case 9: host.Channel.ControlBlock.WritePort(0, 1, value & 0x82 | (random.Next(50) == 0 ? 4u : 0)); break;
                case 10: host.Channel.BusMaster.WriteByte(random.Next(8), (byte)value); break;
                case 11: host.Channel.BusMaster.ReadByte(random.Next(8)); break;
                case 12: host.Channel.CommandBlock.WritePort(7, 1, Commands[random.Next(Commands.Length)]); break;
                case 13: host.Channel.CommandBlock.WritePort(6, 1, 0xA0 | value & 0x50); break;
                default:
                    if (clock.Step()) completed++;
                    break;
            }
        }
        Assert.True(completed > 1000);

        void DoBurst()
        {
            bool write = random.Next(2) == 0;
            for (int n = random.Next(300); n > 0; n--)
            {
                if (write) host.Channel.CommandBlock.WritePort(0, 2, (uint)random.Next());
                else host.Channel.CommandBlock.ReadPort(0, 2);
            }
        }
    }

    private static readonly byte[] Commands =
    [
        AtaCommand.ReadSectors, AtaCommand.WriteSectors, AtaCommand.ReadMultiple, AtaCommand.WriteMultiple, AtaCommand.ReadDma, AtaCommand.WriteDma, AtaCommand.ReadDmaExt,
        AtaCommand.Packet, AtaCommand.Packet, AtaCommand.Packet, AtaCommand.Identify, AtaCommand.IdentifyPacket, AtaCommand.SetFeatures, AtaCommand.Smart, AtaCommand.DeviceReset,
        AtaCommand.DataSetManagement, AtaCommand.FlushCache, AtaCommand.InitializeParameters, AtaCommand.SetMultiple, AtaCommand.WriteBuffer, AtaCommand.VerifySectors,
    ];

    /// <summary>Packets with every opcode and random fields, short transfers and resets between.</summary>
    [Fact]
    public void Random_packets_never_throw()
    {
        var random = new Random(3);
        var clock = new ManualClock();
        var drive = new AtapiCdRom(new DeterministicBlockBackend(new MemoryImage(new byte[200 * 2048], readOnly: true), clock));
        var host = new IdeHost(drive) { Clock = clock };
        byte[] packet = new byte[12];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(packet);
            if (random.Next(2) == 0) packet.AsSpan(2, 4).Clear();
            if (random.Next(3) == 0) packet[0] = (byte)(random.Next(2) == 0 ? 0xBE : 0x46);
            host.Put(1, random.Next(8) == 0 ? 1 : 0);
            host.Put(4, random.Next(256));
            host.Put(5, random.Next(256));
            host.Put(7, AtaCommand.Packet);
            for (int b = 0; b < 12; b += 2) host.Channel.CommandBlock.WritePort(0, 2, (uint)(packet[b] | packet[b + 1] << 8));
            clock.Settle();
            host.ReadAll(random.Next(20_000));
            while ((host.Status & IdeHost.DataRequest) != 0 && random.Next(40) != 0) host.Channel.CommandBlock.WritePort(0, 4, 0);
            if ((host.Status & (IdeHost.Busy | IdeHost.DataRequest)) != 0) host.Put(7, AtaCommand.DeviceReset);
            if (random.Next(100) == 0) drive.TryOpenTray(force: true);
            if (random.Next(50) == 0) drive.ExchangeMedium(new DeterministicBlockBackend(new MemoryImage(new byte[random.Next(3) * 2048 * 100], readOnly: true), clock));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Random_accesses_to_the_floppy_ports_never_throw(int seed)
    {
        var random = new Random(seed);
        var clock = new ManualClock();
        var isa = new TestIsaBus(new FlatMemory(1 << 16));
        var controller = new FloppyController(isa);
        controller.Attach(0, new FloppyDrive(medium: new DeterministicBlockBackend(new MemoryImage(new byte[1440 * 1024]), clock)));
        controller.Attach(1, new FloppyDrive(FloppyDriveType.Drive1200K));
        byte[] codes = [0x02, 0x03, 0x04, 0x45, 0xC5, 0x46, 0xE6, 0x07, 0x08, 0x09, 0x4A, 0x4C, 0x4D, 0x0E, 0x0F, 0x10, 0x51, 0x12, 0x13, 0x94, 0x56, 0x59, 0x5D, 0x8F];
        int completed = 0;
        for (int i = 0; i < Accesses; i++)
        {
            uint value = random.Next(3) == 0 ? (uint)random.Next(256) : (uint)random.Next(4);
            switch (random.Next(12))
            {
                case 0: controller.Registers.WritePort((ushort)random.Next(6), 1, value); break;
                case 1: controller.Registers.ReadPort((ushort)random.Next(6), 1); break;
                case 2: controller.Registers.WritePort(5, 1, codes[random.Next(codes.Length)]); break;
                case < 7: controller.Registers.WritePort(5, 1, value); break;
                case 7: isa.Dma.ByteController.WritePort((ushort)random.Next(16), 1, value); break;
                case 8: controller.InputRegister.WritePort(0, 1, value); break;
                case 9: if (random.Next(4) == 0) controller.Registers.WritePort(2, 1, 0x1C | value & 3); break;
                case 10:
                    for (int n = random.Next(20); n > 0; n--) controller.Registers.ReadPort(5, 1);
                    if (random.Next(20) == 0) Start();
                    break;
                default:
                    if (clock.Step()) completed++;
                    break;
            }
        }
        Assert.True(completed > 1000);

        // A complete command that finds its sector, so that transfers run and are disturbed.
        void Start()
        {
            byte track = (byte)random.Next(2), side = (byte)random.Next(2), unit = (byte)(side << 2);
            controller.Registers.WritePort(2, 1, 0);
            controller.Registers.WritePort(2, 1, 0x1C);
            controller.InputRegister.WritePort(0, 1, 0);
            byte code = codes[random.Next(codes.Length)];
            foreach (byte b in (byte[])[0x0F, unit, track, code, unit, track, side, (byte)random.Next(1, 19), 2, 18, 0x1B, 0xFF]) controller.Registers.WritePort(5, 1, b);
        }
    }
}
