using Iced.Intel;

namespace Emu.Jit.X87;

/// <summary>What an x87 instruction does to the register stack.</summary>
internal enum X87Effect : byte
{
    /// <summary>Reads and changes ST(0): FCHS, FADD m64fp.</summary>
    Change,

    /// <summary>Reads ST(0): FST m64fp, FCOM m64fp, FTST.</summary>
    Look,

    /// <summary>Reads ST(0) and ST(i): FCOM ST(i), FCOMI.</summary>
    LookAtBoth,

    /// <summary>Reads both operands and changes the first: FADD ST(i), ST(0).</summary>
    Combine,

    /// <summary>Changes ST(0) and ST(i) for each other: FXCH.</summary>
    Exchange,

    /// <summary>Copies ST(0) to ST(i): FST ST(i).</summary>
    Copy,

    /// <summary>Pushes a number from memory or a constant.</summary>
    Push,

    /// <summary>Pushes ST(i): FLD ST(i).</summary>
    PushCopy,
}

/// <summary>What a comparison leaves besides the exception flags.</summary>
internal enum X87Outcome : byte
{
    /// <summary>It is no comparison.</summary>
    None,

    /// <summary>C0, C2 and C3.</summary>
    ConditionCodes,

    /// <summary>ZF, PF and CF; OF, SF and AF are cleared.</summary>
    Flags,
}

