using System.Numerics;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

// The SHA extensions (FIPS 180-4; SDM Vol. 2B SHA1..., SHA256...). Word 3 of an operand is the first in hashing order for SHA-1.

/// <summary>SHA1RNDS4: four rounds on A, B, C, D (left, A at the top) with words whose E is added already (right).</summary>
public readonly struct Sha1rnds4 : IVectorBinaryImmediate
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high)
    {
        Vector128<uint> state = left.AsUInt32(), words = right.AsUInt32();
        uint a = state.GetElement(3), b = state.GetElement(2), c = state.GetElement(1), d = state.GetElement(0), e = 0;
        uint constant = (immediate & 3) switch { 0 => 0x5A82_7999u, 1 => 0x6ED9_EBA1, 2 => 0x8F1B_BCDC, _ => 0xCA62_C1D6 };
        for (int i = 3; i >= 0; i--)
        {
            uint function = (immediate & 3) switch
            {
                0 => (b & c) ^ (~b & d),
                2 => (b & c) ^ (b & d) ^ (c & d),
                _ => b ^ c ^ d,
            };
            uint next = function + BitOperations.RotateLeft(a, 5) + words.GetElement(i) + e + constant;
            (e, d, c, b, a) = (d, c, BitOperations.RotateLeft(b, 30), a, next);
        }

        return Vector128.Create(d, c, b, a).AsByte();
    }
}

/// <summary>SHA1NEXTE: the rotated A of left is added to the top word of right.</summary>
public readonly struct Sha1nexte : IVectorBinary
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
    {
        Vector128<uint> words = right.AsUInt32();
        return words.WithElement(3, words.GetElement(3) + BitOperations.RotateLeft(left.AsUInt32().GetElement(3), 30)).AsByte();
    }
}

/// <summary>SHA1MSG1: first half of the message schedule.</summary>
public readonly struct Sha1msg1 : IVectorBinary
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        (left.AsUInt64() ^ Vector128.Create(right.AsUInt64().GetElement(1), left.AsUInt64().GetElement(0))).AsByte();
}

/// <summary>SHA1MSG2: second half of the message schedule.</summary>
public readonly struct Sha1msg2 : IVectorBinary
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
    {
        Vector128<uint> a = left.AsUInt32(), b = right.AsUInt32();
        uint w16 = BitOperations.RotateLeft(a.GetElement(3) ^ b.GetElement(2), 1);
        uint w17 = BitOperations.RotateLeft(a.GetElement(2) ^ b.GetElement(1), 1);
        uint w18 = BitOperations.RotateLeft(a.GetElement(1) ^ b.GetElement(0), 1);
        uint w19 = BitOperations.RotateLeft(a.GetElement(0) ^ w16, 1);
        return Vector128.Create(w19, w18, w17, w16).AsByte();
    }
}

/// <summary>SHA256RNDS2: two rounds on C, D, G, H (first) and A, B, E, F (second) with words in XMM0 (third).</summary>
public readonly struct Sha256rnds2 : IVectorTernary
{
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third)
    {
        Vector128<uint> cdgh = first.AsUInt32(), abef = second.AsUInt32(), words = third.AsUInt32();
        uint a = abef.GetElement(3), b = abef.GetElement(2), c = cdgh.GetElement(3), d = cdgh.GetElement(2);
        uint e = abef.GetElement(1), f = abef.GetElement(0), g = cdgh.GetElement(1), h = cdgh.GetElement(0);
        for (int i = 0; i < 2; i++)
        {
            uint sum1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint sum0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint common = ((e & f) ^ (~e & g)) + sum1 + words.GetElement(i) + h;
            uint majority = (a & b) ^ (a & c) ^ (b & c);
            (h, g, f, e, d, c, b, a) = (g, f, e, common + d, c, b, a, common + majority + sum0);
        }

        return Vector128.Create(f, e, b, a).AsByte();
    }
}

/// <summary>SHA256MSG1: W[t] + sigma0(W[t+1]).</summary>
public readonly struct Sha256msg1 : IVectorBinary
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
    {
        Vector128<uint> words = left.AsUInt32();
        Vector128<uint> later = Vector128.Create(words.GetElement(1), words.GetElement(2), words.GetElement(3), right.AsUInt32().GetElement(0));
        return (words + (Rotate(later, 7) ^ Rotate(later, 18) ^ (later >>> 3))).AsByte();
    }

    private static Vector128<uint> Rotate(Vector128<uint> value, int count) => (value >>> count) | (value << (32 - count));
}

/// <summary>SHA256MSG2: adds sigma1 of the two words before, the later ones of which are computed here.</summary>
public readonly struct Sha256msg2 : IVectorBinary
{
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right)
    {
        Vector128<uint> words = left.AsUInt32();
        uint w16 = words.GetElement(0) + Sigma(right.AsUInt32().GetElement(2)), w17 = words.GetElement(1) + Sigma(right.AsUInt32().GetElement(3));
        return Vector128.Create(w16, w17, words.GetElement(2) + Sigma(w16), words.GetElement(3) + Sigma(w17)).AsByte();
    }

    private static uint Sigma(uint word) => BitOperations.RotateRight(word, 17) ^ BitOperations.RotateRight(word, 19) ^ (word >> 10);
}
