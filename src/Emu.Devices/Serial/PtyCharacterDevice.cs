using System.Runtime.Versioning;

using Microsoft.Win32.SafeHandles;

namespace Emu.Devices.Serial;

/// <summary>A line on a new pseudo-terminal, to which a terminal program attaches by <see cref="Name"/>.</summary>
[SupportedOSPlatform("linux")]
public sealed class PtyCharacterDevice : CharacterDevice
{
    private readonly FileStream _master;
    // Held open so that the master's reads wait, instead of failing, while no program has the slave open.
    private readonly SafeFileHandle _slave;
    private readonly OutputQueue _output;

    /// <summary>Opens a pseudo-terminal.</summary>
    /// <exception cref="CharacterDeviceException">The host has none left.</exception>
    public PtyCharacterDevice(Action<Action> post)
        : base(post)
    {
        (int master, int slave, Name) = PosixTerminal.OpenPty();
        _slave = new SafeFileHandle(slave, ownsHandle: true);
        _master = new FileStream(new SafeFileHandle(master, ownsHandle: true), FileAccess.ReadWrite, 0);
        _output = new OutputQueue(Send);
        StartReading(_master);
    }

    /// <summary>Path of the slave, such as /dev/pts/3.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
        if (!IsDisposed)
            _output.Write(data);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _output.Dispose();
        _slave.Dispose();
        _master.Dispose();
    }

    private void Send(ReadOnlySpan<byte> data)
    {
        try
        {
            _master.Write(data);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The terminal has been closed.
        }
    }
}
