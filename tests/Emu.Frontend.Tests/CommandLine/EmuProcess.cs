using System.Diagnostics;
using Emu.Frontend.CommandLine;
using Xunit;

namespace Emu.Frontend.Tests.CommandLine;

/// <summary>The emulator in a process of its own.</summary>
internal static class EmuProcess
{
    /// <summary>Runs it to its end, without input, in a directory.</summary>
    public static (int Status, string Output, string Errors) Run(string directory, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = directory };
        start.ArgumentList.Add(typeof(EmuCommand).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start");
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill();
            Assert.Fail($"emu {string.Join(' ', arguments)} does not end");
        }

        return (process.ExitCode, output.Result, errors.Result);
    }
}
