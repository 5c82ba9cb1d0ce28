using Emu.Cpu;
using Emu.Debugging;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>A memory access of an instruction, with everything between the operand and physical memory.</summary>
internal sealed unsafe class MemoryOperand
{
    private const int MostBytes = 64;

    /// <summary>Place in the instruction's operands; -1 for an implied access.</summary>
    public required int Index { get; init; }

    /// <summary>As the disassembly writes it.</summary>
    public required string Name { get; init; }

    /// <summary>Segment register.</summary>
    public required SegmentIndex Segment { get; init; }

    /// <summary>Offset in the segment.</summary>
    public required ulong Offset { get; init; }

    /// <summary>Linear address.</summary>
    public required ulong Linear { get; init; }

    /// <summary>Bytes accessed, at most 64; 0 where it depends.</summary>
    public required int Size { get; init; }

    /// <summary>It is read.</summary>
    public required bool Reads { get; init; }

    /// <summary>It is written.</summary>
    public required bool Writes { get; init; }

    /// <summary>How the offset comes about, or empty.</summary>
    public string Formula { get; init; } = "";

    /// <summary>The page walk before the instruction.</summary>
    public IReadOnlyList<string> Walk { get; set; } = [];

    /// <summary>Contents before the instruction.</summary>
    public byte[]? Before { get; private set; }

    /// <summary>Contents after it.</summary>
    public byte[]? After { get; private set; }

    /// <summary>What the access would be on the paging unit's side.</summary>
    public AccessKind Kind => Writes ? AccessKind.Write : AccessKind.Read;

    /// <summary>Notes the contents before the instruction.</summary>
    public void ReadBefore(Vcpu cpu) => Before = Contents(cpu);

    /// <summary>Notes the contents after the instruction.</summary>
    public void ReadAfter(Vcpu cpu) => After = Contents(cpu);

