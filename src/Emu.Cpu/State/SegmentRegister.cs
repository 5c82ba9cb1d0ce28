using System.Runtime.InteropServices;

namespace Emu.Cpu;

/// <summary>Segment register numbers in the encoding order of the ModRM.reg field (SDM Vol. 2A table 2-1).</summary>
public enum SegmentIndex : byte
{
    /// <summary>Extra segment.</summary>
    Es,
    /// <summary>Code segment.</summary>
    Cs,
    /// <summary>Stack segment.</summary>
    Ss,
    /// <summary>Data segment.</summary>
    Ds,
    /// <summary>Extra segment; base from IA32_FS_BASE in 64-bit mode.</summary>
    Fs,
    /// <summary>Extra segment; base from IA32_GS_BASE in 64-bit mode.</summary>
    Gs,
    /// <summary>Local descriptor table register.</summary>
    Ldtr,
    /// <summary>Task register.</summary>
    Tr,
}

/// <summary>
/// The visible and hidden part of a segment register (SDM Vol. 3A 3.4.3). <see cref="Attributes"/> has the layout of the
/// descriptor's second doubleword shifted right by 8: type 3:0, S 4, DPL 6:5, P 7, (limit 11:8 = 0), AVL 12, L 13, D/B 14, G 15.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct SegmentRegister
{
    /// <summary>Linear base address.</summary>
    public ulong Base;

    /// <summary>Limit in bytes (granularity applied): the last valid offset of an expand-up segment.</summary>
    public uint Limit;

    /// <summary>Selector.</summary>
    public ushort Selector;

    /// <summary>Access rights; see the type's summary for the layout.</summary>
    public ushort Attributes;

    /// <summary>Lowest offset an access may touch; derived by <see cref="UpdateDerived"/>.</summary>
    public uint Low;

    /// <summary>Highest offset an access may touch; below <see cref="Low"/> when none is valid.</summary>
    public uint High;

    /// <summary>Data reads are permitted (data segment, or readable code).</summary>
    public bool Readable;

    /// <summary>Data writes are permitted.</summary>
    public bool Writable;

    /// <summary>Type field (bits 3:0), SDM Vol. 3A table 3-1 / 3-2.</summary>
    public readonly int Type => Attributes & 0xF;

    /// <summary>S flag: code or data (not a system descriptor).</summary>
    public readonly bool IsCodeOrData => (Attributes & SegmentAttributes.S) != 0;

    /// <summary>Descriptor privilege level, 0..3.</summary>
    public readonly int Dpl => (Attributes >> 5) & 3;

    /// <summary>Requested privilege level of the selector, 0..3.</summary>
    public readonly int Rpl => Selector & 3;

    /// <summary>P flag.</summary>
    public readonly bool Present => (Attributes & SegmentAttributes.P) != 0;

    /// <summary>L flag: 64-bit code segment.</summary>
    public readonly bool Long => (Attributes & SegmentAttributes.L) != 0;

    /// <summary>D/B flag: 32-bit default operand size, or 32-bit stack.</summary>
    public readonly bool DefaultBig => (Attributes & SegmentAttributes.Db) != 0;

    /// <summary>Code segment (S set, type bit 3).</summary>
    public readonly bool IsCode => (Attributes & 0x18) == 0x18;

    /// <summary>Data segment that grows down (S set, type 01xx).</summary>
    public readonly bool IsExpandDown => (Attributes & 0x1C) == 0x14;

    /// <summary>Usable by memory references outside 64-bit mode: present and not loaded with a null selector.</summary>
    public readonly bool Usable => Present;

    /// <summary>Base 0, whole 4-GiB range readable and writable (or readable, for code): no check can fail.</summary>
    public readonly bool IsFlat => Base == 0 && Low == 0 && High == uint.MaxValue && Readable;

    /// <summary>Recomputes <see cref="Low"/>, <see cref="High"/>, <see cref="Readable"/> and <see cref="Writable"/> after a load.</summary>
    public void UpdateDerived()
    {
        bool usable = Present && IsCodeOrData;
        Readable = usable && (!IsCode || (Attributes & 2) != 0);
        Writable = usable && !IsCode && (Attributes & 2) != 0;
        if (!usable)
        {
            (Low, High) = (1, 0);
        }
        else if (!IsExpandDown)
        {
            (Low, High) = (0, Limit);
        }
        else
        {
            uint top = DefaultBig ? uint.MaxValue : 0xFFFF;
            (Low, High) = Limit >= top ? (1u, 0u) : (Limit + 1, top);
        }
    }
}

/// <summary>Bits of <see cref="SegmentRegister.Attributes"/>.</summary>
public static class SegmentAttributes
{
    /// <summary>Accessed (code and data segments).</summary>
    public const ushort Accessed = 1 << 0;
    /// <summary>Code or data segment rather than system.</summary>
    public const ushort S = 1 << 4;
    /// <summary>Present.</summary>
    public const ushort P = 1 << 7;
    /// <summary>Available to software.</summary>
    public const ushort Avl = 1 << 12;
    /// <summary>64-bit code.</summary>
    public const ushort L = 1 << 13;
    /// <summary>Default operand size / stack size.</summary>
    public const ushort Db = 1 << 14;
    /// <summary>Granularity of the limit: 4 KiB.</summary>
    public const ushort G = 1 << 15;
}
