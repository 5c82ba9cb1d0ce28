using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>
/// Finds memory operands of a block whose addresses differ by constants only, by following each register's distance from a value it or
/// another once had. They then share one TLB check: in straight-line code all of them are performed anyway, so if the check of the whole
/// range fails, leaving at the first is no loss.
/// </summary>
/// <remarks>64-bit addresses without FS and GS only. Nothing between the accesses of a group can change the TLB: what is left to the
/// interpreter ends all groups.</remarks>
internal sealed class AccessGrouping
{
    private readonly int pageOffset;
    /// <summary>Groups do not span more bytes than this: the wider, the more often they lie across two pages.</summary>
    private const long MaxSpan = 256;

    /// <summary>Pushes, pops, calls and returns that do without a group.</summary>
    private const int FewOnStack = 3;

    private const int RipRoot = -1;
    private const int NoRoot = -2;

    private readonly record struct Value(int Root, long Distance);

    private readonly record struct Key(int Base, int Index, long IndexDistance, int Scale);

    private readonly InstructionInfoFactory info = new();
    private readonly Value[] registers = new Value[16];
    private readonly Dictionary<Key, (AccessGroup Group, List<RegionInstruction> Members)> open = [];
    private int nextRoot;

    private AccessGrouping(int pageOffset) => this.pageOffset = pageOffset;

    /// <summary>Sets <see cref="RegionInstruction.Group"/> throughout a region.</summary>
    public static void Analyze(RegionGraph graph, Func<RegionInstruction, bool> isNative)
    {
        if (!graph.Is64) return;
        AccessGrouping grouping = new(graph.Plan.PageOffset);
        foreach (RegionBlock block in graph.Blocks.Where(static b => !b.CrossesPages)) grouping.Analyze(block, isNative);
    }

    private void Analyze(RegionBlock block, Func<RegionInstruction, bool> isNative)
    {
        Forget();
        foreach (RegionInstruction instruction in block.Instructions)
        {
            bool end = instruction == block.Last && block.End != BlockEnd.FallThrough;
            if (end ? block.End == BlockEnd.Interpreted : !isNative(instruction) || Emit.RegionEmitter.ChangesTlb(instruction.Iced))
            {
                Forget();
                continue;
            }

            Classify(instruction);
            Follow(instruction.Iced);
        }

        Close();
    }

    private void Forget()
    {
        Close();
        for (int i = 0; i < 16; i++) registers[i] = new Value(nextRoot++, 0);
    }

    private void Close()
    {
        foreach ((AccessGroup _, List<RegionInstruction> members) in open.Values) Settle(members);
        open.Clear();
    }

    /// <summary>
    /// A group of one is none, nor is one of a few pushes and pops: with the page of the stack in a local each check is short, and a recursion whose frames come to lie
    /// across two pages would leave at each of them.
    /// </summary>
    private static void Settle(List<RegionInstruction> members)
    {
        if (members.Count > FewOnStack || (members.Count > 1 && members.Exists(static m => m.Iced.StackPointerIncrement == 0))) return;
        foreach (RegionInstruction member in members) member.Group = null;
    }

    private void Classify(RegionInstruction instruction)
    {
        ref readonly Instruction i = ref instruction.Iced;
        switch (i.Mnemonic)
        {
            case Mnemonic.Push when i.Op0Kind == OpKind.Memory:
            case Mnemonic.Call when i.Op0Kind == OpKind.Memory:
                // Two accesses; the one to the stack is left alone.
                return;
            case Mnemonic.Push:
                Join(instruction, StackKey, registers[4].Distance - StackSize(i), StackSize(i), writes: true);
                return;
            case Mnemonic.Call:
                Join(instruction, StackKey, registers[4].Distance - 8, 8, writes: true);
                return;
            case Mnemonic.Pop:
            case Mnemonic.Ret:
                Join(instruction, StackKey, registers[4].Distance, i.Mnemonic == Mnemonic.Pop ? StackSize(i) : 8, writes: false);
                return;
            case Mnemonic.Leave:
                Join(instruction, new Key(registers[5].Root, NoRoot, 0, 0), registers[5].Distance, 8, writes: false);
                return;
            case Mnemonic.Lea:
            case Mnemonic.Nop:
                return;
        }

        foreach (UsedMemory used in info.GetInfo(i).GetUsedMemory())
        {
            if (used.Segment is Register.FS or Register.GS || used.AddressSize != CodeSize.Code64) return;
            int size = i.MemorySize.GetSize();
            if (size is 0 or > 32) return;
            if (i.MemoryBase == Register.RIP)
            {
                // How code lies in its page is known, so these never share a check across two pages.
                long page = (pageOffset + (long)i.MemoryDisplacement64) >> 12;
                Join(instruction, new Key(RipRoot, NoRoot, page, 0), (long)i.MemoryDisplacement64, size, Writes(used.Access));
                return;
            }

            if (i.MemoryBase == Register.None) return;
            Value root = registers[i.MemoryBase.GetNumber()];
            Value index = i.MemoryIndex == Register.None ? new Value(NoRoot, 0) : registers[i.MemoryIndex.GetNumber()];
            Key key = new(root.Root, index.Root, index.Distance, i.MemoryIndex == Register.None ? 0 : i.MemoryIndexScale);
            Join(instruction, key, root.Distance + (long)i.MemoryDisplacement64, size, Writes(used.Access));
            return;
        }
    }

