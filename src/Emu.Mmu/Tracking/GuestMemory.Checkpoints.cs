using System.Runtime.Intrinsics;

namespace Emu.Mmu;

/// <content>
/// The log of pages written since a checkpoint, for snapshots: of all memory at once, and independent of the dirty logs of displays.
/// </content>
public sealed unsafe partial class GuestMemory
{
    /// <summary>Number of pages from page 0 to the end of the last block. Gaps between blocks are not accessible; see <see cref="Blocks"/>.</summary>
    public uint UsedPages => (uint)(_used >> 12);

    /// <summary>The blocks allocated and not disposed, in the order of allocation.</summary>
    public IReadOnlyList<GuestRam> Blocks => _blocks;

    private readonly List<GuestRam> _blocks = [];

    /// <summary>
    /// Translations always agree with the guest's page tables, even before the guest flushes them (in which case it may not rely on either). So
    /// what the guest sees does not depend on which translations a processor happens to hold. Costs time where the guest writes
    /// page tables; set it before anything runs.
    /// </summary>
    public bool KeepsTranslationsExact
    {
        get => Shadow.TracksAllTables;
        set => Shadow.TracksAllTables = value;
    }

    /// <summary>Begins logging: no page counts as written.</summary>
    public void StartCheckpointLog()
    {
        foreach (GuestRam block in _blocks)
        {
            for (uint page = block.FirstPage; page < block.FirstPage + (uint)(block.Size >> 12); page++)
            {
                bool watched = (_flags[page] & (byte)PageTracking.Any) != 0;
                _flags[page] = (byte)((_flags[page] & (byte)~PageTracking.CheckpointDirty) | (byte)PageTracking.CheckpointLog);
                if (!watched) RemoveWriteTags(page);
            }
        }
    }

    /// <summary>Ends logging.</summary>
    public void StopCheckpointLog()
    {
        for (uint page = 0; page < UsedPages; page++)
        {
            _flags[page] &= (byte)~(PageTracking.CheckpointLog | PageTracking.CheckpointDirty);
        }
    }

    /// <summary>Adds the pages written since the last call, or since logging began, to a list, and begins anew.</summary>
    public void TakeCheckpointLog(List<uint> pages)
    {
        var dirty = Vector256.Create((byte)PageTracking.CheckpointDirty);
        uint count = UsedPages;
        for (uint index = 0; index < count;)
        {
            if (count - index >= 32 && (Vector256.Load(_flags + index) & dirty) == Vector256<byte>.Zero)
            {
                index += 32;
                continue;
            }

            uint end = Math.Min(count, index + 32);
            for (; index < end; index++)
            {
                byte flags = _flags[index];
                if ((flags & (byte)PageTracking.CheckpointDirty) == 0) continue;
                pages.Add(index);
                _flags[index] = (byte)((flags & (byte)~PageTracking.CheckpointDirty) | (byte)PageTracking.CheckpointLog);
                if ((flags & (byte)PageTracking.Any) == 0) RemoveWriteTags(index);
            }
        }
    }
}
