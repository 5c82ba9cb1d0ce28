using System.Globalization;
using Emu.Devices.Serial;
using Emu.Mmu;
using Xunit;

namespace Emu.Machine.Tests;

/// <summary>
/// A hostile guest: random reads and writes of every size, aligned or not, at every port and memory window of a whole machine, with timers, transfers and
/// interrupts going on in between. The machine passes by staying alive: no access may raise an exception in the host. EMU_FUZZ_ACCESSES and
/// EMU_FUZZ_SEED choose how many accesses, and which.
/// </summary>
public sealed class BoardFuzzTests : IDisposable
{
    private const int CommonAccesses = 300_000, AccessesOfLongRun = 10_000_000, AccessesPerTurn = 64, InstructionsPerTurn = 300;
    private const ulong FirstMemoryBar = 0xE000_0000;
    private const ushort FirstPortBar = 0xC000;

    /// <summary>Memory-mapped devices at fixed places: first address and size.</summary>
    private static readonly (ulong Start, ulong Size)[] Windows =
    [
        (0xA0000, 0x20000), (0xC0000, 0x40000), (0xFEC00000, 0x1000), (0xFED00000, 0x400), (0xFEE00000, 0x1000), (0xFF000000, 0x10000), (0xFFFC0000, 0x40000),
    ];

