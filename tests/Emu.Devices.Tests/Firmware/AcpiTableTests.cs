using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

using Emu.Devices.Firmware.Acpi;
using Xunit;

namespace Emu.Devices.Tests.Firmware;

public class AcpiTableTests
{
    [Fact]
    public void Loader_script_gives_valid_checksums_everywhere()
    {
        LoadedTables loaded = new(AcpiTableSet.Build(new() { CpuCount = 3, EcamBase = 0xB0000000 }));
        Assert.Equal(0, LoadedTables.Sum(loaded.Root.AsSpan(0, 20)));
        Assert.Equal(0, LoadedTables.Sum(loaded.Root));
        foreach (bool extended in (bool[])[false, true])
        {
            IReadOnlyDictionary<string, byte[]> tables = loaded.BySignature(extended);
            Assert.Superset(new HashSet<string> { "FACP", "APIC", "HPET", "MCFG", "WAET", "DSDT", "FACS" }, tables.Keys.ToHashSet());
            foreach ((string name, byte[] table) in tables.Where(t => t.Key != "FACS"))
                Assert.True(LoadedTables.Sum(table) == 0, $"checksum of {name}");
        }
    }

    [Fact]
    public void Facs_is_aligned_to_64_bytes_and_dsdt_is_reached_by_both_pointers()
    {
        LoadedTables loaded = new(AcpiTableSet.Build(new()));
        byte[] fadt = loaded.BySignature(true)["FACP"];
        Assert.Equal(244, fadt.Length);
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(36)) % 64);
        Assert.Equal(BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(40)), BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140)));
    }

    [Fact]
    public void Madt_lists_every_processor_and_the_overrides_of_the_board()
    {
        byte[] madt = FixedTables.Madt(new() { CpuCount = 4 });
        List<byte[]> entries = [];
        for (int at = 44; at < madt.Length; at += madt[at + 1])
            entries.Add(madt[at..(at + madt[at + 1])]);
        Assert.Equal([0, 1, 2, 3], entries.Where(e => e[0] == 0).Select(e => e[3]));
        Assert.Single(entries, e => e[0] == 1);
        Assert.Equal([(0, 2), (5, 5), (9, 9), (10, 10), (11, 11)], entries.Where(e => e[0] == 2).Select(e => ((int)e[3], (int)e[4])));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(8, true)]
    public void Iasl_disassembles_every_table_without_complaint_and_compiles_the_dsdt_to_the_same_bytes(int cpus, bool full)
    {
        if (!File.Exists("/usr/bin/iasl"))
            return;
        AcpiConfiguration board = new()
        {
            CpuCount = cpus, FloppyDrives = full ? 2 : 0, HighRamSize = full ? 6ul << 30 : 0, LowRamSize = full ? 3ul << 30 : 64 << 20,
            SerialPorts = full ? [(0x3F8, 4), (0x2F8, 3)] : [], ParallelPorts = full ? [(0x378, 7), (0x278, 7)] : [], Keyboard = full, Hpet = full, EcamBase = full ? 0xB0000000 : null,
        };
        LoadedTables loaded = new(AcpiTableSet.Build(board));
        DirectoryInfo directory = Directory.CreateTempSubdirectory("acpi");
        try
        {
            foreach ((string name, byte[] table) in loaded.BySignature(true))
            {
                File.WriteAllBytes(Path.Combine(directory.FullName, $"{name}.aml"), table);
                string output = Iasl(directory.FullName, "-d", $"{name}.aml");
                Assert.DoesNotContain("Error", output);
                Assert.DoesNotContain("Warning", output);
                Assert.DoesNotContain("Incorrect", output);
                string source = File.ReadAllText(Path.Combine(directory.FullName, $"{name}.dsl"));
                Assert.DoesNotContain("Incorrect checksum", source);
                Assert.DoesNotContain("Invalid", source);
            }
            string compiled = Iasl(directory.FullName, "-oa", "-p", "again", "DSDT.dsl");
            Assert.Contains("0 Errors", compiled);
            // ACPI 6 deprecates Processor(), which ACPI 1.0 systems need: one warning a processor, and no other.
            Assert.DoesNotMatch(@"Warning\s+(?!3168)\d", compiled);
            byte[] again = File.ReadAllBytes(Path.Combine(directory.FullName, "again.aml"));
            Assert.Equal(loaded.BySignature(true)["DSDT"][36..], again[36..]);
        }
        finally
        {
            directory.Delete(true);
        }
    }

    [Theory]
    [InlineData(0x3E)]
    [InlineData(0x3F)]
    [InlineData(0xFFD)]
    [InlineData(0xFFE)]
    public void Package_length_counts_its_own_bytes(int content)
    {
        byte[] encoded = Aml.Scope("\\", new AmlTerm(new byte[content - 2])).Bytes;
        int follow = encoded[1] >> 6;
        int length = follow == 0 ? encoded[1] : encoded[1] & 0xF;
        for (int i = 0; i < follow; i++)
            length |= encoded[2 + i] << (4 + 8 * i);
        Assert.Equal(encoded.Length - 1, length);
    }

    [Fact]
    public void Eisa_identifiers_are_compressed()
    {
        Assert.Equal([0x0C, 0x41, 0xD0, 0x0A, 0x03], Aml.EisaId("PNP0A03").Bytes);
    }

    private static string Iasl(string directory, params string[] arguments)
    {
        ProcessStartInfo start = new("/usr/bin/iasl", arguments)
        {
            WorkingDirectory = directory, RedirectStandardError = true, RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("iasl did not start");
        StringBuilder errors = new();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output + errors;
    }
}
