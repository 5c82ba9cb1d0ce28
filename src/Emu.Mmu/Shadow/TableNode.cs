using System.Runtime.InteropServices;

namespace Emu.Mmu;

/// <summary>
/// One use of a guest paging structure: in a shadow context, at a level, for the linear addresses from <see cref="LinearBase"/> on.
/// Nodes are both a paging-structure cache (a walk starts at the lowest node there is) and the record of what was derived
/// from which page of RAM.
/// </summary>
/// <remarks>A node exists only while its parent does and the parent's entry is marked used.</remarks>
internal unsafe struct TableNode
{
    public const int UsedWords = 16;

    /// <summary>Host address of the table's first entry.</summary>
    public byte* Table;

    /// <summary>First linear address translated through the table.</summary>
    public ulong LinearBase;

    /// <summary>Guest-physical address of the table, for nested walks.</summary>
    public ulong GuestPhysical;

    public TableNode* HashNext;
    public TableNode* PageNext;
    public TableNode* PagePrevious;

    /// <summary>Null for a root.</summary>
    public TableNode* Parent;

    public uint RamPage;
    public int Context;
    public ushort ParentIndex;
    public byte Level;

    /// <summary>Combined rights of the entries above.</summary>
    public byte Rights;

    public byte EntryShift;
    public byte BitsPerLevel;

    /// <summary>Whether accessed and dirty flags can be written without asking the nested stage.</summary>
    [MarshalAs(UnmanagedType.U1)]
    public bool Writable;

    /// <summary>The table lies in ROM: flags cannot be set, and are not missed.</summary>
    [MarshalAs(UnmanagedType.U1)]
    public bool InRom;

    /// <summary>Bit i: something was derived through entry i.</summary>
    public fixed ulong Used[UsedWords];

    public readonly int Shift => 12 + ((Level - 1) * BitsPerLevel);

    public readonly bool IsUsed(int index) => (Used[index >> 6] & (1UL << (index & 63))) != 0;

    public void SetUsed(int index) => Used[index >> 6] |= 1UL << (index & 63);

    public void ClearUsed(int index) => Used[index >> 6] &= ~(1UL << (index & 63));
}
