namespace Emu.Mmu.Tests;

/// <summary>Builds the tables of one linear address in a mode: table of level n at (n+1) * 1000h, everything permitted.</summary>
internal sealed class PagingTables
{
    public const ulong Page = 0x40_0000;
    public const ulong Everything = 0x67;

    private readonly TestBoard _board;

    public PagingTables(TestBoard board, PagingMode mode, int leafLevel, ulong linear)
    {
        _board = board;
        Mode = mode;
        LeafLevel = leafLevel;
        Linear = linear;
        Top = mode switch { PagingMode.Level5 => 5, PagingMode.Level4 => 4, PagingMode.Pae => 3, _ => 2 };
        EntrySize = mode == PagingMode.Bits32 ? 4 : 8;
        for (int level = Top; level > leafLevel; level--)
        {
            Set(level, TableOf(level - 1) | (mode == PagingMode.Pae && level == 3 ? 1 : Everything));
        }

        Set(leafLevel, (leafLevel == 3 ? 0 : Page) | Everything | (leafLevel > 1 ? 0x80UL : 0));
        Controls = new PagingControls
        {
            Cr0 = PagingControls.Cr0Pg | PagingControls.Cr0Wp,
            Cr3 = TableOf(Top),
            Cr4 = (mode == PagingMode.Bits32 ? PagingControls.Cr4Pse : PagingControls.Cr4Pae) | (mode == PagingMode.Level5 ? PagingControls.Cr4La57 : 0),
            Efer = mode >= PagingMode.Level4 ? PagingControls.EferLma : 0,
        };
    }

    public PagingControls Controls;

    public PagingMode Mode { get; }

    public int LeafLevel { get; }

    public ulong Linear { get; }

    public int Top { get; }

    public int EntrySize { get; }

    public static ulong TableOf(int level) => (ulong)(level + 1) * 0x1000;

    public ulong AddressOf(int level)
    {
        int bits = EntrySize == 4 ? 10 : 9;
        ulong index = (Linear >> (12 + ((level - 1) * bits))) & ((1UL << bits) - 1);
        return TableOf(level) + (index * (ulong)EntrySize);
    }

    public void Set(int level, ulong entry) => _board.Space.Write(AddressOf(level), EntrySize, entry);

    public ulong Get(int level) => _board.Space.Read(AddressOf(level), EntrySize);

    /// <summary>Loads the registers as MOV to CR3 does, PDPTEs included.</summary>
    public void Load()
    {
        if (Mode == PagingMode.Pae)
        {
            if (!_board.Mmu.TryLoadPdptes(Controls.Cr3, out Pdptes pdptes, out _))
            {
                throw new InvalidOperationException("reserved PDPTE bits");
            }

            Controls.Pdptes = pdptes;
        }

        _board.Mmu.SetControls(in Controls);
    }

    /// <summary>Every mode with every page size.</summary>
    public static IEnumerable<(PagingMode Mode, int Leaf)> Shapes =>
    [
        (PagingMode.Bits32, 1), (PagingMode.Bits32, 2), (PagingMode.Pae, 1), (PagingMode.Pae, 2),
        (PagingMode.Level4, 1), (PagingMode.Level4, 2), (PagingMode.Level4, 3),
        (PagingMode.Level5, 1), (PagingMode.Level5, 2), (PagingMode.Level5, 3),
    ];
}
