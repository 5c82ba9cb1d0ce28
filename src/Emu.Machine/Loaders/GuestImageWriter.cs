using Emu.Mmu;

namespace Emu.Machine.Loaders;

/// <summary>Writes images into guest RAM, with errors a user can act on.</summary>
public sealed class GuestImageWriter(AddressSpace memory, ulong lowMemory)
{
    /// <summary>RAM below 4 GiB in bytes.</summary>
    public ulong LowMemory => lowMemory;

    /// <summary>Copies bytes to a physical address.</summary>
    /// <exception cref="LoaderException">The range is not in RAM.</exception>
    public void Write(ulong physical, ReadOnlySpan<byte> bytes, string what)
    {
        if (physical >= lowMemory || (ulong)bytes.Length > lowMemory - physical)
        {
            throw new LoaderException($"{what} does not fit: it needs memory up to {(physical + (ulong)bytes.Length) >> 20} MiB, the guest has {lowMemory >> 20} MiB (use a larger -m)");
        }

        memory.Write(physical, bytes);
    }

    /// <summary>Loads an ELF executable at its physical addresses; returns the end of what it occupies.</summary>
    public ulong Write(ElfImage image, string what)
    {
        ulong end = 0;
        foreach (ElfSegment segment in image.Segments)
        {
            Write(segment.Physical, image.BytesOf(segment), what);
            ulong zero = segment.MemorySize - (ulong)segment.FileSize;
            if (zero > 0)
            {
                if (segment.Physical + segment.MemorySize > lowMemory) throw new LoaderException($"{what} does not fit into {lowMemory >> 20} MiB of memory (use a larger -m)");
                memory.Fill(segment.Physical + (ulong)segment.FileSize, zero, 0);
            }

            end = Math.Max(end, segment.Physical + segment.MemorySize);
        }

        return end;
    }
}
