namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// The 32 comparison predicates of VCMPxx; legacy CMPxx uses the first eight (SDM Vol. 2A CMPPD, table 3-1). The name tells the relation,
/// whether it holds for unordered operands (O: no, U: yes) and whether a quiet NaN signals (S) or not (Q).
/// </summary>
public enum ComparePredicate : byte
{
#pragma warning disable CS1591 // The names are the manual's; the summary above explains them.
    EqualOQ, LessOS, LessEqualOS, UnorderedQ, NotEqualUQ, NotLessUS, NotLessEqualUS, OrderedQ,
    EqualUQ, NotGreaterEqualUS, NotGreaterUS, FalseOQ, NotEqualOQ, GreaterEqualOS, GreaterOS, TrueUQ,
    EqualOS, LessOQ, LessEqualOQ, UnorderedS, NotEqualUS, NotLessUQ, NotLessEqualUQ, OrderedS,
    EqualUS, NotGreaterEqualUQ, NotGreaterUQ, FalseOS, NotEqualOS, GreaterEqualOQ, GreaterOQ, TrueUS,
#pragma warning restore CS1591
}

/// <summary>What each predicate means.</summary>
public static class ComparePredicates
{
    private const int Less = 1 << (int)FloatOrdering.Less;
    private const int Equal = 1 << (int)FloatOrdering.Equal;
    private const int Greater = 1 << (int)FloatOrdering.Greater;
    private const int Unordered = 1 << (int)FloatOrdering.Unordered;
    private const int Signals = 1 << 4;

    /// <summary>For each of the first 16 predicates the outcomes for which it holds; the other 16 differ only in signalling.</summary>
    private static ReadOnlySpan<byte> Table =>
    [
        Equal, Less | Signals, Less | Equal | Signals, Unordered,
        Less | Greater | Unordered, Equal | Greater | Unordered | Signals, Greater | Unordered | Signals, Less | Equal | Greater,
        Equal | Unordered, Less | Unordered | Signals, Less | Equal | Unordered | Signals, 0,
        Less | Greater, Equal | Greater | Signals, Greater | Signals, Less | Equal | Greater | Unordered,
    ];

    /// <summary>Whether the predicate holds for an outcome.</summary>
    public static bool Holds(this ComparePredicate predicate, FloatOrdering ordering) =>
        (Table[(int)predicate & 15] >> (int)ordering & 1) != 0;

    /// <summary>Whether a quiet NaN raises #I.</summary>
    public static bool SignalsQuietNaN(this ComparePredicate predicate) =>
        ((Table[(int)predicate & 15] & Signals) != 0) != ((int)predicate >= 16);
}
