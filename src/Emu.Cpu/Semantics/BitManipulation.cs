using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Emu.Cpu.Semantics;

/// <summary>
/// An instruction of BMI1 or BMI2 with two sources and a destination (SDM Vol. 2). The r/m operand and the register
/// operand come in the roles the encoding gives them; both zero-extended.
/// </summary>
public interface IVexOperation
{
    /// <summary>Flags are written: SF and ZF from the result, CF and AF from <see cref="Flags"/>, OF cleared.</summary>
    static abstract bool WritesFlags { get; }

    /// <summary>The result; only its low bits count.</summary>
    static abstract ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged;

    /// <summary>CF and AF in EFLAGS positions. AF is undefined; as on AMD's Zen.</summary>
    static abstract uint Flags<T>(ulong register)
        where T : unmanaged;
}

/// <summary>ANDN: r/m and not register.</summary>
public readonly struct Andn : IVexOperation
{
    public static bool WritesFlags => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged => rm & ~register;

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;
}

/// <summary>BEXTR: register bits 7:0 start, 15:8 length.</summary>
public readonly struct Bextr : IVexOperation
{
    public static bool WritesFlags => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged
    {
        int start = (byte)register, length = (byte)(register >> 8);
        ulong shifted = start >= 64 ? 0 : rm >> start;
        return length >= 64 ? shifted : shifted & ((1ul << length) - 1);
    }

    public static uint Flags<T>(ulong register)
        where T : unmanaged => Eflags.Af;
}

/// <summary>BZHI: bits from register bits 7:0 up are cleared. CF: nothing was in range to clear.</summary>
public readonly struct Bzhi : IVexOperation
{
    public static bool WritesFlags => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged
    {
        int index = (byte)register;
        return index >= Bits.Width<T>() ? rm : rm & ((1ul << index) - 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong register)
        where T : unmanaged => (byte)register >= Bits.Width<T>() ? 1u : 0u;
}

/// <summary>PDEP: the register's low bits scattered to the set bits of r/m.</summary>
public readonly struct Pdep : IVexOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged => Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitDeposit(register, rm) : Portable(rm, register);

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;

    internal static ulong Portable(ulong mask, ulong source)
    {
        ulong result = 0;
        for (; mask != 0; mask &= mask - 1, source >>= 1)
        {
            if ((source & 1) != 0) result |= mask & (0 - mask);
        }

        return result;
    }
}

/// <summary>PEXT: the register's bits under the set bits of r/m, gathered.</summary>
public readonly struct Pext : IVexOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged => Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitExtract(register, rm) : Portable(rm, register);

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;

    internal static ulong Portable(ulong mask, ulong source)
    {
        ulong result = 0;
        for (int bit = 0; mask != 0; mask &= mask - 1, bit++)
        {
            if ((source & mask & (0 - mask)) != 0) result |= 1ul << bit;
        }

        return result;
    }
}

/// <summary>RORX: the count is the immediate.</summary>
public readonly struct Rorx : IVexOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged
    {
        int count = (int)register & (Bits.Width<T>() - 1);
        return (rm >> count) | (rm << (Bits.Width<T>() - count));
    }

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;
}

/// <summary>SARX.</summary>
public readonly struct Sarx : IVexOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged => (ulong)((long)Bits.Sign(Bits.Truncate<T>(rm)) >> ((int)register & (Bits.Width<T>() - 1)));

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;
}

/// <summary>SHLX.</summary>
public readonly struct Shlx : IVexOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged => rm << ((int)register & (Bits.Width<T>() - 1));

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;
}

/// <summary>SHRX.</summary>
public readonly struct Shrx : IVexOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong rm, ulong register)
        where T : unmanaged => rm >> ((int)register & (Bits.Width<T>() - 1));

    public static uint Flags<T>(ulong register)
        where T : unmanaged => 0;
}

/// <summary>CRC32: CRC-32C (polynomial 11EDC6F41h), bits reflected, no inversion.</summary>
public static class Crc32
{
    /// <summary>Accumulates one operand of the source width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Result<T>(uint crc, ulong source)
        where T : unmanaged => Bits.Width<T>() switch
        {
            8 => System.Numerics.BitOperations.Crc32C(crc, (byte)source),
            16 => System.Numerics.BitOperations.Crc32C(crc, (ushort)source),
            32 => System.Numerics.BitOperations.Crc32C(crc, (uint)source),
            _ => System.Numerics.BitOperations.Crc32C(crc, source),
        };
}
