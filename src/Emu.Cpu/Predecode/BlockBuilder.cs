using System.Runtime.InteropServices;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Decodes guest code into blocks of <see cref="Op"/>.</summary>
internal sealed unsafe class BlockBuilder
{
    /// <summary>Longest block in instructions. The interpreter overruns an instruction budget by less than this.</summary>
    public const int MaxInstructions = 48;

    /// <summary>Longest block in bytes.</summary>
    public const int MaxBytes = MaxInstructions * MaxLength;

    private const int MaxLength = InstructionLength.Maximum;

    private readonly CpuModel model;
    private readonly CodeBytes bytes = new();
    private readonly Decoder decoder16;
    private readonly Decoder decoder32;
    private readonly Decoder decoder64;
    private readonly Op* ops;
    private readonly Instruction[] instructions = new Instruction[MaxInstructions];
    private readonly int[] opOfInstruction = new int[MaxInstructions];
    private readonly nint[] withoutFlags = new nint[MaxInstructions];
    private readonly bool[] cannotLeave = new bool[MaxInstructions];
    private readonly int[] fusionKeys = new int[MaxInstructions];
    private readonly CodeCache code;
    private readonly CompareBranchFusion fusion;
    private readonly DebugPoints debugPoints;

    public BlockBuilder(CpuModel model, CodeCache code)
    {
        debugPoints = code.DebugPoints;
        this.model = model;
        this.code = code;
        fusion = code.Fusion;
        DecoderOptions options = model.DecoderOptions;
        decoder16 = Decoder.Create(16, bytes, options);
        decoder32 = Decoder.Create(32, bytes, options);
        decoder64 = Decoder.Create(64, bytes, options);
        // One instruction may need a pseudo-operation behind it; the block two at its start and one at its end.
        ops = (Op*)NativeMemory.AllocZeroed((MaxInstructions * 2) + 4, Op.SizeInBytes);
    }

    /// <summary>Releases native memory.</summary>
    public void Free() => NativeMemory.Free(ops);

    /// <summary>
    /// Builds the block at <paramref name="host"/>. When its first instruction runs past the page and
    /// <paramref name="secondPage"/> is null, returns null: the caller fetches the next page and calls again.
    /// </summary>
    /// <param name="host">Host address of the code.</param>
    /// <param name="pageOffset">Its offset in its page.</param>
    /// <param name="mode">Mode to decode for.</param>
    /// <param name="secondPage">Host address of the page behind it, or null.</param>
    /// <param name="stops">The first instruction may have a breakpoint of a debugger.</param>
    public Block? Build(byte* host, int pageOffset, CodeMode mode, byte* secondPage, bool stops)
    {
        Decoder decoder = (mode & CodeMode.Code64) != 0 ? decoder64 : (mode & CodeMode.Code32) != 0 ? decoder32 : decoder16;
        int available = 0x1000 - pageOffset;
        bytes.Set(host, available);
        if (secondPage != null) bytes.Append(secondPage, MaxLength);
        decoder.IP = 0;
        int limit = secondPage != null || (mode & CodeMode.SingleStep) != 0 ? 1 : MaxInstructions;
        int count = 0, used = 0, offset = 0;
        bool ended = false;
        if (secondPage != null)
        {
            Op* check = NewOp(used++, 0, 0);
            check->Handler = &Handlers.CheckSecondPage;
            check->Flags = OpFlags.ChecksMapping;
            check->Immediate = (ulong)secondPage;
        }
        else if (code.Translator != null && !stops && IsTranslatable(mode))
        {
            Op* entry = NewOp(used++, 0, 0);
            entry->Handler = &Handlers.Enter;
            entry->Flags = OpFlags.Entry;
        }

        if (stops)
        {
            Op* check = NewOp(used++, 0, 0);
            check->Handler = &Handlers.CheckBreakpoint;
            check->Flags = OpFlags.Breakpoint;
        }

        while (count < limit && offset < available && !ended && (count == 0 || !debugPoints.IsPrepared(pageOffset + offset)))
        {
            ref Instruction instruction = ref instructions[count];
            decoder.Decode(out instruction);
            int length = instruction.IsInvalid ? LengthOfRejected(decoder.Bitness, host + offset, available - offset, secondPage) : instruction.Length;
            bool overlong = length > MaxLength;
            length = Math.Min(length, MaxLength);
            if (length > available - offset && secondPage == null)
            {
                if (count == 0) return null;
                break;
            }

            Op* op = NewOp(used, offset, count);
            op->Length = (byte)length;
            Binder binder = new(instruction, op, mode, model, pageOffset) { Bytes = bytes };
            Bind(ref binder, overlong);
            opOfInstruction[count] = used;
            withoutFlags[count] = binder.HandlerWithoutFlags;
            cannotLeave[count] = binder.CannotLeave;
            fusionKeys[count] = binder.FusionKey;
            ended = binder.EndsBlock;
            used++;
            offset += length;
            count++;
            if (binder.UsesLinkSlot)
            {
                Op* link = NewOp(used++, offset, count);
                if (binder.IsLinkable(offset)) link->Flags |= OpFlags.Linkable;
            }
        }

        if (!ended)
        {
            Op* end = NewOp(used++, offset, count);
            bool linkable = (mode & CodeMode.Flat) != 0 && (mode & CodeMode.SingleStep) == 0 && pageOffset + offset < 0x1000;
            if (linkable) end->Flags |= OpFlags.Linkable;
            int form = BranchForms.RipForm(mode, (mode & CodeMode.Code64) != 0 ? 8 : 4);
            end->Handler = form switch { 0 => &Handlers.FallThrough<Rip64>, 1 => &Handlers.FallThrough<RipFlat32>, _ => &Handlers.FallThrough<RipGeneral> };
        }

        ops[opOfInstruction[count - 1]].Flags |= OpFlags.Last;
        DropDeadFlags(count);
        FuseLast(count, mode);
        Op* copy = (Op*)NativeMemory.Alloc((nuint)used, Op.SizeInBytes);
        new Span<Op>(ops, used).CopyTo(new Span<Op>(copy, used));
        Block block = new()
        {
            Host = (nint)host,
            Mode = mode,
            ByteLength = offset,
            Ops = copy,
            OpCount = used,
            SecondPage = (nint)secondPage,
        };
        if ((copy->Flags & OpFlags.Entry) != 0) block.Count(code.Translator!.Threshold);
        return block;
    }

