using Emu.Mmu;

namespace Emu.Devices.Chipset;

/// <summary>Port 92h, system control port A (PS/2): bit 1 fast A20, bit 0 fast processor reset.</summary>
public sealed class Port92(A20Gate a20, IPowerControl power) : IPortDevice, ISnapshotable, IResettable
{
    public const ushort Port = 0x92;

    private const byte FastReset = 1 << 0;
    private const byte A20Enable = 1 << 1;

    private byte _value;

    public uint ReadPort(ushort offset, int size) => _value;

    public void WritePort(ushort offset, int size, uint value)
    {
        bool reset = (value & ~(uint)_value & FastReset) != 0;
        _value = (byte)value;
        a20.Set((value & A20Enable) != 0);
        // As QEMU: the whole machine; firmware that wants only the processor looks at CMOS byte 0Fh either way.
        if (reset)
            power.RequestReset(ResetSource.Port92);
    }

    public void Reset() => _value = 0;

    public void SaveState(BinaryWriter writer) => writer.Write(_value);

    public void LoadState(BinaryReader reader) => _value = reader.ReadByte();
}
