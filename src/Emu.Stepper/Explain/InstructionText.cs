using Emu.Stepper.Loading;
using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>Instructions as the stepper writes them: NASM syntax, 0x numbers, symbols where they are known.</summary>
public sealed class InstructionText : ISymbolResolver
{
    private readonly NasmFormatter formatter;
    private readonly StringOutput output = new();
    private readonly SymbolTable symbols;

    /// <summary>A writer with the names of a program.</summary>
    public InstructionText(SymbolTable symbols)
    {
        this.symbols = symbols;
        formatter = new NasmFormatter(Options(), this);
    }

    /// <summary>The whole instruction.</summary>
    public string Format(in Instruction instruction)
    {
        if (instruction.IsInvalid) return "(no valid instruction)";
        formatter.Format(instruction, output);
        return output.ToStringAndReset();
    }

    /// <summary>One operand.</summary>
    public string Operand(in Instruction instruction, int index)
    {
        for (int i = 0; i < formatter.GetOperandCount(instruction); i++)
        {
            if (formatter.GetInstructionOperand(instruction, i) != index) continue;
            formatter.FormatOperand(instruction, output, i);
            return output.ToStringAndReset();
        }

        return instruction.GetOpKind(index) == OpKind.Register ? Name(instruction.GetOpRegister(index)) : "the implied operand";
    }

    /// <summary>A register's name.</summary>
    public string Name(Register register) => register.ToString().ToLowerInvariant();

    /// <summary>An address as symbol and distance; null where no symbol is near.</summary>
    public string? Symbol(ulong address) => symbols.Describe(address);

    bool ISymbolResolver.TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
    {
        symbol = default;
        // A small number is rarely an address.
        if (address < 0x100 || symbols.At(address) is not { } name) return false;
        symbol = new SymbolResult(address, name);
        return true;
    }

    private static FormatterOptions Options()
    {
        FormatterOptions options = FormatterOptions.CreateNasm();
        options.HexPrefix = "0x";
        options.HexSuffix = "";
        options.UppercaseHex = false;
        options.SpaceAfterOperandSeparator = true;
        options.BranchLeadingZeros = false;
        options.ShowSymbolAddress = false;
        return options;
    }
}
