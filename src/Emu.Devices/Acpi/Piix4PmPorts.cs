using Emu.Mmu;

namespace Emu.Devices.Acpi;

/// <summary>
/// The 64 ports at PMBASE (PIIX4 data sheet 7.2): PM1 blocks, timer, and the global and device registers of the SMI logic. Registers with
/// wider meaning than a byte are assembled from byte accesses, as the chip's ISA side does.
/// </summary>
internal sealed class Piix4PmPorts(AcpiPm1 pm1) : IPortDevice, ISnapshotable, IResettable
{
    private const int Size = 64;
    private const int Status = 0x00;
    private const int Enable = 0x02;
    private const int Control = 0x04;
    private const int TimerRegister = 0x08;
    private const int GeneralPurposeStatus = 0x0C;
    private const int GeneralPurposeEnable = 0x0E;
    private const int ProcessorControl = 0x10;
    private const int GlobalStatus = 0x18;
    private const int DeviceStatus = 0x1C;
    private const int GlobalEnable = 0x20;
    private const int GlobalControl = 0x28;
    private const int DeviceControl = 0x2C;
    private const int GeneralPurposeInput = 0x30;
    private const int GeneralPurposeOutput = 0x34;

    private const byte GlobalStatusApm = 1 << 5;
    private const byte GlobalControlBiosRelease = 1 << 1;

    private readonly byte[] _registers = new byte[Size];

    public int MaxPortAccessSize => 4;

    public uint ReadPort(ushort offset, int size)
    {
        // The timer is read as one dword, or a carry between bytes would show.
        if (offset == TimerRegister && size == 4)
            return pm1.TimerValue;
        uint value = 0;
        for (int i = 0; i < size; i++)
            value |= (uint)ReadByte(offset + i) << 8 * i;
        return value;
    }

    private byte ReadByte(int offset) => offset switch
    {
        < Enable => (byte)(pm1.ReadStatus() >> 8 * offset),
        < Control => (byte)(pm1.Enable >> 8 * (offset - Enable)),
        < 0x06 => (byte)(pm1.ReadControl() >> 8 * (offset - Control)),
        >= TimerRegister and < 0x0C => (byte)(pm1.TimerValue >> 8 * (offset - TimerRegister)),
        < Size => _registers[offset],
        _ => 0xFF,
    };

    public void WritePort(ushort offset, int size, uint value)
    {
        // PM1 control must take SLP_TYP and SLP_EN in one write.
        if (offset == Control && size >= 2)
        {
            pm1.WriteControl((ushort)value);
            return;
        }
        for (int i = 0; i < size; i++)
            WriteByte(offset + i, (byte)(value >> 8 * i));
    }

    private void WriteByte(int offset, byte data)
    {
        switch (offset)
        {
            case < Enable:
                pm1.WriteStatus((ushort)(data << 8 * offset));
                break;
            case < Control:
                pm1.Enable = Merge(pm1.Enable, offset - Enable, data);
                break;
            case < 0x06:
                pm1.WriteControl(Merge(pm1.ReadControl(), offset - Control, data));
                break;
            case >= GeneralPurposeStatus and < GeneralPurposeEnable:
            case >= GlobalStatus and < GlobalStatus + 2:
            case >= DeviceStatus and < DeviceStatus + 4:
                _registers[offset] &= (byte)~data;
                break;
            case >= GeneralPurposeEnable and < ProcessorControl + 4:
            case >= GlobalEnable and < GlobalEnable + 2:
            case >= DeviceControl and < GeneralPurposeInput:
            case >= GeneralPurposeOutput and < GeneralPurposeOutput + 4:
                _registers[offset] = data;
                break;
            case GlobalControl:
                _registers[offset] = (byte)(data & ~GlobalControlBiosRelease);
                if ((data & GlobalControlBiosRelease) != 0)
                    pm1.RaiseGlobalStatus();
                break;
            case > GlobalControl and < DeviceControl:
                _registers[offset] = data;
                break;
            default:
                break;
        }
    }

    private static ushort Merge(ushort word, int index, byte data) => (ushort)(word & ~(0xFF << 8 * index) | data << 8 * index);

    /// <summary>A write to the APM control port raised an SMI.</summary>
    public void NoteApmSmi() => _registers[GlobalStatus] |= GlobalStatusApm;

    public void Reset() => Array.Clear(_registers);

    public void SaveState(BinaryWriter writer) => writer.Write(_registers);

    public void LoadState(BinaryReader reader) => reader.BaseStream.ReadExactly(_registers);
}
