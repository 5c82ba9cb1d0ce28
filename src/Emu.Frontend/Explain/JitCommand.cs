using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text.Json;
using Emu.Frontend.CommandLine;
using Emu.Frontend.Run;
using Emu.Frontend.Step;
using Emu.Jit;
using Emu.Machine;
using Emu.Stepper;

namespace Emu.Frontend.Explain;

/// <summary><c>emu jit explain</c>: what the translator makes of a piece of guest code.</summary>
internal static class JitCommand
{
    /// <summary>What the runtime is asked for its listing by, at its start.</summary>
    private const string MethodsVariable = "DOTNET_JitDisasm", FileVariable = "DOTNET_JitStdOutFile";

    private const double DefaultTimeout = 60, MaxTimeout = 86_400;

    private sealed record Request(ulong? Address, int? Installs, TimeSpan Timeout, IReadOnlyList<string> Words, ProgramOptions Program);

    /// <summary>The command.</summary>
    public static Command Create() => new("jit", "See what the translator does") { CreateExplain() };

    private static Command CreateExplain()
    {
        Argument<string[]> target = new("GUEST") { Description = "Assembly source (.asm, .s), static Linux program or flat binary, with arguments for it; or -- and a machine's options", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> at = new("--at") { Description = "The region with code at this linear address (hexadecimal); else the one with the most instructions" };
        Option<int?> after = new("--after") { Description = "Wait until so many regions have been translated" };
        Option<double?> timeout = new("--timeout") { Description = $"Seconds to wait ({DefaultTimeout})" };
        Option<bool> all = new("--all") { Description = "Show the ways out too" };
        Option<int?> width = new("--width") { Description = $"Columns to use (the terminal's; from {RegionReport.MinColumns} on side by side)" };
        Option<int?> bits = new("--bits") { Description = "A flat binary is 16-, 32- or 64-bit code" };
        bits.AcceptOnlyFromAmong("16", "32", "64");
        Option<string?> origin = new("--org") { Description = "Address of a flat binary's first byte" };
        Option<string?> record = new("--record") { Hidden = true }, parent = new("--parent") { Hidden = true };
        Command command = new("explain", "Run a guest until code of it is translated, and show that: guest assembly, IL and host assembly side by side")
        {
            target, at, after, timeout, all, width, bits, origin, record, parent,
        };
        command.SetAction(parsed =>
        {
            string[] words = parsed.GetValue(target) ?? [];
            if (words.Length == 0) throw new UsageException("emu jit explain needs a guest: a file, or -- and a machine's options (emu jit explain --help)");
            int? installs = parsed.GetValue(after);
            if (installs < 1) throw new UsageException($"--after {installs}: at least 1 region");
            double seconds = parsed.GetValue(timeout) ?? DefaultTimeout;
            if (!(seconds > 0 && seconds <= MaxTimeout)) throw new UsageException($"--timeout {seconds.ToString(CultureInfo.InvariantCulture)}: seconds above 0, up to {MaxTimeout}");
            Request request = new(
                parsed.GetValue(at) is { } text ? ParseAddress("--at", text) : null,
                installs,
                TimeSpan.FromSeconds(seconds),
                words,
                new ProgramOptions { Bits = parsed.GetValue(bits), Origin = parsed.GetValue(origin) is { } start ? ParseAddress("--org", start) : null, Arguments = words[1..] });
            if (parsed.GetValue(record) is { } file)
            {
                if (parsed.GetValue(parent) is { } pipe) EndWithParent(pipe, Path.GetDirectoryName(file)!);
                return Record(request, file);
            }

            return Explain(request, parsed.GetValue(width) ?? TerminalWidth(), parsed.GetValue(all));
        });
        return command;
    }

    private static int TerminalWidth() => Console.IsOutputRedirected ? 0 : Console.WindowWidth;

    /// <summary>Has a process of its own, with the runtime listing what it compiles, run the guest; then shows what came of it.</summary>
    private static int Explain(Request request, int columns, bool all)
    {
        string directory = Directory.CreateTempSubdirectory("emu-jit").FullName;
        try
        {
            string record = Path.Combine(directory, "region.json"), listing = Path.Combine(directory, "listing.txt");
            int status = RunChild(["jit", "explain", "--record", record], ArgumentsOf(request), listing, request.Timeout);
            if (status != ExitStatus.Success) return status;
            RegionDocument region = JsonSerializer.Deserialize<RegionDocument>(File.ReadAllBytes(record)) ?? throw new InvalidDataException("the child process recorded nothing");
            HostListing? host = File.Exists(listing) ? HostListing.Find(File.ReadLines(listing), region.Method, region.Ordinal) : null;
            new RegionReport(region, host, Console.Out).Write(columns, all);
            return ExitStatus.Success;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IEnumerable<string> ArgumentsOf(Request request)
    {
        List<string> arguments = ["--timeout", request.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)];
        if (request.Address is { } address) arguments.AddRange(["--at", $"{address:x}"]);
        if (request.Installs is { } installs) arguments.AddRange(["--after", installs.ToString(CultureInfo.InvariantCulture)]);
        if (request.Program.Bits is { } bits) arguments.AddRange(["--bits", bits.ToString(CultureInfo.InvariantCulture)]);
        if (request.Program.Origin is { } origin) arguments.AddRange(["--org", $"{origin:x}"]);
        return [.. arguments, "--", .. request.Words];
    }

    private static int RunChild(IEnumerable<string> command, IEnumerable<string> arguments, string listing, TimeSpan timeout)
    {
        // Nothing is ever written: it breaks when this process ends, in whatever way.
        using AnonymousPipeServerStream pipe = new(PipeDirection.Out, HandleInheritability.Inheritable);
        string assembly = typeof(JitCommand).Assembly.Location, native = Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null);
        ProcessStartInfo start = new(File.Exists(native) ? native : "dotnet") { UseShellExecute = false, RedirectStandardInput = true };
        if (!File.Exists(native)) start.ArgumentList.Add(assembly);
        foreach (string argument in (string[])[.. command, "--parent", pipe.GetClientHandleAsString(), .. arguments]) start.ArgumentList.Add(argument);
        start.Environment[MethodsVariable] = "Region_*";
        start.Environment[FileVariable] = listing;
        using Process child = Process.Start(start) ?? throw new InvalidOperationException("the emulator could not be started again");
        // What ends this process ends the child, and then the directory is removed.
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            child.Kill();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End), hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End),
            quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, End), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        pipe.DisposeLocalCopyOfClientHandle();
        child.StandardInput.Close();
        // It gives up by itself; this is for one that hangs.
        TimeSpan patience = timeout + TimeSpan.FromMinutes(1);
        if (child.WaitForExit(patience)) return child.ExitCode;
        child.Kill();
        throw new UsageException($"the guest could not be stopped within {patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
    }

    /// <summary>In the child: ends when the parent is gone, and removes what that can no longer remove.</summary>
    private static void EndWithParent(string pipe, string directory)
    {
        void Watch()
        {
            using AnonymousPipeClientStream parent = new(PipeDirection.In, pipe);
            parent.ReadByte();
            try
            {
                Directory.Delete(directory, recursive: true);
            }
            catch (IOException)
            {
                // The parent has removed it, and ends now.
            }

            Environment.Exit(ExitStatus.BadInput);
        }

        new Thread(Watch) { IsBackground = true, Name = "parent" }.Start();
    }

    /// <summary>The child's part.</summary>
    private static int Record(Request request, string file)
    {
        if (request.Words[0].StartsWith('-'))
        {
            using Machine.Machine machine = new(Prepare(StepCommand.ParseMachine(request.Words)));
            return Record(request, machine, static () => false, file);
        }

        using GuestProgram program = GuestProgram.FromFile(request.Words[0], request.Program);
        return Record(request, program.Machine, () => program.Process?.ExitStatus != null, file);
    }

    private static int Record(Request request, Machine.Machine machine, Func<bool> hasEnded, string file)
    {
        RegionDocument region = new RegionRecorder(machine, request.Address, request.Installs, request.Timeout, hasEnded).Run();
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(region));
        return ExitStatus.Success;
    }

    private static MachineConfiguration Prepare(MachineConfiguration configuration)
    {
        if (configuration.Accelerator == Accelerator.Lockstep) throw new UsageException("emu jit explain: -accel lockstep runs two machines; say jit");
        return configuration with { StartPaused = false, NoReboot = true };
    }

    private static ulong ParseAddress(string option, string text)
    {
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text;
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new UsageException($"{option} {text}: not a hexadecimal address");
    }
}
