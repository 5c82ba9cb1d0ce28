using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Emu.Cpu.Semantics.Simd;
using Xunit;

namespace Emu.Cpu.Tests.Simd;

/// <summary>The cryptographic instructions composed to whole algorithms, against another implementation of those.</summary>
public class CryptographyTests
{
    [Fact]
    public void Ten_rounds_of_AESENC_with_AESKEYGENASSIST_keys_are_AES_128()
    {
        byte[] key = Convert.FromHexString("000102030405060708090A0B0C0D0E0F"), text = Convert.FromHexString("00112233445566778899AABBCCDDEEFF");
        Vector128<byte>[] keys = Expand(Vector128.Create<byte>(key));
        Vector128<byte> state = Vector128.Create<byte>(text) ^ keys[0], portable = state;
        for (int i = 1; i < 10; i++)
        {
            state = Aesenc.Apply(state, keys[i]);
            portable = AesSteps.Encrypt(portable, keys[i], last: false);
        }

        state = Aesenclast.Apply(state, keys[10]);
        // FIPS 197, appendix C.1.
        Assert.Equal("69C4E0D86A7B0430D8CDB78070B4C55A", Hex(state));
        Assert.Equal(state, AesSteps.Encrypt(portable, keys[10], last: true));

        state ^= keys[10];
        portable = state;
        for (int i = 9; i > 0; i--)
        {
            state = Aesdec.Apply(state, Aesimc.Apply(keys[i], 0, false));
            portable = AesSteps.Decrypt(portable, AesSteps.InverseMixColumns(keys[i]), last: false);
        }

        Assert.Equal(Convert.ToHexString(text), Hex(Aesdeclast.Apply(state, keys[0])));
        Assert.Equal(Convert.ToHexString(text), Hex(AesSteps.Decrypt(portable, keys[0], last: true)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(55)]
    [InlineData(1000)]
    public void SHA256RNDS2_and_its_message_schedule_compute_SHA_256(int length)
    {
        byte[] message = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
        uint[] h = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];
        uint[] constants = [.. Primes().Take(64).Select(p => (uint)Math.Floor((Math.Cbrt(p) - Math.Floor(Math.Cbrt(p))) * 4294967296.0))];
        foreach (uint[] block in Blocks(message))
        {
            Vector128<byte>[] w = [.. Enumerable.Range(0, 16).Select(i => i < 4 ? Vector128.Create(block.AsSpan(i * 4, 4)).AsByte() : default)];
            for (int i = 4; i < 16; i++)
            {
                Vector128<uint> middle = Vector128.Create(w[i - 2].AsUInt32()[1], w[i - 2].AsUInt32()[2], w[i - 2].AsUInt32()[3], w[i - 1].AsUInt32()[0]);
                w[i] = Sha256msg2.Apply((Sha256msg1.Apply(w[i - 4], w[i - 3]).AsUInt32() + middle).AsByte(), w[i - 1]);
            }

            Vector128<byte> abef = Vector128.Create(h[5], h[4], h[1], h[0]).AsByte(), cdgh = Vector128.Create(h[7], h[6], h[3], h[2]).AsByte();
            for (int round = 0; round < 64; round += 2)
            {
                Vector128<uint> words = w[round / 4].AsUInt32();
                uint first = words[round & 3] + constants[round], second = words[(round & 3) + 1] + constants[round + 1];
                (cdgh, abef) = (abef, Sha256rnds2.Apply(cdgh, abef, Vector128.Create(first, second, 0u, 0u).AsByte()));
            }

            Vector128<uint> left = abef.AsUInt32(), right = cdgh.AsUInt32();
            uint[] sums = [left[3], left[2], right[3], right[2], left[1], left[0], right[1], right[0]];
            for (int i = 0; i < 8; i++) h[i] += sums[i];
        }

        Assert.Equal(Convert.ToHexString(SHA256.HashData(message)), string.Concat(h.Select(x => x.ToString("X8"))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(56)]
    [InlineData(999)]
    public void SHA1RNDS4_and_its_message_schedule_compute_SHA_1(int length)
    {
        byte[] message = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 11))];
        uint[] h = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];
        foreach (uint[] block in Blocks(message))
        {
            Vector128<byte>[] w = new Vector128<byte>[20];
            for (int i = 0; i < 4; i++) w[i] = Vector128.Create(block[(i * 4) + 3], block[(i * 4) + 2], block[(i * 4) + 1], block[i * 4]).AsByte();
            for (int i = 4; i < 20; i++) w[i] = Sha1msg2.Apply(Sha1msg1.Apply(w[i - 4], w[i - 3]) ^ w[i - 2], w[i - 1]);
            Vector128<byte> abcd = Vector128.Create(h[3], h[2], h[1], h[0]).AsByte(), before = default;
            for (int i = 0; i < 20; i++)
            {
                Vector128<byte> words = i == 0
                    ? w[0].AsUInt32().WithElement(3, w[0].AsUInt32()[3] + h[4]).AsByte()
                    : Sha1nexte.Apply(before, w[i]);
                before = abcd;
                abcd = Sha1rnds4.Apply(abcd, words, (byte)(i / 5), false);
            }

            Vector128<uint> end = abcd.AsUInt32();
            uint e = Sha1nexte.Apply(before, default).AsUInt32()[3];
            uint[] sums = [end[3], end[2], end[1], end[0], e];
            for (int i = 0; i < 5; i++) h[i] += sums[i];
        }

