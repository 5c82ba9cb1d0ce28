using System.Diagnostics;
using Xunit;

namespace Emu.Frontend.Tests.Run;

/// <summary>The record of compiled methods, kept by whole processes: the runtime has one for each.</summary>
public sealed class StartupProfileTests : IDisposable
{
    private const int PassStatus = 1;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("emu-test-");

    private string Cache => Path.Combine(directory.FullName, "emu");

    private string Kept => Assert.Single(Directory.EnumerateFiles(Cache, "methods-*.profile"));

    /// <inheritdoc/>
    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void What_a_run_recorded_is_kept_for_the_next()
    {
        Assert.Equal(PassStatus, RunMachine());
        Assert.True(new FileInfo(Kept).Length > 0);
        Assert.Single(Directory.EnumerateFileSystemEntries(Cache));
    }

    [Fact]
    public void A_damaged_record_is_replaced_however_long_it_is()
    {
        Assert.Equal(PassStatus, RunMachine());
        string kept = Kept;
        byte[] damaged = new byte[1_000_000];
        damaged[0] = (byte)'n';
        File.WriteAllBytes(kept, damaged);
        Assert.Equal(PassStatus, RunMachine());
        Assert.InRange(new FileInfo(kept).Length, 1, damaged.Length - 1);
    }

    [Fact]
    public void A_record_that_knows_more_stays()
    {
        Assert.Equal(PassStatus, RunMachine());
        string kept = Kept;
        byte[] longer = [.. File.ReadAllBytes(kept), .. new byte[100_000]];
        File.WriteAllBytes(kept, longer);
        Assert.Equal(PassStatus, RunMachine());
        Assert.Equal(longer, File.ReadAllBytes(kept));
    }

    [Fact]
    public void Records_of_programs_not_run_of_late_are_dropped()
    {
        Directory.CreateDirectory(Cache);
        for (int i = 0; i < 9; i++)
        {
            string old = Path.Combine(Cache, $"methods-{i}.profile");
            File.WriteAllText(old, "old");
            File.SetLastWriteTimeUtc(old, new DateTime(2020, 1, 1 + i, 0, 0, 0, DateTimeKind.Utc));
        }

        Assert.Equal(PassStatus, RunMachine());
        string[] left = [.. Directory.EnumerateFiles(Cache).Select(Path.GetFileName).OfType<string>().Order()];
        Assert.Equal(4, left.Length);
        Assert.Equal(["methods-6.profile", "methods-7.profile", "methods-8.profile"], left.Where(static f => f.Length == "methods-0.profile".Length));
    }

    [Fact]
    public void What_was_recorded_is_kept_while_the_machine_still_runs()
    {
        using Process process = Start("-display", "none", "-S");
        try
        {
            SpinWait.SpinUntil(() => Directory.Exists(Cache) && Directory.EnumerateFiles(Cache, "methods-*.profile").Any(), TimeSpan.FromMinutes(1));
            Assert.False(process.HasExited);
            Assert.True(new FileInfo(Kept).Length > 0);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public void Without_a_place_to_keep_it_the_machine_runs_all_the_same()
    {
        File.WriteAllText(Cache, "in the way");
        Assert.Equal(PassStatus, RunMachine());
        Assert.Equal("in the way", File.ReadAllText(Cache));
    }

    /// <summary>Runs a firmware of two instructions that ends the machine.</summary>
    private int RunMachine()
    {
        const int size = 0x10000, resetVector = 0xFFF0;
        byte[] rom = new byte[size];
        // MOV AL, 0; OUT F4h, AL
        ((ReadOnlySpan<byte>)[0xB0, 0x00, 0xE6, 0xF4]).CopyTo(rom.AsSpan(resetVector));
        string bios = Path.Combine(directory.FullName, "exit.rom");
        File.WriteAllBytes(bios, rom);
        using Process process = Start("-display", "none", "-bios", bios, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4");
        process.WaitForExit();
        return process.ExitCode;
    }

    private Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "emu.dll"), .. arguments]);
        start.Environment["XDG_CACHE_HOME"] = directory.FullName;
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet cannot be started");
    }
}
