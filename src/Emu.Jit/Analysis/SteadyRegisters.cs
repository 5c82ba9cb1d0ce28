using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>
/// Registers that stay on one page for a while: the stack pointer and frame pointer, and those a region changes by constants only. What is loaded from
/// memory or computed otherwise may point anywhere.
/// </summary>
internal sealed class SteadyRegisters
{
    private const int Rsp = 4;
    private const int Rbp = 5;

    private readonly bool[] wanders = new bool[16];

    /// <summary>Looks through a region.</summary>
    public SteadyRegisters(RegionGraph graph)
    {
        InstructionInfoFactory factory = new();
        bool[,] copies = new bool[16, 16];
        foreach (RegionBlock block in graph.Blocks)
        {
            foreach (RegionInstruction instruction in block.Instructions) Look(instruction.Iced, factory, copies);
        }

        // A copy of what wanders wanders.
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int to = 0; to < 16; to++)
            {
                for (int from = 0; from < 16 && !wanders[to]; from++)
                {
                    if (copies[to, from] && !this[from]) wanders[to] = changed = true;
                }
            }
        }
    }

    /// <summary>Whether a register is steady, by its number.</summary>
    public bool this[int number] => number is Rsp or Rbp || !wanders[number];

    private void Look(in Instruction i, InstructionInfoFactory factory, bool[,] copies)
    {
        foreach (UsedRegister used in factory.GetInfo(i).GetUsedRegisters())
        {
            if (!used.Register.IsGPR() || used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess) continue;
            int number = used.Register.GetFullRegister().GetNumber();
            if (i.Op0Kind != OpKind.Register || i.Op0Register != used.Register || i.Op0Register.GetSize() < 4 || !IsStep(i, out Register from)) wanders[number] = true;
            else if (from != Register.None) copies[number, from.GetFullRegister().GetNumber()] = true;
        }
    }

    private static bool IsStep(in Instruction i, out Register from)
    {
        from = Register.None;
        switch (i.Mnemonic)
        {
            case Mnemonic.Add or Mnemonic.Sub when i.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64:
            case Mnemonic.Inc or Mnemonic.Dec:
                return true;
            case Mnemonic.Mov when i.Op1Kind == OpKind.Register && i.Op1Register.IsGPR():
                from = i.Op1Register;
                return true;
            case Mnemonic.Lea when i.MemoryIndex == Register.None && i.MemoryBase.IsGPR():
                from = i.MemoryBase;
                return true;
            case Mnemonic.Lea when i.MemoryBase is Register.RIP or Register.EIP:
                return true;
            default:
                return false;
        }
    }
}
