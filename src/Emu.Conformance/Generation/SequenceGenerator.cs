using Emu.Conformance.Cases;
using Emu.Conformance.Comparison;
using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>
/// Makes short programs: 5 to 50 instructions with memory operands, forward branches and counted loops, for executors that work on
/// more than one instruction at a time.
/// </summary>
/// <remarks>
/// A few registers are reserved: pointers into the window, an index, a loop counter, and the stack pointer. A flag that an instruction
/// left undefined is not read before it is defined again, and the last instruction defines them all.
/// Not thread-safe: one instance a thread.
/// </remarks>
public sealed unsafe class SequenceGenerator
{
    private const ulong StatusFlags = 0x8D5, Stream = 0x5E90_E4CE, StateStream = 0x57A7_E5E9;
    private const int CodeBudget = CaseInput.MaxCode - 64, Window = 512;

    private readonly int _bits;
    private readonly ulong _seed, _states;
    private readonly InstructionBuilder _builder;
    private readonly InstructionInfoFactory _info = new();
    private readonly InstructionForm[][] _pools;

    private CaseInput _latest;
    private SequenceRegisters? _latestRegisters; // null when it could not be made
    private ulong _latestNumber = ulong.MaxValue;

    /// <summary>A generator for a mode that draws from the runnable ones of <paramref name="forms"/>.</summary>
    /// <param name="forms">What to draw from.</param>
    /// <param name="bits">The mode.</param>
    /// <param name="seed">Seed of every random number.</param>
    /// <param name="states">States that each sequence is run from.</param>
    public SequenceGenerator(IReadOnlyList<InstructionForm> forms, int bits, ulong seed, int states = 1)
    {
        _states = (ulong)states;
        _bits = bits;
        _seed = seed;
        _builder = new InstructionBuilder(bits);
        InstructionForm[] usable = [.. forms.Where(SequenceForms.IsUsable)];
        _pools =
        [
            [.. usable.Where(f => SequenceForms.IsInteger(f.Code))],
            [.. usable.Where(f => f.Family.StartsWith("SSE", StringComparison.Ordinal) || f.Family.StartsWith("SSSE", StringComparison.Ordinal))],
            [.. usable.Where(f => f.Family.Contains("AVX", StringComparison.Ordinal) || f.Family.StartsWith("FMA", StringComparison.Ordinal))],
            [.. usable.Where(f => f.Family.StartsWith("FPU", StringComparison.Ordinal) || f.Family == "MMX")],
        ];
    }

    private struct Item
    {
        public Instruction Instruction;
        public int Target; // index of the item a branch goes to, or -1
    }

    /// <summary>Makes case <paramref name="number"/>: a sequence, from one of its states.</summary>
    public bool TryGenerate(ulong number, ref CaseInput input)
    {
        (ulong sequence, ulong state) = ulong.DivRem(number, _states);
        if (sequence != _latestNumber) Generate(sequence);
        if (_latestRegisters is null) return false;
        input = _latest;
        fixed (CaseInput* pointer = &input)
        {
            if (state != 0)
            {
                var random = new Random64(_seed, StateStream ^ (ulong)_bits << 56, number);
                FillState(pointer, _latestRegisters, ref random);
            }
            pointer->CaseNumber = number;
        }
        return true;
    }

    private void Generate(ulong sequence)
    {
        var random = new Random64(_seed, Stream ^ (ulong)_bits << 56, sequence);
        (_latestNumber, _latestRegisters) = (sequence, null);
        fixed (CaseInput* pointer = &_latest)
        {
            for (int attempt = 0; attempt < 16; attempt++)
            {
                if (TryGenerate(pointer, ref random)) return;
            }
        }
    }

    private bool TryGenerate(CaseInput* input, ref Random64 random)
    {
        input->Bits = (uint)_bits;
        CodeLayout.Place(input, ref random);
        input->WindowLength = Window;
        input->WindowAddress = TestMap.ReadWriteBase + TestMap.ReadWriteSize / 2 - Window / 2;
        SequenceRegisters registers = SequenceRegisters.Choose(_bits, ref random);
        FillState(input, registers, ref random);
        List<Item> items = Compose(registers, ref random);
        input->InstructionCount = 10_000; // ends at EndRip, or by a fault
        if (!Encode(input, items)) return false;
        _latestRegisters = registers;
        return true;
    }

