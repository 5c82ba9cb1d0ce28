using System.Formats.Tar;
using System.Globalization;

namespace Emu.Frontend.Linux;

/// <summary>
/// Fetches files out of Debian packages with the host's own apt and dpkg, which check signatures. The package lists are the host's where they
/// fit; otherwise private ones in the cache directory, so that neither root nor a foreign architecture has to be set up.
/// </summary>
internal sealed class DebianPackages(string architecture, string directory)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private string[] options = [];

    /// <summary>A package as apt would download it.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="FileName">Name of the archive.</param>
    /// <param name="Size">Bytes of the archive.</param>
    public sealed record Package(string Name, string FileName, long Size);

    /// <summary>Makes sure that package lists are there.</summary>
    /// <param name="status">Told what is going on.</param>
    /// <exception cref="GuestFilesException">There is no apt, or no network.</exception>
    public void Prepare(Action<string> status)
    {
        string host = HostProgram.Run("dpkg", ["--print-architecture"]).Trim();
        if (host == architecture && Knows(KernelVariant.BusyboxPackage)) return;
        options = PrivateOptions();
        foreach (string path in (string[])["state/lists/partial", "cache/archives/partial"]) Directory.CreateDirectory(Path.Combine(directory, path));
        File.WriteAllText(Path.Combine(directory, "status"), "");
        status("apt-get update");
        try
        {
            HostProgram.Run("apt-get", ["-q", .. options, "update"]);
        }
        catch (GuestFilesException) when (Knows(KernelVariant.BusyboxPackage))
        {
            // One list of several could not be had, as while a mirror is being brought up to date; the others will do.
        }
    }

    /// <summary>The package that a metapackage such as linux-image-amd64 stands for.</summary>
    public string Follow(string metapackage)
    {
        string output = HostProgram.Run("apt-cache", [.. options, "depends", "--important", metapackage]);
        string? found = output.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("Depends: linux-image-", StringComparison.Ordinal)).Select(l => l["Depends: ".Length..]).FirstOrDefault();
        return found ?? throw new GuestFilesException($"the package lists say nothing of {metapackage}");
    }

    /// <summary>Name and size of what would be downloaded.</summary>
    public Package Find(string name)
    {
        string output = HostProgram.Run("apt-get", [.. options, "--print-uris", "download", name]);
        string[] words = output.Split('\n').Select(l => l.Split(' ')).FirstOrDefault(w => w.Length >= 3 && w[0].StartsWith('\''))
            ?? throw new GuestFilesException($"the package lists say nothing of {name}");
        return new Package(name, words[1], long.Parse(words[2], CultureInfo.InvariantCulture));
    }

    /// <summary>Downloads a package.</summary>
    /// <param name="package">The package.</param>
    /// <param name="progress">Told the bytes there are so far.</param>
    /// <returns>Path of the archive.</returns>
    public string Download(Package package, Action<long> progress)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, package.FileName);
        using CancellationTokenSource done = new();
        Task poll = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                FileInfo file = new(path);
                if (file.Exists) progress(file.Length);
                await Task.Delay(PollInterval).ConfigureAwait(false);
            }
        });
        try
        {
            HostProgram.Run("apt-get", ["-q", .. options, "-o", $"APT::Sandbox::User={Environment.UserName}", "download", package.Name], directory);
        }
        finally
        {
            done.Cancel();
            poll.GetAwaiter().GetResult();
        }

        progress(package.Size);
        return File.Exists(path) ? path : throw new GuestFilesException($"apt-get has downloaded {package.Name}, but not as {package.FileName}");
    }

    /// <summary>Takes one file out of an archive.</summary>
    /// <param name="archive">Path of the .deb file.</param>
    /// <param name="wanted">Says by its name in the archive (without ./) whether a file is the one.</param>
    public static byte[] Extract(string archive, Func<string, bool> wanted)
    {
        byte[]? contents = null;
        HostProgram.Read("dpkg-deb", ["--fsys-tarfile", archive], stream =>
        {
            using TarReader reader = new(stream, leaveOpen: true);
            while (contents == null && reader.GetNextEntry() is { } entry)
            {
                string name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                if (entry.DataStream == null || !wanted(name)) continue;
                using MemoryStream copy = new();
                entry.DataStream.CopyTo(copy);
                contents = copy.ToArray();
            }
        });
        return contents ?? throw new GuestFilesException($"{Path.GetFileName(archive)} does not contain what it should");
    }

    private bool Knows(string package)
    {
        try
        {
            return HostProgram.Run("apt-get", [.. options, "--print-uris", "download", package]).Contains('\'');
        }
        catch (GuestFilesException)
        {
            return false;
        }
    }

    private string[] PrivateOptions() =>
    [
        "-o", $"Dir::State={Path.Combine(directory, "state")}",
        "-o", $"Dir::Cache={Path.Combine(directory, "cache")}",
        "-o", $"Dir::State::status={Path.Combine(directory, "status")}",
        "-o", $"APT::Architecture={architecture}",
        "-o", $"APT::Architectures::={architecture}",
        "-o", $"APT::Sandbox::User={Environment.UserName}",
    ];
}
