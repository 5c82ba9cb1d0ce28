namespace Emu.Mmu.Tests;

/// <summary>What an access must do, by the text of SDM Vol. 3A chapter 4, written out mode by mode.</summary>
internal readonly record struct OracleResult(bool Fault, uint Error, ulong Physical, ulong LeafAddress, int LeafSize);

/// <summary>
/// An independent page walk: reads tables through a delegate, sets nothing. One section of the manual after the other, nothing shared
/// with the product.
/// </summary>
internal sealed class OracleWalker(Func<ulong, ulong> read64, PagingFeatures features)
{
    public OracleResult Walk(in PagingControls c, ulong linear, AccessKind kind, AccessClass cls)
    {
        bool wp = (c.Cr0 >> 16 & 1) != 0;
        bool pse = (c.Cr4 >> 4 & 1) != 0, pae = (c.Cr4 >> 5 & 1) != 0, la57 = (c.Cr4 >> 12 & 1) != 0;
        bool smep = (c.Cr4 >> 20 & 1) != 0, smap = (c.Cr4 >> 21 & 1) != 0, pke = (c.Cr4 >> 22 & 1) != 0, pks = (c.Cr4 >> 24 & 1) != 0;
        bool lma = (c.Efer >> 10 & 1) != 0, nxe = (c.Efer >> 11 & 1) != 0;
        if ((c.Cr0 >> 31 & 1) == 0)
        {
            return new OracleResult(false, 0, linear & 0xFFFF_FFFF, 0, 0);
        }

        bool user = cls == AccessClass.User, write = kind == AccessKind.Write, fetch = kind == AccessKind.Execute;
        uint baseError = (write ? 2u : 0) | (user ? 4u : 0) | (fetch && ((pae && nxe) || smep) ? 16u : 0);
        var entries = new List<ulong>();
        ulong physical, leafAddress;
        int leafSize = 8;
        bool x = true, w = true, u = true;
        OracleResult NotPresent() => new(true, baseError, 0, 0, 0);
        OracleResult Reserved() => new(true, baseError | 1 | 8, 0, 0, 0);
        int m = features.PhysicalAddressBits;
        ulong highReserved = 0;
        for (int bit = m; bit < 52; bit++)
        {
            highReserved |= 1UL << bit;
        }

        if (!pae)
        {
            // 4.3 32-bit paging
            leafSize = 4;
            ulong pdeAddress = (c.Cr3 & 0xFFFFF000) + ((linear >> 22 & 0x3FF) * 4);
            ulong pde = Read32(pdeAddress);
            if ((pde & 1) == 0)
            {
                return NotPresent();
            }

            if (pse && (pde & 0x80) != 0)
            {
                int top = features.Pse36 ? Math.Min(40, m) : 32;
                for (int bit = top - 19; bit <= 21; bit++)
                {
                    if ((pde >> bit & 1) != 0)
                    {
                        return Reserved();
                    }
                }

                entries.Add(pde);
                leafAddress = pdeAddress;
                physical = (pde >> 22 << 22) | (linear & 0x3FFFFF);
                if (top > 32)
                {
                    physical |= (pde >> 13 & ((1UL << (top - 32)) - 1)) << 32;
                }
            }
            else
            {
                entries.Add(pde);
                ulong pteAddress = (pde & 0xFFFFF000) + ((linear >> 12 & 0x3FF) * 4);
                ulong pte = Read32(pteAddress);
                if ((pte & 1) == 0)
                {
                    return NotPresent();
                }

                entries.Add(pte);
                leafAddress = pteAddress;
                physical = (pte & 0xFFFFF000) | (linear & 0xFFF);
            }
        }
        else
        {
            // 4.4 PAE, 4.5 4-level and 5-level
            ulong table;
            int level;
            if (!lma)
            {
                ulong pdpte = c.Pdptes[(int)(linear >> 30 & 3)];
                if ((pdpte & 1) == 0)
                {
                    return NotPresent();
                }

                table = pdpte & 0xF_FFFF_FFFF_F000;
                level = 2;
                highReserved |= 0x7FF0_0000_0000_0000;
            }
            else
            {
                table = c.Cr3 & 0xF_FFFF_FFFF_F000;
                level = la57 ? 5 : 4;
            }

            while (true)
            {
                int shift = level switch { 1 => 12, 2 => 21, 3 => 30, 4 => 39, _ => 48 };
                ulong address = table + ((linear >> shift & 0x1FF) * 8);
                ulong entry = read64(address);
                if ((entry & 1) == 0)
                {
                    return NotPresent();
                }

                bool ps = (entry & 0x80) != 0;
                bool leaf = level == 1 || (ps && (level == 2 || (level == 3 && features.GigabytePages)));
                if ((entry & highReserved) != 0 || (!nxe && entry >> 63 != 0) || (ps && !leaf && level >= 3))
                {
                    return Reserved();
                }

                if (leaf && level == 2 && (entry & 0x1FE000) != 0)
                {
                    return Reserved();
                }

                if (leaf && level == 3 && (entry & 0x3FFFE000) != 0)
                {
                    return Reserved();
                }

                entries.Add(entry);
                if (leaf)
                {
                    leafAddress = address;
                    ulong size = 1UL << shift;
                    physical = (entry & 0xF_FFFF_FFFF_F000 & ~(size - 1)) | (linear & (size - 1));
                    break;
                }

                table = entry & 0xF_FFFF_FFFF_F000;
                level--;
            }
        }

        foreach (ulong entry in entries)
        {
            w &= (entry >> 1 & 1) != 0;
            u &= (entry >> 2 & 1) != 0;
            if (pae && nxe && entry >> 63 != 0)
            {
                x = false;
            }
        }

        // 4.6.2 protection keys
        bool keyViolation = false;
        if (lma && !fetch && (u ? pke : pks))
        {
            int key = (int)(entries[^1] >> 59 & 15);
            uint register = u ? c.Pkru : c.Pkrs;
            bool ad = (register >> (2 * key) & 1) != 0, wd = (register >> ((2 * key) + 1) & 1) != 0;
            keyViolation = ad || (wd && write && (wp || user));
        }

        // 4.6.1 determination of access rights
        bool allowed;
        if (user)
        {
            allowed = u && (!write || w) && (!fetch || x);
        }
        else if (fetch)
        {
            allowed = x && !(u && smep);
        }
        else
        {
            allowed = !(u && smap && cls == AccessClass.Supervisor) && (!write || w || !wp);
        }

        if (!allowed || keyViolation)
        {
            return new OracleResult(true, baseError | 1 | (keyViolation ? 32u : 0), 0, 0, 0);
        }

        return new OracleResult(false, 0, physical, leafAddress, leafSize);
    }

    private ulong Read32(ulong address) => (read64(address & ~7UL) >> (int)(8 * (address & 4))) & 0xFFFF_FFFF;
}