    private void FillState(CaseInput* input, SequenceRegisters registers, ref Random64 random)
    {
        StateFiller.Fill(input, random.Pick([ElementKind.Raw, ElementKind.Int32, ElementKind.Float32, ElementKind.Float64]), ref random);
        CalmDown(ref input->State, ref random);
        registers.Load(input, ref random);
    }

    // Exceptions end a sequence: keep those that random values would raise at once away.
    private void CalmDown(ref MachineState state, ref Random64 random)
    {
        state.Rflags &= ~(1UL << 18 | 1UL << 14);
        state.Mxcsr |= 0x1F80;
        state.Fcw |= 0x3F;
        state.Fsw &= 0x7F7F;
        if (random.Percent(70)) state.Fsw &= 0x7800;
        if (_bits != 32) return;
        (state.Segments[0], state.Segments[2], state.Segments[3]) = (TestMap.UserData, TestMap.UserData, TestMap.UserData);
    }

    private List<Item> Compose(SequenceRegisters registers, ref Random64 random)
    {
        var items = new List<Item>();
        int wanted = 5 + random.Below(46), bytes = 0;
        ulong undefined = 0;
        int loopStart = -1;
        if (random.Percent(50))
        {
            loopStart = random.Below(wanted / 2);
            if (loopStart == 0) undefined = StatusFlags;
        }
        var merges = new List<(int At, int Branch, ulong Undefined)>();
        while (items.Count < wanted && bytes < CodeBudget)
        {
            if (items.Count == loopStart) undefined = StatusFlags; // the back edge brings any
            foreach ((int at, _, ulong flags) in merges)
            {
                if (at == items.Count) undefined |= flags;
            }
            if (random.Percent(12) && items.Count + 6 < wanted && (loopStart < 0 || items.Count > loopStart))
            {
                if (TryBranch(items, merges, undefined, ref random)) bytes += 6;
                continue;
            }
            if (!TryPick(registers, undefined, ref random, out Instruction instruction)) continue;
            undefined = After(instruction, undefined);
            items.Add(new Item { Instruction = instruction, Target = -1 });
            bytes += 8;
        }
        // Pad, so that every forward branch has its target.
        while (merges.Any(m => m.At > items.Count)) items.Add(new Item { Instruction = Instruction.Create(Code.Nopd), Target = -1 });
        if (loopStart >= 0 && loopStart < items.Count)
        {
            items.Add(new Item { Instruction = registers.CountDown(), Target = -1 });
            items.Add(new Item { Instruction = Branch(ConditionCode.ne), Target = loopStart });
        }
        items.Add(new Item { Instruction = registers.DefineFlags(), Target = -1 });
        return items;
    }

    private bool TryBranch(List<Item> items, List<(int At, int Branch, ulong Undefined)> merges, ulong undefined, ref Random64 random)
    {
        var condition = (ConditionCode)(1 + random.Below(16));
        Instruction branch = Branch(condition);
        if ((FlagMask.Bits(branch.RflagsRead) & undefined) != 0) return false;
        int target = items.Count + 2 + random.Below(4);
        merges.Add((target, items.Count, undefined)); // what is skipped may define them
        items.Add(new Item { Instruction = branch, Target = target });
        return true;
    }

