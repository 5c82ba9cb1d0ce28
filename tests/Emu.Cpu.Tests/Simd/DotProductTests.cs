using System.Numerics;
using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics.Simd;
using Xunit;

namespace Emu.Cpu.Tests.Simd;

/// <summary>AVX-VNNI in all signednesses and AVX-IFMA, against integers of any size.</summary>
public class DotProductTests
{
    private static readonly ulong[] Values = [0, 1, 0x7FFF_7F7F_8000_8080, 0x8000_8000_8000_8000, ulong.MaxValue, 0x0123_4567_89AB_CDEF, 0xFF00_FF00_00FF_00FF, 0x000F_FFFF_FFFF_FFFF, 0xFFF0_0000_0000_0001];

    [Fact]
    public void Byte_products_are_summed_in_every_signedness_with_and_without_saturation()
    {
        Check<DotProductBytes<Unsigned, Signed>>(8, false, true, false);
        Check<DotProductBytes<Signed, Signed>>(8, true, true, false);
        Check<DotProductBytes<Signed, Unsigned>>(8, true, false, false);
        Check<DotProductBytes<Unsigned, Unsigned>>(8, false, false, false);
        Check<DotProductBytesSaturated<Unsigned, Signed>>(8, false, true, true);
        Check<DotProductBytesSaturated<Signed, Signed>>(8, true, true, true);
        Check<DotProductBytesSaturated<Signed, Unsigned>>(8, true, false, true);
        Check<DotProductBytesSaturated<Unsigned, Unsigned>>(8, false, false, true);
    }

    [Fact]
    public void Word_products_are_summed_in_every_signedness_with_and_without_saturation()
    {
        Check<DotProductWords<Unsigned, Signed>>(16, false, true, false);
        Check<DotProductWords<Signed, Signed>>(16, true, true, false);
        Check<DotProductWords<Signed, Unsigned>>(16, true, false, false);
        Check<DotProductWords<Unsigned, Unsigned>>(16, false, false, false);
        Check<DotProductWordsSaturated<Unsigned, Signed>>(16, false, true, true);
        Check<DotProductWordsSaturated<Signed, Signed>>(16, true, true, true);
        Check<DotProductWordsSaturated<Signed, Unsigned>>(16, true, false, true);
        Check<DotProductWordsSaturated<Unsigned, Unsigned>>(16, false, false, true);
    }

    [Fact]
    public void VPMADD52_adds_either_half_of_a_104_bit_product()
    {
        ulong mask = (1ul << 52) - 1;
        foreach (ulong a in Values)
        {
            foreach (ulong b in Values)
            {
                UInt128 product = (UInt128)(a & mask) * (b & mask);
                Vector128<byte> sum = Vector128.Create(5ul, ulong.MaxValue).AsByte(), left = Vector128.Create(a, b).AsByte(), right = Vector128.Create(b, a).AsByte();
                ulong low = (ulong)product & mask, high = (ulong)(product >> 52);
                Assert.Equal(Vector128.Create(5 + low, low - 1), MultiplyAdd52Low.Apply(sum, left, right).AsUInt64());
                Assert.Equal(Vector128.Create(5 + high, high - 1), MultiplyAdd52High.Apply(sum, left, right).AsUInt64());
            }
        }
    }

    private static void Check<TOperation>(int width, bool leftSigned, bool rightSigned, bool saturated)
        where TOperation : IVectorTernary
    {
        foreach (ulong a in Values)
        {
            foreach (ulong b in Values)
            {
                foreach (ulong c in Values)
                {
                    Vector128<uint> result = TOperation.Apply(Vector128.Create(c, ~c).AsByte(), Vector128.Create(a, ~a).AsByte(), Vector128.Create(b, a).AsByte()).AsUInt32();
                    Assert.Equal(Reference((uint)a, (uint)b, (uint)c, width, leftSigned, rightSigned, saturated), result[0]);
                    Assert.Equal(Reference((uint)(a >> 32), (uint)(b >> 32), (uint)(c >> 32), width, leftSigned, rightSigned, saturated), result[1]);
                    Assert.Equal(Reference((uint)~a, (uint)a, (uint)~c, width, leftSigned, rightSigned, saturated), result[2]);
                }
            }
        }
    }

    private static uint Reference(uint left, uint right, uint accumulator, int width, bool leftSigned, bool rightSigned, bool saturated)
    {
        bool signed = leftSigned || rightSigned;
        BigInteger sum = signed ? (int)accumulator : accumulator;
        for (int i = 0; i < 32; i += width) sum += Element(left, i, width, leftSigned) * Element(right, i, width, rightSigned);
        if (saturated) sum = BigInteger.Clamp(sum, signed ? int.MinValue : 0, signed ? int.MaxValue : uint.MaxValue);
        return (uint)(sum & uint.MaxValue);
    }

    private static BigInteger Element(uint value, int position, int width, bool signed)
    {
        uint element = (value >> position) & ((1u << width) - 1);
        return signed && element >> (width - 1) != 0 ? element - (BigInteger.One << width) : element;
    }
}