/// <summary>
/// An x87 instruction that the host's own unit may perform for the guest: whatever rounds exactly, compares or moves. Transcendental functions are not
/// among them, because processors differ in their last bit.
/// </summary>
/// <param name="Code">The host's instruction, which does not pop if there is such a one.</param>
/// <param name="Effect">What it does to the stack.</param>
/// <param name="Pops">Registers popped in the end.</param>
/// <param name="PopsItself">The host's instruction pops, for want of one that does not.</param>
/// <param name="Outcome">What it compares to.</param>
internal readonly record struct X87Form(Code Code, X87Effect Effect, int Pops = 0, bool PopsItself = false, X87Outcome Outcome = X87Outcome.None)
{
    private static readonly Dictionary<Code, X87Form> Forms = Make();

    /// <summary>Whether the host's unit may perform an instruction. FLD ST(7) never ends well: where it pushes to is what it reads.</summary>
    public static bool IsSupported(in Instruction instruction) =>
        Forms.ContainsKey(instruction.Code) && !(instruction.Code == Code.Fld_sti && instruction.Op0Register == Register.ST7);

    /// <summary>How the host's unit performs an instruction.</summary>
    public static X87Form Of(in Instruction instruction) => Forms[instruction.Code];

    private static Dictionary<Code, X87Form> Make()
    {
        Dictionary<Code, X87Form> forms = [];
        AddMoves(forms);
        AddArithmetic(forms);
        AddComparisons(forms);
        return forms;
    }

    private static void AddMoves(Dictionary<Code, X87Form> forms)
    {
        ReadOnlySpan<Code> pushes =
        [
            Code.Fld_m32fp, Code.Fld_m64fp, Code.Fld_m80fp, Code.Fild_m16int, Code.Fild_m32int, Code.Fild_m64int,
            Code.Fld1, Code.Fldz, Code.Fldpi, Code.Fldl2t, Code.Fldl2e, Code.Fldlg2, Code.Fldln2,
        ];
        foreach (Code code in pushes) forms[code] = new X87Form(code, X87Effect.Push);
        forms[Code.Fld_sti] = new X87Form(Code.Fld_sti, X87Effect.PushCopy);
        forms[Code.Fxch_st0_sti] = new X87Form(Code.Fxch_st0_sti, X87Effect.Exchange);
        ReadOnlySpan<Code> stores = [Code.Fst_m32fp, Code.Fst_m64fp, Code.Fist_m16int, Code.Fist_m32int];
        foreach (Code code in stores) forms[code] = new X87Form(code, X87Effect.Look);
        ReadOnlySpan<(Code, Code)> popping =
            [(Code.Fstp_m32fp, Code.Fst_m32fp), (Code.Fstp_m64fp, Code.Fst_m64fp), (Code.Fistp_m16int, Code.Fist_m16int), (Code.Fistp_m32int, Code.Fist_m32int)];
        foreach ((Code guest, Code host) in popping) forms[guest] = new X87Form(host, X87Effect.Look, Pops: 1);
        ReadOnlySpan<Code> onlyPopping = [Code.Fstp_m80fp, Code.Fistp_m64int, Code.Fisttp_m16int, Code.Fisttp_m32int, Code.Fisttp_m64int];
        foreach (Code code in onlyPopping) forms[code] = new X87Form(code, X87Effect.Look, Pops: 1, PopsItself: true);
        forms[Code.Fst_sti] = new X87Form(Code.Fst_sti, X87Effect.Copy);
        forms[Code.Fstp_sti] = new X87Form(Code.Fst_sti, X87Effect.Copy, Pops: 1);
    }

    private static void AddArithmetic(Dictionary<Code, X87Form> forms)
    {
        ReadOnlySpan<Code> unary = [Code.Fchs, Code.Fabs, Code.Fsqrt, Code.Frndint];
        ReadOnlySpan<Code> memory =
        [
            Code.Fadd_m32fp, Code.Fadd_m64fp, Code.Fiadd_m16int, Code.Fiadd_m32int, Code.Fsub_m32fp, Code.Fsub_m64fp, Code.Fisub_m16int, Code.Fisub_m32int,
            Code.Fsubr_m32fp, Code.Fsubr_m64fp, Code.Fisubr_m16int, Code.Fisubr_m32int, Code.Fmul_m32fp, Code.Fmul_m64fp, Code.Fimul_m16int, Code.Fimul_m32int,
            Code.Fdiv_m32fp, Code.Fdiv_m64fp, Code.Fidiv_m16int, Code.Fidiv_m32int, Code.Fdivr_m32fp, Code.Fdivr_m64fp, Code.Fidivr_m16int, Code.Fidivr_m32int,
        ];
        foreach (Code code in unary) forms[code] = new X87Form(code, X87Effect.Change);
        foreach (Code code in memory) forms[code] = new X87Form(code, X87Effect.Change);
        ReadOnlySpan<(Code ToTop, Code FromTop, Code Popping)> registers =
        [
            (Code.Fadd_st0_sti, Code.Fadd_sti_st0, Code.Faddp_sti_st0), (Code.Fmul_st0_sti, Code.Fmul_sti_st0, Code.Fmulp_sti_st0),
            (Code.Fsub_st0_sti, Code.Fsub_sti_st0, Code.Fsubp_sti_st0), (Code.Fsubr_st0_sti, Code.Fsubr_sti_st0, Code.Fsubrp_sti_st0),
            (Code.Fdiv_st0_sti, Code.Fdiv_sti_st0, Code.Fdivp_sti_st0), (Code.Fdivr_st0_sti, Code.Fdivr_sti_st0, Code.Fdivrp_sti_st0),
        ];
        foreach ((Code toTop, Code fromTop, Code popping) in registers)
        {
            forms[toTop] = new X87Form(toTop, X87Effect.Combine);
            forms[fromTop] = new X87Form(fromTop, X87Effect.Combine);
            forms[popping] = new X87Form(fromTop, X87Effect.Combine, Pops: 1);
        }
    }

    private static void AddComparisons(Dictionary<Code, X87Form> forms)
    {
        ReadOnlySpan<(Code, Code)> memory =
        [
            (Code.Fcom_m32fp, Code.Fcomp_m32fp), (Code.Fcom_m64fp, Code.Fcomp_m64fp), (Code.Ficom_m16int, Code.Ficomp_m16int), (Code.Ficom_m32int, Code.Ficomp_m32int),
        ];
        foreach ((Code plain, Code popping) in memory)
        {
            forms[plain] = new X87Form(plain, X87Effect.Look, Outcome: X87Outcome.ConditionCodes);
            forms[popping] = forms[plain] with { Pops = 1 };
        }

        forms[Code.Ftst] = new X87Form(Code.Ftst, X87Effect.Look, Outcome: X87Outcome.ConditionCodes);
        ReadOnlySpan<(Code, Code, Code)> registers = [(Code.Fcom_st0_sti, Code.Fcomp_st0_sti, Code.Fcompp), (Code.Fucom_st0_sti, Code.Fucomp_st0_sti, Code.Fucompp)];
        foreach ((Code plain, Code popping, Code poppingBoth) in registers)
        {
            forms[plain] = new X87Form(plain, X87Effect.LookAtBoth, Outcome: X87Outcome.ConditionCodes);
            forms[popping] = forms[plain] with { Pops = 1 };
            forms[poppingBoth] = forms[plain] with { Pops = 2 };
        }

        ReadOnlySpan<(Code, Code)> flags = [(Code.Fcomi_st0_sti, Code.Fcomip_st0_sti), (Code.Fucomi_st0_sti, Code.Fucomip_st0_sti)];
        foreach ((Code plain, Code popping) in flags)
        {
            forms[plain] = new X87Form(plain, X87Effect.LookAtBoth, Outcome: X87Outcome.Flags);
            forms[popping] = forms[plain] with { Pops = 1 };
        }
    }
}
