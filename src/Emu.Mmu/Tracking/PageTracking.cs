namespace Emu.Mmu;

/// <summary>
/// Who wants to hear of writes to a page of guest RAM. A page with any bit of <see cref="Any"/> has no write tag in any
/// software TLB, so every write to it takes a slow path, which must call <see cref="GuestMemory.NotifyWrite"/>.
/// </summary>
[Flags]
public enum PageTracking : byte
{
    /// <summary>Nobody: writes go straight to RAM.</summary>
    None = 0,

    /// <summary>The page holds predecoded or translated code.</summary>
    Code = 1 << 0,

    /// <summary>The page is a guest paging structure that translations were derived from.</summary>
    PageTable = 1 << 1,

    /// <summary>The page is dirty-logged and was not written since the log was last read.</summary>
    DirtyLog = 1 << 2,

    /// <summary>The page is dirty-logged and was written; not a reason to watch it.</summary>
    Dirty = 1 << 3,

    /// <summary>The page is logged for checkpoints and was not written since the last one.</summary>
    CheckpointLog = 1 << 4,

    /// <summary>The page is logged for checkpoints and was written; not a reason to watch it.</summary>
    CheckpointDirty = 1 << 5,

    /// <summary>All reasons to watch writes.</summary>
    Any = Code | PageTable | DirtyLog | CheckpointLog,
}
