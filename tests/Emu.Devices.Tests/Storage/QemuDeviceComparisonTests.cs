using Xunit;

namespace Emu.Devices.Tests.Storage;

/// <summary>The same register accesses on QEMU's devices and on ours give the same answers, but for differences listed with their reason.</summary>
public sealed class QemuDeviceComparisonTests
{
    [QemuSystemFact]
    public void Every_ata_command_ends_in_the_same_status() => Compare("ata", AtaStatusOfEveryCommand,
    [
        .. Enumerable.Range(0x11, 15).Select(command => $"command {command:x2}: status 40 "), // RECALIBRATE and
        .. Enumerable.Range(0x71, 15).Select(command => $"command {command:x2}: status 40 "), // SEEK took a step rate in the low bits
        "command 3d: status c0 ", "command ce: status 48 ", // QEMU has no forced unit access
        "command e4: status 48 ", "command e8: status 48 ", // nor READ and WRITE BUFFER
        "command f5: status 41 ", // the security feature set is not supported
    ]);

    [QemuSystemFact]
    public void Transfers_and_addresses_of_the_disk_are_the_same() => Compare("disk", DiskTransfers,
        "command 20 at 66051, 2: 0 bytes, sum 00000000: status 41 error 10 "); // no such sector: QEMU says ABRT

    [QemuSystemFact]
    public void The_cd_drive_answers_packets_the_same_way() => Compare("cd", CdPackets,
        "packet 43 00 00 00 00 00 00 00 14", // the lead-out is a data track, too
        "packet 43 02 00 00 00 00 00 00 14", "packet 43 00 00 00 00 00 AA 00 14",
        "packet 43 00 01 00 00 00 00 00 0C", // the length is of this reply
        "packet 43 02 02 ", // the raw TOC has A0h, A1h and A2h entries
        "packet 43 00 07 ", // no such format
        "packet 4A 01 ", // the length counts what follows it; the event code of a tray that moved
        "packet 5A 00 01 ", // the medium type is that of a data disc
        "packet BE 00 00 00 00 20 00 00 01 F8", // with EDC in the 2064th byte and after
        "packet 1B 00 00 00 02, limit 65534: status 41 error 5 ", // 5/53/02 (MMC-3, medium removal prevented)
        "packet 03 00 00 00 12, limit 65534: status 40 error 0 reason 3, blocks 18, data 700005000000000A00000000530200000000",
        "packet 03 00 00 00 12, limit 65534: status 40 error 0 reason 3, blocks 18, data 700002000000000A000000003A02", // tray open
        "packet 00, limit 65534: status 41 error 6 "); // a disc that comes back may be another

    [QemuSystemFact]
    public void The_floppy_controller_gives_the_same_results() => Compare("floppy", FloppyCommands,
        "command 0E: 0000000000000000", // registers are returned as written, EOT as last given
        "command 0E: 00000000DF02",
        "command 04 01: 29 ", // no drive: nothing pulls TRK0 and WRTPRT
        "command 46 00 00 00 01 02 01 1B FF: 512 bytes, sum 233e6913: 4080000100", // without terminal count a transfer ends with EN,
        "command C6 00 00 00 11 02 12 1B FF: 10240 bytes, sum 25ac68c0: 44800001000102", // and the address is the next one
        "command 46 00 00 00 13 02 13 1B FF: 0 bytes, sum 00000000: 40040000001302", // no such sector
        "command 46 00 05 00 01 02 12 1B FF: 9216 bytes, sum bebb0ece: 40800006000102");

    /// <summary>Bit 4 (DSC) is left out: its meaning depends on the command since ATA-4.</summary>
    private const uint StatusMask = 0xEF;

    private static IEnumerable<string> AtaStatusOfEveryCommand(IStoragePc pc)
    {
        for (int command = 0; command < 256; command++)
        {
            pc.Out(0x3F6, 1, 6);
            pc.Out(0x3F6, 1, 2);
            TaskFile(pc, 0x1F0, 0xE0, 0, 1, 0);
            pc.Out(0x1F7, 1, (uint)command);
            if (command is 0xC8 or 0xC9 or 0xCA or 0xCB or 0x25 or 0x35) continue; // wait for the bus master
            pc.Settle();
            uint status = pc.In(0x3F6, 1) & StatusMask;
            yield return $"command {command:x2}: status {status:x2} error {((status & 1) != 0 ? pc.In(0x1F1, 1) : 0):x2}";
        }
    }

