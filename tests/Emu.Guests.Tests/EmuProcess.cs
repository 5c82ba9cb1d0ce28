using System.Diagnostics;

namespace Emu.Guests.Tests;

/// <summary>The <c>emu</c> command, run as a user would.</summary>
internal static class EmuProcess
{
    /// <summary>Starts it with its three standard streams redirected.</summary>
    public static Process Start(params IEnumerable<string> arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "emu.dll");
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        ProcessStartInfo start = new(host, [program, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet could not be started.");
    }

    /// <summary>Runs it to its end, without input.</summary>
    /// <returns>Exit status; standard output and, after it, standard error.</returns>
    public static (int Status, string Output) Run(params IEnumerable<string> arguments)
    {
        using Process process = Start(arguments);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.ReplaceLineEndings("\n") + errors.GetAwaiter().GetResult());
    }
}
