using System.Buffers.Binary;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>What the elements of a register or memory operand mean, which decides the values worth trying.</summary>
public enum ElementKind
{
    /// <summary>Any bits.</summary>
    Raw,
    Int8,
    Int16,
    Int32,
    Int64,
    Float16,
    Float32,
    Float64,
    Float80,
    Bcd,
}

/// <summary>Values at the edges of their formats, mixed with random ones.</summary>
internal static class EdgeValues
{
    private static ReadOnlySpan<ushort> Float16Specials =>
        [0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFE00, 0x7C01, 0xFDFF, 0x3800, 0x4200];

    private static ReadOnlySpan<uint> Float32Specials =>
    [
        0, 0x8000_0000, 1, 0x8000_0001, 0x007F_FFFF, 0x807F_FFFF, 0x0080_0000, 0x8080_0000, 0x3F80_0000, 0xBF80_0000, 0x3F00_0000,
        0x3FC0_0000, 0xC020_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFBF_FFFF,
        0x7FFF_FFFF, 0x4F00_0000, 0xCF00_0000, 0x5F00_0000, 0xDF00_0000, 0x4EFF_FFFF, 0x3F7F_FFFF, 0x3F80_0001, 0x0080_0001, 0x4B00_0001, 0x477F_E000, 0x3300_0000,
    ];

    private static ReadOnlySpan<ulong> Float64Specials =>
    [
        0, 0x8000_0000_0000_0000, 1, 0x8000_0000_0000_0001, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x8010_0000_0000_0000,
        0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x3FE0_0000_0000_0000, 0x3FF8_0000_0000_0000, 0xC004_0000_0000_0000,
        0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0000,
        0xFFF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF, 0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000,
        0xC1E0_0000_0020_0000, 0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0x3FEF_FFFF_FFFF_FFFF, 0x3FF0_0000_0000_0001, 0x4330_0000_0000_0001,
        0x380F_FFFF_F000_0000, 0x47EF_FFFF_F000_0000, 0x3810_0000_0000_0000, 0x3690_0000_0000_0000,
    ];

    private static ReadOnlySpan<ulong> Significands =>
    [
        0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0xFFFF_FFFF_FFFF_FFFF, 0xC000_0000_0000_0000, 0xC000_0000_0000_0001, 0xBFFF_FFFF_FFFF_FFFF,
        0xC90F_DAA2_2168_C235, 0xFFFF_FF00_0000_0000, 0x8000_0080_0000_0000, 0xFFFF_FFFF_FFFF_F800, 0x8000_0000_0000_0400, 0x8000_0000_0000_0C00,
    ];

    /// <summary>An integer of <paramref name="bits"/> bits in which zero, one, all ones and the signed limits are common.</summary>
    public static ulong Integer(ref Random64 random, int bits)
    {
        ulong mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        return mask & random.Below(16) switch
        {
            0 => 0UL,
            1 => 1UL,
            2 => ulong.MaxValue,
            3 => 1UL << (bits - 1),
            4 => (1UL << (bits - 1)) - 1,
            5 => 1UL << random.Below(bits),
            6 => (1UL << random.Below(bits)) - 1,
            7 => (ulong)(random.Below(32) - 16),
            8 => 0UL - (1UL << random.Below(bits)),
            _ => random.Next() >> (random.Below(4) == 0 ? random.Below(64) : 0),
        };
    }

