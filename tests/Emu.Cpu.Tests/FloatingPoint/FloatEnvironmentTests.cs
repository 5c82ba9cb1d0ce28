using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;
using Xunit;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>
/// Unmasked exceptions of SSE, which cannot be left pending on the host: the MXCSR values are those a SIGFPE handler saw on hardware
/// for the same operands (SDM Vol. 1 4.9.2, 11.5.2).
/// </summary>
public sealed class FloatEnvironmentTests
{
    private const uint MinNormal = 0x0080_0000;
    private const uint Infinity = 0x7F80_0000;

    private static float F(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    private static FloatEnvironment Unmask(FloatExceptions exceptions) =>
        FloatEnvironment.FromMxcsr(FloatEnvironment.DefaultMxcsr & ~((uint)exceptions << 7));

    [Fact]
    public void AnUnmaskedPreComputationExceptionInOneLaneHidesInexactResultsOfTheOthers()
    {
        FloatEnvironment environment = Unmask(FloatExceptions.DivideByZero);
        PackedFloat.Divide(Vector128.Create(1f, 1f, 1f, 1f), Vector128.Create(3f, 0f, 3f, 3f), ref environment);
        Assert.Equal(FloatExceptions.DivideByZero, environment.Flags);
        Assert.Equal(FloatExceptions.DivideByZero, environment.Unmasked);
    }

    [Fact]
    public void MaskedPreComputationExceptionsLeavePostComputationOnesInPlace()
    {
        FloatEnvironment environment = Unmask(FloatExceptions.Inexact);
        PackedFloat.Divide(Vector128.Create(1f, 1f, 1f, 1f), Vector128.Create(3f, 0f, 3f, 3f), ref environment);
        Assert.Equal(FloatExceptions.DivideByZero | FloatExceptions.Inexact, environment.Flags);
        Assert.Equal(FloatExceptions.Inexact, environment.Unmasked);
    }

    [Fact]
    public void UnmaskedUnderflowIsRaisedForAnExactTinyResult()
    {
        FloatEnvironment environment = Unmask(FloatExceptions.Underflow);
        ScalarFloat.Multiply(F(MinNormal), 0.5f, ref environment);
        Assert.Equal(FloatExceptions.Underflow, environment.Flags);
        Assert.Equal(FloatExceptions.Underflow, environment.Unmasked);
    }

    [Fact]
    public void MaskedUnderflowIsNotRaisedForAnExactTinyResult()
    {
        FloatEnvironment environment = Unmask(FloatExceptions.None);
        Assert.Equal(F(MinNormal / 2), ScalarFloat.Multiply(F(MinNormal), 0.5f, ref environment));
        Assert.Equal(FloatExceptions.None, environment.Flags);
    }

    [Fact]
    public void AProductThatRoundsToTheSmallestNormalNumberIsTinyOnlyIfItWasWithUnboundedExponent()
    {
        // (1 - 2^-24) * 2^-126 needs 24 bits: tiny although the denormal result rounds up to 2^-126.
        FloatEnvironment tiny = Unmask(FloatExceptions.None);
        Assert.Equal(F(MinNormal), ScalarFloat.Multiply(F(0x3F7F_FFFF), F(MinNormal), ref tiny));
        Assert.Equal(FloatExceptions.Underflow | FloatExceptions.Inexact, tiny.Flags);

        // (1 + 2^-23)(1 - 2^-23) * 2^-126 rounds to 2^-126 in 24 bits: not tiny after rounding.
        FloatEnvironment normal = Unmask(FloatExceptions.None);
        Assert.Equal(F(MinNormal), ScalarFloat.Multiply(F(0x3F80_0001), F(0x3F7F_FFFE) * F(MinNormal), ref normal));
        Assert.Equal(FloatExceptions.Inexact, normal.Flags & ~FloatExceptions.Denormal);
    }

    [Fact]
    public void AnUnmaskedExceptionIsReportedAgainAlthoughItsFlagIsSet()
    {
        FloatEnvironment environment = Unmask(FloatExceptions.Inexact);
        ScalarFloat.Divide(1f, 3f, ref environment);
        environment.ClearUnmasked();
        ScalarFloat.Divide(1f, 3f, ref environment);
        Assert.Equal(FloatExceptions.Inexact, environment.Unmasked);
    }

    [Fact]
    public void DenormalOperandsAreNotReportedBesideDivisionByZero()
    {
        FloatEnvironment environment = Unmask(FloatExceptions.None);
        Assert.Equal(F(Infinity), ScalarFloat.Divide(F(1), 0f, ref environment));
        Assert.Equal(FloatExceptions.DivideByZero, environment.Flags);
    }

    [Fact]
    public void MxcsrKeepsEveryFieldThroughTheProperties()
    {
        var environment = FloatEnvironment.FromMxcsr(0x1F80);
        environment.Rounding = RoundingMode.Up;
        environment.FlushToZero = true;
        environment.DenormalsAreZero = true;
        environment.Masks &= ~FloatExceptions.Overflow;
        environment.Flags = FloatExceptions.Inexact;
        Assert.Equal(0x1F80u & ~0x400u | 0x4000 | 0x8000 | 0x40 | 0x20, environment.Mxcsr);
    }
}
