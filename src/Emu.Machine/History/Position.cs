namespace Emu.Machine;

/// <summary>
/// A moment in a machine's history, between two steps of its processors. Positions of one machine are ordered as they happened; every
/// component only grows.
/// </summary>
/// <param name="Instructions">Instructions retired by all processors together since power-on.</param>
/// <param name="Deliveries">
/// Exceptions and interrupts delivered since power-on. They retire no instruction, so they tell moments with the same count apart; 0 stands for the
/// first moment with that count.
/// </param>
/// <param name="Nanoseconds">Virtual time, which alone moves while all processors are idle; 0 stands for the first moment.</param>
public readonly record struct Position(ulong Instructions, ulong Deliveries = 0, long Nanoseconds = 0) : IComparable<Position>
{
    /// <inheritdoc/>
    public int CompareTo(Position other)
    {
        int order = Instructions.CompareTo(other.Instructions);
        if (order == 0) order = Deliveries.CompareTo(other.Deliveries);
        return order != 0 ? order : Nanoseconds.CompareTo(other.Nanoseconds);
    }

    /// <summary>Earlier.</summary>
    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    /// <summary>Later.</summary>
    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;
}
