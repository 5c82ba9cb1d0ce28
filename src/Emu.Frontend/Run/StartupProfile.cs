using System.Runtime;
using System.Security.Cryptography;

namespace Emu.Frontend.Run;

/// <summary>
/// Remembers from run to run which of the emulator's own methods get compiled, so that the next run compiles them ahead on another of the host's
/// cores (<see cref="ProfileOptimization"/>): a boot calls some thousand instruction handlers for the first time, and each would stop the
/// guest for up to a millisecond.
/// </summary>
/// <remarks>
/// The runtime reads and rewrites one file in place, which two emulators would do to each other. So each works on a copy of its own, and what it
/// has learnt replaces the shared file in one step. The runtime ignores a profile of another version of the program, so each version has its own.
/// It is kept early, for many a guest ends with its emulator being killed. A run records what it called itself, whatever it was played; so the longest record
/// is kept, or a guest that soon ends would have the next one start from nearly nothing.
/// </remarks>
internal sealed class StartupProfile : IDisposable
{
    private const string Prefix = "methods-", Suffix = ".profile";

    /// <summary>Profiles kept in the directory, of this version and those run last.</summary>
    private const int MaxProfiles = 4;

    /// <summary>The runtime's mark of a profile and the version of its format.</summary>
    private const int HeadSize = 8;

    private static readonly TimeSpan StartupTime = TimeSpan.FromSeconds(10);

    private readonly string fileName;
    private readonly string shared;
    private readonly DirectoryInfo? own;
    private readonly Timer? timer;
    private readonly Lock gate = new();
    private bool kept;

    /// <summary>Begins to play back what is known, and to record.</summary>
    /// <param name="directory">Where profiles are kept.</param>
    public StartupProfile(string directory)
    {
        fileName = Prefix + VersionOfProgram() + Suffix;
        shared = Path.Combine(directory, fileName);
        try
        {
            Directory.CreateDirectory(directory);
            own = Directory.CreateTempSubdirectory("emu-profile-");
            if (File.Exists(shared)) File.Copy(shared, Path.Combine(own.FullName, fileName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing but speed depends on it.
            Remove();
            own = null;
            return;
        }

        ProfileOptimization.SetProfileRoot(own.FullName);
        ProfileOptimization.StartProfile(fileName);
        timer = new Timer(static profile => ((StartupProfile)profile!).Keep(), this, StartupTime, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keeps what was recorded, if that has not been done.</summary>
    public void Dispose()
    {
        timer?.Dispose();
        Keep();
        Remove();
    }

    private void Keep()
    {
        lock (gate)
        {
            if (own == null || kept) return;
            kept = true;
            ProfileOptimization.StartProfile(null);
            try
            {
                string recorded = Path.Combine(own.FullName, fileName), beside = $"{shared}.{Environment.ProcessId}";
                if (!File.Exists(recorded) || KnowsMore(shared, recorded)) return;
                File.Copy(recorded, beside, overwrite: true);
                File.Move(beside, shared, overwrite: true);
                DropOld(Path.GetDirectoryName(shared)!);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The cache directory is full or gone; the next run compiles as it goes.
            }
        }
    }

    /// <summary>Whether a profile exists and is longer than another, with which it must share its head: not everything there is one.</summary>
    private static bool KnowsMore(string profile, string other)
    {
        if (!File.Exists(profile) || new FileInfo(profile).Length <= new FileInfo(other).Length) return false;
        Span<byte> head = stackalloc byte[HeadSize], otherHead = stackalloc byte[HeadSize];
        using FileStream first = File.OpenRead(profile), second = File.OpenRead(other);
        return first.ReadAtLeast(head, HeadSize, throwOnEndOfStream: false) == second.ReadAtLeast(otherHead, HeadSize, throwOnEndOfStream: false) && head.SequenceEqual(otherHead);
    }

    private static void DropOld(string directory)
    {
        FileInfo[] profiles = new DirectoryInfo(directory).GetFiles(Prefix + "*" + Suffix);
        foreach (FileInfo old in profiles.OrderByDescending(static f => f.LastWriteTimeUtc).Skip(MaxProfiles)) old.Delete();
    }

    /// <summary>Another one whenever an assembly of the program was built anew.</summary>
    private static string VersionOfProgram()
    {
        Type[] parts = [typeof(StartupProfile), typeof(Machine.Machine), typeof(Devices.Chipset.PcMemoryLayout), typeof(Jit.Translator), typeof(Cpu.Vcpu), typeof(Mmu.GuestMemory)];
        byte[] versions = [.. parts.SelectMany(static t => t.Module.ModuleVersionId.ToByteArray())];
        return Convert.ToHexStringLower(SHA256.HashData(versions).AsSpan(0, 8));
    }

    private void Remove()
    {
        try
        {
            own?.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else cleaned up first.
        }
    }
}
