namespace Emu.Cpu.FloatingPoint;

/// <summary>The RC field of MXCSR and of the x87 control word (SDM Vol. 1 4.8.4).</summary>
public enum RoundingMode : uint
{
    /// <summary>To nearest, ties to even.</summary>
    Nearest = 0,

    /// <summary>Toward negative infinity.</summary>
    Down = 1,

    /// <summary>Toward positive infinity.</summary>
    Up = 2,

    /// <summary>Toward zero (truncation).</summary>
    Zero = 3,
}
