using System.Runtime.InteropServices;

namespace Emu.Devices.Serial;

/// <summary>
/// Puts the process's terminal into raw mode for as long as it lives and restores it when disposed, when the process exits,
/// and around a stop (Ctrl-Z) and continue.
/// </summary>
public sealed class HostTerminal : IDisposable
{
    private const int StandardInput = 0;
    private readonly byte[] _saved;
    private readonly byte[] _raw;
    private readonly PosixSignalRegistration? _continued;
    private bool _restored;

    private HostTerminal(byte[] saved, byte[] raw)
    {
        _saved = saved;
        _raw = raw;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _continued = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Apply());
        Apply();
    }

    /// <summary>Enters raw mode, or returns null when standard input is no terminal (a pipe, a file, or not on Linux).</summary>
    /// <param name="keepSignals">True lets Ctrl-C still end the process; false hands it to the guest.</param>
    public static HostTerminal? EnterRaw(bool keepSignals)
    {
        if (!OperatingSystem.IsLinux() || PosixTerminal.Get(StandardInput) is not { } saved)
            return null;
        return new HostTerminal(saved, PosixTerminal.MakeRaw(saved, keepSignals, keepOutputProcessing: true));
    }

    /// <summary>Stops the process as Ctrl-Z would, with the terminal's former settings; they are changed again when it is continued.</summary>
    public void Suspend()
    {
        if (!OperatingSystem.IsLinux() || _restored)
            return;
        PosixTerminal.Set(StandardInput, _saved);
        PosixTerminal.StopProcess();
    }

    /// <summary>Gives the terminal its former settings back.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _continued?.Dispose();
        Restore();
    }

    private void OnExit(object? sender, EventArgs arguments) => Restore();

    private void Apply()
    {
        if (OperatingSystem.IsLinux() && !_restored)
            PosixTerminal.Set(StandardInput, _raw);
    }

    private void Restore()
    {
        if (!OperatingSystem.IsLinux() || _restored)
            return;
        _restored = true;
        PosixTerminal.Set(StandardInput, _saved);
    }
}
