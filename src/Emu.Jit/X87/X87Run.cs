using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.X87;

/// <summary>x87 instructions that follow one another, to be performed by the host's unit in one go.</summary>
internal sealed class X87Run
{
    /// <summary>Most memory operands of a run; their host addresses are passed in <see cref="Cpu.CpuState.Scratch"/>.</summary>
    public const int MaxOperands = 7;

    // Whatever rounds exactly, compares or moves. Not the transcendental functions and partial remainders: processors differ in them.
    private static readonly HashSet<Mnemonic> Supported =
    [
        Mnemonic.Fld, Mnemonic.Fild, Mnemonic.Fst, Mnemonic.Fstp, Mnemonic.Fist, Mnemonic.Fistp, Mnemonic.Fisttp, Mnemonic.Fxch,
        Mnemonic.Fld1, Mnemonic.Fldz, Mnemonic.Fldpi, Mnemonic.Fldl2t, Mnemonic.Fldl2e, Mnemonic.Fldlg2, Mnemonic.Fldln2,
        Mnemonic.Fadd, Mnemonic.Faddp, Mnemonic.Fiadd, Mnemonic.Fsub, Mnemonic.Fsubp, Mnemonic.Fisub, Mnemonic.Fsubr, Mnemonic.Fsubrp, Mnemonic.Fisubr,
        Mnemonic.Fmul, Mnemonic.Fmulp, Mnemonic.Fimul, Mnemonic.Fdiv, Mnemonic.Fdivp, Mnemonic.Fidiv, Mnemonic.Fdivr, Mnemonic.Fdivrp, Mnemonic.Fidivr,
        Mnemonic.Fchs, Mnemonic.Fabs, Mnemonic.Fsqrt, Mnemonic.Frndint, Mnemonic.Ftst, Mnemonic.Fxam,
        Mnemonic.Fcom, Mnemonic.Fcomp, Mnemonic.Fcompp, Mnemonic.Ficom, Mnemonic.Ficomp, Mnemonic.Fucom, Mnemonic.Fucomp, Mnemonic.Fucompp,
        Mnemonic.Fcomi, Mnemonic.Fcomip, Mnemonic.Fucomi, Mnemonic.Fucomip,
        Mnemonic.Ffree, Mnemonic.Fincstp, Mnemonic.Fdecstp, Mnemonic.Fnop, Mnemonic.Fnstsw, Mnemonic.Fnstcw, Mnemonic.Fldcw,
    ];

    private readonly List<RegionInstruction> instructions = [];

    /// <summary>A run of one instruction.</summary>
    public X87Run(RegionInstruction first) => Add(first);

    /// <summary>The instructions, in order.</summary>
    public IReadOnlyList<RegionInstruction> Instructions => instructions;

    /// <summary>Memory operands.</summary>
    public int Operands { get; private set; }

    /// <summary>The last instruction, which alone can have an outcome besides the unit's state.</summary>
    public RegionInstruction Last => instructions[^1];

    /// <summary>Whether the host's unit may perform an instruction.</summary>
    public static bool IsSupported(in Instruction instruction) => Supported.Contains(instruction.Mnemonic);

    /// <summary>The instruction sets the status flags.</summary>
    public static bool SetsFlags(in Instruction instruction) => instruction.Mnemonic is Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip;

    /// <summary>The instruction stores the status word in AX.</summary>
    public static bool StoresInAx(in Instruction instruction) => instruction.Code == Code.Fnstsw_AX;

    /// <summary>The instruction's memory operand is written.</summary>
    public static bool Writes(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fist or Mnemonic.Fistp or Mnemonic.Fisttp or Mnemonic.Fnstsw or Mnemonic.Fnstcw;

    /// <summary>Control instructions do not change the pointers to the last instruction and operand.</summary>
    public static bool IsTracked(in Instruction instruction) => instruction.Mnemonic is not (Mnemonic.Fnstsw or Mnemonic.Fnstcw or Mnemonic.Fldcw);

    /// <summary>Whether an instruction has a memory operand.</summary>
    public static bool HasMemory(in Instruction instruction) => instruction.OpCount > 0 && instruction.Op0Kind == OpKind.Memory;

    /// <summary>Adds an instruction. False, with nothing changed, when it has to begin another run.</summary>
    public bool TryAdd(RegionInstruction instruction)
    {
        ref readonly Instruction last = ref Last.Iced;
        if (SetsFlags(last) || StoresInAx(last) || (HasMemory(instruction.Iced) && Operands == MaxOperands)) return false;
        // What is loaded has to be looked at first.
        if (instruction.Iced.Mnemonic == Mnemonic.Fldcw) return false;
        Add(instruction);
        return true;
    }

    private void Add(RegionInstruction instruction)
    {
        instructions.Add(instruction);
        if (HasMemory(instruction.Iced)) Operands++;
    }
}
