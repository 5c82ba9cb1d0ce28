using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Memory operands: effective addresses and the inline TLB check.
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>log2 of the size of a TLB entry.</summary>
    private const int EntryBits = 5;

    private readonly Dictionary<AccessGroup, LocalBuilder> groupHosts = [];

    /// <summary>Whether an instruction that is performed in place may have to leave.</summary>
    private static bool MayLeave(RegionInstruction instruction) => TouchesMemory(instruction.Iced) || LeavesWithoutMiss(instruction);

    /// <summary>Whether it may have to leave even when its operand is a hit.</summary>
    private static bool LeavesWithoutMiss(RegionInstruction instruction) =>
        LeavesForNaNs(instruction) || IsHostX87(instruction) || IsSystem(instruction.Iced);

    /// <summary>Whether an instruction reads or writes memory.</summary>
    private static bool TouchesMemory(in Instruction i)
    {
        if (i.Mnemonic is Mnemonic.Push or Mnemonic.Pop or Mnemonic.Leave) return true;
        if (i.Mnemonic is Mnemonic.Lea or Mnemonic.Nop || i.Mnemonic.ToString().StartsWith("Prefetch", StringComparison.Ordinal)) return false;
        for (int n = 0; n < i.OpCount; n++)
        {
            if (i.GetOpKind(n) == OpKind.Memory) return true;
        }

        return false;
    }

    /// <summary>Whether a memory operand's address can be computed in place.</summary>
    internal static bool IsNativeAddress(RegionInstruction instruction)
    {
        ref readonly Instruction i = ref instruction.Iced;
        return !i.IsVsib;
    }

    /// <summary>Pushes the effective address of the memory operand, without segment base (LEA).</summary>
    private void PushEffectiveAddress()
    {
        ref readonly Instruction i = ref current.Iced;
        bool any = false;
        if (i.MemoryBase is Register.RIP or Register.EIP)
        {
            PushRip((long)i.MemoryDisplacement64);
            if (i.MemoryBase == Register.EIP) Truncate(4);
            return;
        }

        if (i.MemoryBase != Register.None)
        {
            il.Emit(OpCodes.Ldloc, GprLocal(i.MemoryBase));
            any = true;
        }

        if (i.MemoryIndex != Register.None)
        {
            il.Emit(OpCodes.Ldloc, GprLocal(i.MemoryIndex));
            if (i.MemoryIndexScale > 1)
            {
                il.Emit(OpCodes.Ldc_I4, System.Numerics.BitOperations.Log2((uint)i.MemoryIndexScale));
                il.Emit(OpCodes.Shl);
            }

            if (any) il.Emit(OpCodes.Add);
            any = true;
        }

        long displacement = (long)i.MemoryDisplacement64;
        if (displacement != 0 || !any)
        {
            Constant(displacement);
            if (any) il.Emit(OpCodes.Add);
        }

        Truncate(AddressSize(i));
    }

    private int AddressSize(in Instruction i)
    {
        Register register = i.MemoryBase != Register.None ? i.MemoryBase : i.MemoryIndex;
        if (register != Register.None) return register.GetSize();
        if (i.MemoryDisplSize == 2) return 2;
        return i.MemoryDisplSize == 8 || (Is64 && i.MemoryDisplSize != 4) ? 8 : 4;
    }

    /// <summary>Pushes the linear address of the memory operand.</summary>
    private void PushLinearAddress(int size, bool write, Label miss)
    {
        PushEffectiveAddress();
        SegmentIndex segment = IndexOf(current.Iced.MemorySegment);
        if (HasLimit(segment))
        {
            PushInSegment(segment, size, write, miss);
            return;
        }

        if (segment is SegmentIndex.Fs or SegmentIndex.Gs)
        {
            LoadState(StateLayout.SegmentBase(segment), OpCodes.Ldind_I8);
            il.Emit(OpCodes.Add);
        }
    }

    /// <summary>The host address of the memory operand, checked for an access of <paramref name="size"/> bytes.</summary>
    private LocalBuilder TranslateOperand(int size, bool write, Label miss)
    {
        if (current.Group is { } group) return TranslateInGroup(group, () => PushLinearAddress(size, write, miss), miss, SteadyPlace());
        PushLinearAddress(size, write, miss);
        return Translate(PopTemporary(), size, write, miss, SteadyPlace());
    }

    /// <summary>The host address for an access at a distance from the stack pointer.</summary>
    private LocalBuilder TranslateStack(long distance, int size, bool write, Label miss)
    {
        void PushAddress()
        {
            il.Emit(OpCodes.Ldloc, gpr[Rsp]!);
            if (distance != 0)
            {
                Constant(distance);
                il.Emit(OpCodes.Add);
            }

            Truncate(graph.StackSize);
            if (IsSegmented) PushInSegment(SegmentIndex.Ss, size, write, miss);
        }

        if (current.Group is { } group) return TranslateInGroup(group, PushAddress, miss, AtStack);
        PushAddress();
        return Translate(PopTemporary(), size, write, miss, AtStack);
    }

    private LocalBuilder TranslateOperand(int size, bool write) => TranslateOperand(size, write, ExitHere());

    /// <summary>The host address for a linear one; goes to <paramref name="miss"/> unless all bytes lie on a page that is a hit.</summary>
    private LocalBuilder Translate(LocalBuilder linear, int size, bool write, Label miss, Place? place = null)
    {
        if (place is { } known && pageCaches.TryGetValue((known, write), out PageCache? cache)) return TranslateCached(cache, linear, size - 1, write, miss);
        LocalBuilder entry = EmitTlbEntry(linear);
        EmitTagCheck(linear, size - 1, entry, write, miss);
        LocalBuilder host = Scratch(typeof(nint));
        il.Emit(OpCodes.Ldloc, linear);
        LoadField(entry, StateLayout.Addend, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Stloc, host);
        return host;
    }

    private LocalBuilder TranslateInGroup(AccessGroup group, Action pushAddress, Label miss, Place? place = null)
    {
        if (!groupHosts.TryGetValue(group, out LocalBuilder? root))
        {
            pushAddress();
            Constant(group.Lowest - current.GroupOffset);
            il.Emit(OpCodes.Add);
            LocalBuilder lowest = PopTemporary();
            int span = (int)(group.Highest - group.Lowest);
            LocalBuilder host = Translate(lowest, span + 1, group.Writes, CountCrossing(lowest, span, miss), place);
            groupHosts[group] = root = blockLocals.Take(il, typeof(nint));
            il.Emit(OpCodes.Ldloc, host);
            il.Emit(OpCodes.Conv_I8);
            Constant(group.Lowest);
            il.Emit(OpCodes.Sub);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Stloc, root);
        }

        if (current.GroupOffset == 0) return root;
        LocalBuilder member = Scratch(typeof(nint));
        il.Emit(OpCodes.Ldloc, root);
        Constant(current.GroupOffset);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, member);
        return member;
    }

    /// <summary>A way to <paramref name="miss"/> that counts where an access lies across two pages.</summary>
    private Label CountCrossing(LocalBuilder linear, long lastByte, Label miss)
    {
        Label failed = il.DefineLabel();
        nint counter = memory.MakeCrossings(block.Start);
        Later(() =>
        {
            il.MarkLabel(failed);
            PushPage(linear, 0);
            PushPage(linear, lastByte);
            il.Emit(OpCodes.Beq, miss);
            Constant(counter);
            il.Emit(OpCodes.Conv_I);
            EmitIncrement();
            LoadStateAddress(StateLayout.Crossings);
            EmitIncrement();
            il.Emit(OpCodes.Br, miss);
        });
        return failed;
    }

    /// <summary>Pops an address, and adds 1 to the 32 bits there.</summary>
    private void EmitIncrement()
    {
        il.Emit(OpCodes.Dup);
        il.Emit(OpCodes.Ldind_U4);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stind_I4);
    }

    private LocalBuilder EmitTlbEntry(LocalBuilder linear)
    {
        LocalBuilder entry = Scratch(typeof(nint));
        EmitTlbEntry(linear, entry);
        return entry;
    }

    private void EmitTlbEntry(LocalBuilder linear, LocalBuilder entry)
    {
        il.Emit(OpCodes.Ldloc, tlb);
        EmitTlbOffset(linear);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, entry);
    }

    /// <summary>Pushes the byte offset of the TLB entry for a linear address.</summary>
    private void EmitTlbOffset(LocalBuilder linear)
    {
        il.Emit(OpCodes.Ldloc, linear);
        il.Emit(OpCodes.Ldc_I4, 12 - EntryBits);
        il.Emit(OpCodes.Shr_Un);
        il.Emit(OpCodes.Ldloc, linear);
        il.Emit(OpCodes.Ldloc, foldShift);
        il.Emit(OpCodes.Shr_Un);
        Constant(TlbEntry.FoldMask << EntryBits);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Xor);
        Constant((TlbEntry.Count - 1) << EntryBits);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Conv_I);
    }

    private void EmitTagCheck(LocalBuilder linear, long lastByte, LocalBuilder entry, bool write, Label miss)
    {
        il.Emit(OpCodes.Ldloc, linear);
        if (lastByte != 0)
        {
            Constant(lastByte);
            il.Emit(OpCodes.Add);
        }

        Constant(~0xFFFL);
        il.Emit(OpCodes.And);
        LoadField(entry, write ? StateLayout.WriteTag : StateLayout.ReadTag, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Bne_Un, miss);
    }

    /// <summary>Pushes what lies at a host address, zero-extended.</summary>
    private void PushMemory(LocalBuilder host, int size)
    {
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Volatile);
        switch (size)
        {
            case 1: il.Emit(OpCodes.Ldind_U1); il.Emit(OpCodes.Conv_U8); break;
            case 2: il.Emit(OpCodes.Ldind_U2); il.Emit(OpCodes.Conv_U8); break;
            case 4: il.Emit(OpCodes.Ldind_U4); il.Emit(OpCodes.Conv_U8); break;
            default: il.Emit(OpCodes.Ldind_I8); break;
        }
    }

    /// <summary>Stores the low bytes of a local at a host address.</summary>
    private void StoreMemory(LocalBuilder host, LocalBuilder value, int size)
    {
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Ldloc, value);
        switch (size)
        {
            case 1: il.Emit(OpCodes.Conv_U1); break;
            case 2: il.Emit(OpCodes.Conv_U2); break;
            case 4: il.Emit(OpCodes.Conv_U4); break;
        }

        il.Emit(OpCodes.Volatile);
        il.Emit(size switch { 1 => OpCodes.Stind_I1, 2 => OpCodes.Stind_I2, 4 => OpCodes.Stind_I4, _ => OpCodes.Stind_I8 });
    }
}
