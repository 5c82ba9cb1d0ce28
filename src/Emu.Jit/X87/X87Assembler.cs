using Emu.Cpu;
using Emu.Jit.Emit;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using HostLabel = Iced.Intel.Label;

namespace Emu.Jit.X87;

/// <summary>
/// Makes host code that performs runs: a function of the processor's state that returns the status flags of a comparison, or <see cref="Refused"/> with
/// nothing done when the registers are not as the run needs them, or an exception is unmasked.
/// </summary>
/// <remarks>
/// The control word is the host's own at entry and exit, and the host's stack is empty, as calling conventions have it. No exception is unmasked. Only
/// registers that functions may change are used, and no stack.
/// </remarks>
internal static class X87Assembler
{
    /// <summary>What a run returns that was not performed.</summary>
    public const int Refused = -1;

    private const int Exceptions = 0x3F, StackFault = 0x40;
    private const int C1 = 0x200, OtherConditionCodes = 0x4500, TopMask = 0x3800, TopShift = 11;
    private const int CompareFlags = (int)(Eflags.Zf | Eflags.Pf | Eflags.Cf);
    private const int RegisterBits = 4;

    private static AssemblerRegister64 State => r10;

    private static AssemblerRegister32 Top => r9d;

    private static AssemblerRegister32 Status => r8d;

    /// <summary>The control word of host code: exceptions masked, round to nearest; 64 bits of precision, on Windows 53.</summary>
    private static int HostControl => OperatingSystem.IsWindows() ? 0x27F : 0x37F;

    /// <summary>Assembles runs one behind the other.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="offsets">Where the code of each begins.</param>
    public static byte[] Assemble(IReadOnlyList<X87Run> runs, out int[] offsets)
    {
        using MemoryStream code = new();
        offsets = new int[runs.Count];
        for (int n = 0; n < runs.Count; n++)
        {
            offsets[n] = (int)code.Length;
            Assembler a = new(64);
            Emit(a, runs[n]);
            a.Assemble(new StreamCodeWriter(code), 0);
        }

        return code.ToArray();
    }

    private static void Emit(Assembler a, X87Run run)
    {
        HostLabel refuse = a.CreateLabel("refuse");
        a.mov(State, OperatingSystem.IsWindows() ? rcx : rdi);
        EmitChecks(a, run, refuse);
        EmitEnter(a, run);
        for (int n = 0; n < run.Steps.Count; n++) EmitStep(a, run, run.Steps[n], last: n == run.Steps.Count - 1);
        EmitLeave(a, run);
        a.Label(ref refuse);
        a.mov(eax, Refused);
        a.ret();
    }

    /// <summary>All exceptions masked, and the registers as required.</summary>
    private static void EmitChecks(Assembler a, X87Run run, HostLabel refuse)
    {
        a.movzx(eax, __word_ptr[State + StateLayout.Fcw]);
        a.mov(edx, eax);
        a.and(eax, Exceptions);
        a.cmp(eax, Exceptions);
        a.jne(refuse);
        a.movzx(Status, __word_ptr[State + StateLayout.Fsw]);
        a.mov(Top, Status);
        a.shr(Top, TopShift);
        a.and(Top, 7);
        if ((run.Required | run.RequiredEmpty) == 0) return;
        EmitLoadTags(a);
        a.and(eax, run.Required | run.RequiredEmpty);
        a.cmp(eax, run.Required);
        a.jne(refuse);
    }

    /// <summary>Loads the tags into EAX, that of ST(0) as the run begins in bit 0.</summary>
    private static void EmitLoadTags(Assembler a)
    {
        a.mov(ecx, Top);
        a.movzx(eax, __byte_ptr[State + StateLayout.Ftw]);
        a.ror(al, cl);
    }

    /// <summary>Sticky flags that the guest has not must be clear on the host; then its control word and registers are taken over.</summary>
    private static void EmitEnter(Assembler a, X87Run run)
    {
        HostLabel clear = a.CreateLabel(), control = a.CreateLabel();
        a.fnstsw(ax);
        a.mov(ecx, Status);
        a.not(ecx);
        a.and(ecx, Exceptions);
        a.or(ecx, StackFault);
        a.test(eax, ecx);
        a.je(clear);
        a.fnclex();
        a.Label(ref clear);
        a.cmp(edx, HostControl);
        a.je(control);
        a.fldcw(__word_ptr[State + StateLayout.Fcw]);
        a.Label(ref control);
        for (int slot = run.Loaded - 1; slot >= 0; slot--)
        {
            EmitSlotAddress(a, slot);
            a.fld(__tword_ptr[State + rcx + StateLayout.Fpr]);
        }
    }

