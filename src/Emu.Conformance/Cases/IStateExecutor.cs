namespace Emu.Conformance.Cases;

/// <summary>Something that runs one case: the interpreter, the translator, or the host processor itself.</summary>
public interface IStateExecutor
{
    /// <summary>
    /// Sets up <paramref name="input"/> (state, code, memory window, in the surroundings <see cref="TestMap"/> describes), runs
    /// until <see cref="CaseInput.InstructionCount"/> instructions have retired or RIP is <see cref="CaseInput.EndRip"/>
    /// or an exception was raised, and stores the state then. An exception is reported, not delivered.
    /// </summary>
    void Execute(in CaseInput input, ref CaseResult result);
}
