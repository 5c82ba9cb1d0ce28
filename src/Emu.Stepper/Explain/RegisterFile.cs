using Emu.Cpu;
using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>Register values of a saved processor state, by Iced's names.</summary>
public static unsafe class RegisterFile
{
    /// <summary>The bytes of a register, little-endian; null for one that is not kept here.</summary>
    public static byte[]? Read(in CpuState state, Register register)
    {
        fixed (CpuState* s = &state)
        {
            if (register.IsGPR()) return Bytes(General(s, register), register.GetSize());
            if (register.IsXMM() || register.IsYMM() || register.IsZMM()) return new ReadOnlySpan<byte>(s->Vector + (64 * register.GetNumber()), register.GetSize()).ToArray();
            if (register.IsMM()) return Bytes(s->Fpr[2 * register.GetNumber()], 8);
            if (register.IsST()) return Stack(s, register.GetNumber());
            if (register.IsK()) return Bytes(s->Opmask[register.GetNumber()], 8);
            if (register.IsSegmentRegister()) return Bytes(s->Segment((SegmentIndex)register.GetNumber()).Selector, 2);
            return register switch
            {
                Register.RIP => Bytes(s->Rip, 8),
                Register.EIP => Bytes(s->Rip, 4),
                Register.CR0 => Bytes(s->Cr0, 8),
                Register.CR2 => Bytes(s->Cr2, 8),
                Register.CR3 => Bytes(s->Cr3, 8),
                Register.CR4 => Bytes(s->Cr4, 8),
                >= Register.DR0 and <= Register.DR3 => Bytes(s->Dr[register - Register.DR0], 8),
                Register.DR6 => Bytes(s->Dr6, 8),
                Register.DR7 => Bytes(s->Dr7, 8),
                _ => null,
            };
        }
    }

    /// <summary>A general register as a number.</summary>
    public static ulong General(in CpuState state, Register register)
    {
        fixed (CpuState* s = &state) return General(s, register);
    }

    private static ulong General(CpuState* s, Register register)
    {
        if (register is >= Register.AH and <= Register.BH) return (byte)(s->Gpr[register - Register.AH] >> 8);
        ulong value = s->Gpr[register.GetFullRegister().GetNumber()];
        return Numbers.Truncate(value, register.GetSize());
    }

    /// <summary>An x87 register by its place on the stack: ten bytes.</summary>
    private static byte[] Stack(CpuState* s, int index)
    {
        int physical = ((s->Fsw >> 11) + index) & 7;
        return [.. Bytes(s->Fpr[2 * physical], 8), .. Bytes(s->Fpr[(2 * physical) + 1], 2)];
    }

    private static byte[] Bytes(ulong value, int size) => BitConverter.GetBytes(value)[..size];
}
