using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Random registers for Iced's operand kinds.</summary>
internal static class OperandRegisters
{
    /// <summary>A general register by number and width (8-bit ones with a REX prefix).</summary>
    public static Register Gpr(int bits, int number) => bits switch
    {
        64 => Register.RAX + number,
        32 => Register.EAX + number,
        16 => Register.AX + number,
        _ => number < 4 ? Register.AL + number : number < 8 ? Register.SPL + (number - 4) : Register.R8L + (number - 8),
    };

    /// <summary>A register for an operand, or null when the kind is not a register of this mode.</summary>
    public static Register? Pick(OpCodeOperandKind kind, int bits, ref Random64 random)
    {
        int count = bits == 64 ? 16 : 8;
        switch (kind)
        {
            case OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r8_reg or OpCodeOperandKind.r8_opcode:
                // AL..BL, AH..BH, then those that need REX.
                return Register.AL + random.Below(bits == 64 ? 20 : 8);
            case OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r16_reg or OpCodeOperandKind.r16_reg_mem or OpCodeOperandKind.r16_rm or OpCodeOperandKind.r16_opcode:
                return Register.AX + random.Below(count);
            case OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r32_reg or OpCodeOperandKind.r32_reg_mem or OpCodeOperandKind.r32_rm
                or OpCodeOperandKind.r32_opcode or OpCodeOperandKind.r32_vvvv:
                return Register.EAX + random.Below(count);
            case OpCodeOperandKind.r64_or_mem or OpCodeOperandKind.r64_reg or OpCodeOperandKind.r64_reg_mem or OpCodeOperandKind.r64_rm
                or OpCodeOperandKind.r64_opcode or OpCodeOperandKind.r64_vvvv:
                return bits == 64 ? Register.RAX + random.Below(16) : null;
            case OpCodeOperandKind.mm_or_mem or OpCodeOperandKind.mm_reg or OpCodeOperandKind.mm_rm:
                return Register.MM0 + random.Below(8);
            case OpCodeOperandKind.xmm_or_mem or OpCodeOperandKind.xmm_reg or OpCodeOperandKind.xmm_rm or OpCodeOperandKind.xmm_vvvv
                or OpCodeOperandKind.xmm_is4 or OpCodeOperandKind.xmm_is5:
                return Register.XMM0 + random.Below(count);
            case OpCodeOperandKind.ymm_or_mem or OpCodeOperandKind.ymm_reg or OpCodeOperandKind.ymm_rm or OpCodeOperandKind.ymm_vvvv
                or OpCodeOperandKind.ymm_is4 or OpCodeOperandKind.ymm_is5:
                return Register.YMM0 + random.Below(count);
            case OpCodeOperandKind.seg_reg: return Register.ES + random.Below(6);
            case OpCodeOperandKind.cr_reg: return random.Pick<Register>(bits == 64 ? [Register.CR0, Register.CR2, Register.CR3, Register.CR4, Register.CR8] : [Register.CR0, Register.CR2, Register.CR3, Register.CR4]);
            case OpCodeOperandKind.dr_reg: return Register.DR0 + random.Below(8);
            case OpCodeOperandKind.es: return Register.ES;
            case OpCodeOperandKind.cs: return Register.CS;
            case OpCodeOperandKind.ss: return Register.SS;
            case OpCodeOperandKind.ds: return Register.DS;
            case OpCodeOperandKind.fs: return Register.FS;
            case OpCodeOperandKind.gs: return Register.GS;
            case OpCodeOperandKind.al: return Register.AL;
            case OpCodeOperandKind.cl: return Register.CL;
            case OpCodeOperandKind.ax: return Register.AX;
            case OpCodeOperandKind.dx: return Register.DX;
            case OpCodeOperandKind.eax: return Register.EAX;
            case OpCodeOperandKind.rax: return Register.RAX;
            case OpCodeOperandKind.st0: return Register.ST0;
            case OpCodeOperandKind.sti_opcode: return Register.ST0 + random.Below(8);
            default: return null;
        }
    }
}
