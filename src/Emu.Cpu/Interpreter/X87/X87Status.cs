namespace Emu.Cpu;

/// <summary>Bits of the x87 status word (SDM Vol. 1 8.1.3). The low six are <see cref="FloatingPoint.FloatExceptions"/>.</summary>
internal static class X87Status
{
    /// <summary>The six exception flags.</summary>
    public const ushort Exceptions = 0x3F;

    /// <summary>SF: the invalid operation was a stack overflow (C1 set) or underflow (C1 clear).</summary>
    public const ushort StackFault = 1 << 6;

    /// <summary>ES: an unmasked exception is pending.</summary>
    public const ushort Summary = 1 << 7;

    /// <summary>C0.</summary>
    public const ushort C0 = 1 << 8;

    /// <summary>C1.</summary>
    public const ushort C1 = 1 << 9;

    /// <summary>C2.</summary>
    public const ushort C2 = 1 << 10;

    /// <summary>C3.</summary>
    public const ushort C3 = 1 << 14;

    /// <summary>B: a copy of ES.</summary>
    public const ushort Busy = 1 << 15;

    /// <summary>Position of TOP, three bits.</summary>
    public const int TopShift = 11;

    /// <summary>All condition codes.</summary>
    public const ushort ConditionCodes = C0 | C1 | C2 | C3;

    /// <summary>The two bits derived from exceptions and masks.</summary>
    public const ushort Derived = Summary | Busy;
}
