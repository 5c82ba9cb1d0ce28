namespace Emu.Machine;

/// <summary>What RDRAND and RDSEED yield on a machine that must be repeatable: SplitMix64, the same sequence after every power-on.</summary>
internal sealed class CountedEntropy
{
    /// <summary>State of the generator.</summary>
    public ulong State { get; set; } = 0x5DEECE66DUL;

    /// <summary>The next number.</summary>
    public ulong Next()
    {
        State += 0x9E3779B97F4A7C15;
        ulong z = State;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
