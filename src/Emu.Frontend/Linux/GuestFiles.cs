using System.Buffers.Binary;
using Emu.Devices.Storage;
using Emu.Machine;
using Spectre.Console;

namespace Emu.Frontend.Linux;

/// <summary>Where kernel and busybox come from: named by the user, kept from last time, installed on the host, or downloaded.</summary>
internal static class GuestFiles
{
    private const string HowToBring = "bring your own with --kernel FILE and --busybox FILE (statically linked)";

    /// <summary>Finds the files.</summary>
    /// <param name="variant">Which kernel.</param>
    /// <param name="kernel">Kernel named by the user, or null.</param>
    /// <param name="busybox">Busybox named by the user, or null.</param>
    /// <param name="refresh">Download again.</param>
    /// <returns>Paths of both.</returns>
    /// <exception cref="GuestFilesException">They cannot be had.</exception>
    public static (string Kernel, string Busybox) Find(KernelVariant variant, string? kernel, string? busybox, bool refresh)
    {
        kernel = Given(kernel);
        busybox = Given(busybox);
        if (busybox != null && !IsStaticProgramFor(variant, FirmwareFiles.Read(busybox))) throw new GuestFilesException($"{busybox}: not a statically linked program for this kernel");
        string cache = CacheOf(variant);
        string cachedKernel = Path.Combine(cache, "vmlinuz"), cachedBusybox = Path.Combine(cache, "busybox");
        if (!refresh)
        {
            kernel ??= Existing(cachedKernel) ?? InstalledKernel(variant);
            busybox ??= Existing(cachedBusybox) ?? InstalledBusybox(variant);
        }

        if (kernel == null || busybox == null) Provide(variant, cache, kernel == null ? cachedKernel : null, busybox == null ? cachedBusybox : null);
        return (kernel ?? cachedKernel, busybox ?? cachedBusybox);
    }

    /// <summary>Finds the kernel alone.</summary>
    /// <param name="variant">Which kernel.</param>
    /// <param name="kernel">Kernel named by the user, or null.</param>
    /// <exception cref="GuestFilesException">It cannot be had.</exception>
    public static string FindKernel(KernelVariant variant, string? kernel)
    {
        string cache = CacheOf(variant), cached = Path.Combine(cache, "vmlinuz");
        kernel = Given(kernel) ?? Existing(cached) ?? InstalledKernel(variant);
        if (kernel != null) return kernel;
        Provide(variant, cache, cached, null);
        return cached;
    }

    /// <summary>The user's cache directory for the emulator (XDG Base Directory Specification).</summary>
    public static string CacheDirectory()
    {
        string? configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string root = configured is { Length: > 0 } && Path.IsPathRooted(configured)
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(root, "emu");
    }

    /// <summary>Where a downloaded kernel is kept.</summary>
    /// <param name="variant">Name of the variant.</param>
    public static string CachedKernel(string variant) => Path.Combine(CacheOf(KernelVariant.All.First(v => v.Name == variant)), "vmlinuz");