    /// <summary>Modes a translator takes: one instruction after the other, no alignment checks.</summary>
    public static bool IsTranslatable(CodeMode mode) => (mode & (CodeMode.SingleStep | CodeMode.AlignmentCheck)) == 0;

    /// <summary>Joins the last two instructions if the pair is one of those that may be.</summary>
    private void FuseLast(int count, CodeMode mode)
    {
        if (count < 2 || fusionKeys[count - 2] < 0 || !instructions[count - 1].IsJccShortOrNear) return;
        if (InstructionTable.Instance[instructions[count - 2].Code] is not { } row || InstructionTable.Instance[instructions[count - 1].Code] is not { } branch) return;
        int rip = BranchForms.RipForm(mode, ops[opOfInstruction[count - 1]].Size);
        if (rip < 2) fusion.Apply(ops + opOfInstruction[count - 2], row, fusionKeys[count - 2], branch, rip);
    }

    private Op* NewOp(int index, int offset, int count)
    {
        Op* op = ops + index;
        *op = default;
        op->Offset = (ushort)offset;
        op->Index = (byte)count;
        op->Base = op->IndexRegister = RegisterOffset.Zero;
        return op;
    }

    private int LengthOfRejected(int bitness, byte* first, int available, byte* second)
    {
        Span<byte> code = stackalloc byte[MaxLength * 2];
        int inFirst = Math.Min(available, MaxLength);
        new ReadOnlySpan<byte>(first, inFirst).CopyTo(code);
        if (second == null) return InstructionLength.OfRejected(bitness, code[..inFirst], model.DecoderOptions);
        new ReadOnlySpan<byte>(second, MaxLength).CopyTo(code[inFirst..]);
        return InstructionLength.OfRejected(bitness, code[..(inFirst + MaxLength)], model.DecoderOptions);
    }

    private void Bind(ref Binder binder, bool overlong)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        if (instruction.IsInvalid)
        {
            // More than 15 bytes is #GP(0) (SDM Vol. 2A 2.3.11), everything else undefined.
            if (overlong) binder.BindSlow(&OverlongInstruction, endsBlock: true);
            else binder.BindSlow(&UndefinedInstruction, endsBlock: true);
            return;
        }

        InstructionRow? row = model.Supports(instruction.Code) ? InstructionTable.Instance[instruction.Code] : null;
        if (row == null)
        {
            binder.BindSlow(&UndefinedInstruction, endsBlock: true);
            return;
        }

        row.Bind(ref binder);
        if (binder.EndsBlock) binder.Op->Flags |= OpFlags.EndsBlock;
    }

    private static void UndefinedInstruction(Vcpu cpu, Op* op) => cpu.RaiseInvalidOpcode();

    private static void OverlongInstruction(Vcpu cpu, Op* op) => cpu.RaiseGeneralProtection();

    /// <summary>
    /// Replaces handlers that set flags nobody can see: overwritten before being read, with nothing between that could
    /// fault or leave the block. Flag effects come from Iced's data.
    /// </summary>
    private void DropDeadFlags(int count)
    {
        RflagsBits live = AllStatusFlags;
        for (int i = count - 1; i >= 0; i--)
        {
            ref readonly Instruction instruction = ref instructions[i];
            if (!cannotLeave[i])
            {
                live = AllStatusFlags;
                continue;
            }

            RflagsBits modified = instruction.RflagsModified;
            if (withoutFlags[i] != 0)
            {
                // RCL and RCR by a multiple of their cycle modify nothing for Iced, but do write OF.
                if (modified != RflagsBits.None && (modified & live) == 0)
                {
                    ops[opOfInstruction[i]].Handler = (delegate*<Vcpu, CpuState*, Op*, void>)withoutFlags[i];
                }

                live &= ~modified;
            }

            live |= instruction.RflagsRead & AllStatusFlags;
        }
    }

    private const RflagsBits AllStatusFlags = RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;
}
