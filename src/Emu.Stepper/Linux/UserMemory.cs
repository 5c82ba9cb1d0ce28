using Emu.Mmu;

namespace Emu.Stepper.Linux;

/// <summary>The page tables of the one process: 4-level tables in guest memory, which a student can look at like any other.</summary>
/// <param name="space">Physical memory.</param>
/// <param name="root">Physical address of the PML4.</param>
/// <param name="nextPage">Physical address of the word that holds the first free page: kept in guest memory, so that going back in time takes it along.</param>
/// <param name="end">End of physical memory.</param>
internal sealed class UserMemory(AddressSpace space, ulong root, ulong nextPage, ulong end)
{
    /// <summary>Size of a page.</summary>
    public const ulong PageSize = 0x1000;

    private const ulong Present = 1, Writable = 2, User = 4, NoExecute = 1ul << 63, AddressMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>Physical address of the PML4.</summary>
    public ulong Root => root;

    /// <summary>Rounds up to whole pages.</summary>
    public static ulong RoundUp(ulong value) => (value + PageSize - 1) & ~(PageSize - 1);

    /// <summary>Takes a page of zeros; 0 when memory is used up.</summary>
    public ulong AllocatePage()
    {
        ulong page = space.Read(nextPage, 8);
        if (page + PageSize > end) return 0;
        space.Write(nextPage, 8, page + PageSize);
        space.Fill(page, PageSize, 0);
        return page;
    }

    /// <summary>Maps pages of zeros where nothing is mapped yet; false when memory is used up.</summary>
    public bool Map(ulong linear, ulong size, bool write, bool execute, bool user = true)
    {
        ulong last = RoundUp(linear + size);
        for (ulong page = linear & ~(PageSize - 1); page != last; page += PageSize)
        {
            ulong entry = EntryOf(page, create: true);
            if (entry == 0) return false;
            ulong present = space.Read(entry, 8) & Present;
            ulong frame = present != 0 ? space.Read(entry, 8) & AddressMask : AllocatePage();
            if (frame == 0) return false;
            Set(entry, frame, write, execute, user);
        }

        return true;
    }

    /// <summary>Maps one page onto a given frame.</summary>
    public void MapFrame(ulong linear, ulong frame, bool write, bool execute, bool user) => Set(EntryOf(linear, create: true), frame, write, execute, user);

    /// <summary>Changes what is allowed; false where nothing is mapped.</summary>
    public bool Protect(ulong linear, ulong size, bool write, bool execute, bool access)
    {
        ulong last = RoundUp(linear + size);
        for (ulong page = linear & ~(PageSize - 1); page < last; page += PageSize)
        {
            ulong entry = EntryOf(page, create: false);
            if (entry == 0 || (space.Read(entry, 8) & AddressMask) == 0) return false;
            ulong frame = space.Read(entry, 8) & AddressMask;
            if (access) Set(entry, frame, write, execute, user: true);
            else space.Write(entry, 8, frame);
        }

        return true;
    }

    /// <summary>Takes mappings away.</summary>
    public void Unmap(ulong linear, ulong size)
    {
        ulong last = RoundUp(linear + size);
        for (ulong page = linear & ~(PageSize - 1); page < last; page += PageSize)
        {
            ulong entry = EntryOf(page, create: false);
            if (entry != 0) space.Write(entry, 8, 0);
        }
    }

    /// <summary>Whether any page of a range is mapped.</summary>
    public bool IsMapped(ulong linear, ulong size)
    {
        for (ulong page = linear & ~(PageSize - 1); page < linear + size; page += PageSize)
        {
            if (!TryPhysical(page, out _)) continue;
            return true;
        }

        return false;
    }

    /// <summary>Physical address of a mapped user page's byte.</summary>
    public bool TryPhysical(ulong linear, out ulong physical)
    {
        ulong entry = EntryOf(linear, create: false);
        ulong value = entry == 0 ? 0 : space.Read(entry, 8);
        physical = (value & AddressMask) | (linear & (PageSize - 1));
        return (value & (Present | User)) == (Present | User);
    }

    /// <summary>Copies out of user memory; returns how many bytes could be read.</summary>
    public int Read(ulong linear, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length && TryPhysical(linear + (uint)done, out ulong physical))
        {
            int chunk = (int)Math.Min((ulong)(destination.Length - done), PageSize - (physical & (PageSize - 1)));
            space.Read(physical, destination.Slice(done, chunk));
            done += chunk;
        }

        return done;
    }

    /// <summary>Copies into user memory; false, with a part written, where nothing is mapped.</summary>
    public bool Write(ulong linear, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (!TryPhysical(linear, out ulong physical)) return false;
            int chunk = (int)Math.Min((ulong)source.Length, PageSize - (physical & (PageSize - 1)));
            space.Write(physical, source[..chunk]);
            linear += (uint)chunk;
            source = source[chunk..];
        }

        return true;
    }

    private void Set(ulong entry, ulong frame, bool write, bool execute, bool user) =>
        space.Write(entry, 8, frame | Present | (write ? Writable : 0) | (user ? User : 0) | (execute ? 0 : NoExecute));

    /// <summary>Physical address of the page-table entry for a linear address; 0 if there is none.</summary>
    private ulong EntryOf(ulong linear, bool create)
    {
        ulong table = root;
        for (int level = 4; level > 1; level--)
        {
            ulong at = table + (((linear >> (12 + ((level - 1) * 9))) & 0x1FF) * 8);
            ulong entry = space.Read(at, 8);
            if ((entry & Present) == 0)
            {
                if (!create) return 0;
                entry = AllocatePage();
                if (entry == 0) return 0;
                entry |= Present | Writable | User;
                space.Write(at, 8, entry);
            }

            table = entry & AddressMask;
        }

        return table + (((linear >> 12) & 0x1FF) * 8);
    }
}
