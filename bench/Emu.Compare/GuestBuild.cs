using Emu.Frontend.Linux;

namespace Emu.Compare;

/// <summary>Compiles the workloads of <c>bench/guest</c> with the host's gcc and packs them into an initramfs.</summary>
internal sealed class GuestBuild
{
    private const uint Executable = 0x1ED;
    private const string Loader = "/lib64/ld-linux-x86-64.so.2", LibC = "libc.so.6";

    private static readonly string[] CommonFlags = ["-O2", "-std=gnu17", "-D_GNU_SOURCE"];

    // No fused operations where the source has none: results must not depend on what the compiler was told about the processor.
    private static readonly string[] WorkloadFlags = ["-Wall", "-Wextra", "-ffp-contract=off", "-fno-math-errno", "-static"];

    private readonly string sources;

    /// <summary>Compiles and packs.</summary>
    /// <param name="sources">Folder of the sources.</param>
    /// <param name="output">Folder for what is built.</param>
    public GuestBuild(string sources, string output)
    {
        this.sources = sources;
        Directory.CreateDirectory(output);
        Program = Path.Combine(output, "workloads");
        InitialFiles = Path.Combine(output, "initramfs.cpio");
        string childSource = Path.Combine(sources, "child.c"), childStatic = Path.Combine(output, "child-static"), childDynamic = Path.Combine(output, "child-dynamic");
        string[] workloadSources = [.. Directory.EnumerateFiles(sources).Where(f => Path.GetExtension(f) is ".c" or ".S" && f != childSource).Order(StringComparer.Ordinal)];
        Compile([.. CommonFlags, .. WorkloadFlags, "-o", Program, .. workloadSources, "-lm"]);
        Compile([.. CommonFlags, "-static", "-o", childStatic, childSource]);
        Compile([.. CommonFlags, "-o", childDynamic, childSource]);
        Pack(childStatic, childDynamic);
    }

    /// <summary>The program with all workloads; it runs on the host as well as in the guest.</summary>
    public string Program { get; }

    /// <summary>The initramfs.</summary>
    public string InitialFiles { get; }

    /// <summary>What workloads there are.</summary>
    public IReadOnlyList<Workload> List() =>
        [.. HostProgram.Run(Program, ["list"]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t')).Select(f => new Workload(f[0], f[1], long.Parse(f[2], System.Globalization.CultureInfo.InvariantCulture), f[3]))];

    private void Compile(string[] arguments) => HostProgram.Run("gcc", arguments, sources);

    private void Pack(string childStatic, string childDynamic)
    {
        string library = HostProgram.Run("gcc", [$"-print-file-name={LibC}"]).Trim();
        using FileStream file = File.Create(InitialFiles);
        CpioWriter archive = new(file);
        foreach (string directory in (string[])["dev", "lib", "lib64", "bench"]) archive.Directory(directory);
        archive.CharacterDevice("dev/console", 5, 1);
        archive.CharacterDevice("dev/null", 1, 3, 0x1B6);
        archive.File("init", File.ReadAllBytes(Program), Executable);
        archive.File("bench/child-static", File.ReadAllBytes(childStatic), Executable);
        archive.File("bench/child-dynamic", File.ReadAllBytes(childDynamic), Executable);
        archive.File(Loader, File.ReadAllBytes(Loader), Executable);
        archive.File($"lib/{LibC}", File.ReadAllBytes(library), Executable);
        archive.Finish();
    }
}
