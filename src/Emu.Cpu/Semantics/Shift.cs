using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>
/// A shift or rotation by a count. The caller masks the count to 5 bits (6 for 64-bit operands) and leaves the flags
/// alone when nothing remains of it (SDM Vol. 2B, SAL/SAR/SHL/SHR and RCL/RCR/ROL/ROR).
/// </summary>
/// <remarks>
/// Where the manuals leave OF and AF undefined, these are the values AMD's Zen cores give: OF as for a count of one, AF
/// set by shifts.
/// </remarks>
public interface IShiftOperation
{
    /// <summary>SF, ZF, AF and PF keep their values: rotations.</summary>
    static abstract bool IsRotation { get; }

    /// <summary>The result; only its low bits count.</summary>
    /// <param name="value">Operand, zero-extended.</param>
    /// <param name="count">Masked count, at least 1.</param>
    /// <param name="carry">CF, 0 or 1.</param>
    /// <param name="flags">CF and OF (for shifts also AF) in EFLAGS positions.</param>
    static abstract ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged;
}

/// <summary>SHL, SAL.</summary>
public readonly struct Shl : IShiftOperation
{
    public static bool IsRotation => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        ulong result = value << count;
        // Narrow operands never lose the bit that CF wants: counts stay below 32, operands below 33 bits.
        uint cf = Bits.Width<T>() == 64 ? (uint)(value >> (64 - count)) & 1 : (uint)(result >> Bits.Width<T>()) & 1;
        flags = cf | Eflags.Af | ((cf ^ Bits.Top<T>(result)) << 11);
        return result;
    }
}

/// <summary>SHR.</summary>
public readonly struct Shr : IShiftOperation
{
    public static bool IsRotation => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        ulong result = value >> count;
        uint cf = (uint)(value >> (count - 1)) & 1;
        flags = cf | Eflags.Af | (Bits.SecondTop<T>(result) << 11);
        return result;
    }
}

/// <summary>SAR.</summary>
public readonly struct Sar : IShiftOperation
{
    public static bool IsRotation => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        long signed = (long)Bits.Sign(Bits.Truncate<T>(value));
        flags = ((uint)(signed >> (count - 1)) & 1) | Eflags.Af;
        return (ulong)(signed >> count);
    }
}

/// <summary>ROL.</summary>
public readonly struct Rol : IShiftOperation
{
    public static bool IsRotation => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        int by = count & (Bits.Width<T>() - 1);
        // A shift by the full width yields the operand again: 64-bit shifts mask their count, narrow ones have room.
        ulong result = (value << by) | (value >> (Bits.Width<T>() - by));
        uint cf = (uint)result & 1;
        flags = cf | ((cf ^ Bits.Top<T>(result)) << 11);
        return result;
    }
}

/// <summary>ROR.</summary>
public readonly struct Ror : IShiftOperation
{
    public static bool IsRotation => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        int by = count & (Bits.Width<T>() - 1);
        ulong result = (value >> by) | (value << (Bits.Width<T>() - by));
        uint cf = Bits.Top<T>(result);
        flags = cf | ((cf ^ Bits.SecondTop<T>(result)) << 11);
        return result;
    }
}

/// <summary>RCL: rotation through CF.</summary>
public readonly struct Rcl : IShiftOperation
{
    public static bool IsRotation => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        int width = Bits.Width<T>();
        int by = width < 32 ? count % (width + 1) : count;
        ulong result = value;
        uint cf = carry;
        if (by != 0)
        {
            // Two steps instead of one by width + 1 - by, which may be 64.
            result = (value << by) | ((ulong)carry << (by - 1)) | (value >> (width - by) >> 1);
            cf = (uint)(value >> (width - by)) & 1;
        }

        flags = cf | ((cf ^ Bits.Top<T>(result)) << 11);
        return result;
    }
}

/// <summary>RCR: rotation through CF.</summary>
public readonly struct Rcr : IShiftOperation
{
    public static bool IsRotation => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, int count, uint carry, out uint flags)
        where T : unmanaged
    {
        int width = Bits.Width<T>();
        int by = width < 32 ? count % (width + 1) : count;
        ulong result = value;
        uint cf = carry;
        if (by != 0)
        {
            result = (value >> by) | ((ulong)carry << (width - by)) | (value << (width - by) << 1);
            cf = (uint)(value >> (by - 1)) & 1;
        }

        flags = cf | ((Bits.Top<T>(result) ^ Bits.SecondTop<T>(result)) << 11);
        return result;
    }
}

/// <summary>A shift that fills from a second operand: SHLD, SHRD. Count as for <see cref="IShiftOperation"/>.</summary>
public interface IDoubleShiftOperation
{
    /// <summary>The result; only its low bits count.</summary>
    /// <param name="value">First operand, zero-extended.</param>
    /// <param name="fill">Second operand, zero-extended.</param>
    /// <param name="count">Masked count, at least 1.</param>
    /// <param name="flags">CF, OF and AF in EFLAGS positions.</param>
    static abstract ulong Result<T>(ulong value, ulong fill, int count, out uint flags)
        where T : unmanaged;
}

/// <summary>SHLD. 16-bit operands and counts above 16 are undefined; here, as on Zen, the fill repeats.</summary>
public readonly struct Shld : IDoubleShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, ulong fill, int count, out uint flags)
        where T : unmanaged
    {
        int width = Bits.Width<T>();
        ulong result;
        uint cf;
        if (width == 64)
        {
            result = (value << count) | (fill >> (64 - count));
            cf = (uint)(value >> (64 - count)) & 1;
        }
        else if (width == 32)
        {
            result = ((value << 32) | fill) << count >> 32;
            cf = (uint)(value >> (32 - count)) & 1;
        }
        else
        {
            ulong wide = (value << 32) | (fill << 16) | fill;
            result = wide << count >> 32;
            cf = (uint)(wide >> (48 - count)) & 1;
        }

        flags = cf | Eflags.Af | ((Bits.Top<T>(result) ^ Bits.Top<T>(value)) << 11);
        return result;
    }
}

/// <summary>SHRD. 16-bit operands and counts above 16 are undefined; here, as on Zen, the fill repeats.</summary>
public readonly struct Shrd : IDoubleShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value, ulong fill, int count, out uint flags)
        where T : unmanaged
    {
        int width = Bits.Width<T>();
        ulong result;
        uint cf;
        if (width == 64)
        {
            result = (value >> count) | (fill << (64 - count));
            cf = (uint)(value >> (count - 1)) & 1;
        }
        else
        {
            ulong wide = width == 32 ? (fill << 32) | value : (fill << 32) | (fill << 16) | value;
            result = wide >> count;
            cf = (uint)(wide >> (count - 1)) & 1;
        }

        flags = cf | Eflags.Af | ((Bits.Top<T>(result) ^ Bits.Top<T>(value)) << 11);
        return result;
    }
}
