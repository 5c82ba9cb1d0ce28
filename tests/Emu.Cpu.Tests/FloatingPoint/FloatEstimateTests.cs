using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu.FloatingPoint;
using Xunit;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>RCPPS and RSQRTPS over every upper 17 bits of the operand, all exponents and both signs.</summary>
public sealed class FloatEstimateTests
{
    [Fact]
    public void RelativeErrorOfTheReciprocalStaysWithinTheManualsBound()
    {
        for (uint fraction = 0; fraction < 1 << 23; fraction += 61)
        {
            float x = BitConverter.UInt32BitsToSingle(0x3F80_0000 | fraction);
            Assert.InRange(Math.Abs((double)FloatEstimate.Reciprocal(x) * x - 1), 0, 1.5 / 4096);
            Assert.InRange(Math.Abs(FloatEstimate.ReciprocalSquareRoot(x) * Math.Sqrt(x) - 1), 0, 1.5 / 4096);
        }
    }

    [Theory]
    [InlineData(0x00000000u, 0x7F800000u, 0x7F800000u)]
    [InlineData(0x80000001u, 0xFF800000u, 0xFF800000u)]
    [InlineData(0x7F800000u, 0x00000000u, 0x00000000u)]
    [InlineData(0xFF800000u, 0x80000000u, 0xFFC00000u)]
    [InlineData(0x7F800001u, 0x7FC00001u, 0x7FC00001u)]
    [InlineData(0x7E800000u, 0x00000000u, 0x1FFFF800u)]
    [InlineData(0xBF800000u, 0xBF7FF000u, 0xFFC00000u)]
    public void SpecialOperandsGiveWhatTheManualSays(uint operand, uint reciprocal, uint root)
    {
        float x = BitConverter.UInt32BitsToSingle(operand);
        Assert.Equal(reciprocal, BitConverter.SingleToUInt32Bits(FloatEstimate.Reciprocal(x)));
        Assert.Equal(root, BitConverter.SingleToUInt32Bits(FloatEstimate.ReciprocalSquareRoot(x)));
    }

    [Fact]
    public void EveryBitEqualsTheHostsWhereTheHostIsAZen5()
    {
        if (!Sse.IsSupported || !IsZen5()) return;
        var random = new Random(5);
        for (uint upper = 0; upper < 1 << 21; upper++)
        {
            uint bits = upper << 11 | (uint)random.Next(1 << 11);
            Vector128<float> x = Vector128.CreateScalar(BitConverter.UInt32BitsToSingle(bits));
            Assert.Equal(Sse.ReciprocalScalar(x).AsUInt32().ToScalar(), BitConverter.SingleToUInt32Bits(FloatEstimate.Reciprocal(x.ToScalar())));
            Assert.Equal(
                Sse.ReciprocalSqrtScalar(x).AsUInt32().ToScalar(), BitConverter.SingleToUInt32Bits(FloatEstimate.ReciprocalSquareRoot(x.ToScalar())));
        }
    }

    private static bool IsZen5()
    {
        (_, int b, _, _) = X86Base.CpuId(0, 0);
        (int signature, _, _, _) = X86Base.CpuId(1, 0);
        int family = (signature >> 8 & 15) + (signature >> 20 & 255);
        return b == 0x68747541 && family == 0x1A;
    }
}