    private static IEnumerable<string> DiskTransfers(IStoragePc pc)
    {
        pc.Out(0x3F6, 1, 6);
        pc.Out(0x3F6, 1, 2);
        yield return Registers(pc, 0x1F0, "after reset");
        foreach ((byte command, int lba, int count, byte device) in new (byte, int, int, byte)[]
        {
            (0x20, 0, 1, 0xE0), (0x20, 1234, 3, 0xE0), (0x20, 19999, 1, 0xE0), (0x24, 700, 2, 0xE0), (0x20, 0x010203, 2, 0xA5), (0xC6, 0, 8, 0xE0), (0xC4, 99, 20, 0xE0), (0xEC, 0, 1, 0xA0),
            (0x40, 5, 9, 0xE0), (0x27, 0, 0, 0xE0), (0xF8, 0, 0, 0xE0), (0x91, 0, 10, 0xA3), (0x20, 0x000105, 1, 0xA2), (0xE5, 0, 0, 0xA0), (0xE7, 0, 0, 0xA0), (0xEF, 0, 0x22, 0xA0), (0x90, 0, 0, 0xA0),
        })
        {
            TaskFile(pc, 0x1F0, device, command == 0xEF ? (byte)3 : (byte)0, count, lba);
            pc.Out(0x1F7, 1, command);
            int blocks = 0, bytes = 0;
            uint sum = 0;
            for (pc.Settle(); (pc.In(0x1F7, 1) & 8) != 0 && bytes < 1 << 16; pc.Settle(), blocks++)
            {
                for (int i = 0; i < 512; i += 4, bytes += 4)
                {
                    uint value = pc.In(0x1F0, 4);
                    if (command != 0xEC || i is >= 96 and < 100 or 120 or 200) sum = sum * 31 + value; // of IDENTIFY only the capabilities and capacities
                }
            }
            // Since ATA-4 the address after a transfer is not defined; we give the last sector, QEMU the next.
            yield return Registers(pc, 0x1F0, $"command {command:x2} at {lba}, {count}: {bytes} bytes, sum {sum:x8}", withAddress: bytes == 0 && command != 0x40);
        }
        byte[] data = MemoryImage.Pattern(4 * 512, 8);
        foreach ((byte command, int lba) in new (byte, int)[] { (0x30, 77), (0x34, 500), (0xC5, 40) })
        {
            TaskFile(pc, 0x1F0, 0xE0, 0, 4, lba);
            pc.Out(0x1F7, 1, command);
            int written = 0;
            for (pc.Settle(); (pc.In(0x1F7, 1) & 8) != 0 && written < data.Length; pc.Settle())
                for (int i = 0; i < 512; i += 2, written += 2) pc.Out(0x1F0, 2, (uint)(data[written] | data[written + 1] << 8));
            yield return Registers(pc, 0x1F0, $"write {command:x2}: {written} bytes", withAddress: false);
        }
    }

