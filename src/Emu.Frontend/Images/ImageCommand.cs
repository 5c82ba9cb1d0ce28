using System.CommandLine;
using System.Text.Json;
using Emu.Devices.Storage;
using Emu.Frontend.CommandLine;
using Spectre.Console;

namespace Emu.Frontend.Images;

/// <summary><c>emu img</c>: creates, describes, converts and checks disk images, with the options of qemu-img.</summary>
internal static class ImageCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>The command.</summary>
    public static Command Create() => new("img", "Create, describe, convert and check disk images (raw, qcow2)") { CreateImage(), Info(), Convert(), Check() };

    private static Option<string?> Format(string description) => new("-f", "--format") { Description = description, HelpName = "raw|qcow2" };

    private static Option<bool> Quiet() => new("-q", "--quiet") { Description = "Show no progress" };

    private static Option<bool> AsJson() => new("--json") { Description = "Print the result as JSON" };

    private static Option<string[]> CreationOptions() => new("-o") { Description = "Options of the new image: cluster_size=, compat=, refcount_bits=, lazy_refcounts=, backing_file=, backing_fmt=", HelpName = "name=value,..." };

    private static Command CreateImage()
    {
        Argument<string> file = new("file") { Description = "Image to create" };
        Argument<string?> size = new("size") { Description = "Size of the disk, such as 20G; not needed with a backing file", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> format = Format("Format (default raw)"), backing = new("-b", "--backing") { Description = "Backing file", HelpName = "FILE" };
        Option<string?> backingFormat = new("-F", "--backing-format") { Description = "Format of the backing file", HelpName = "raw|qcow2" };
        Option<string[]> more = CreationOptions();
        Option<bool> quiet = Quiet();
        Command command = new("create", "Create an empty image") { file, size, format, backing, backingFormat, more, quiet };
        command.SetAction(result =>
        {
            ImageCreateOptions options = Options(result.GetValue(format) ?? "raw", result.GetValue(more));
            if (result.GetValue(backing) is { } name) options = options.With("backing_file", name);
            if (result.GetValue(backingFormat) is { } below) options = options.With("backing_fmt", below);
            if (result.GetValue(size) is { } text) options = options with { Size = ImageSize.Parse(text) };
            string path = result.GetRequiredValue(file);
            ImageTool.Create(path, options);
            if (!result.GetValue(quiet)) Console.WriteLine($"{path}: {options.Format}, {ImageSize.Format(ImageTool.Info(path, options.Format).VirtualSize)}");
        });
        return command;
    }

    private static Command Info()
    {
        Argument<string> file = new("file") { Description = "Image to describe" };
        Option<string?> format = Format("Format (default: found by looking)");
        Option<bool> chain = new("--backing-chain") { Description = "Describe the backing files too" }, json = AsJson();
        Option<string?> output = new("--output") { Description = "human or json", HelpName = "human|json" };
        Command command = new("info", "Describe an image") { file, format, chain, json, output };
        command.SetAction(result =>
        {
            ImageInfo info = ImageTool.Info(result.GetRequiredValue(file), result.GetValue(format), result.GetValue(chain));
            if (WantsJson(result.GetValue(json), result.GetValue(output))) Console.WriteLine(JsonSerializer.Serialize(info, Json));
            else ImageText.Write(info, Console.Out);
        });
        return command;
    }

    private static Command Convert()
    {
        Argument<string> source = new("source") { Description = "Image to read" }, target = new("target") { Description = "Image to create" };
        Option<string?> sourceFormat = Format("Format of the source (default: found by looking)"), targetFormat = new("-O", "--target-format") { Description = "Format of the target (default raw)", HelpName = "raw|qcow2" };
        Option<string?> backing = new("-B", "--backing") { Description = "Backing file of the target: only what differs is stored", HelpName = "FILE" };
        Option<string[]> more = CreationOptions();
        Option<bool> compress = new("-c", "--compress") { Description = "Compress (qcow2)" }, quiet = Quiet(), progress = new("-p", "--progress") { Description = "Accepted: progress is shown anyway" };
        Command command = new("convert", "Copy an image into another format") { source, target, sourceFormat, targetFormat, backing, more, compress, quiet, progress };
        command.SetAction(result =>
        {
            ImageCreateOptions options = Options(result.GetValue(targetFormat) ?? "raw", result.GetValue(more)) with { Compress = result.GetValue(compress) };
            if (result.GetValue(backing) is { } name) options = options.With("backing_file", name);
            string from = result.GetRequiredValue(source), to = result.GetRequiredValue(target);
            WithProgress(to, result.GetValue(quiet), p => ImageTool.Convert(from, result.GetValue(sourceFormat), to, options, p));
        });
        return command;
    }

    private static Command Check()
    {
        Argument<string> file = new("file") { Description = "Image to check" };
        Option<string?> format = Format("Format (default: found by looking)"), repair = new("-r", "--repair") { Description = "Repair: leaks, or all", HelpName = "leaks|all" };
        Option<string?> output = new("--output") { Description = "human or json", HelpName = "human|json" };
        Option<bool> json = AsJson(), quiet = Quiet();
        Command command = new("check", "Check a qcow2 image; exit status 0 clean, 2 corrupt, 3 leaks only") { file, format, repair, output, json, quiet };
        command.SetAction(result =>
        {
            Qcow2Repair how = result.GetValue(repair) switch
            {
                null => Qcow2Repair.None,
                "leaks" => Qcow2Repair.Leaks,
                "all" => Qcow2Repair.All,
                string other => throw new UsageException($"img check -r {other}: leaks or all"),
            };
            bool asJson = WantsJson(result.GetValue(json), result.GetValue(output));
            string path = result.GetRequiredValue(file);
            ImageCheckResult? check = null;
            WithProgress(path, asJson || result.GetValue(quiet), p => check = ImageTool.Check(path, result.GetValue(format), how, p));
            if (check == null) return 0;
            if (asJson) Console.WriteLine(JsonSerializer.Serialize(check, Json));
            else if (!result.GetValue(quiet)) ImageText.Write(check, Console.Out);
            return check.ExitCode;
        });
        return command;
    }

    private static bool WantsJson(bool json, string? output) => output switch
    {
        null => json,
        "human" => false,
        "json" => true,
        _ => throw new UsageException($"--output {output}: human or json"),
    };

    private static ImageCreateOptions Options(string format, string[]? lists)
    {
        ImageCreateOptions options = new() { Format = format };
        foreach (string item in (lists ?? []).SelectMany(l => l.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            int equals = item.IndexOf('=');
            if (equals < 1) throw new UsageException($"-o {item}: an option is name=value");
            options = options.With(item[..equals], item[(equals + 1)..]);
        }

        return options;
    }

    private static void WithProgress(string name, bool quiet, Action<IProgress<ImageProgress>?> work)
    {
        if (quiet || Console.IsErrorRedirected)
        {
            work(null);
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            ProgressTask task = context.AddTask(Markup.Escape(Path.GetFileName(name)), maxValue: 1);
            work(new Reporter(p => task.Value = p.Fraction));
        });
    }

    private sealed class Reporter(Action<ImageProgress> report) : IProgress<ImageProgress>
    {
        public void Report(ImageProgress value) => report(value);
    }
}
