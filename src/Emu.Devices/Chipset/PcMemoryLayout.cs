namespace Emu.Devices.Chipset;

/// <summary>How main memory is split around the PCI hole, by the rules of QEMU's pc.</summary>
/// <param name="LowSize">Bytes from address 0.</param>
/// <param name="HighSize">Bytes from 4 GiB.</param>
public readonly record struct PcMemoryLayout(ulong LowSize, ulong HighSize)
{
    private const ulong GiB = 1ul << 30;

    /// <summary>From here up RAM below 4 GiB would leave too little room for devices.</summary>
    public const ulong LargestLowSize = 0xE000_0000;

    /// <summary>A machine with that much RAM or more splits at a whole gigabyte, so that both halves can be mapped with huge pages.</summary>
    public const ulong SplitLowSize = 3 * GiB;

    public const ulong HighBase = 4 * GiB;

    public ulong TotalSize => LowSize + HighSize;

    /// <summary>Splits <paramref name="size"/> bytes: all low below 3.5 GiB, else 3 GiB low and the rest high.</summary>
    public static PcMemoryLayout For(ulong size) =>
        size < LargestLowSize ? new PcMemoryLayout(size, 0) : new PcMemoryLayout(SplitLowSize, size - SplitLowSize);
}
