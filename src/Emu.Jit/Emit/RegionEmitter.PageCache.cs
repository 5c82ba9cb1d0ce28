using System.Reflection.Emit;
using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.Emit;

// The page last accessed through a steady register, in locals: accesses there need not look into the TLB again. Nothing that a region does itself
// changes the TLB, so what was a hit stays one until the interpreter has been called.
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>In place of a page: no masked address equals it.</summary>
    private const long NoPage = 0xFFF;

    /// <summary>Most places that have pages of their own in a region: they take registers of the host from other things.</summary>
    private const int MaxPlaces = 8;

    private readonly Dictionary<(Place Place, bool Write), PageCache> pageCaches = [];
    private SteadyRegisters? steady;
    private LocalBuilder? pageEntry;

    /// <summary>What is likely to stay on one page: what lies at about the same distance from a steady register.</summary>
    /// <param name="Register">Its number; -1 for the tables of switches, which a compiler puts side by side.</param>
    /// <param name="Pages">The distance in pages, rounded.</param>
    private readonly record struct Place(int Register, long Pages);

    private static Place AtStack => new(Rsp, 0);

    private static Place AtFrame => new(Rbp, 0);

    private static Place AtJumpTable => new(-1, 0);

    /// <summary>A page that was a hit.</summary>
    /// <param name="Page">Its linear address, or <see cref="NoPage"/>.</param>
    /// <param name="Addend">Host address minus linear address.</param>
    private sealed record PageCache(LocalBuilder Page, LocalBuilder Addend);

    /// <summary>Forgets all pages: at the region's entry, and after calls of the interpreter.</summary>
    private void ForgetPages()
    {
        foreach (PageCache cache in pageCaches.Values)
        {
            Constant(NoPage);
            il.Emit(OpCodes.Stloc, cache.Page);
        }
    }

    /// <summary>Finds out which caches there will be, since the region's entry has to initialize them.</summary>
    private void PreparePageCaches()
    {
        steady = new SteadyRegisters(graph);
        foreach ((RegionBlock owner, RegionInstruction instruction) in NativeInstructionsOfRegion())
        {
            if (!TouchesMemory(instruction.Iced) && instruction.Iced.StackPointerIncrement == 0) continue;
            (block, current) = (owner, instruction);
            if (instruction.Iced.Mnemonic == Mnemonic.Leave) AddPageCaches(AtFrame);
            else if (instruction.Iced.StackPointerIncrement != 0) AddPageCaches(AtStack);
            if (SteadyPlace() is { } place) AddPageCaches(place);
        }
    }

    private void AddPageCaches(Place place)
    {
        if (pageCaches.ContainsKey((place, false)) || pageCaches.Count >= 2 * MaxPlaces) return;
        pageCaches[(place, false)] = new PageCache(il.DeclareLocal(typeof(long)), il.DeclareLocal(typeof(long)));
        pageCaches[(place, true)] = new PageCache(il.DeclareLocal(typeof(long)), il.DeclareLocal(typeof(long)));
    }

    /// <summary>Where the current instruction's memory operand lies; null if that may be anywhere.</summary>
    private Place? SteadyPlace()
    {
        ref readonly Instruction i = ref current.Iced;
        if (i.MemorySegment is Register.FS or Register.GS) return null;
        if (IsJumpTable(i)) return AtJumpTable;
        if (i.MemoryIndex != Register.None || !i.MemoryBase.IsGPR()) return null;
        int number = i.MemoryBase.GetFullRegister().GetNumber();
        return steady![number] ? new Place(number, ((long)i.MemoryDisplacement64 + 0x800) >> 12) : null;
    }

    /// <summary>Whether an operand is likely to be the table of a switch: indexed by words, and followed by an indirect jump.</summary>
    private bool IsJumpTable(in Instruction i) => block.End == BlockEnd.IndirectJump && i.MemoryIndex != Register.None && i.MemoryIndexScale >= 4;

    /// <summary>As <see cref="Translate"/>, for an access relative to a steady register.</summary>
    private LocalBuilder TranslateCached(PageCache cache, LocalBuilder linear, long lastByte, bool write, Label miss)
    {
        Label other = il.DefineLabel(), known = il.DefineLabel();
        LocalBuilder host = Scratch(typeof(nint));
        // Masked with the size as well, so that what is not aligned, and might cross into the next page, is looked up.
        bool aligned = lastByte < 64 && System.Numerics.BitOperations.IsPow2(lastByte + 1);
        PushPage(linear, 0, aligned ? lastByte : 0);
        il.Emit(OpCodes.Ldloc, cache.Page);
        il.Emit(OpCodes.Bne_Un, other);
        if (!aligned)
        {
            PushPage(linear, lastByte);
            il.Emit(OpCodes.Ldloc, cache.Page);
            il.Emit(OpCodes.Bne_Un, other);
        }

        il.MarkLabel(known);
        il.Emit(OpCodes.Ldloc, linear);
        il.Emit(OpCodes.Ldloc, cache.Addend);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Stloc, host);
        Later(() =>
        {
            il.MarkLabel(other);
            // A local of its own: the instruction's are in use.
            LocalBuilder entry = pageEntry ??= il.DeclareLocal(typeof(nint));
            EmitTlbEntry(linear, entry);
            EmitTagCheck(linear, lastByte, entry, write, miss);
            PushPage(linear, 0);
            il.Emit(OpCodes.Stloc, cache.Page);
            LoadField(entry, StateLayout.Addend, OpCodes.Ldind_I8);
            il.Emit(OpCodes.Stloc, cache.Addend);
            il.Emit(OpCodes.Br, known);
        });
        return host;
    }

    /// <summary>Pushes the page of an address, with some of its low bits.</summary>
    private void PushPage(LocalBuilder linear, long distance, long lowBits = 0)
    {
        il.Emit(OpCodes.Ldloc, linear);
        if (distance != 0)
        {
            Constant(distance);
            il.Emit(OpCodes.Add);
        }

        Constant(~0xFFFL | lowBits);
        il.Emit(OpCodes.And);
    }
}
