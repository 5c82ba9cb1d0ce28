using System.ComponentModel;
using System.Diagnostics;

namespace Emu.Frontend.Linux;

/// <summary>Runs programs of the host.</summary>
internal static class HostProgram
{
    /// <summary>Runs a program and returns what it prints.</summary>
    /// <exception cref="GuestFilesException">It is not installed, or fails.</exception>
    public static string Run(string program, IEnumerable<string> arguments, string? directory = null)
    {
        using Process process = Start(program, arguments, directory);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Finish(process, program, errors.GetAwaiter().GetResult());
        return output;
    }

    /// <summary>Runs a program and hands its output to <paramref name="read"/> as it comes.</summary>
    /// <exception cref="GuestFilesException">It is not installed, or fails.</exception>
    public static void Read(string program, IEnumerable<string> arguments, Action<Stream> read)
    {
        using Process process = Start(program, arguments, null);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        read(process.StandardOutput.BaseStream);
        process.StandardOutput.BaseStream.CopyTo(Stream.Null);
        Finish(process, program, errors.GetAwaiter().GetResult());
    }

    private static Process Start(string program, IEnumerable<string> arguments, string? directory)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            Process process = Process.Start(start) ?? throw new GuestFilesException($"{program} could not be started");
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception)
        {
            throw new GuestFilesException($"{program} is not installed");
        }
    }

    private static void Finish(Process process, string program, string errors)
    {
        process.WaitForExit();
        if (process.ExitCode == 0) return;
        string line = errors.Split('\n').LastOrDefault(l => l.StartsWith("E:", StringComparison.Ordinal)) ?? errors.Trim().Split('\n')[^1];
        throw new GuestFilesException($"{program} failed: {line}");
    }
}