    /// <summary>Every memory operand of an instruction in a state.</summary>
    public static List<MemoryOperand> Of(Vcpu cpu, CpuState* s, in Instruction instruction, InstructionInfo info, InstructionText text)
    {
        List<MemoryOperand> result = [];
        int explicitIndex = -1;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory) explicitIndex = i;
        }

        bool wide = (s->Mode & CodeMode.Code64) != 0;
        if (instruction.Mnemonic == Mnemonic.Lea)
        {
            ulong computed = Effective(s, instruction);
            result.Add(new MemoryOperand { Index = explicitIndex, Name = text.Operand(instruction, explicitIndex), Segment = SegmentIndex.Ds, Offset = computed, Linear = computed, Size = 0, Reads = false, Writes = false, Formula = FormulaOf(s, instruction, computed) });
            return result;
        }

        bool explicitDone = false;
        foreach (UsedMemory used in info.GetUsedMemory())
        {
            if (used.Access is OpAccess.None || used.VsibSize != 0) continue;
            nint state = (nint)s;
            ulong offset = Numbers.Truncate(Part(state, used.Base) + (used.Index == Register.None ? 0 : Part(state, used.Index) * (ulong)used.Scale) + used.Displacement, AddressSize(used, s));
            SegmentIndex segment = used.Segment.IsSegmentRegister() ? (SegmentIndex)used.Segment.GetNumber() : SegmentIndex.Ds;
            ulong segmentBase = wide && segment < SegmentIndex.Fs ? 0 : s->Segment(segment).Base;
            int size = Math.Min(MostBytes, used.MemorySize.GetSize());
            bool isExplicit = !explicitDone && explicitIndex >= 0 && Matches(instruction, used);
            explicitDone |= isExplicit;
            MemoryOperand operand = new()
            {
                Index = isExplicit ? explicitIndex : ImpliedIndex(instruction, used),
                Name = isExplicit ? text.Operand(instruction, explicitIndex) : $"[{segment.ToString().ToLowerInvariant()}:{Numbers.Hex(offset)}]",
                Segment = segment,
                Offset = offset,
                Linear = wide ? segmentBase + offset : (uint)(segmentBase + offset),
                Size = size,
                Reads = used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite,
                Writes = used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite,
                Formula = isExplicit ? FormulaOf(s, instruction, offset) : "",
            };
            operand.ReadBefore(cpu);
            result.Add(operand);
        }

        return result;
    }

    private byte[]? Contents(Vcpu cpu)
    {
        if (Size == 0) return null;
        byte[] bytes = new byte[Size];
        return GuestView.ReadLinear(cpu, Linear, bytes) == Size ? bytes : null;
    }

    private static int AddressSize(in UsedMemory used, CpuState* s) => used.AddressSize switch
    {
        CodeSize.Code16 => 2,
        CodeSize.Code32 => 4,
        CodeSize.Code64 => 8,
        _ => (s->Mode & CodeMode.Code64) != 0 ? 8 : (s->Mode & CodeMode.Code32) != 0 ? 4 : 2,
    };

    private static bool Matches(in Instruction instruction, in UsedMemory used) =>
        instruction.MemoryIndex == used.Index && (instruction.MemoryBase == used.Base || instruction.IsIPRelativeMemoryOperand);

    /// <summary>The operand number of a string instruction's memory; -1 for the stack and other implied accesses.</summary>
    private static int ImpliedIndex(in Instruction instruction, in UsedMemory used)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            bool destination = kind is OpKind.MemoryESDI or OpKind.MemoryESEDI or OpKind.MemoryESRDI;
            bool source = kind is OpKind.MemorySegSI or OpKind.MemorySegESI or OpKind.MemorySegRSI or OpKind.MemorySegDI or OpKind.MemorySegEDI or OpKind.MemorySegRDI;
            if ((destination && used.Base is Register.DI or Register.EDI or Register.RDI) || (source && used.Base is Register.SI or Register.ESI or Register.RSI)) return i;
        }

        return -1;
    }

    private static ulong Part(nint state, Register register) =>
        register is Register.None or Register.RIP or Register.EIP ? 0 : RegisterFile.General(*(CpuState*)state, register);

    private static ulong Effective(CpuState* s, in Instruction instruction)
    {
        nint state = (nint)s;
        if (instruction.IsIPRelativeMemoryOperand) return instruction.IPRelativeMemoryAddress;
        ulong index = instruction.MemoryIndex == Register.None ? 0 : Part(state, instruction.MemoryIndex) * (ulong)instruction.MemoryIndexScale;
        int size = (instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex) is var register and not Register.None ? register.GetSize() : instruction.MemoryDisplSize switch { 8 => 8, 2 => 2, _ => (s->Mode & CodeMode.Code64) != 0 ? 8 : 4 };
        return Numbers.Truncate(Part(state, instruction.MemoryBase) + index + instruction.MemoryDisplacement64, size);
    }

    /// <summary>"rbx + rcx*4 + 8 = 0x402000 + 3*4 + 8 = 0x402014".</summary>
    private static string FormulaOf(CpuState* s, in Instruction instruction, ulong offset)
    {
        if (instruction.IsIPRelativeMemoryOperand)
        {
            ulong next = instruction.NextIP;
            long distance = (long)(offset - next);
            return $"rip (next instruction) {(distance < 0 ? "-" : "+")} {Numbers.Hex((ulong)Math.Abs(distance))} = {Numbers.Hex(next)} {(distance < 0 ? "-" : "+")} {Numbers.Hex((ulong)Math.Abs(distance))} = {Numbers.Hex(offset)}";
        }

        List<string> names = [], values = [];
        nint state = (nint)s;
        if (instruction.MemoryBase != Register.None)
        {
            names.Add(instruction.MemoryBase.ToString().ToLowerInvariant());
            values.Add(Numbers.Hex(Part(state, instruction.MemoryBase)));
        }

        if (instruction.MemoryIndex != Register.None && !instruction.MemoryIndex.IsVectorRegister())
        {
            string scale = instruction.MemoryIndexScale > 1 ? $"*{instruction.MemoryIndexScale}" : "";
            names.Add(instruction.MemoryIndex.ToString().ToLowerInvariant() + scale);
            values.Add(Numbers.Hex(Part(state, instruction.MemoryIndex)) + scale);
        }

        // A plain address needs no calculation.
        if (names.Count == 0) return "";
        long displacement = Numbers.Signed(instruction.MemoryDisplacement64, instruction.MemoryBase != Register.None ? instruction.MemoryBase.GetSize() : 8);
        if (displacement == 0 && names.Count == 1) return $"{names[0]} = {Numbers.Hex(offset)}";
        string tail = displacement == 0 ? "" : displacement < 0 ? $" - {Numbers.Hex((ulong)-displacement)}" : $" + {Numbers.Hex((ulong)displacement)}";
        return $"{string.Join(" + ", names)}{tail} = {string.Join(" + ", values)}{tail} = {Numbers.Hex(offset)}";
    }
}
