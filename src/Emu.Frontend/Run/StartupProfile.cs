using System.Runtime;

namespace Emu.Frontend.Run;

/// <summary>
/// Remembers from run to run which of the emulator's own methods get compiled, so that the next run compiles them ahead on another of the host's
/// cores (<see cref="ProfileOptimization"/>): a boot calls some thousand instruction handlers for the first time, and each would stop the
/// guest for up to a millisecond.
/// </summary>
/// <remarks>
/// The runtime reads and rewrites one file in place, which two emulators would do to each other. So each works on a copy of its own, and what it
/// has learnt replaces the shared file in one step. The runtime itself ignores a profile of other versions of the program.
/// </remarks>
internal sealed class StartupProfile : IDisposable
{
    private const string FileName = "methods.profile";

    private readonly string shared;
    private readonly DirectoryInfo? own;

    /// <summary>Begins to play back what is known, and to record.</summary>
    /// <param name="directory">Where profiles are kept.</param>
    public StartupProfile(string directory)
    {
        shared = Path.Combine(directory, FileName);
        try
        {
            Directory.CreateDirectory(directory);
            own = Directory.CreateTempSubdirectory("emu-profile-");
            if (File.Exists(shared)) File.Copy(shared, Path.Combine(own.FullName, FileName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing but speed depends on it.
            Remove();
            own = null;
            return;
        }

        ProfileOptimization.SetProfileRoot(own.FullName);
        ProfileOptimization.StartProfile(FileName);
    }

    /// <summary>Keeps what was recorded.</summary>
    public void Dispose()
    {
        if (own == null) return;
        ProfileOptimization.StartProfile(null);
        try
        {
            string recorded = Path.Combine(own.FullName, FileName), beside = $"{shared}.{Environment.ProcessId}";
            if (File.Exists(recorded))
            {
                File.Copy(recorded, beside, overwrite: true);
                File.Move(beside, shared, overwrite: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The cache directory is full or gone; the next run compiles as it goes.
        }

        Remove();
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
