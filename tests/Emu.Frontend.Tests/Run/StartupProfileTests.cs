using System.Diagnostics;
using Xunit;

namespace Emu.Frontend.Tests.Run;

/// <summary>The record of compiled methods, kept by whole processes: the runtime has one for each.</summary>
public sealed class StartupProfileTests : IDisposable
{
    private const int PassStatus = 1;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("emu-test-");

    private string Cache => Path.Combine(directory.FullName, "emu");

    private string Kept => Path.Combine(Cache, "methods.profile");

    /// <inheritdoc/>
    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void What_a_run_recorded_is_kept_for_the_next()
    {
        Assert.Equal(PassStatus, RunMachine());
        Assert.True(new FileInfo(Kept).Length > 0);
        Assert.Equal([Kept], Directory.EnumerateFileSystemEntries(Cache));
    }

    [Fact]
    public void A_damaged_record_is_replaced()
    {
        Directory.CreateDirectory(Cache);
        File.WriteAllText(Kept, "not a profile");
        Assert.Equal(PassStatus, RunMachine());
        Assert.NotEqual((byte)'n', File.ReadAllBytes(Kept)[0]);
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
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "emu.dll"), "-display", "none", "-bios", bios, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4"]);
        start.Environment["XDG_CACHE_HOME"] = directory.FullName;
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet cannot be started");
        process.WaitForExit();
        return process.ExitCode;
    }
}