        Assert.Equal(Convert.ToHexString(SHA1.HashData(message)), string.Concat(h.Select(x => x.ToString("X8"))));
    }

    [Fact]
    public void The_inverse_in_GF_2_8_undoes_multiplication()
    {
        Assert.Equal(0, GaloisField.Inverse(0));
        for (int i = 1; i < 256; i++) Assert.Equal(1, GaloisField.Multiply((byte)i, GaloisField.Inverse((byte)i)));
        // FIPS 197 4.2: {57} times {83} is {C1}.
        Assert.Equal(0xC1, GaloisField.Multiply(0x57, 0x83));
    }

    [Fact]
    public void GF2P8AFFINEINVQB_with_the_matrix_of_AES_is_SubBytes()
    {
        for (int i = 0; i < 256; i++)
        {
            Vector128<byte> result = Gf2p8affineinvqb.Apply(Vector128.Create((byte)i), Vector128.Create(0xF1E3C78F1F3E7CF8ul).AsByte(), 0x63, false);
            Assert.Equal(Vector128.Create(AesSteps.Substitute((byte)i)), result);
        }
    }

    [Fact]
    public void PCLMULQDQ_multiplies_polynomials()
    {
        // (x^63 + 1)(x + 1) = x^64 + x^63 + x + 1
        Assert.Equal(Vector128.Create(0x8000_0000_0000_0003ul, 1), Pclmulqdq.Portable(0x8000_0000_0000_0001, 3).AsUInt64());
        Vector128<byte> left = Vector128.Create(0x1234ul, 0x8000_0000_0000_0001).AsByte(), right = Vector128.Create(3ul, 0x5678).AsByte();
        Assert.Equal(Pclmulqdq.Portable(0x8000_0000_0000_0001, 3), Pclmulqdq.Apply(left, right, 0x01, false));
        Assert.Equal(Pclmulqdq.Portable(0x1234, 0x5678), Pclmulqdq.Apply(left, right, 0x10, false));
    }

    private static Vector128<byte>[] Expand(Vector128<byte> key)
    {
        Vector128<byte>[] keys = new Vector128<byte>[11];
        keys[0] = key;
        byte constant = 1;
        for (int i = 1; i < keys.Length; i++, constant = GaloisField.Multiply(constant, 2))
        {
            uint word = Aeskeygenassist.Apply(keys[i - 1], constant, false).AsUInt32()[3];
            Vector128<uint> next = keys[i - 1].AsUInt32();
            for (int j = 0; j < 4; j++) next = next.WithElement(j, word ^= next[j]);
            keys[i] = next.AsByte();
        }

        return keys;
    }

    // FIPS 180-4 5.1.1: a one bit, zeros, and the length in bits.
    private static IEnumerable<uint[]> Blocks(byte[] message)
    {
        byte[] padded = new byte[((message.Length + 8) / 64 + 1) * 64];
        message.CopyTo(padded, 0);
        padded[message.Length] = 0x80;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(padded.AsSpan(padded.Length - 8), (ulong)message.Length * 8);
        return padded.Chunk(64).Select(block => (uint[])[.. Enumerable.Range(0, 16).Select(i => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(block.AsSpan(i * 4)))]);
    }

    private static IEnumerable<int> Primes() => Enumerable.Range(2, 1000).Where(n => Enumerable.Range(2, n - 2).All(d => n % d != 0));

    private static string Hex(Vector128<byte> value)
    {
        byte[] bytes = new byte[16];
        value.CopyTo(bytes);
        return Convert.ToHexString(bytes);
    }
}
