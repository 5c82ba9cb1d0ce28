using System.Diagnostics;
using Emu.Debugging.Gdb;
using Emu.Debugging.Monitor;
using Emu.Devices.Serial;
using Xunit;

namespace Emu.Debugging.Tests.Gdb;

/// <summary>Runs the real gdb in batch mode against a guest.</summary>
internal sealed class GdbClient : IDisposable
{
    private const string Program = "/usr/bin/gdb";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string directory = Directory.CreateTempSubdirectory("emu-gdb").FullName;
    private readonly UnixCharacterDevice line;

    /// <summary>Serves gdb and starts the machine, which waits for gdb before its first instruction.</summary>
    public GdbClient(TestGuest guest, GdbArchitecture architecture = GdbArchitecture.Auto)
    {
        line = UnixCharacterDevice.Listen(Socket, guest.Machine.Events.Post);
        _ = new GdbServer(new MonitorContext(guest.Machine), line, architecture);
        guest.Machine.Pause();
        guest.Start();
    }

    public static bool IsInstalled => File.Exists(Program);

    private string Socket => Path.Combine(directory, "gdb");

    /// <summary>Connects, carries out the commands and returns what gdb printed.</summary>
    public string Run(params ReadOnlySpan<string> commands)
    {
        using Process gdb = Start(commands);
        return Finish(gdb);
    }

    /// <summary>Starts gdb with commands to carry out after it has connected.</summary>
    public Process Start(params ReadOnlySpan<string> commands)
    {
        ProcessStartInfo start = new(Program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in (ReadOnlySpan<string>)["-nx", "-batch", "-ex", "set pagination off", "-ex", "set confirm off", "-ex", $"target remote {Socket}"]) start.ArgumentList.Add(argument);
        foreach (string command in commands)
        {
            start.ArgumentList.Add("-ex");
            start.ArgumentList.Add(command);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("gdb does not start");
    }

    /// <summary>Waits for gdb to end and returns what it printed.</summary>
    public static string Finish(Process gdb)
    {
        Task<string> errors = gdb.StandardError.ReadToEndAsync();
        Task<string> output = gdb.StandardOutput.ReadToEndAsync();
        if (!gdb.WaitForExit(Limit))
        {
            gdb.Kill();
            Assert.Fail($"gdb hangs: {output.Result}{errors.Result}");
        }

        return output.Result + errors.Result;
    }

    /// <summary>Checks that gdb has printed something; shows everything it printed if not.</summary>
    public static void AssertPrinted(string expected, string output) =>
        Assert.True(output.Contains(expected, StringComparison.Ordinal), $"gdb has not printed\n{expected}\nbut\n{output}");

    public void Dispose()
    {
        line.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
