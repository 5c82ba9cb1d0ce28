using Emu.Mmu;

namespace Emu.Devices.Debugging;

/// <summary>
/// Ends the emulator from inside the guest: writing c makes its exit status (c &lt;&lt; 1) | 1, so that a guest can never report a
/// plain success by accident.
/// </summary>
/// <param name="exit">Ends the machine with a status.</param>
public sealed class IsaDebugExit(Action<int> exit) : IPortDevice
{
    /// <summary>Port where none is given.</summary>
    public const ushort DefaultPort = 0x501;

    /// <summary>Number of ports where none is given.</summary>
    public const int DefaultPortCount = 2;

    /// <inheritdoc/>
    public int MaxPortAccessSize => 4;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size) => 0;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value) => exit((int)(value << 1 | 1));
}