    private Instruction Branch(ConditionCode condition)
    {
        Code code = condition switch
        {
            ConditionCode.o => _bits switch { 16 => Code.Jo_rel16, 32 => Code.Jo_rel32_32, _ => Code.Jo_rel32_64 },
            ConditionCode.no => _bits switch { 16 => Code.Jno_rel16, 32 => Code.Jno_rel32_32, _ => Code.Jno_rel32_64 },
            ConditionCode.b => _bits switch { 16 => Code.Jb_rel16, 32 => Code.Jb_rel32_32, _ => Code.Jb_rel32_64 },
            ConditionCode.ae => _bits switch { 16 => Code.Jae_rel16, 32 => Code.Jae_rel32_32, _ => Code.Jae_rel32_64 },
            ConditionCode.e => _bits switch { 16 => Code.Je_rel16, 32 => Code.Je_rel32_32, _ => Code.Je_rel32_64 },
            ConditionCode.ne => _bits switch { 16 => Code.Jne_rel16, 32 => Code.Jne_rel32_32, _ => Code.Jne_rel32_64 },
            ConditionCode.be => _bits switch { 16 => Code.Jbe_rel16, 32 => Code.Jbe_rel32_32, _ => Code.Jbe_rel32_64 },
            ConditionCode.a => _bits switch { 16 => Code.Ja_rel16, 32 => Code.Ja_rel32_32, _ => Code.Ja_rel32_64 },
            ConditionCode.s => _bits switch { 16 => Code.Js_rel16, 32 => Code.Js_rel32_32, _ => Code.Js_rel32_64 },
            ConditionCode.ns => _bits switch { 16 => Code.Jns_rel16, 32 => Code.Jns_rel32_32, _ => Code.Jns_rel32_64 },
            ConditionCode.p => _bits switch { 16 => Code.Jp_rel16, 32 => Code.Jp_rel32_32, _ => Code.Jp_rel32_64 },
            ConditionCode.np => _bits switch { 16 => Code.Jnp_rel16, 32 => Code.Jnp_rel32_32, _ => Code.Jnp_rel32_64 },
            ConditionCode.l => _bits switch { 16 => Code.Jl_rel16, 32 => Code.Jl_rel32_32, _ => Code.Jl_rel32_64 },
            ConditionCode.ge => _bits switch { 16 => Code.Jge_rel16, 32 => Code.Jge_rel32_32, _ => Code.Jge_rel32_64 },
            ConditionCode.le => _bits switch { 16 => Code.Jle_rel16, 32 => Code.Jle_rel32_32, _ => Code.Jle_rel32_64 },
            _ => _bits switch { 16 => Code.Jg_rel16, 32 => Code.Jg_rel32_32, _ => Code.Jg_rel32_64 },
        };
        return Instruction.CreateBranch(code, 0);
    }

    private bool TryPick(SequenceRegisters registers, ulong undefined, ref Random64 random, out Instruction instruction)
    {
        int pool = random.Below(100) switch { < 60 => 0, < 78 => 1, < 92 => 2, _ => 3 };
        instruction = default;
        if (_pools[pool].Length == 0) return false;
        InstructionForm form = random.Pick<InstructionForm>(_pools[pool]);
        if (!_builder.TryBuild(form.Code, ref random, out instruction)) return false;
        if (!registers.Adapt(ref instruction, ref random)) return false;
        if ((FlagMask.Bits(instruction.RflagsRead) & undefined) != 0) return false;
        foreach (UsedRegister used in _info.GetInfo(instruction).GetUsedRegisters())
        {
            if (used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.NoMemAccess or OpAccess.None) continue;
            if (!used.Register.IsGPR() || !registers.IsReserved(used.Register.GetFullRegister())) continue;
            if (!SequenceForms.IsStack(form.Mnemonic) || used.Register.GetNumber() != 4) return false;
        }
        return _builder.TryEncode(instruction, TestMap.CodeBase & _builder.AddressMask | 0x3000, out _);
    }

    // A shift by no bits leaves the flags as they were.
    private static ulong After(in Instruction instruction, ulong undefined) => instruction.Mnemonic
        is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd
        ? undefined | FlagMask.Bits(instruction.RflagsUndefined)
        : undefined & ~FlagMask.Bits(instruction.RflagsWritten | instruction.RflagsCleared | instruction.RflagsSet) | FlagMask.Bits(instruction.RflagsUndefined);

    private bool Encode(CaseInput* input, List<Item> items)
    {
        // Lengths first: branches are near ones of a fixed length, and displacements do not change theirs.
        Span<ulong> address = stackalloc ulong[items.Count + 1];
        address[0] = input->State.Rip;
        for (int pass = 0; pass < 2; pass++)
        {
            int length = 0;
            for (int i = 0; i < items.Count; i++)
            {
                Instruction instruction = items[i].Instruction;
                if (items[i].Target >= 0) InstructionBuilder.SetBranchTarget(ref instruction, pass == 0 ? address[0] : address[items[i].Target]);
                if (!_builder.TryEncode(instruction, address[i], out byte[]? bytes) || length + bytes.Length > CodeBudget) return false;
                bytes.CopyTo(new Span<byte>(input->Code + length, CaseInput.MaxCode - length));
                length += bytes.Length;
                address[i + 1] = address[i] + (ulong)bytes.Length;
            }
            if (pass == 1) CodeLayout.Finish(input, length);
        }
        return true;
    }
}
