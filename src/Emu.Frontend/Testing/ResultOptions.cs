using System.CommandLine;
using Emu.Conformance.Emulated;
using Emu.Conformance.Native;
using Emu.Conformance.Run;
using Emu.Conformance.States;

namespace Emu.Frontend.Testing;

/// <summary>What the subcommands of <c>emu test</c> have in common: results files, the engine, and how bad input is reported.</summary>
internal sealed class ResultOptions
{
    /// <summary>Exit codes.</summary>
    public const int Failed = 1, BadInput = 2;

    private readonly Option<FileInfo?> _junit = new("--junit") { Description = "Write the results as JUnit XML" };
    private readonly Option<FileInfo?> _trx = new("--trx") { Description = "Write the results as TRX" };

    /// <summary>Adds the options for results files to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_junit);
        command.Options.Add(_trx);
    }

    /// <summary>Writes the files asked for.</summary>
    public void Save(ParseResult parsed, TestRunResult result)
    {
        Save(parsed.GetValue(_junit), stream => ResultFiles.WriteJUnit(result, stream));
        Save(parsed.GetValue(_trx), stream => ResultFiles.WriteTrx(result, stream));
    }

    /// <summary>The option that chooses the engine.</summary>
    public static Option<string> Engine() =>
        new("--engine") { Description = $"What executes the guest's code: {TestEngines.Names}", DefaultValueFactory = _ => ExecutionEngine.Interpreter.Name };

    /// <summary>An option that ends a run after some minutes.</summary>
    public static Option<double?> Minutes() => new("--minutes") { Description = "End after so many minutes" };

    /// <summary>The time limit given by <see cref="Minutes"/>.</summary>
    public static TimeSpan TimeLimit(double? minutes) => minutes switch
    {
        null => Timeout.InfiniteTimeSpan,
        > 0 and < 1e6 => TimeSpan.FromMinutes(minutes.Value),
        _ => throw new ArgumentException($"--minutes {minutes} is no time to run for"),
    };

    /// <summary>Runs a command; bad input becomes one clear line. That results can be written is looked at first: a run may take hours.</summary>
    public int Guard(ParseResult parsed, Func<int> action)
    {
        try
        {
            CheckPlace(parsed, _junit);
            CheckPlace(parsed, _trx);
            return action();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or NativeHostException or StateTestException or ReportFormatException or IOException or UnauthorizedAccessException
            or System.ComponentModel.Win32Exception)
        {
            Console.Error.WriteLine($"emu test: {e.Message}");
            return BadInput;
        }
    }

    private static void CheckPlace(ParseResult parsed, Option<FileInfo?> option)
    {
        if (parsed.GetValue(option) is not { } file) return;
        if (file.Directory is { Exists: false } directory) throw new ArgumentException($"{option.Name} {file}: there is no directory '{directory.FullName}'");
        if (Directory.Exists(file.FullName)) throw new ArgumentException($"{option.Name} {file}: that is a directory");
    }

    private static void Save(FileInfo? file, Action<Stream> write)
    {
        if (file is null) return;
        using FileStream stream = file.Create();
        write(stream);
    }
}
