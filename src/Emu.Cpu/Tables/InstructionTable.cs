using Iced.Intel;

namespace Emu.Cpu;

/// <summary>
/// The instruction table: for every Iced <see cref="Code"/> the row that binds it, or null for what does not exist here.
/// Family files add their rows in a method <c>static partial void Add...(Builder)</c>.
/// </summary>
public sealed unsafe partial class InstructionTable
{
    private readonly InstructionRow?[] rows = new InstructionRow?[IcedConstants.CodeCount];

    /// <summary>The table. Immutable but for the handlers its rows compile when first used.</summary>
    public static InstructionTable Instance { get; } = new();

    private InstructionTable()
    {
        Builder builder = new(this);
        AddInteger(builder);
        AddBranches(builder);
        AddSystem(builder);
        AddVector(builder);
        AddFloat(builder);
        AddX87(builder);
    }

    /// <summary>The row of an instruction, or null if it is not implemented.</summary>
    public InstructionRow? this[Code code] => rows[(int)code];

    /// <summary>Adds rows while the table is being made.</summary>
    internal sealed class Builder
    {
        private readonly InstructionTable table;
        private readonly ILookup<Mnemonic, Code> codesOfMnemonic;

        public Builder(InstructionTable table)
        {
            this.table = table;
            codesOfMnemonic = Enumerable.Range(0, IcedConstants.CodeCount).Select(c => (Code)c)
                .Where(c => c.Encoding() is not (EncodingKind.EVEX or EncodingKind.MVEX)).ToLookup(c => c.Mnemonic());
        }

        /// <summary>Every legacy and VEX encoding of a mnemonic.</summary>
        public IEnumerable<Code> CodesOf(Mnemonic mnemonic) => codesOfMnemonic[mnemonic];

        /// <summary>One row for every legacy and VEX encoding of a mnemonic that has none yet.</summary>
        public void Add(Mnemonic mnemonic, InstructionRow row)
        {
            foreach (Code code in codesOfMnemonic[mnemonic]) table.rows[(int)code] ??= row;
        }

        /// <summary>One row for one encoding; replaces an earlier one.</summary>
        public void Add(Code code, InstructionRow row) => table.rows[(int)code] = row;

        /// <summary>A slow function for every encoding of a mnemonic that has no row yet.</summary>
        public void Slow(Mnemonic mnemonic, delegate*<Vcpu, Op*, void> function, bool endsBlock = false) =>
            Add(mnemonic, new SlowRow(function, endsBlock));

        /// <summary>A slow function that is followed by a look at events if it asks for one, or changes the mode.</summary>
        public void SlowMayLeave(Mnemonic mnemonic, delegate*<Vcpu, Op*, void> function) => Add(mnemonic, new SlowMayLeaveRow(function));

        /// <inheritdoc cref="SlowMayLeave(Mnemonic, delegate*{Vcpu, Op*, void})"/>
        public void SlowMayLeave(Code code, delegate*<Vcpu, Op*, void> function) => Add(code, new SlowMayLeaveRow(function));

        /// <summary>A slow function for one encoding.</summary>
        public void Slow(Code code, delegate*<Vcpu, Op*, void> function, bool endsBlock = false) =>
            Add(code, new SlowRow(function, endsBlock));
    }

    private static class IcedConstants
    {
        public static readonly int CodeCount = Enum.GetValues<Code>().Length;
    }
}
