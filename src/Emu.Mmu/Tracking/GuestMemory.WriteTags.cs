namespace Emu.Mmu;

/// <content>The reverse map from a page of RAM to the TLB entries that may write it.</content>
public sealed unsafe partial class GuestMemory
{
    private readonly uint* _writeTagHeads;
    private readonly uint* _tablePages;

    private void RemoveWriteTags(uint ramPage)
    {
        _ = _writeTagHeads[ramPage];
    }

    private void OnPageTableWritten(uint ramPage, int offset, int length)
    {
        _ = _tablePages[ramPage];
    }
}