    private static IEnumerable<string> CdPackets(IStoragePc pc)
    {
        pc.Out(0x376, 1, 6);
        pc.Out(0x376, 1, 2);
        yield return Registers(pc, 0x170, "after reset");
        foreach ((string packet, int limit, int compared) in new (string, int, int)[]
        {
            ("00", 0xFFFE, 0), ("03 00 00 00 12", 0xFFFE, 18), ("12 00 00 00 24", 0xFFFE, 2), ("25", 0xFFFE, 8), ("28 00 00 00 00 10 00 00 03", 0xFFFE, 9999), ("28 00 00 00 00 10 00 00 03", 512, 9999),
            ("A8 00 00 00 02 00 00 00 00 02", 0x800, 9999), ("28 00 00 00 09 10 00 00 03", 0xFFFE, 0), ("43 00 00 00 00 00 00 00 14", 0xFFFE, 99), ("43 02 00 00 00 00 00 00 14", 0xFFFE, 99),
            ("43 00 00 00 00 00 AA 00 14", 0xFFFE, 99), ("43 00 00 00 00 00 02 00 14", 0xFFFE, 0), ("43 00 01 00 00 00 00 00 0C", 0xFFFE, 99), ("43 02 02 00 00 00 00 00 FF", 0xFFFE, 0), ("43 00 07 00 00 00 00 00 FF", 0xFFFE, 0),
            ("4A 01 00 00 10 00 00 00 08", 0xFFFE, 8), ("4A 01 00 00 40 00 00 00 08", 0xFFFE, 4), ("4A 00 00 00 10 00 00 00 08", 0xFFFE, 0), ("BD 00 00 00 00 00 00 00 00 08", 0xFFFE, 8), ("51 00 00 00 00 00 00 00 22", 0xFFFE, 8),
            ("46 00 00 00 00 00 00 00 08", 0xFFFE, 0), ("5A 00 2A 00 00 00 00 00 1C", 0xFFFE, 0), ("5A 00 01 00 00 00 00 00 10", 0xFFFE, 11), ("5A 00 15 00 00 00 00 00 10", 0xFFFE, 0), ("5A 00 EA 00 00 00 00 00 10", 0xFFFE, 0),
            ("BE 00 00 00 00 20 00 00 01 10", 0xFFFE, 9999), ("BE 00 00 00 00 20 00 00 01 F8", 0xFFFE, 2064), ("BE 00 00 00 00 20 00 00 00 F8", 0xFFFE, 0), ("2B 00 00 00 00 20", 0xFFFE, 0), ("2B 00 00 00 09 20", 0xFFFE, 0),
            ("1E 00 00 00 01", 0xFFFE, 0), ("1B 00 00 00 02", 0xFFFE, 0), ("03 00 00 00 12", 0xFFFE, 18), ("1E 00 00 00 00", 0xFFFE, 0), ("1B 00 00 00 02", 0xFFFE, 0), ("00", 0xFFFE, 0), ("03 00 00 00 12", 0xFFFE, 14),
            ("25", 0xFFFE, 0), ("4A 01 00 00 10 00 00 00 08", 0xFFFE, 8), ("1B 00 00 00 03", 0xFFFE, 0), ("4A 01 00 00 10 00 00 00 08", 0xFFFE, 8), ("00", 0xFFFE, 0), ("FF", 0xFFFE, 0), ("03 00 00 00 12", 0xFFFE, 18), ("BB 00 FF FF", 0xFFFE, 0),
        })
        {
            TaskFile(pc, 0x170, 0xA0, 0, 0, limit << 8);
            pc.Out(0x177, 1, 0xA0);
            byte[] bytes = new byte[12];
            Convert.FromHexString(packet.Replace(" ", "")).CopyTo(bytes, 0);
            for (int i = 0; i < 12; i += 2) pc.Out(0x170, 2, (uint)(bytes[i] | bytes[i + 1] << 8));
            var data = new List<byte>();
            var blocks = new List<int>();
            for (pc.Settle(); (pc.In(0x177, 1) & 8) != 0; pc.Settle())
            {
                int count = (int)(pc.In(0x174, 1) | pc.In(0x175, 1) << 8);
                blocks.Add(count);
                for (int i = 0; i < count; i += 2)
                {
                    uint word = pc.In(0x170, 2);
                    data.Add((byte)word);
                    if (i + 1 < count) data.Add((byte)(word >> 8));
                }
            }
            uint status = pc.In(0x376, 1) & StatusMask;
            int shown = Math.Min(compared, data.Count);
            // The valid bit of sense data without information differs; it says nothing.
            if (bytes[0] == 3 && data.Count != 0) data[0] &= 0x7F;
            string content = shown > 100 ? $"sum {data.Take(shown).Aggregate(0u, (sum, b) => sum * 31 + b):x8}" : Convert.ToHexString(data.Take(shown).ToArray());
            yield return $"packet {packet}, limit {limit}: status {status:x2} error {((status & 1) != 0 ? pc.In(0x171, 1) >> 4 : 0):x} reason {pc.In(0x172, 1) & 3}, blocks {string.Join(' ', blocks)}, data {content}";
        }
    }

