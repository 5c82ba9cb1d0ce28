using System.Diagnostics;

namespace Emu.Display.Tests.Support;

/// <summary>The program itself, with a guest that reports what it gets on the serial port.</summary>
internal sealed class EmuProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly Process process;
    private readonly string serial = Path.Combine(Path.GetTempPath(), $"emu-serial-{Guid.NewGuid():n}");

    public EmuProcess(XServer display, TestKernel kernel, params string[] arguments)
    {
        process = XServer.Start("dotnet", display.Display,
            [Path.Combine(AppContext.BaseDirectory, "emu.dll"), "-m", "32", "-kernel", kernel.FileName, "-serial", $"file:{serial}", .. arguments]);
    }

    /// <summary>What the guest has said.</summary>
    public string Serial
    {
        get
        {
            if (!File.Exists(serial)) return "";
            using FileStream file = new(serial, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return new StreamReader(file).ReadToEnd();
        }
    }

    public bool HasExited => process.HasExited;

    public void WaitForSerial(string text) => RunningMachine.WaitFor(() => Serial.Contains(text, StringComparison.Ordinal), () => $"the guest has not said '{text}' but '{Serial}'; the emulator {(process.HasExited ? $"ended with {process.ExitCode}" : "runs")}");

    /// <summary>Types a line into the emulator's standard input.</summary>
    public void Type(string line) => process.StandardInput.WriteLine(line);

    public int WaitForExit()
    {
        Assert.True(process.WaitForExit(Limit), "the emulator has not ended");
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
        File.Delete(serial);
    }
}
