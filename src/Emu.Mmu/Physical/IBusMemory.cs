namespace Emu.Mmu;

/// <summary>
/// Memory as a bus master sees it: the physical address space, or an IOMMU in front of it. Bytes nobody decodes read as
/// all ones; writes to them and to ROM are dropped.
/// </summary>
public interface IBusMemory
{
    /// <summary>Reads bytes at a bus address.</summary>
    void Read(ulong physical, Span<byte> destination);

    /// <summary>Writes bytes at a bus address.</summary>
    void Write(ulong physical, ReadOnlySpan<byte> source);
}
