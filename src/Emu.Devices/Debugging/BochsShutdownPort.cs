using Emu.Mmu;

namespace Emu.Devices.Debugging;

/// <summary>Port 0x8900 of Bochs: the eight characters "Shutdown", written one by one, switch the machine off.</summary>
/// <param name="shutdown">Switches it off.</param>
public sealed class BochsShutdownPort(Action shutdown) : IPortDevice, ISnapshotable, IResettable
{
    /// <summary>The port.</summary>
    public const ushort Port = 0x8900;

    private int _matched;

    private static ReadOnlySpan<byte> Word => "Shutdown"u8;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size) => 0xFF;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        if ((byte)value == Word[_matched])
            _matched++;
        else
            _matched = (byte)value == Word[0] ? 1 : 0;
        if (_matched < Word.Length)
            return;
        _matched = 0;
        shutdown();
    }

    /// <inheritdoc/>
    public void Reset() => _matched = 0;

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer) => writer.Write((byte)_matched);

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader) => _matched = reader.ReadByte() % Word.Length;
}
