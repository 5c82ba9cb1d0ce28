namespace Emu.Frontend.CommandLine;

/// <summary>Finds what somebody probably meant.</summary>
internal static class Suggestion
{
    /// <summary>The candidate nearest to a word, or null when none is near: at most a third of the letters differ.</summary>
    public static string? For(string word, IEnumerable<string> candidates)
    {
        string bare = word.TrimStart('-');
        return candidates
            .Select(c => (Candidate: c, Distance: Distance(bare, c.TrimStart('-'))))
            .Where(x => x.Distance <= Math.Max(1, bare.Length / 3))
            .OrderBy(x => x.Distance).ThenBy(x => Math.Abs(x.Candidate.Length - word.Length))
            .Select(x => x.Candidate)
            .FirstOrDefault();
    }

    /// <summary>"; did you mean '...'?", or nothing.</summary>
    public static string Phrase(string word, IEnumerable<string> candidates) =>
        For(word, candidates) is { } found ? $"; did you mean '{found}'?" : "";

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.</summary>
    public static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int best = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = Math.Min(best, cost[i - 2, j - 2] + 1);
                cost[i, j] = best;
            }
        }

        return cost[a.Length, b.Length];
    }
}
