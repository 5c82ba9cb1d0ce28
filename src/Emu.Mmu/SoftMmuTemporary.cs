using System.Runtime.InteropServices;
namespace Emu.Mmu;

public sealed unsafe class SoftMmu : IDisposable
{
    private readonly AddressSpace memory;
    private readonly TlbEntry* tlb;
    public SoftMmu(AddressSpace memory)
    {
        this.memory = memory;
        tlb = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)(TlbEntry.Count * TlbEntry.SizeInBytes), 64);
        NativeMemory.Fill(tlb, (nuint)(TlbEntry.Count * TlbEntry.SizeInBytes), 0xFF);
    }
    public TlbEntry* Tlb(AccessClass c) => tlb;
    public void SetControls(in PagingControls c) { }
    public bool Fill(ulong linear, AccessKind kind, AccessClass cls, out Translation t)
    {
        t = default; t.Linear = linear; t.Physical = linear;
        t.Host = memory.TryGetRam(linear, out bool writable);
        if (t.Host != null)
        {
            TlbEntry* e = tlb + TlbEntry.Index(linear);
            ulong page = linear & ~0xFFFul;
            e->ReadTag = page; e->ExecuteTag = page; e->WriteTag = writable && !memory.Memory.IsTracked(memory.Memory.PageOf(t.Host)) ? page : TlbEntry.Invalid;
            e->Addend = (nint)t.Host - (nint)linear;
        }
        return true;
    }
    public void Dispose() { }
}
