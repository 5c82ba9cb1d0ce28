using Emu.Jit.Emit;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using HostLabel = Iced.Intel.Label;

namespace Emu.Jit.X87;

/// <summary>Makes host code for the x87 unit, which no managed code can use: functions that change no register but those that functions may change.</summary>
internal static class X87Assembler
{
    private static AssemblerRegister64 State => OperatingSystem.IsWindows() ? rcx : rdi;

    /// <summary>
    /// Assembles runs one behind the other: functions of the processor's state that perform the instructions on the unit as it is. A run that ends with a comparison
    /// returns what LAHF would, one that ends with FNSTSW AX the status word.
    /// </summary>
    /// <param name="runs">The runs.</param>
    /// <param name="offsets">Where the code of each begins.</param>
    public static byte[] Assemble(IReadOnlyList<X87Run> runs, out int[] offsets)
    {
        using MemoryStream code = new();
        offsets = new int[runs.Count];
        for (int n = 0; n < runs.Count; n++)
        {
            X87Run run = runs[n];
            offsets[n] = (int)code.Length;
            code.Write(Assemble(a => Emit(a, run)));
        }

        return code.ToArray();
    }

    /// <summary>A function of the address of an XSAVE area: loads the unit from it.</summary>
    public static byte[] AssembleLoad() => Assemble(static a =>
    {
        a.mov(r8, State);
        a.mov(eax, 1);
        a.xor(edx, edx);
        a.xrstor(__[r8]);
        a.ret();
    });

    /// <summary>
    /// A function of the address of an XSAVE area: saves the unit there and empties its registers, as calling conventions have it. If the control word is not
    /// <paramref name="hostControl"/>, that is loaded from <paramref name="controlOffset"/> in the area.
    /// </summary>
    public static byte[] AssembleSave(int hostControl, int controlOffset) => Assemble(a =>
    {
        HostLabel same = a.CreateLabel();
        a.mov(r8, State);
        a.mov(eax, 1);
        a.xor(edx, edx);
        a.xsave(__[r8]);
        a.emms();
        a.cmp(__word_ptr[r8], hostControl);
        a.je(same);
        a.fldcw(__word_ptr[r8 + controlOffset]);
        a.Label(ref same);
        a.ret();
    });

    private static byte[] Assemble(Action<Assembler> emit)
    {
        Assembler a = new(64);
        emit(a);
        using MemoryStream code = new();
        a.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private static void Emit(Assembler a, X87Run run)
    {
        int operand = 0;
        foreach (Analysis.RegionInstruction instruction in run.Instructions)
        {
            if (X87Run.HasMemory(instruction.Iced))
            {
                a.mov(rax, __qword_ptr[State + StateLayout.Scratch + (8 * operand++)]);
                a.AddInstruction(Instruction.Create(instruction.Iced.Code, new MemoryOperand(Register.RAX)));
            }
            else
            {
                a.AddInstruction(instruction.Iced);
            }
        }

        if (X87Run.SetsFlags(run.Last.Iced))
        {
            a.lahf();
            a.movzx(eax, ah);
        }

        a.ret();
    }
}