    /// <summary>Overwrites elements with values of a kind; some stay random.</summary>
    public static void Fill(Span<byte> bytes, ElementKind kind, ref Random64 random)
    {
        int size = kind switch
        {
            ElementKind.Int8 => 1,
            ElementKind.Int16 or ElementKind.Float16 => 2,
            ElementKind.Int32 or ElementKind.Float32 => 4,
            ElementKind.Int64 or ElementKind.Float64 => 8,
            ElementKind.Float80 or ElementKind.Bcd => 10,
            _ => 0,
        };
        if (size == 0) return;
        for (; bytes.Length >= size; bytes = bytes[size..])
        {
            switch (kind)
            {
                case ElementKind.Int8: bytes[0] = (byte)Integer(ref random, 8); break;
                case ElementKind.Int16: BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)Integer(ref random, 16)); break;
                case ElementKind.Int32: BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)Integer(ref random, 32)); break;
                case ElementKind.Int64: BinaryPrimitives.WriteUInt64LittleEndian(bytes, Integer(ref random, 64)); break;
                case ElementKind.Float16: BinaryPrimitives.WriteUInt16LittleEndian(bytes, Float16(ref random)); break;
                case ElementKind.Float32: BinaryPrimitives.WriteUInt32LittleEndian(bytes, Float32(ref random)); break;
                case ElementKind.Float64: BinaryPrimitives.WriteUInt64LittleEndian(bytes, Float64(ref random)); break;
                case ElementKind.Float80: Float80(bytes, ref random); break;
                case ElementKind.Bcd: Bcd(bytes, ref random); break;
            }
        }
    }

    /// <summary>The kind of a memory operand's elements.</summary>
    public static ElementKind KindOf(MemorySize size) => size.GetElementType() switch
    {
        MemorySize.Float16 or MemorySize.BFloat16 => ElementKind.Float16,
        MemorySize.Float32 => ElementKind.Float32,
        MemorySize.Float64 => ElementKind.Float64,
        MemorySize.Float80 => ElementKind.Float80,
        MemorySize.Bcd => ElementKind.Bcd,
        MemorySize.UInt8 or MemorySize.Int8 => ElementKind.Int8,
        MemorySize.UInt16 or MemorySize.Int16 => ElementKind.Int16,
        MemorySize.UInt32 or MemorySize.Int32 => ElementKind.Int32,
        MemorySize.UInt64 or MemorySize.Int64 or MemorySize.UInt52 => ElementKind.Int64,
        _ => ElementKind.Raw,
    };

    private static ushort Float16(ref Random64 random) => random.Percent(35) ? random.Pick(Float16Specials) : (ushort)random.Next();

    private static uint Float32(ref Random64 random)
    {
        ulong bits = random.Next();
        uint sign = (uint)(bits >> 63) << 31, mantissa = (uint)bits & 0x7F_FFFF;
        return random.Below(8) switch
        {
            0 or 1 => random.Pick(Float32Specials),
            2 => (uint)bits,
            3 => sign | mantissa, // denormal
            4 => BitConverter.SingleToUInt32Bits(random.Below(2001) - 1000),
            5 => sign | (uint)(127 + random.Below(70)) << 23 | mantissa & ~0u << random.Below(24),
            _ => sign | (uint)(127 - 12 + random.Below(24)) << 23 | mantissa & ~0u << random.Below(24),
        };
    }

    private static ulong Float64(ref Random64 random)
    {
        ulong bits = random.Next(), sign = bits & 1UL << 63, mantissa = bits & 0xF_FFFF_FFFF_FFFF;
        return random.Below(8) switch
        {
            0 or 1 => random.Pick(Float64Specials),
            2 => bits,
            3 => sign | mantissa,
            4 => BitConverter.DoubleToUInt64Bits(random.Below(2001) - 1000),
            5 => sign | (ulong)(1023 - 160 + random.Below(320)) << 52 | mantissa & ~0UL << random.Below(53), // about the range of single precision
            _ => sign | (ulong)(1023 - 12 + random.Below(24)) << 52 | mantissa & ~0UL << random.Below(53),
        };
    }

    private static void Float80(Span<byte> bytes, ref Random64 random)
    {
        ulong bits = random.Next();
        ulong significand = random.Percent(30) ? random.Pick(Significands) : (bits | 1UL << 63) & ~0UL << random.Below(64);
        int exponent = random.Below(12) switch
        {
            0 => 0,
            1 => 0x7FFF,
            2 => random.Below(0x8000),
            3 => 1,
            4 => 0x7FFE,
            5 => 16383 - 1100 + random.Below(2200), // about the range of double precision
            6 => 16383 - 140 + random.Below(280),
            7 => 16383 + random.Below(66),
            _ => 16383 - 8 + random.Below(16),
        };
        switch (random.Below(16))
        {
            case 0: (significand, exponent) = (0, 0); break;
            case 1: (significand, exponent) = (1UL << 63, 0x7FFF); break;
            case 2: (significand, exponent) = (significand & ~(1UL << 63), 0); break; // denormal
            case 3: significand &= random.Next(); break; // unnormal, pseudo-infinity, pseudo-NaN
            case 4: (significand, exponent) = (1UL << 63, 16383); break;
            case 5: (significand, exponent) = ((ulong)(1 + random.Below(1000)) << 54, 16383 + 9); significand |= 1UL << 63; break;
        }
        if (exponent == 0 && random.Percent(75)) significand &= ~(1UL << 63); // else a pseudo-denormal
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, significand);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], (ushort)(exponent | (int)(random.Next() >> 63) << 15));
    }

    private static void Bcd(Span<byte> bytes, ref Random64 random)
    {
        int digits = random.Below(19);
        for (int i = 0; i < 9; i++)
        {
            int low = i * 2 < digits ? random.Below(10) : 0, high = i * 2 + 1 < digits ? random.Below(10) : 0;
            bytes[i] = (byte)(low | high << 4);
        }
        bytes[9] = (byte)(random.Next() >> 63 << 7);
    }
}
