using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

public sealed unsafe partial class InstructionTable
{
    private static void AddInteger(Builder t)
    {
        t.Add(Mnemonic.Add, new BinaryRow<Add>());
        t.Add(Mnemonic.Adc, new BinaryRow<Adc>());
        t.Add(Mnemonic.Sub, new BinaryRow<Sub>());
        t.Add(Mnemonic.Sbb, new BinaryRow<Sbb>());
        t.Add(Mnemonic.Cmp, new BinaryRow<Cmp>());
        t.Add(Mnemonic.And, new BinaryRow<And>());
        t.Add(Mnemonic.Or, new BinaryRow<Or>());
        t.Add(Mnemonic.Xor, new BinaryRow<Xor>());
        t.Add(Mnemonic.Test, new BinaryRow<Test>());
        MoveRow move = new();
        foreach (Code code in t.CodesOf(Mnemonic.Mov))
        {
            if (IsGeneralMove(code)) t.Add(code, move);
        }

        MoveOffsetRow moveOffset = new(move);
        foreach (Code code in t.CodesOf(Mnemonic.Mov))
        {
            if (code.ToOpCode().Op0Kind == OpCodeOperandKind.mem_offs || code.ToOpCode().Op1Kind == OpCodeOperandKind.mem_offs) t.Add(code, moveOffset);
        }

        t.Add(Mnemonic.Movnti, move);
        t.Add(Mnemonic.Movdiri, move);

        t.Add(Mnemonic.Movzx, new MoveExtendRow<No>());
        t.Add(Mnemonic.Movsx, new MoveExtendRow<Yes>());
        t.Add(Mnemonic.Movsxd, new MoveExtendRow<Yes>());
        t.Add(Mnemonic.Lea, new LeaRow());
        AddUnary(t);
        AddBits(t);
        AddExchange(t);
        AddStack(t);
        AddSimple(t);
        AddStrings(t);
    }

    /// <summary>MOV forms whose operands are general registers, memory and immediates.</summary>
    private static bool IsGeneralMove(Code code)
    {
        OpCodeInfo info = code.ToOpCode();
        for (int i = 0; i < info.OpCount; i++)
        {
            if (info.GetOpKind(i) is OpCodeOperandKind.seg_reg or OpCodeOperandKind.cr_reg or OpCodeOperandKind.dr_reg or OpCodeOperandKind.tr_reg
                or OpCodeOperandKind.mem_offs)
            {
                return false;
            }
        }

        return true;
    }
}
