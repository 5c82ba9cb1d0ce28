namespace Emu.Mmu;

/// <content>Walking down from the root where the shadow has no page table yet.</content>
public sealed unsafe partial class SoftMmu
{
    /// <summary>The table whose entry maps the address, and all tables above it, taken into the shadow.</summary>
    private Outcome FindNode(ulong linear, AccessKind kind, AccessClass accessClass, ref Translation t, out TableNode* node)
    {
        PagingFormat format = _format;
        MakeRoom();
        node = null;
        // Large pages end at level 2 or 3; start as low as the shadow allows.
        for (int level = 2; level <= format.TopLevel && node == null; level++)
        {
            if (format.Mode == PagingMode.Pae && level > 2)
            {
                break;
            }

            node = _shadow.Find(_current.Id, level, NodeBase(linear, level));
        }

        if (node == null)
        {
            Outcome outcome = FindRoot(linear, kind, accessClass, ref t, out node);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }
        }

        while (node->Level > 1)
        {
            int level = node->Level;
            int index = (int)(linear >> format.Shift(level)) & ((1 << format.BitsPerLevel) - 1);
            byte* address = node->Table + (index << format.EntryShift);
            ulong entry = format.EntryShift == 2 ? Volatile.Read(ref *(uint*)address) : Volatile.Read(ref *(ulong*)address);
            if ((entry & PagingFormat.Present) == 0)
            {
                return Fail(kind, accessClass, PageFaultError.None, ref t);
            }

            if (format.IsLeaf(entry, level))
            {
                return Outcome.Done;
            }

            if ((entry & format.Reserved(level, false)) != 0)
            {
                return Fail(kind, accessClass, PageFaultError.Present | PageFaultError.ReservedBit, ref t);
            }

            uint rights = node->Rights & format.RightsOf(entry);
            if ((entry & PagingFormat.Accessed) == 0 && !node->InRom)
            {
                Outcome set = SetFlags(node, address, entry, PagingFormat.Accessed, rights, ref t);
                if (set != Outcome.Done)
                {
                    return set;
                }

                entry |= PagingFormat.Accessed;
            }

            Outcome outcome = AddNode(PagingFormat.TableAddress(entry), linear, level - 1, node, index, entry, rights, ref t, out TableNode* child);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }

            node = child;
        }

        return Outcome.Done;
    }

    private Outcome FindRoot(ulong linear, AccessKind kind, AccessClass accessClass, ref Translation t, out TableNode* root)
    {
        PagingFormat format = _format;
        ulong table;
        int level = format.TopLevel;
        int slot = (int)(linear >> 63);
        if (format.Mode == PagingMode.Pae)
        {
            slot = (int)(linear >> 30) & 3;
            ulong pdpte = _controls.Pdptes[slot];
            if ((pdpte & PagingFormat.Present) == 0)
            {
                root = null;
                return Fail(kind, accessClass, PageFaultError.None, ref t);
            }

            table = PagingFormat.TableAddress(pdpte);
            level = 2;
        }
        else
        {
            table = format.Mode == PagingMode.Bits32 ? _controls.Cr3 & 0xFFFF_F000 : PagingFormat.TableAddress(_controls.Cr3);
        }

        Outcome outcome = AddNode(table, linear, level, null, 0, 0, PagingFormat.AllRights, ref t, out root);
        if (outcome == Outcome.Done)
        {
            _current.Roots[slot] = (nint)root;
        }

        return outcome;
    }

    /// <summary>Takes a table into the shadow, if it lies in memory.</summary>
    private Outcome AddNode(
        ulong table, ulong linear, int level, TableNode* parent, int parentIndex, ulong parentEntry, uint rights, ref Translation t, out TableNode* node)
    {
        node = null;
        table &= _addressMask;
        ulong physical = table;
        bool nestedWritable = true;
        if (_nested is not null)
        {
            PagingFormat format = _format;
            ulong index = (linear >> format.Shift(level)) & ((1UL << format.BitsPerLevel) - 1);
            ulong entryAddress = table + (index << format.EntryShift);
            var access = new NestedAccess(AccessKind.Read, true, true, (GuestPageRights)rights, false);
            if (!_nested.Translate(entryAddress, access, out NestedTranslation result))
            {
                t.GuestPhysical = entryAddress;
                t.Fault = result.Fault;
                t.ExitInformation = result.ExitInformation;
                return Outcome.Fault;
            }

            physical = result.Physical & ~0xFFFUL & _addressMask;
            nestedWritable = (result.Rights & PageRights.Write) != 0;
        }

        byte* host = _space.TryGetRam(physical, out bool writable);
        if (host == null)
        {
            return Outcome.NotInMemory;
        }

        node = _shadow.Add(_current, parent, parentIndex, level, NodeBase(linear, level), host, _format);
        node->Rights = (byte)rights;
        node->GuestPhysical = table;
        node->InRom = !writable;
        node->Writable = writable && nestedWritable;
        if (parent != null)
        {
            _shadow.MarkUsed(parent, parentIndex, parentEntry);
        }

        return Outcome.Done;
    }

    /// <summary>First linear address a table translates that translates <paramref name="linear"/> at a level.</summary>
    private ulong NodeBase(ulong linear, int level) => linear & (ulong.MaxValue << (_format.Shift(level) + _format.BitsPerLevel));

    /// <summary>Makes sure a walk does not run out of nodes, at the expense of contexts that were not used for long.</summary>
    private void MakeRoom()
    {
        while (!_shadow.HasRoom)
        {
            if (!_memory.EvictOldestContext())
            {
                _shadow.RemoveContext(_current);
                return;
            }
        }
    }
}
