namespace Emu.Mmu;

/// <summary>Guest-physical mappings a nested stage keeps until it is flushed (SDM Vol. 3C 28.4.1).</summary>
internal sealed class GuestPhysicalCache
{
    private const int Size = 512;

    private readonly Entry[] _entries = new Entry[Size];

    public struct Entry
    {
        /// <summary>Guest-physical page address plus 1; 0 when empty.</summary>
        public ulong Tag;

        public ulong PhysicalPage;

        /// <summary>The entries' permission bits, ANDed.</summary>
        public ulong Permissions;

        /// <summary>The dirty flag is set, or not in use.</summary>
        public bool Dirty;
    }

    /// <summary>The entry a page address selects; whether it holds that page is for the caller to compare.</summary>
    public ref Entry At(ulong guestPhysical) => ref _entries[(guestPhysical >> 12) & (Size - 1)];

    public static ulong TagOf(ulong guestPhysical) => (guestPhysical & ~0xFFFUL) | 1;

    public void Clear() => Array.Clear(_entries);
}
