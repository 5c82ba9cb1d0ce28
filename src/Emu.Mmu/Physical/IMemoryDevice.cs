namespace Emu.Mmu;

/// <summary>
/// A device whose registers appear in the physical address space. It sees offsets into its own region and does not
/// know where that region is mapped.
/// </summary>
/// <remarks>
/// Accesses arrive naturally aligned and 1, 2, 4 or 8 bytes wide, split by the address space to at most
/// <see cref="MaxAccessSize"/> bytes. A device never throws for what a guest does: an undefined register reads as the
/// data sheet says (mostly 0 or all ones) and ignores writes.
/// </remarks>
public interface IMemoryDevice
{
    /// <summary>Widest access in bytes (1, 2, 4 or 8) the device decodes; wider ones are split, low half first.</summary>
    int MaxAccessSize => 4;

    /// <summary>Reads <paramref name="size"/> bytes (1, 2, 4, 8) at <paramref name="offset"/>; bits above the size are ignored.</summary>
    ulong ReadMemory(ulong offset, int size);

    /// <summary>Reads for a debugger, without a trace; false where the device cannot, and by default.</summary>
    bool TryPeekMemory(ulong offset, int size, out ulong value)
    {
        value = 0;
        return false;
    }

    /// <summary>Writes the low <paramref name="size"/> bytes (1, 2, 4, 8) of <paramref name="value"/> at <paramref name="offset"/>.</summary>
    void WriteMemory(ulong offset, int size, ulong value);
}
