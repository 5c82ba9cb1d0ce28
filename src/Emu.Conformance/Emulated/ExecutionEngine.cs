using Emu.Cpu;

namespace Emu.Conformance.Emulated;

/// <summary>A way to execute guest code, by name: what <c>--engine</c> chooses from.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Attach">Gives a processor this engine, before its first instruction; what it returns is disposed of with the processor.</param>
public sealed record ExecutionEngine(string Name, Func<Vcpu, IDisposable?> Attach)
{
    /// <summary>It works on whole blocks: a single instruction is run with what follows it rather than stepped, which only tier 0 does.</summary>
    public bool WorksOnBlocks { get; init; }

    /// <summary>Every case is run once before, from the same state and in tier 0, so that the engine has met all its code when the run that counts begins.</summary>
    public bool MeetsCodeFirst { get; init; }

    /// <summary>Tier 0, which every processor has.</summary>
    public static ExecutionEngine Interpreter { get; } = new("interp", _ => null);
}
