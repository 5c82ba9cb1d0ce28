namespace Emu.Jit;

/// <summary>How a <see cref="Translator"/> works (<c>-accel jit,...</c>).</summary>
public sealed record TranslatorOptions
{
    /// <summary>Executions of a block before it is translated, at least 1.</summary>
    public uint Threshold { get; init; } = 20_000;

    /// <summary>
    /// Most instructions that a processor retires on average from one execution of a block to the next for the block to be translated. What runs less often will not
    /// make up for being translated; without this limit everything that ever runs would be translated in the end.
    /// </summary>
    public ulong MaxDistance { get; init; } = 500_000;

    /// <summary>Translate on the spot, so that runs are repeatable to the last operation; else on a thread of its own.</summary>
    public bool Synchronous { get; init; }

    /// <summary>Bytes that translations may take before all of them are given up and made anew as they are needed; at least 1.</summary>
    public long MemoryBudget { get; init; } = 256L << 20;

    /// <summary>Most guest instructions in a region.</summary>
    public int MaxInstructions { get; init; } = 256;

    /// <summary>Most guest pages a region's code lies on.</summary>
    public int MaxPages { get; init; } = 4;
}
