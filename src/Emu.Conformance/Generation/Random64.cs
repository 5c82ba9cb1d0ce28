using System.Numerics;
using System.Runtime.InteropServices;

namespace Emu.Conformance.Generation;

/// <summary>xoshiro256** (Blackman and Vigna): fast, and the same everywhere for the same seed.</summary>
public struct Random64
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Seeds the generator.</summary>
    public Random64(ulong seed, ulong stream, ulong number)
    {
        ulong state = seed * 0x9E37_79B9_7F4A_7C15 ^ BitOperations.RotateLeft(stream, 17) ^ number * 0xD1B5_4A32_D192_ED03;
        _s0 = SplitMix(ref state);
        _s1 = SplitMix(ref state);
        _s2 = SplitMix(ref state);
        _s3 = SplitMix(ref state);
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)((Next() >> 32) * (ulong)bound >> 32);

    /// <summary>True in <paramref name="percent"/> of 100 calls.</summary>
    public bool Percent(int percent) => Below(100) < percent;

    /// <summary>One of the values.</summary>
    public T Pick<T>(ReadOnlySpan<T> values) => values[Below(values.Length)];

    /// <summary>Fills memory.</summary>
    public void Fill(Span<byte> bytes)
    {
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(bytes)) word = Next();
        for (int i = bytes.Length & ~7; i < bytes.Length; i++) bytes[i] = (byte)Next();
    }

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ z >> 30) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ z >> 27) * 0x94D0_49BB_1331_11EB;
        return z ^ z >> 31;
    }
}