    /// <summary>Whether a file is a program that needs no dynamic linker: an ELF executable of the right class without PT_INTERP.</summary>
    public static bool IsStaticProgram(ReadOnlySpan<byte> file, bool is64)
    {
        const int headerSize64 = 64, headerSize32 = 52, interpreter = 3;
        if (file.Length < headerSize64 || !file.StartsWith("\u007fELF"u8) || file[4] != (is64 ? 2 : 1)) return false;
        long table = is64 ? BinaryPrimitives.ReadInt64LittleEndian(file[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(file[28..]);
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(file[(is64 ? 54 : 42)..]), count = BinaryPrimitives.ReadUInt16LittleEndian(file[(is64 ? 56 : 44)..]);
        if (table < headerSize32 || table + ((long)entrySize * count) > file.Length) return false;
        for (int i = 0; i < count; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(file[(int)(table + ((long)i * entrySize))..]) == interpreter) return false;
        }

        return count > 0;
    }

    private static string? Existing(string path) => new FileInfo(path) is { Exists: true, Length: > 0 } ? path : null;

    private static string? InstalledKernel(KernelVariant variant)
    {
        if (!Directory.Exists("/boot")) return null;
        return Directory.EnumerateFiles("/boot", "vmlinuz-*").Where(f => variant.Matches(f) && CanRead(f)).OrderByDescending(File.GetLastWriteTimeUtc).FirstOrDefault();
    }

    private static string CacheOf(KernelVariant variant) => Path.Combine(CacheDirectory(), "debian", variant.Name);

    private static string? Given(string? path) => path == null || File.Exists(path) ? path : throw new GuestFilesException($"{path}: no such file");

    private static void Provide(KernelVariant variant, string cache, string? kernel, string? busybox)
    {
        try
        {
            Download(variant, cache, kernel, busybox);
        }
        catch (GuestFilesException e)
        {
            throw new GuestFilesException($"{e.Message}; {HowToBring}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GuestFilesException($"{cache}: cannot be written ({e.Message.TrimEnd('.')}); say with XDG_CACHE_HOME where files may be kept, or {HowToBring}");
        }
    }

    private static string? InstalledBusybox(KernelVariant variant)
    {
        const string path = "/bin/busybox";
        return File.Exists(path) && CanRead(path) && IsStaticProgramFor(variant, File.ReadAllBytes(path)) ? path : null;
    }

    private static bool IsStaticProgramFor(KernelVariant variant, ReadOnlySpan<byte> file) => IsStaticProgram(file, variant.Architecture == "amd64");

    private static bool CanRead(string path)
    {
        try
        {
            File.OpenRead(path).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Download(KernelVariant variant, string cache, string? kernel, string? busybox)
    {
        Directory.CreateDirectory(cache);
        DebianPackages packages = new(variant.Architecture, Path.Combine(CacheDirectory(), "debian", "apt-" + variant.Architecture));
        if (Console.IsErrorRedirected)
        {
            packages.Prepare(what => Console.Error.WriteLine($"emu: {what}"));
            FetchAll(packages, variant, kernel, busybox, package =>
            {
                Console.Error.WriteLine($"emu: downloading {package.Name} ({ImageSize.Format(package.Size)})");
                return static (_, _) => { };
            });
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .Start(context =>
            {
                ProgressTask lists = context.AddTask("package lists").IsIndeterminate();
                packages.Prepare(what => lists.Description = Markup.Escape(what));
                lists.Value = lists.MaxValue;
                lists.StopTask();
                FetchAll(packages, variant, kernel, busybox, package =>
                {
                    ProgressTask task = context.AddTask(Markup.Escape(package.Name), maxValue: package.Size);
                    return (bytes, step) =>
                    {
                        task.Value = bytes;
                        task.Description = Markup.Escape($"{package.Name}{step}");
                    };
                });
            });
    }

    private static void FetchAll(DebianPackages packages, KernelVariant variant, string? kernel, string? busybox, Func<DebianPackages.Package, Action<long, string>> begin)
    {
        if (kernel != null) Fetch(packages, packages.Follow(variant.KernelPackage), n => n.StartsWith("boot/vmlinuz-", StringComparison.Ordinal), kernel, begin);
        if (busybox != null) Fetch(packages, KernelVariant.BusyboxPackage, n => n is "bin/busybox" or "usr/bin/busybox", busybox, begin);
    }

    private static void Fetch(DebianPackages packages, string name, Func<string, bool> wanted, string target, Func<DebianPackages.Package, Action<long, string>> begin)
    {
        DebianPackages.Package package = packages.Find(name);
        Action<long, string> progress = begin(package);
        string archive = packages.Download(package, bytes => progress(bytes, ""));
        progress(package.Size, " (unpacking)");
        string temporary = target + ".new";
        File.WriteAllBytes(temporary, DebianPackages.Extract(archive, wanted));
        // In one step, so that an interrupted download never looks like a finished one.
        File.Move(temporary, target, overwrite: true);
        File.Delete(archive);
        progress(package.Size, "");
    }
}
