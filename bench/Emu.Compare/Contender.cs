using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Emu.Compare;

/// <summary>How one run of a workload went.</summary>
/// <param name="Seconds">Host time between the markers.</param>
/// <param name="ProcessorSeconds">Time the host's processors spent on the process between the markers, all threads together; resolution 10 ms.</param>
/// <param name="Checksum">What the workload computed, or null.</param>
/// <param name="Failure">Why there is no checksum, or null.</param>
internal sealed record RunResult(double Seconds, double ProcessorSeconds, string? Checksum, string? Failure)
{
    /// <summary>A run that came to nothing.</summary>
    public static RunResult Failed(string reason) => new(0, 0, null, reason);
}

/// <summary>
/// One of those compared: a process on whose standard input and output the workloads' protocol is spoken (<c>bench/guest/main.c</c>), be it the
/// program itself or an emulator that runs it as a guest and connects the guest's serial port there.
/// </summary>
/// <param name="name">Name for the table.</param>
/// <param name="program">What to start.</param>
/// <param name="arguments">Its arguments.</param>
/// <param name="guestMemory">Bytes of guest memory; 0 when nothing is emulated.</param>
internal sealed partial class Contender(string name, string program, IReadOnlyList<string> arguments, long guestMemory) : IDisposable
{
    private const int SigTerm = 15;

    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(5);

    private readonly StringBuilder errors = new();
    private Process? process;
    private MarkedLines? lines;

    /// <summary>Name for the table.</summary>
    public string Name => name;

    /// <summary>Whether an operating system boots first.</summary>
    public bool IsEmulator => guestMemory > 0;

    /// <summary>Seconds from each start of the process to its READY.</summary>
    public List<double> Boots { get; } = [];

    /// <summary>Seconds of processor time of each start up to its READY, all threads together; resolution 10 ms.</summary>
    public List<double> BootProcessorTimes { get; } = [];

    /// <summary>Whether it is ready for work.</summary>
    public bool IsRunning => process != null;

    /// <summary>Starts the process and waits until it is ready for work.</summary>
    /// <returns>Why it is not, or null.</returns>
    public string? Start(TimeSpan limit)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        errors.Clear();
        long begin = Stopwatch.GetTimestamp();
        process = Process.Start(start) ?? throw new CompareException($"{program} could not be started");
        process.ErrorDataReceived += (_, e) =>
        {
            lock (errors) errors.AppendLine(e.Data);
        };
        process.BeginErrorReadLine();
        lines = new MarkedLines(process.StandardOutput.BaseStream);
        if (WaitFor("READY", limit, out string? failure) is { } ready)
        {
            BootProcessorTimes.Add(ProcessorSeconds(process));
            Boots.Add(Stopwatch.GetElapsedTime(begin, ready.End).TotalSeconds);
            return null;
        }

        Stop();
        return failure;
    }

    /// <summary>Runs a workload. If it hangs, the process is ended.</summary>
    public RunResult Run(string workload, long units, TimeSpan limit)
    {
        if (process == null || lines == null) return RunResult.Failed("not running");
        process.StandardInput.Write($"run {workload} {units}\n");
        process.StandardInput.Flush();
        if (WaitFor("START", limit, out string? failure) is not { } start) return GiveUp(failure);
        double processorTime = ProcessorSeconds(process);
        if (WaitFor("END", limit, out failure) is not { } end) return GiveUp(failure);
        return new RunResult(Stopwatch.GetElapsedTime(start.End, end.Begin).TotalSeconds, ProcessorSeconds(process) - processorTime, end.Text["END ".Length..], null);
    }

    /// <summary>Bytes of host memory the process occupies now, and how many of them are not the guest's own memory.</summary>
    public (long Resident, long BeyondGuest) Memory() => process == null ? (0, 0) : ProcessMemory.Read(process.Id, guestMemory);

    /// <inheritdoc/>
    public void Dispose() => Stop();

    /// <summary>Ends the process: as a user would, so that it keeps what it wants to keep for its next start, or by force.</summary>
    public void Stop()
    {
        if (process == null) return;
        try
        {
            if (OperatingSystem.IsLinux() && Terminate(process.Id, SigTerm) == 0 && process.WaitForExit(TimeToEnd)) return;
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        finally
        {
            process.Dispose();
            process = null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Terminate(int process, int signal);

    private RunResult GiveUp(string? failure)
    {
        // A workload that says FAIL leaves the server in order; silence does not.
        if (failure is null or not ['F', 'A', 'I', 'L', ..]) Stop();
        return RunResult.Failed(failure ?? "no answer");
    }

    private static double ProcessorSeconds(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private MarkedLine? WaitFor(string marker, TimeSpan limit, out string? failure)
    {
        failure = null;
        long deadline = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        while (lines!.Next(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline)) is { } line)
        {
            if (line.Text.StartsWith(marker, StringComparison.Ordinal)) return line;
            if (line.Text.StartsWith("FAIL", StringComparison.Ordinal))
            {
                failure = line.Text;
                return null;
            }
        }

        lock (errors)
        {
            string last = errors.ToString().Trim().Split('\n')[^1].Trim();
            failure = !lines.Ended ? $"no {marker} within {limit.TotalSeconds:0} s" : last.Length > 0 ? last : $"ended before {marker}";
        }

        return null;
    }
}
