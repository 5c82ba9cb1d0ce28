using System.CommandLine;
using System.Globalization;
using Emu.Frontend.Linux;

namespace Emu.Compare;

/// <summary>The command line of <c>bench/compare</c>.</summary>
internal static class CompareCommand
{
    private const int GuestMegabytes = 1024;
    private const string DefaultAccelerator = "default", CommandLine = "console=ttyS0 quiet panic=-1 cryptomgr.notests";

    /// <summary>The command.</summary>
    public static RootCommand Create()
    {
        Option<string> root = new("--root") { Description = "Folder of the sources", Hidden = true, Required = true };
        Option<string[]> only = List("--only", "Workloads or groups to run, for example fib,crc or system");
        Option<string[]> accelerators = List("--accel", "Accelerators of emu to compare, for example interp,jit; 'default' gives no -accel");
        Option<int> repeat = Count("--repeat", "Runs of each workload; the median counts", 1), boots = Count("--boots", "Boots to measure", 1);
        Option<double> scale = new("--scale")
        {
            Description = "Factor on the amount of work",
            DefaultValueFactory = _ => 1,
            CustomParser = result =>
            {
                if (double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out double factor) && factor is > 0 and < double.PositiveInfinity) return factor;
                result.AddError($"--scale {result.Tokens[0].Value}: a number above 0");
                return 1;
            },
        };
        Option<int> timeout = Count("--timeout", "Seconds after which a run counts as hung", 60);
        Option<bool> noQemu = new("--no-qemu") { Description = "Without QEMU" }, noNative = new("--no-native") { Description = "Without the host" };
        Option<bool> processorTime = new("--cpu-time") { Description = "Compare emulators by processor time, for a host that does other things too (not the host itself)" };
        Option<bool> list = new("--list") { Description = "List the workloads" };
        Option<string?> kernel = new("--kernel") { Description = "Kernel to boot instead of Debian's cloud kernel" }, json = new("--json") { Description = "File for all figures" };
        Option<string?> emuOptions = new("--emu-options") { Description = "More options for emu, in one argument" };
        RootCommand command = new("Runs the workloads of bench/guest natively, under emu and under QEMU, in turn, and compares times and results. 'bench/boot' measures booting alone.")
        {
            root, only, accelerators, repeat, boots, scale, timeout, noQemu, noNative, processorTime, list, kernel, json, emuOptions,
        };
        command.SetAction(result =>
        {
            string top = result.GetRequiredValue(root);
            string? figures = result.GetValue(json);
            if (figures != null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(figures)))) throw new CompareException($"--json {figures}: there is no directory {Path.GetDirectoryName(figures)}");
            GuestBuild guest = new(Path.Combine(top, "bench", "guest"), Path.Combine(AppContext.BaseDirectory, "guest"));
            IReadOnlyList<Workload> workloads = Choose(guest.List(), result.GetValue(only) ?? []);
            if (result.GetValue(list)) return PrintList(workloads);
            string image = GuestFiles.FindKernel(KernelVariant.All[0], result.GetValue(kernel));
            GuestBoot boot = new(image, guest.InitialFiles, CommandLine, GuestMegabytes, Path.GetDirectoryName(guest.Program)!);
            List<Contender> contenders = [];
            if (!result.GetValue(noNative) && !result.GetValue(processorTime)) contenders.Add(new Contender(Report.Native, guest.Program, ["serve"], 0));
            if (!result.GetValue(noQemu)) contenders.Add(Emulators.Qemu(boot));
            Emulators.Prepare(top);
            string[] more = result.GetValue(emuOptions)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            foreach (string accelerator in result.GetValue(accelerators) is { Length: > 0 } given ? given : [DefaultAccelerator])
            {
                contenders.Add(Emulators.Emu(top, accelerator == DefaultAccelerator ? null : accelerator, more, boot));
            }

            return Compare(contenders, new Comparison(contenders, workloads, result.GetValue(processorTime)), c => c.Run(result.GetValue(boots), result.GetValue(repeat), result.GetValue(scale), TimeSpan.FromSeconds(result.GetValue(timeout)), Progress), figures);
        });
        return command;
    }

    private static int Compare(List<Contender> contenders, Comparison comparison, Action<Comparison> run, string? json)
    {
        try
        {
            run(comparison);
            Report report = new(comparison);
            report.Print();
            if (json != null) report.Write(json);
            return report.AllWell ? 0 : 1;
        }
        finally
        {
            foreach (Contender contender in contenders) contender.Dispose();
        }
    }

    /// <summary>An option with a number of at least 1.</summary>
    internal static Option<int> Count(string name, string description, int usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0) return count;
            result.AddError($"{name} {result.Tokens[0].Value}: a number of at least 1");
            return usual;
        },
    };

    internal static Option<string[]> List(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string[] given = [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries))];
            if (given.Length == 0) result.AddError($"{name}: an empty list");
            return given;
        },
    };

    private static IReadOnlyList<Workload> Choose(IReadOnlyList<Workload> all, string[] only)
    {
        string? unknown = only.FirstOrDefault(o => !all.Any(w => w.Name == o || w.Group == o));
        if (unknown != null) throw new CompareException($"--only {unknown}: there is no such workload or group (there are {string.Join(", ", all.Select(w => w.Group).Distinct())}; {string.Join(", ", all.Select(w => w.Name))})");
        return only.Length == 0 ? all : [.. all.Where(w => only.Contains(w.Name) || only.Contains(w.Group))];
    }

    private static int PrintList(IReadOnlyList<Workload> workloads)
    {
        foreach (Workload workload in workloads) Console.WriteLine($"{workload.Name,-13} {workload.Group,-8} {workload.Description}");
        return 0;
    }

    internal static void Progress(string what)
    {
        if (!Console.IsErrorRedirected) Console.Error.Write($"\r\u001b[K{what}\r");
    }
}
