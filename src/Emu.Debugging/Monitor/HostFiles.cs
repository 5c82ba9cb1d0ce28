namespace Emu.Debugging.Monitor;

/// <summary>Turns failures of host files into messages.</summary>
internal static class HostFiles
{
    /// <summary>Runs something that uses a file.</summary>
    /// <exception cref="MonitorException">The file cannot be used.</exception>
    public static void Guard(string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new MonitorException($"{path}: {e.Message}");
        }
    }
}
