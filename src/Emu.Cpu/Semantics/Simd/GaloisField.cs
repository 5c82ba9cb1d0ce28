using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>
/// Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 (SDM Vol. 2A GF2P8MULB), on which AES rests too.
/// </summary>
public static class GaloisField
{
    private const int Polynomial = 0x11B;

    private static readonly byte[] Inverses = MakeInverses();

    /// <summary>Product of two elements.</summary>
    public static byte Multiply(byte left, byte right)
    {
        int product = 0;
        for (int bit = 7; bit >= 0; bit--)
        {
            product <<= 1;
            if ((product & 0x100) != 0) product ^= Polynomial;
            if (((right >> bit) & 1) != 0) product ^= left;
        }

        return (byte)product;
    }

    /// <summary>Multiplicative inverse; that of 0 is 0.</summary>
    public static byte Inverse(byte value) => Inverses[value];

    /// <summary>
    /// The 8 x 8 bit matrix times a byte: bit i of the result is the parity of the byte and row 7 - i (SDM Vol. 2A GF2P8AFFINEQB).
    /// </summary>
    public static byte Transform(ulong matrix, byte value)
    {
        int result = 0;
        for (int i = 0; i < 8; i++) result |= (System.Numerics.BitOperations.PopCount((byte)(matrix >> ((7 - i) * 8)) & (uint)value) & 1) << i;
        return (byte)result;
    }

    /// <summary>Element-wise products; portable.</summary>
    public static Vector128<byte> MultiplyPortable(Vector128<byte> left, Vector128<byte> right)
    {
        Vector128<byte> product = default;
        for (int bit = 7; bit >= 0; bit--)
        {
            Vector128<byte> carry = (product.AsSByte() >> 7).AsByte() & Vector128.Create(unchecked((byte)Polynomial));
            product = (product + product) ^ carry;
            Vector128<byte> chosen = ((right << (7 - bit)).AsSByte() >> 7).AsByte();
            product ^= chosen & left;
        }

        return product;
    }

    /// <summary>Matrix times every byte, per quadword; portable.</summary>
    public static Vector128<byte> TransformPortable(Vector128<byte> value, Vector128<byte> matrix, bool invert)
    {
        Vector128<byte> result = default;
        for (int i = 0; i < 16; i++)
        {
            byte element = value.GetElement(i);
            if (invert) element = Inverses[element];
            result = result.WithElement(i, Transform(matrix.AsUInt64().GetElement(i >> 3), element));
        }

        return result;
    }

    private static byte[] MakeInverses()
    {
        // Powers of 3 run through all elements but 0: 3^n and 3^(255-n) are inverse to each other.
        byte[] powers = new byte[255], inverses = new byte[256];
        byte power = 1;
        for (int i = 0; i < 255; i++, power = Multiply(power, 3)) powers[i] = power;
        for (int i = 0; i < 255; i++) inverses[powers[i]] = powers[(255 - i) % 255];
        return inverses;
    }
}

/// <summary>GF2P8MULB.</summary>
public readonly struct Gf2p8mulb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        Gfni.IsSupported ? Gfni.GaloisFieldMultiply(left, right) : GaloisField.MultiplyPortable(left, right);
}

/// <summary>GF2P8AFFINEQB: the matrix in right times the bytes of left, plus the immediate.</summary>
public readonly struct Gf2p8affineqb : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Vector128.Create(immediate)
        ^ (Gfni.IsSupported ? Gfni.GaloisFieldAffineTransform(left, right, 0) : GaloisField.TransformPortable(left, right, invert: false));
}

/// <summary>GF2P8AFFINEINVQB: the same of the inverses of the bytes.</summary>
public readonly struct Gf2p8affineinvqb : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Vector128.Create(immediate)
        ^ (Gfni.IsSupported ? Gfni.GaloisFieldAffineTransformInverse(left, right, 0) : GaloisField.TransformPortable(left, right, invert: true));
}
