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

    private readonly Dictionary<(int Register, bool Write), PageCache> pageCaches = [];
    private SteadyRegisters? steady;
    private LocalBuilder? pageEntry;

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
        foreach (RegionInstruction instruction in NativeInstructionsOfRegion())
        {
            if (!TouchesMemory(instruction.Iced) && instruction.Iced.StackPointerIncrement == 0) continue;
            current = instruction;
            if (instruction.Iced.Mnemonic == Mnemonic.Leave) AddPageCaches(Rbp);
            else if (instruction.Iced.StackPointerIncrement != 0) AddPageCaches(Rsp);
            if (SteadyBase() is { } register) AddPageCaches(register);
        }
    }

    private void AddPageCaches(int register)
    {
        if (pageCaches.ContainsKey((register, false))) return;
        pageCaches[(register, false)] = new PageCache(il.DeclareLocal(typeof(long)), il.DeclareLocal(typeof(long)));
        pageCaches[(register, true)] = new PageCache(il.DeclareLocal(typeof(long)), il.DeclareLocal(typeof(long)));
    }

    /// <summary>The steady register that the current instruction's memory operand is relative to; null if there is none.</summary>
    private int? SteadyBase()
    {
        ref readonly Instruction i = ref current.Iced;
        if (i.MemorySegment is Register.FS or Register.GS || i.MemoryIndex != Register.None || !i.MemoryBase.IsGPR()) return null;
        int number = i.MemoryBase.GetFullRegister().GetNumber();
        return steady![number] ? number : null;
    }

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
        stubs.Enqueue(() =>
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
