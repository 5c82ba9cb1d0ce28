using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Emu.Devices.Serial;

/// <summary>Terminal settings of the host (termios) and pseudo-terminals, on Linux.</summary>
[SupportedOSPlatform("linux")]
internal static partial class PosixTerminal
{
    /// <summary>Room for struct termios of any Linux libc.</summary>
    public const int TermiosSize = 256;

    private const int OutputFlagsOffset = 4;
    private const int LocalFlagsOffset = 12;
    private const uint OutputPost = 1;
    private const uint SignalCharacters = 1;
    private const int ApplyNow = 0;
    private const int OpenReadWrite = 2;
    private const int OpenNoControllingTerminal = 0x100;

    /// <summary>Reads the settings, or returns null when the descriptor is no terminal.</summary>
    public static byte[]? Get(int descriptor)
    {
        byte[] settings = new byte[TermiosSize];
        return IsTerminal(descriptor) == 1 && GetAttributes(descriptor, settings) == 0 ? settings : null;
    }

    /// <summary>Applies settings.</summary>
    public static bool Set(int descriptor, byte[] settings) => SetAttributes(descriptor, ApplyNow, settings) == 0;

    /// <summary>Raw mode derived from the given settings: no echo, no line editing; newline output is still translated.</summary>
    public static byte[] MakeRaw(byte[] settings, bool keepSignals, bool keepOutputProcessing)
    {
        byte[] raw = [.. settings];
        MakeRaw(raw);
        if (keepOutputProcessing)
            Or(raw, OutputFlagsOffset, OutputPost);
        if (keepSignals)
            Or(raw, LocalFlagsOffset, SignalCharacters);
        return raw;
    }

    /// <summary>Stops the whole process until it is continued; its parent is told.</summary>
    public static void StopProcess()
    {
        const int stop = 19;
        _ = Kill(Environment.ProcessId, stop);
    }

    /// <summary>Opens a pseudo-terminal and both its sides; the slave is in raw mode.</summary>
    /// <exception cref="CharacterDeviceException">The host has none left.</exception>
    public static (int Master, int Slave, string SlaveName) OpenPty()
    {
        int master = OpenPtyMaster(OpenReadWrite | OpenNoControllingTerminal);
        if (master < 0)
            throw Failure();
        byte[] name = new byte[128];
        if (GrantPty(master) != 0 || UnlockPty(master) != 0 || PtyName(master, name, (nuint)name.Length) != 0)
        {
            Close(master);
            throw Failure();
        }
        string path = System.Text.Encoding.ASCII.GetString(name).TrimEnd('\0');
        int slave = Open(path, OpenReadWrite | OpenNoControllingTerminal);
        if (slave < 0)
        {
            Close(master);
            throw Failure();
        }
        if (Get(slave) is { } settings)
            Set(slave, MakeRaw(settings, keepSignals: false, keepOutputProcessing: false));
        return (master, slave, path);
    }

    private static void Or(byte[] settings, int offset, uint bits)
        => MemoryMarshal.Cast<byte, uint>(settings.AsSpan(offset, 4))[0] |= bits;

    private static CharacterDeviceException Failure()
        => new($"Cannot open a pseudo-terminal: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsTerminal(int descriptor);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int descriptor, [In, Out] byte[] settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int descriptor, int when, byte[] settings);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw([In, Out] byte[] settings);

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenPtyMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int GrantPty(int master);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int UnlockPty(int master);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int PtyName(int master, [In, Out] byte[] name, nuint size);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
