namespace Emu.Jit.Emit;

/// <summary>A hash of distances without collisions: <c>((uint)distance * Multiplier) &gt;&gt; Shift</c> is an index of the table.</summary>
/// <param name="Multiplier">An odd number.</param>
/// <param name="Shift">32 minus log2 of the table's length.</param>
/// <param name="Table">For each hash, which of the distances has it, or -1.</param>
internal sealed record TargetHash(uint Multiplier, int Shift, int[] Table)
{
    private const int Attempts = 64;
    private const int MaxBits = 9;

    /// <summary>Finds one; null if it takes too long.</summary>
    public static TargetHash? Find(ReadOnlySpan<long> distances)
    {
        int bits = System.Numerics.BitOperations.Log2((uint)distances.Length) + 1;
        for (; bits <= MaxBits; bits++)
        {
            uint multiplier = 0x9E37_79B1;
            for (int i = 0; i < Attempts; i++, multiplier = (multiplier * 0x915F_77F5) | 1)
            {
                int[] table = new int[1 << bits];
                Array.Fill(table, -1);
                if (TryFill(distances, multiplier, 32 - bits, table)) return new TargetHash(multiplier, 32 - bits, table);
            }
        }

        return null;
    }

    private static bool TryFill(ReadOnlySpan<long> distances, uint multiplier, int shift, int[] table)
    {
        for (int i = 0; i < distances.Length; i++)
        {
            ref int slot = ref table[((uint)distances[i] * multiplier) >> shift];
            if (slot >= 0) return false;
            slot = i;
        }

        return true;
    }
}
