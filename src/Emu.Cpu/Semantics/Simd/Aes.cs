using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HostAes = System.Runtime.Intrinsics.X86.Aes;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>The steps of AES on a 128-bit state (FIPS 197; SDM Vol. 1 12.13), portable.</summary>
public static class AesSteps
{
    private static readonly byte[] SubstitutionTable = MakeSubstitution();
    private static readonly byte[] InverseTable = Invert(SubstitutionTable);

    private static Vector128<byte> RowShift => Vector128.Create((byte)0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);

    private static Vector128<byte> InverseRowShift => Vector128.Create((byte)0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);

    /// <summary>SubBytes of one byte: the inverse in GF(2^8), then an affine transformation.</summary>
    public static byte Substitute(byte value) => SubstitutionTable[value];

    /// <summary>AESENC (<paramref name="last"/> false) and AESENCLAST.</summary>
    public static Vector128<byte> Encrypt(Vector128<byte> state, Vector128<byte> key, bool last)
    {
        Vector128<byte> result = Substitute(Vector128.Shuffle(state, RowShift), SubstitutionTable);
        if (!last) result = MixColumns(result, 2, 3, 1, 1);
        return result ^ key;
    }

    /// <summary>AESDEC (<paramref name="last"/> false) and AESDECLAST.</summary>
    public static Vector128<byte> Decrypt(Vector128<byte> state, Vector128<byte> key, bool last)
    {
        Vector128<byte> result = Substitute(Vector128.Shuffle(state, InverseRowShift), InverseTable);
        if (!last) result = InverseMixColumns(result);
        return result ^ key;
    }

    /// <summary>AESIMC.</summary>
    public static Vector128<byte> InverseMixColumns(Vector128<byte> state) => MixColumns(state, 14, 11, 13, 9);

    /// <summary>AESKEYGENASSIST: SubWord of doublewords 1 and 3, and the same rotated right by a byte plus the round constant.</summary>
    public static Vector128<byte> AssistKey(Vector128<byte> key, byte constant)
    {
        uint first = SubstituteWord(key.AsUInt32().GetElement(1)), second = SubstituteWord(key.AsUInt32().GetElement(3));
        return Vector128.Create(
            first, System.Numerics.BitOperations.RotateRight(first, 8) ^ constant,
            second, System.Numerics.BitOperations.RotateRight(second, 8) ^ constant).AsByte();
    }

    private static uint SubstituteWord(uint word) => SubstitutionTable[(byte)word]
        | ((uint)SubstitutionTable[(byte)(word >> 8)] << 8)
        | ((uint)SubstitutionTable[(byte)(word >> 16)] << 16)
        | ((uint)SubstitutionTable[word >> 24] << 24);

    private static Vector128<byte> Substitute(Vector128<byte> state, byte[] table)
    {
        for (int i = 0; i < 16; i++) state = state.WithElement(i, table[state.GetElement(i)]);
        return state;
    }

    // Each byte becomes a combination of itself and the three below it in its column.
    private static Vector128<byte> MixColumns(Vector128<byte> state, byte own, byte next, byte second, byte third) =>
        GaloisField.MultiplyPortable(state, Vector128.Create(own))
        ^ GaloisField.MultiplyPortable(Below(state, 1), Vector128.Create(next))
        ^ GaloisField.MultiplyPortable(Below(state, 2), Vector128.Create(second))
        ^ GaloisField.MultiplyPortable(Below(state, 3), Vector128.Create(third));

    private static Vector128<byte> Below(Vector128<byte> state, int rows) =>
        ((state.AsUInt32() >>> (8 * rows)) | (state.AsUInt32() << (32 - (8 * rows)))).AsByte();

    private static byte[] MakeSubstitution()
    {
        // FIPS 197 5.1.1: each bit is the sum of five bits of the inverse, plus 63h.
        byte[] table = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            byte b = GaloisField.Inverse((byte)i);
            table[i] = (byte)(b ^ Rotate(b, 1) ^ Rotate(b, 2) ^ Rotate(b, 3) ^ Rotate(b, 4) ^ 0x63);
        }

        return table;
    }

    private static byte Rotate(byte value, int count) => (byte)((value << count) | (value >> (8 - count)));

    private static byte[] Invert(byte[] table)
    {
        byte[] inverse = new byte[256];
        for (int i = 0; i < 256; i++) inverse[table[i]] = (byte)i;
        return inverse;
    }
}

/// <summary>AESENC: one round of encryption of left with the key in right.</summary>
public readonly struct Aesenc : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        HostAes.IsSupported ? HostAes.Encrypt(left, right) : AesSteps.Encrypt(left, right, last: false);
}

/// <summary>AESENCLAST: the last round.</summary>
public readonly struct Aesenclast : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        HostAes.IsSupported ? HostAes.EncryptLast(left, right) : AesSteps.Encrypt(left, right, last: true);
}

/// <summary>AESDEC: one round of decryption of left with the key in right.</summary>
public readonly struct Aesdec : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        HostAes.IsSupported ? HostAes.Decrypt(left, right) : AesSteps.Decrypt(left, right, last: false);
}

/// <summary>AESDECLAST: the last round.</summary>
public readonly struct Aesdeclast : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        HostAes.IsSupported ? HostAes.DecryptLast(left, right) : AesSteps.Decrypt(left, right, last: true);
}

/// <summary>AESIMC: InvMixColumns.</summary>
public readonly struct Aesimc : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) =>
        HostAes.IsSupported ? HostAes.InverseMixColumns(source) : AesSteps.InverseMixColumns(source);
}

/// <summary>AESKEYGENASSIST; the immediate is the round constant.</summary>
public readonly struct Aeskeygenassist : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => AesSteps.AssistKey(source, immediate);
}