    private static void EmitSlotAddress(Assembler a, int slot)
    {
        a.lea(ecx, __[r9 + slot]);
        a.and(ecx, 7);
        a.shl(ecx, RegisterBits);
    }

    private static void EmitStep(Assembler a, X87Run run, X87Step step, bool last)
    {
        X87Form form = step.Form;
        bool keeps = form.PopsItself && step.Pops[0].IsSeen;
        if (keeps) a.fld(st0);
        a.AddInstruction(HostInstruction(a, step));
        if (last)
        {
            if (run.Outcome == X87Outcome.Flags)
            {
                // Comparisons leave SF and AF clear.
                a.lahf();
                a.movzx(eax, ah);
                a.mov(r11d, eax);
            }

            a.fnstsw(ax);
            a.mov(edx, eax);
        }

        foreach (X87Pop pop in step.Pops)
        {
            if (pop.IsSeen)
            {
                EmitSlotAddress(a, pop.Slot);
                a.fstp(__tword_ptr[State + rcx + StateLayout.Fpr]);
            }
            else if (!form.PopsItself)
            {
                a.fstp(st0);
            }
        }
    }

    private static Instruction HostInstruction(Assembler a, X87Step step)
    {
        Code code = step.Form.Code;
        if (step.Operand >= 0)
        {
            a.mov(r11, __qword_ptr[State + StateLayout.Scratch + (8 * step.Operand)]);
            return Instruction.Create(code, new MemoryOperand(Register.R11));
        }

        Register other = Register.ST0 + step.Other;
        OpCodeInfo info = code.ToOpCode();
        return info.OpCount switch
        {
            0 => Instruction.Create(code),
            1 => Instruction.Create(code, other),
            _ => info.Op0Kind == OpCodeOperandKind.st0 ? Instruction.Create(code, Register.ST0, other) : Instruction.Create(code, other, Register.ST0),
        };
    }

    /// <summary>Registers that have changed, tags, TOP and status go back; the host's status is in EDX.</summary>
    private static void EmitLeave(Assembler a, X87Run run)
    {
        for (int slot = run.TopChange; slot < run.Loaded; slot++)
        {
            if ((run.Changed & (1 << (slot & 7))) == 0)
            {
                a.fstp(st0);
                continue;
            }

            EmitSlotAddress(a, slot);
            a.fstp(__tword_ptr[State + rcx + StateLayout.Fpr]);
        }

        int codes = (run.KeepsC1 ? 0 : C1) | (run.Outcome == X87Outcome.ConditionCodes ? OtherConditionCodes : 0);
        a.and(edx, Exceptions | codes);
        a.and(Status, ~(codes | TopMask));
        a.or(Status, edx);
        a.lea(eax, __[r9 + run.TopChange]);
        a.and(eax, 7);
        a.shl(eax, TopShift);
        a.or(Status, eax);
        a.mov(__word_ptr[State + StateLayout.Fsw], r8w);
        if ((run.Filled | run.Emptied) != 0)
        {
            EmitLoadTags(a);
            a.or(eax, run.Filled);
            a.and(eax, ~run.Emptied);
            a.rol(al, cl);
            a.mov(__byte_ptr[State + StateLayout.Ftw], al);
        }

        HostLabel same = a.CreateLabel();
        a.movzx(eax, __word_ptr[State + StateLayout.Fcw]);
        a.cmp(eax, HostControl);
        a.je(same);
        a.mov(__dword_ptr[State + StateLayout.Scratch], HostControl);
        a.fldcw(__word_ptr[State + StateLayout.Scratch]);
        a.Label(ref same);
        if (run.Outcome == X87Outcome.Flags)
        {
            a.mov(eax, r11d);
            a.and(eax, CompareFlags);
        }
        else
        {
            a.xor(eax, eax);
        }

        a.ret();
    }
}
