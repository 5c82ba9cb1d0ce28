using System.ComponentModel;
using System.Diagnostics;

namespace Emu.Stepper.Loading;

/// <summary>A program of the host that the stepper calls: an assembler or linker.</summary>
internal static class HostTool
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a tool and returns its exit status and what it wrote to standard error.</summary>
    /// <param name="name">Program name.</param>
    /// <param name="package">Debian package it comes in, for the message when it is missing.</param>
    /// <param name="directory">Working directory.</param>
    /// <param name="arguments">Arguments.</param>
    /// <exception cref="StepperException">It is not installed, or does not end.</exception>
    public static (int Status, string Errors) Run(string name, string package, string directory, params IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new(name) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = directory };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            using Process process = Process.Start(start) ?? throw new StepperException($"'{name}' could not be started");
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string errors = process.StandardError.ReadToEnd();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new StepperException($"'{name}' did not finish within {Patience.TotalSeconds} s");
            }

            return (process.ExitCode, errors + output.Result);
        }
        catch (Win32Exception)
        {
            throw new StepperException($"'{name}' is not installed and is needed to assemble this source; on Debian: apt-get install {package}");
        }
    }
}
