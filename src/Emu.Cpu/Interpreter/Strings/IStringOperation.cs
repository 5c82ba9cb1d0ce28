namespace Emu.Cpu;

/// <summary>MOVS, STOS, LODS, CMPS or SCAS over elements of type T.</summary>
internal interface IStringOperation
{
    /// <summary>Sets the flags from the last comparison: CMPS, SCAS.</summary>
    static abstract bool Compares { get; }

    /// <summary>
    /// Performs up to <paramref name="count"/> elements directly in host memory, without moving the registers. Returns how many;
    /// 0 when not even the first one lies in plain, mapped, unwatched RAM.
    /// </summary>
    static abstract ulong Bulk<T>(ref StringRun run, ulong count)
        where T : unmanaged, IEquatable<T>;

    /// <summary>Performs one element with every check, without moving the registers. False with a fault recorded.</summary>
    static abstract bool Single<T>(ref StringRun run)
        where T : unmanaged, IEquatable<T>;

    /// <summary>Moves the index registers past a number of bytes.</summary>
    static abstract void Advance(in StringRun run, ulong bytes);
}
