using Emu.Mmu;

namespace Emu.Devices.Chipset;

/// <summary>Latch of a POST card at port 80h (or 190h): firmware writes progress codes, a read gives the last one.</summary>
public sealed class PostCodePort : IPortDevice, ISnapshotable, IResettable
{
    public const ushort Port = 0x80;
    public const ushort AlternatePort = 0x190;

    /// <summary>Last code written.</summary>
    public byte Code { get; private set; }

    /// <summary>Raised with each code.</summary>
    public event Action<byte>? Written;

    public uint ReadPort(ushort offset, int size) => Code;

    public void WritePort(ushort offset, int size, uint value)
    {
        Code = (byte)value;
        Written?.Invoke(Code);
    }

    public void Reset() => Code = 0;

    public void SaveState(BinaryWriter writer) => writer.Write(Code);

    public void LoadState(BinaryReader reader) => Code = reader.ReadByte();
}
