namespace Emu.Mmu;

/// <summary>
/// A device whose registers appear in the I/O port space. It sees offsets from the first port of its own range.
/// </summary>
/// <remarks>
/// Accesses wider than <see cref="MaxPortAccessSize"/>, or reaching past the end of the range, are split by the port
/// space into narrower ones, low port first, as the ISA bus does. Ports nobody claims read as all ones.
/// </remarks>
public interface IPortDevice
{
    /// <summary>Widest access in bytes (1, 2 or 4) the device decodes as one.</summary>
    int MaxPortAccessSize => 1;

    /// <summary>Reads <paramref name="size"/> bytes (1, 2, 4); bits above the size are ignored.</summary>
    uint ReadPort(ushort offset, int size);

    /// <summary>Writes the low <paramref name="size"/> bytes (1, 2, 4) of <paramref name="value"/>.</summary>
    void WritePort(ushort offset, int size, uint value);
}
