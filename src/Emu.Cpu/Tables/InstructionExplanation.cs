namespace Emu.Cpu;

/// <summary>What the instruction table tells a student about a mnemonic: the row's data for teaching.</summary>
/// <param name="Sentence">What it does, in one sentence; %0 to %3 stand for operands, %a and %b for the two sources of a vector instruction, %s and %d for the sources of an x87 one.</param>
/// <param name="Formula">How the result comes about, with %0.. for values before, %r for the result, %c for the carry; empty if there is nothing to calculate.</param>
/// <param name="FlagRule">Name of the rule by which status flags change; empty if the sentence says it all.</param>
/// <param name="Lanes">Element type of its vector operands (f32, u8, ...), or x80 for the x87; empty for none.</param>
public sealed record InstructionExplanation(string Sentence, string Formula, string FlagRule, string Lanes);
