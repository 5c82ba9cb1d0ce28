namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// The six floating-point exceptions, in the bit order that MXCSR, the x87 status word and (shifted) the mask fields share
/// (SDM Vol. 1 4.9, 8.1.3.3, 10.2.3).
/// </summary>
[Flags]
public enum FloatExceptions : uint
{
    /// <summary>No exception.</summary>
    None = 0,

    /// <summary>IE, #I: invalid operation.</summary>
    Invalid = 1 << 0,

    /// <summary>DE, #D: denormal operand.</summary>
    Denormal = 1 << 1,

    /// <summary>ZE, #Z: division of a finite number by zero.</summary>
    DivideByZero = 1 << 2,

    /// <summary>OE, #O: overflow.</summary>
    Overflow = 1 << 3,

    /// <summary>UE, #U: underflow. Tininess is detected after rounding.</summary>
    Underflow = 1 << 4,

    /// <summary>PE, #P: inexact result.</summary>
    Inexact = 1 << 5,

    /// <summary>
    /// Not an exception: the magnitude was rounded up. It sits where C1 sits in the x87 status word (SDM Vol. 1 8.1.3.2), and
    /// travels with the exceptions because rounding is where both are found out.
    /// </summary>
    RoundedUp = 1 << 9,

    /// <summary>The exceptions found before anything is computed: when one is unmasked, there is no result.</summary>
    PreComputation = Invalid | Denormal | DivideByZero,

    /// <summary>The exceptions found when the result is rounded.</summary>
    PostComputation = Overflow | Underflow | Inexact,

    /// <summary>All six.</summary>
    All = PreComputation | PostComputation,
}
