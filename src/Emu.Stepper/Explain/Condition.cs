using Emu.Cpu;
using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>The condition of a jump, SETcc or CMOVcc in words.</summary>
internal static class Condition
{
    /// <summary>The condition of an instruction and whether it holds in a state; null if it has none.</summary>
    public static (bool Holds, string Text)? Describe(in Instruction instruction, in CpuState state)
    {
        uint f = state.Eflags;
        int cf = (f & Eflags.Cf) != 0 ? 1 : 0, zf = (f & Eflags.Zf) != 0 ? 1 : 0, sf = (f & Eflags.Sf) != 0 ? 1 : 0, of = (f & Eflags.Of) != 0 ? 1 : 0, pf = (f & Eflags.Pf) != 0 ? 1 : 0;
        (string Name, string Rule, string Now, bool Holds) c = instruction.ConditionCode switch
        {
            ConditionCode.o => ("overflow", "OF = 1", $"OF is {of}", of == 1),
            ConditionCode.no => ("no overflow", "OF = 0", $"OF is {of}", of == 0),
            ConditionCode.b => ("below (unsigned), or carry", "CF = 1", $"CF is {cf}", cf == 1),
            ConditionCode.ae => ("above or equal (unsigned), or no carry", "CF = 0", $"CF is {cf}", cf == 0),
            ConditionCode.e => ("equal, or zero", "ZF = 1", $"ZF is {zf}", zf == 1),
            ConditionCode.ne => ("not equal, or not zero", "ZF = 0", $"ZF is {zf}", zf == 0),
            ConditionCode.be => ("below or equal (unsigned)", "CF = 1 or ZF = 1", $"CF is {cf}, ZF is {zf}", cf == 1 || zf == 1),
            ConditionCode.a => ("above (unsigned)", "CF = 0 and ZF = 0", $"CF is {cf}, ZF is {zf}", cf == 0 && zf == 0),
            ConditionCode.s => ("negative", "SF = 1", $"SF is {sf}", sf == 1),
            ConditionCode.ns => ("not negative", "SF = 0", $"SF is {sf}", sf == 0),
            ConditionCode.p => ("parity even, or unordered", "PF = 1", $"PF is {pf}", pf == 1),
            ConditionCode.np => ("parity odd, or ordered", "PF = 0", $"PF is {pf}", pf == 0),
            ConditionCode.l => ("less (signed)", "SF differs from OF", $"SF is {sf}, OF is {of}", sf != of),
            ConditionCode.ge => ("greater or equal (signed)", "SF equals OF", $"SF is {sf}, OF is {of}", sf == of),
            ConditionCode.le => ("less or equal (signed)", "ZF = 1 or SF differs from OF", $"ZF is {zf}, SF is {sf}, OF is {of}", zf == 1 || sf != of),
            ConditionCode.g => ("greater (signed)", "ZF = 0 and SF equals OF", $"ZF is {zf}, SF is {sf}, OF is {of}", zf == 0 && sf == of),
            _ => ("", "", "", false),
        };
        if (instruction.IsLoop || instruction.IsLoopcc || instruction.IsJcxShort) return Counting(instruction, state, zf);
        if (c.Name.Length == 0) return null;
        string outcome = instruction.IsJccShortOrNear ? c.Holds ? "the jump is taken" : "the jump is not taken" : c.Holds ? "the condition holds" : "the condition does not hold";
        return (c.Holds, $"condition {c.Name}: {c.Rule}; {c.Now}, so {outcome}");
    }

    private static (bool Holds, string Text) Counting(in Instruction instruction, in CpuState state, int zf)
    {
        int size = instruction.Mnemonic switch
        {
            Mnemonic.Jcxz => 2,
            Mnemonic.Jecxz => 4,
            Mnemonic.Jrcxz => 8,
            _ => instruction.Code.ToOpCode().AddressSize switch { 16 => 2, 32 => 4, _ => 8 },
        };
        ulong count = Numbers.Truncate(RegisterFile.General(state, Register.RCX), size);
        string name = size switch { 2 => "cx", 4 => "ecx", _ => "rcx" };
        if (instruction.IsJcxShort) return (count == 0, $"{name} is {Numbers.Hex(count)}, so the jump is {(count == 0 ? "" : "not ")}taken");
        ulong left = Numbers.Truncate(count - 1, size);
        bool taken = left != 0 && instruction.Mnemonic switch { Mnemonic.Loope => zf == 1, Mnemonic.Loopne => zf == 0, _ => true };
        string flag = instruction.IsLoopcc ? $", ZF is {zf}" : "";
        return (taken, $"{name} counts down from {Numbers.Hex(count)} to {Numbers.Hex(left)}{flag}, so the jump is {(taken ? "" : "not ")}taken");
    }
}
