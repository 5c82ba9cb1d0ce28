using System.Buffers.Binary;
using System.Numerics;
using Emu.Cpu.FloatingPoint;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>XRSTOR and XRSTORS (SDM Vol. 1 13.8, 13.12).</summary>
internal static unsafe class SlowXrstor
{
    /// <summary>XRSTOR.</summary>
    public static void Restore(Vcpu cpu, Op* op) => Restore(cpu, op, wide: false, supervisor: false);

    /// <summary>XRSTOR64.</summary>
    public static void Restore64(Vcpu cpu, Op* op) => Restore(cpu, op, wide: true, supervisor: false);

    /// <summary>XRSTORS.</summary>
    public static void RestoreSupervisor(Vcpu cpu, Op* op) => Restore(cpu, op, wide: false, supervisor: true);

    /// <summary>XRSTORS64.</summary>
    public static void RestoreSupervisor64(Vcpu cpu, Op* op) => Restore(cpu, op, wide: true, supervisor: true);

    private static void Restore(Vcpu cpu, Op* op, bool wide, bool supervisor)
    {
        CpuState* s = cpu.State;
        ulong requested = SlowXsave.Requested(cpu, supervisor);
        SaveArea area = new(cpu, op, XsaveLayout.Alignment, stackalloc byte[XsaveLayout.MaxSize]);
        area.Probe(0, AccessKind.Read);
        Span<byte> header = area.Read(XsaveLayout.LegacySize, XsaveLayout.HeaderSize);
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(header);
        ulong format = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong possible = supervisor ? s->Xcr0 | s->Xss : s->Xcr0;
        if (!IsValidHeader(header, present, format, possible, supervisor)) cpu.RaiseGeneralProtection();
        bool compacted = (format & XsaveLayout.Compacted) != 0;
        ulong loaded = requested & present;
        area.Probe((compacted ? XsaveLayout.CompactSize(format & requested) : XsaveLayout.StandardSize(requested)) - 1, AccessKind.Read);

        // Everything that can fault comes before the first change.
        uint mxcsr = s->Mxcsr;
        if (compacted ? (loaded & Xcr0.Sse) != 0 : (requested & (Xcr0.Sse | Xcr0.Avx)) != 0)
        {
            mxcsr = LegacyImage.ReadMxcsr(cpu, area.Read(LegacyImage.MxcsrOffset, LegacyImage.MxcsrSize));
        }
        else if (compacted && (requested & Xcr0.Sse) != 0)
        {
            mxcsr = FloatEnvironment.DefaultMxcsr;
        }

        Span<byte> control = area.Image(0, 0), stack = control, vectors = control;
        if ((loaded & Xcr0.X87) != 0)
        {
            control = area.Read(0, LegacyImage.ControlSize);
            stack = area.Read(LegacyImage.StackOffset, LegacyImage.StackSize);
        }

        int count = LegacyImage.VectorCount(s);
        if ((loaded & Xcr0.Sse) != 0) vectors = area.Read(LegacyImage.XmmOffset, count * 16);
        // Compacted components lie below their places in the standard format, so the areas read here never overlap.
        for (ulong rest = loaded & XsaveLayout.Extended; rest != 0; rest &= rest - 1)
        {
            int component = BitOperations.TrailingZeroCount(rest);
            area.Read(OffsetOf(component, compacted, format), StateComponents.AccessedSize(s, component));
        }

        s->Mxcsr = mxcsr;
        if ((loaded & Xcr0.X87) != 0)
        {
            LegacyImage.LoadControl(cpu, control, wide);
            LegacyImage.LoadStack(s, stack);
        }

        if ((loaded & Xcr0.Sse) != 0) LegacyImage.CopyVectors(s, vectors, 0, count, 0, 16, load: true);
        for (ulong rest = loaded & XsaveLayout.Extended; rest != 0; rest &= rest - 1)
        {
            int component = BitOperations.TrailingZeroCount(rest);
            StateComponents.Load(cpu, component, area.Image(OffsetOf(component, compacted, format), XsaveLayout.SizeOf(component)));
        }

        const ulong Known = Xcr0.X87 | Xcr0.Sse | XsaveLayout.Extended;
        for (ulong rest = requested & ~present & Known; rest != 0; rest &= rest - 1)
        {
            StateComponents.Initialize(cpu, BitOperations.TrailingZeroCount(rest));
        }
    }

    private static int OffsetOf(int component, bool compacted, ulong format) =>
        compacted ? XsaveLayout.CompactOffsetOf(component, format) : XsaveLayout.OffsetOf(component);

    private static bool IsValidHeader(ReadOnlySpan<byte> header, ulong present, ulong format, ulong possible, bool supervisor)
    {
        if ((format & XsaveLayout.Compacted) == 0)
        {
            return !supervisor && (present & ~possible) == 0 && format == 0 && !header[16..24].ContainsAnyExcept((byte)0);
        }

        ulong components = format & ~XsaveLayout.Compacted;
        return (components & ~possible) == 0 && (present & ~components) == 0 && !header[16..64].ContainsAnyExcept((byte)0);
    }
}
