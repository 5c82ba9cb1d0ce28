namespace Emu.Devices.Chipset;

/// <summary>Reset control register, port CF9h (PIIX3 data sheet 2.3.4).</summary>
public sealed class ResetControl(IPowerControl power) : ISnapshotable, IResettable
{
    public const ushort Port = 0xCF9;

    private const byte SystemReset = 1 << 1;
    private const byte ResetCpu = 1 << 2;

    private byte _value;

    public byte Read() => _value;

    /// <summary>A rising edge of RCPU resets: with SRST the whole board, else the processor alone.</summary>
    public void Write(byte value)
    {
        bool rising = (value & ~_value & ResetCpu) != 0;
        _value = (byte)(value & (SystemReset | ResetCpu));
        if (!rising)
            return;
        // As QEMU: drivers write 02h and 06h, and UEFI 0Eh, all to reset the machine; a CPU-only reset hangs some of them.
        power.RequestReset(ResetSource.ResetControlRegister);
    }

    public void Reset() => _value = 0;

    public void SaveState(BinaryWriter writer) => writer.Write(_value);

    public void LoadState(BinaryReader reader) => _value = reader.ReadByte();
}