    private static IEnumerable<string> FloppyCommands(IStoragePc pc)
    {
        pc.Out(0x3F2, 1, 0x08);
        pc.Out(0x3F2, 1, 0x1C);
        pc.Out(0x3F7, 1, 0);
        foreach (string command in new[]
        {
            "08", "08", "08", "08", "08", "10", "18", "0E", "03 DF 02", "0E", "13 00 57 01", "0E", "94", "14", "12 84", "0E", "07 00", "08", "0F 00 14", "08", "04 00", "04 01", "1F", "08", "0F 04 05", "08", "8F 00 03", "08", "04 00", "0F 00 00", "08", "04 00",
        })
        {
            foreach (byte b in Convert.FromHexString(command.Replace(" ", ""))) pc.Out(0x3F5, 1, b);
            yield return $"command {command}: {Result(pc)}";
        }
        // Without DMA, as qtest has no guest memory set up here: data through the FIFO.
        foreach (string command in new[] { "03 DF 03", "46 00 00 00 01 02 01 1B FF", "C6 00 00 00 11 02 12 1B FF", "46 00 00 00 13 02 13 1B FF", "46 00 05 00 01 02 12 1B FF" })
        {
            foreach (byte b in Convert.FromHexString(command.Replace(" ", ""))) pc.Out(0x3F5, 1, b);
            uint sum = 0;
            int count = 0;
            for (pc.Settle(); (pc.In(0x3F4, 1) & 0xE0) == 0xE0 && count < 40000; count++, pc.Settle()) sum = sum * 31 + pc.In(0x3F5, 1);
            yield return $"command {command}: {count} bytes, sum {sum:x8}: {Result(pc)}";
        }
        yield return $"DIR {pc.In(0x3F7, 1) & 0x80:x2}";
    }

    private static string Result(IStoragePc pc)
    {
        var bytes = new List<byte>();
        while ((pc.In(0x3F4, 1) & 0xD0) == 0xD0 && bytes.Count < 20) bytes.Add((byte)pc.In(0x3F5, 1));
        return $"{Convert.ToHexString(bytes.ToArray())} main status {pc.In(0x3F4, 1) & 0xF0:x2}";
    }

    private static void TaskFile(IStoragePc pc, int port, byte device, byte features, int count, int address)
    {
        pc.Out(port + 6, 1, device);
        for (int register = 2; register <= 5; register++) pc.Out(port + register, 1, 0);
        pc.Out(port + 1, 1, features);
        pc.Out(port + 2, 1, (uint)count & 0xFF);
        for (int i = 0; i < 3; i++) pc.Out(port + 3 + i, 1, (uint)(address >> (8 * i)) & 0xFF);
    }

    private static string Registers(IStoragePc pc, int port, string what, bool withAddress = true)
    {
        uint status = pc.In(port + 7, 1) & StatusMask;
        string registers = !withAddress ? "" : string.Join(' ', Enumerable.Range(2, 5).Select(register => $"{pc.In(port + register, 1):x2}"));
        return $"{what}: status {status:x2} error {((status & 1) != 0 ? pc.In(port + 1, 1) : 0):x2} registers {registers}";
    }

    private static void Compare(string name, Func<IStoragePc, IEnumerable<string>> script, params string[] known)
    {
        using var directory = new TempDirectory();
        string disk = directory.File("disk"), cd = directory.File("cd"), floppy = directory.File("floppy");
        File.WriteAllBytes(disk, MemoryImage.Pattern(20000 * 512, 1));
        File.WriteAllBytes(cd, MemoryImage.Pattern(600 * 2048, 2));
        File.WriteAllBytes(floppy, MemoryImage.Pattern(1440 * 1024, 3));
        using var theirs = new QTestPc(disk, cd, floppy);
        string[] expected = [.. script(theirs)];
        string[] actual = [.. script(new EmulatedPc(disk, cd, floppy))];
        var differences = new List<string>();
        for (int i = 0; i < Math.Max(expected.Length, actual.Length); i++)
        {
            string a = i < expected.Length ? expected[i] : "(nothing)", b = i < actual.Length ? actual[i] : "(nothing)";
            if (a != b && !known.Any(prefix => b.StartsWith(prefix, StringComparison.Ordinal))) differences.Add($"QEMU: {a}\nours: {b}");
        }
        Assert.True(differences.Count == 0, $"{name}: {differences.Count} differences\n{string.Join('\n', differences)}");
    }
}
