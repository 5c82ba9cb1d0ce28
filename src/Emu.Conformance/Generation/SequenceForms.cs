using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Which forms may be part of a sequence: those that neither leave it nor have results that are not exact.</summary>
internal static class SequenceForms
{
    private static readonly HashSet<Mnemonic> Excluded =
    [
        Mnemonic.Rdtsc, Mnemonic.Rdtscp, Mnemonic.Rdpid, Mnemonic.Rdrand, Mnemonic.Rdseed, Mnemonic.Cpuid, Mnemonic.Xgetbv, Mnemonic.Rdpmc,
        Mnemonic.Rcpps, Mnemonic.Rcpss, Mnemonic.Rsqrtps, Mnemonic.Rsqrtss, Mnemonic.Vrcpps, Mnemonic.Vrcpss, Mnemonic.Vrsqrtps, Mnemonic.Vrsqrtss,
        Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan, Mnemonic.Fpatan, Mnemonic.F2xm1, Mnemonic.Fyl2x, Mnemonic.Fyl2xp1,
        Mnemonic.Fxsave, Mnemonic.Fxsave64, Mnemonic.Fxrstor, Mnemonic.Fxrstor64, Mnemonic.Xsave, Mnemonic.Xsave64, Mnemonic.Xsavec, Mnemonic.Xsavec64,
        Mnemonic.Xsaveopt, Mnemonic.Xsaveopt64, Mnemonic.Xrstor, Mnemonic.Xrstor64, Mnemonic.Fnsave, Mnemonic.Frstor, Mnemonic.Fnstenv, Mnemonic.Fldenv,
        Mnemonic.Ldmxcsr, Mnemonic.Vldmxcsr, Mnemonic.Fldcw, Mnemonic.Fbstp, Mnemonic.Fbld,
        Mnemonic.Wrfsbase, Mnemonic.Wrgsbase, Mnemonic.Lar, Mnemonic.Lsl, Mnemonic.Verr, Mnemonic.Verw, Mnemonic.Lds, Mnemonic.Les, Mnemonic.Lfs,
        Mnemonic.Lgs, Mnemonic.Lss, Mnemonic.Popf, Mnemonic.Popfd, Mnemonic.Popfq, Mnemonic.Enter, Mnemonic.Leave, Mnemonic.Popa, Mnemonic.Popad,
        Mnemonic.Pusha, Mnemonic.Pushad, Mnemonic.Pushf, Mnemonic.Pushfd, Mnemonic.Pushfq, Mnemonic.Lahf, Mnemonic.Sahf, Mnemonic.Std,
        Mnemonic.Clzero, Mnemonic.Maskmovq, Mnemonic.Maskmovdqu, Mnemonic.Vmaskmovdqu, Mnemonic.Xlatb, Mnemonic.Bound, Mnemonic.Div, Mnemonic.Idiv,
        Mnemonic.Into, Mnemonic.Int, Mnemonic.Int1, Mnemonic.Int3, Mnemonic.Ud0, Mnemonic.Ud1, Mnemonic.Ud2, Mnemonic.Arpl, Mnemonic.Aam, Mnemonic.Monitor, Mnemonic.Mwait,
        Mnemonic.Shld, Mnemonic.Shrd, Mnemonic.Insertq, Mnemonic.Extrq, Mnemonic.Bt, Mnemonic.Bts, Mnemonic.Btr, Mnemonic.Btc,
    ];

    private static readonly HashSet<CpuidFeature> IntegerFeatures =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486, CpuidFeature.X64,
        CpuidFeature.CMOV, CpuidFeature.BMI1, CpuidFeature.BMI2, CpuidFeature.ADX, CpuidFeature.MOVBE, CpuidFeature.POPCNT, CpuidFeature.LZCNT,
        CpuidFeature.CX8, CpuidFeature.CMPXCHG16B,
    ];

    /// <summary>Whether a form may appear.</summary>
    public static bool IsUsable(InstructionForm form)
    {
        if (form.Status != FormStatus.Runnable || form.Code.FlowControl() != FlowControl.Next || Excluded.Contains(form.Mnemonic)) return false;
        OpCodeInfo opCode = form.OpCode;
        if (opCode.IsReservedNop) return false;
        for (int i = 0; i < opCode.OpCount; i++)
        {
            switch (opCode.GetOpKind(i))
            {
                case OpCodeOperandKind.seg_reg or OpCodeOperandKind.es or OpCodeOperandKind.cs or OpCodeOperandKind.ss or OpCodeOperandKind.ds
                    or OpCodeOperandKind.fs or OpCodeOperandKind.gs or OpCodeOperandKind.seg_rSI or OpCodeOperandKind.es_rDI or OpCodeOperandKind.seg_rDI
                    or OpCodeOperandKind.mem_vsib32x or OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64x or OpCodeOperandKind.mem_vsib64y
                    or OpCodeOperandKind.cr_reg or OpCodeOperandKind.dr_reg:
                    return false;
            }
        }
        return true;
    }

    /// <summary>General-purpose instructions.</summary>
    public static bool IsInteger(Code code) => code.CpuidFeatures().All(IntegerFeatures.Contains);

    /// <summary>PUSH and POP: they move the stack pointer, and may.</summary>
    public static bool IsStack(Mnemonic mnemonic) => mnemonic is Mnemonic.Push or Mnemonic.Pop;
}
