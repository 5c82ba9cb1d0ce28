using Emu.Devices.Chipset;
using Emu.Mmu;

namespace Emu.Devices.Pci;

/// <summary>
/// PCI configuration mechanism 1, ports CF8h-CFFh (PCI 3.0, 3.2.2.3.2): CONFADD, only as a dword, and CONFDATA in any size. Narrower accesses
/// to CF8h-CFBh pass to the bus behind, where CF9h is the reset control register.
/// </summary>
public sealed class PciConfigurationPorts(PciBus bus, ResetControl resetControl) : IPortDevice, ISnapshotable, IResettable
{
    public const ushort FirstPort = 0xCF8;
    public const int PortCount = 8;

    private const int DataOffset = 4;
    private const int ResetControlOffset = ResetControl.Port - FirstPort;
    private const uint Enable = 1u << 31;

    /// <summary>Bits 1-0 are hardwired 0, 30-24 reserved (82441FX 3.1.1).</summary>
    private const uint AddressMask = 0x80FF_FFFC;

    private uint _address;

    public int MaxPortAccessSize => 4;

    public uint ReadPort(ushort offset, int size)
    {
        if (offset == 0 && size == 4)
            return _address;
        if (offset >= DataOffset && (offset & size - 1) == 0)
            return ReadData(offset & 3, size);
        return size == 1
            ? offset == ResetControlOffset ? resetControl.Read() : 0xFFu
            : ReadPort(offset, size / 2) | ReadPort((ushort)(offset + size / 2), size / 2) << 4 * size;
    }

    public void WritePort(ushort offset, int size, uint value)
    {
        if (offset == 0 && size == 4)
        {
            _address = value & AddressMask;
        }
        else if (offset >= DataOffset && (offset & size - 1) == 0)
        {
            if ((_address & Enable) != 0)
                bus.WriteConfiguration(BusNumber, DeviceFunction, Register + (offset & 3), size, value);
        }
        else if (size == 1)
        {
            if (offset == ResetControlOffset)
                resetControl.Write((byte)value);
        }
        else
        {
            WritePort(offset, size / 2, value & uint.MaxValue >> 32 - 4 * size);
            WritePort((ushort)(offset + size / 2), size / 2, value >> 4 * size);
        }
    }

    private uint ReadData(int offset, int size) => (_address & Enable) != 0
        ? bus.ReadConfiguration(BusNumber, DeviceFunction, Register + offset, size)
        : uint.MaxValue >> 32 - 8 * size;

    private int BusNumber => (int)(_address >> 16 & 0xFF);

    private int DeviceFunction => (int)(_address >> 8 & 0xFF);

    private int Register => (int)(_address & 0xFC);

    public void Reset() => _address = 0;

    public void SaveState(BinaryWriter writer) => writer.Write(_address);

    public void LoadState(BinaryReader reader) => _address = reader.ReadUInt32() & AddressMask;
}
