using System.Numerics;

namespace Emu.Cpu;

/// <summary>
/// Where the state components lie in an XSAVE area (SDM Vol. 1 13.4, 13.5). Offsets of the standard format are those of Intel's
/// processors; CPUID leaf 0DH reports them.
/// </summary>
public static class XsaveLayout
{
    /// <summary>Bytes of the legacy region: x87 and SSE.</summary>
    public const int LegacySize = 512;

    /// <summary>Bytes of the header behind it.</summary>
    public const int HeaderSize = 64;

    /// <summary>Offset of the first extended component in the compacted format.</summary>
    public const int ExtendedOffset = LegacySize + HeaderSize;

    /// <summary>Required alignment of an area.</summary>
    public const int Alignment = 64;

    /// <summary>Bytes of an area with all components there are.</summary>
    public const int MaxSize = 2696;

    /// <summary>XCOMP_BV bit 63: the area is in the compacted format.</summary>
    public const ulong Compacted = 1UL << 63;

    /// <summary>The components behind the header that exist here.</summary>
    public const ulong Extended = Xcr0.Avx | Xcr0.Opmask | Xcr0.ZmmHi256 | Xcr0.Hi16Zmm | Xcr0.Pkru;

    /// <summary>Bytes of component <paramref name="component"/> (the number of its bit in XCR0), 2 and above; 0 if there is none.</summary>
    public static int SizeOf(int component) => component switch
    {
        2 => 256,
        5 => 64,
        6 => 512,
        7 => 1024,
        9 => 8,
        _ => 0,
    };

    /// <summary>Offset of a component in the standard format.</summary>
    public static int OffsetOf(int component) => component switch
    {
        2 => 576,
        5 => 1088,
        6 => 1152,
        7 => 1664,
        9 => 2688,
        _ => 0,
    };

    /// <summary>Offset of a component in the compacted format of an area with the components <paramref name="components"/>. None asks for alignment.</summary>
    public static int CompactOffsetOf(int component, ulong components)
    {
        int offset = ExtendedOffset;
        for (ulong below = components & Extended & ((1UL << component) - 1); below != 0; below &= below - 1)
        {
            offset += SizeOf(BitOperations.TrailingZeroCount(below));
        }

        return offset;
    }

    /// <summary>Bytes of an area in the standard format with the components <paramref name="components"/>.</summary>
    public static int StandardSize(ulong components)
    {
        int size = ExtendedOffset;
        for (ulong rest = components & Extended; rest != 0; rest &= rest - 1)
        {
            int component = BitOperations.TrailingZeroCount(rest);
            size = Math.Max(size, OffsetOf(component) + SizeOf(component));
        }

        return size;
    }

    /// <summary>Bytes of an area in the compacted format with the components <paramref name="components"/>.</summary>
    public static int CompactSize(ulong components) => CompactOffsetOf(63, components);
}
