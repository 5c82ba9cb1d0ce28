using Emu.Mmu;

namespace Emu.Devices.Debugging;

/// <summary>A POST card: shows the last code written to its port (0x80, or 0x190 for some test ROMs) and reads it back.</summary>
public sealed class PostCodePort : IPortDevice, ISnapshotable, IResettable
{
    /// <summary>The PC/AT's manufacturing-diagnostics port.</summary>
    public const ushort StandardPort = 0x80;

    /// <summary>Raised with each code.</summary>
    public event Action<byte>? Written;

    /// <summary>The last code.</summary>
    public byte Code { get; private set; }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size) => Code;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        Code = (byte)value;
        Written?.Invoke(Code);
    }

    /// <inheritdoc/>
    public void Reset() => Code = 0;

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer) => writer.Write(Code);

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader) => Code = reader.ReadByte();
}