    private Key StackKey => new(registers[4].Root, NoRoot, 0, 0);

    private static int StackSize(in Instruction i) => Math.Abs(i.StackPointerIncrement);

    private static bool Writes(OpAccess access) => access is not (OpAccess.Read or OpAccess.CondRead);

    private void Join(RegionInstruction instruction, Key key, long offset, int size, bool writes)
    {
        if (open.TryGetValue(key, out (AccessGroup Group, List<RegionInstruction> Members) entry))
        {
            AccessGroup group = entry.Group;
            long lowest = Math.Min(group.Lowest, offset), highest = Math.Max(group.Highest, offset + size - 1);
            if (highest - lowest < MaxSpan)
            {
                group.Lowest = lowest;
                group.Highest = highest;
                group.Writes |= writes;
                group.Count++;
                entry.Members.Add(instruction);
                instruction.Group = group;
                instruction.GroupOffset = offset;
                return;
            }

            Settle(entry.Members);
        }

        AccessGroup made = new() { Lowest = offset, Highest = offset + size - 1, Writes = writes, Count = 1 };
        open[key] = (made, [instruction]);
        instruction.Group = made;
        instruction.GroupOffset = offset;
    }

    /// <summary>Follows what an instruction does to the registers.</summary>
    private void Follow(in Instruction i)
    {
        Value stack = registers[4];
        switch (i.Mnemonic)
        {
            case Mnemonic.Push:
                registers[4] = stack with { Distance = stack.Distance - StackSize(i) };
                return;
            case Mnemonic.Pop:
                registers[4] = stack with { Distance = stack.Distance + StackSize(i) };
                Renew(i.Op0Register);
                return;
            case Mnemonic.Leave:
                registers[4] = registers[5] with { Distance = registers[5].Distance + 8 };
                Renew(Register.RBP);
                return;
            case Mnemonic.Mov when i.Op0Kind == OpKind.Register && i.Op1Kind == OpKind.Register && i.Op0Register.IsGPR64() && i.Op1Register.IsGPR64():
                registers[i.Op0Register.GetNumber()] = registers[i.Op1Register.GetNumber()];
                return;
            case Mnemonic.Lea when i.Op0Register.IsGPR64() && i.MemoryBase.IsGPR64() && i.MemoryIndex == Register.None:
                Value source = registers[i.MemoryBase.GetNumber()];
                registers[i.Op0Register.GetNumber()] = source with { Distance = source.Distance + (long)i.MemoryDisplacement64 };
                return;
            case Mnemonic.Add or Mnemonic.Sub when i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64() && i.Op1Kind != OpKind.Register && i.Op1Kind != OpKind.Memory:
                long change = (long)i.GetImmediate(1);
                Shift(i.Op0Register, i.Mnemonic == Mnemonic.Add ? change : -change);
                return;
            case Mnemonic.Inc or Mnemonic.Dec when i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64():
                Shift(i.Op0Register, i.Mnemonic == Mnemonic.Inc ? 1 : -1);
                return;
        }

        foreach (UsedRegister used in info.GetInfo(i).GetUsedRegisters())
        {
            if (used.Register.IsGPR() && used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite) Renew(used.Register);
        }
    }

    private void Shift(Register register, long change)
    {
        ref Value value = ref registers[register.GetNumber()];
        value = value with { Distance = value.Distance + change };
    }

    private void Renew(Register register)
    {
        if (register.IsGPR()) registers[register.GetFullRegister().GetNumber()] = new Value(nextRoot++, 0);
    }
}