    private readonly string directory = Directory.CreateTempSubdirectory("emu-fuzz-").FullName;
    private readonly List<(ulong Start, ulong Size)> windows = [];
    private ushort[] ports = [];
    private int stops;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void No_sequence_of_port_and_memory_accesses_brings_the_host_down()
    {
        int accesses = Number("EMU_FUZZ_ACCESSES") ?? (Environment.GetEnvironmentVariable("EMU_TEST_GUESTS") is null or "" ? CommonAccesses : AccessesOfLongRun);
        WriteImages();
        Random random = new(Number("EMU_FUZZ_SEED") ?? 20);
        int done = 0;
        Machine machine = Start();
        try
        {
            while (done < accesses)
            {
                for (int i = 0; i < AccessesPerTurn; i++, done++) Access(machine, random);
                machine.RunInstructions(InstructionsPerTurn);
                if (machine.StopReason == StopReason.None) continue;
                // The guest has switched itself off, which it may.
                stops++;
                machine.Dispose();
                machine = Start();
            }
        }
        finally
        {
            machine.Dispose();
        }

        // Were it off all the time, little would have been tested.
        Assert.InRange(stops, 0, accesses / 1000);
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : null;

    private void Access(Machine machine, Random random)
    {
        bool write = random.Next(2) == 0;
        ulong value = random.Next(3) switch { 0 => (ulong)random.NextInt64(), 1 => (ulong)random.Next(256), _ => 1ul << random.Next(64) };
        if (random.Next(2) == 0)
        {
            ushort port = random.Next(16) == 0 ? (ushort)random.Next(0x10000) : ports[random.Next(ports.Length)];
            int size = 1 << random.Next(3);
            if (write) machine.Board.Ports.Write(port, size, (uint)value);
            else machine.Board.Ports.Read(port, size);
            return;
        }

        (ulong start, ulong length) = windows[random.Next(windows.Count)];
        ulong address = random.Next(16) == 0 ? (ulong)random.NextInt64(1L << 36) : start + (ulong)random.NextInt64((long)length);
        AddressSpace memory = machine.Board.Memory.Space;
        switch (random.Next(5))
        {
            case 4:
                byte[] block = new byte[random.Next(1, 40)];
                if (write) memory.Write(address, block);
                else memory.Read(address, block);
                break;
            case int power:
                if (write) memory.Write(address, 1 << power, value);
                else memory.Read(address, 1 << power);
                break;
        }
    }

    private Machine Start()
    {
        Machine machine = new(new MachineConfiguration
        {
            Memory = 16 << 20,
            Processors = 2,
            Bios = Path.Combine(directory, "bios"),
            TestDevice = true,
            PortE9 = new NullCharacterDevice(),
            FirmwareLog = new NullCharacterDevice(),
            Serial = [post => new MemoryCharacterDevice(post), _ => new NullCharacterDevice(), _ => new NullCharacterDevice(), _ => new NullCharacterDevice()],
            Parallel = [_ => new MemoryCharacterDevice(), _ => new NullCharacterDevice(), _ => new NullCharacterDevice()],
            Clock = new ClockConfiguration { InstructionShift = 6, SleepWhenIdle = false, RtcBase = DateTime.UnixEpoch },
            Drives =
            [
                new DriveConfiguration { Kind = DriveKind.Disk, File = Path.Combine(directory, "disk"), Format = "raw", Snapshot = true },
                new DriveConfiguration { Kind = DriveKind.CdRom, File = Path.Combine(directory, "disk"), Format = "raw", Index = 2, ReadOnly = true },
                new DriveConfiguration { Kind = DriveKind.Floppy, File = Path.Combine(directory, "floppy"), Format = "raw", Snapshot = true },
            ],
        });
        machine.WasReset += () => MapDevices(machine);
        MapDevices(machine);
        return machine;
    }

    /// <summary>A BIOS that jumps to itself at every address, and media.</summary>
    private void WriteImages()
    {
        byte[] bios = new byte[0x10000];
        for (int i = 0; i < bios.Length; i++) bios[i] = i % 2 == 0 ? (byte)0xEB : (byte)0xFE;
        File.WriteAllBytes(Path.Combine(directory, "bios"), bios);
        File.WriteAllBytes(Path.Combine(directory, "disk"), new byte[4 << 20]);
        File.WriteAllBytes(Path.Combine(directory, "floppy"), new byte[1440 << 10]);
    }

    /// <summary>Does a BIOS's work: gives every PCI function its addresses and switches it on.</summary>
    private void MapDevices(Machine machine)
    {
        windows.Clear();
        windows.AddRange(Windows);
        ulong memory = FirstMemoryBar;
        uint port = FirstPortBar;
        for (uint function = 0; function < 256; function++)
        {
            if ((Configuration(machine, function, 0) & 0xFFFF) == 0xFFFF) continue;
            for (uint register = 0x10; register < 0x28; register += 4)
            {
                SetConfiguration(machine, function, register, uint.MaxValue);
                uint sizing = Configuration(machine, function, register);
                if (sizing == 0) continue;
                bool isPort = (sizing & 1) != 0;
                uint size = ~(sizing & (isPort ? ~3u : ~15u)) + 1;
                if (isPort) size &= 0xFFFF;
                SetConfiguration(machine, function, register, isPort ? port : (uint)memory);
                if (isPort) port += Math.Max(size, 16);
                else windows.Add((memory, size));
                if (!isPort) memory += Math.Max(size, 0x10000);
            }

            SetConfiguration(machine, function, 4, 7);
        }

        // The power management ports of the PIIX4: base, and their enable bit.
        SetConfiguration(machine, (1 << 3) | 3, 0x40, 0x601);
        SetConfiguration(machine, (1 << 3) | 3, 0x80, 1);
        ports = [.. Enumerable.Range(0, 0x10000).Select(p => (ushort)p).Where(p => machine.Board.Ports.Find(p) != null)];
        Assert.True(windows.Count > Windows.Length, "no PCI device has a memory window");
    }

    private static uint Configuration(Machine machine, uint function, uint register)
    {
        machine.Board.Ports.Write(0xCF8, 4, 0x80000000 | (function << 8) | register);
        return machine.Board.Ports.Read(0xCFC, 4);
    }

    private static void SetConfiguration(Machine machine, uint function, uint register, uint value)
    {
        machine.Board.Ports.Write(0xCF8, 4, 0x80000000 | (function << 8) | register);
        machine.Board.Ports.Write(0xCFC, 4, value);
    }
}
