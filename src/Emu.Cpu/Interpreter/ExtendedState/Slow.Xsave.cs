using System.Buffers.Binary;
using System.Numerics;
using Emu.Cpu.FloatingPoint;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>
/// XSAVE, XSAVEOPT, XSAVEC, XSAVES (SDM Vol. 1 13.7, 13.9 to 13.11). EDX:EAX and XCR0 (for XSAVES with IA32_XSS) say which
/// components are meant.
/// </summary>
/// <remarks>
/// The init optimization is exact: a component counts as in use when its contents differ from the initial ones. The modified
/// optimization, which the manual leaves to the processor, is not used.
/// </remarks>
internal static unsafe class SlowXsave
{
    /// <summary>XSAVE.</summary>
    public static void Save(Vcpu cpu, Op* op) => Standard(cpu, op, wide: false, optimize: false);

    /// <summary>XSAVE64.</summary>
    public static void Save64(Vcpu cpu, Op* op) => Standard(cpu, op, wide: true, optimize: false);

    /// <summary>XSAVEOPT.</summary>
    public static void SaveOptimized(Vcpu cpu, Op* op) => Standard(cpu, op, wide: false, optimize: true);

    /// <summary>XSAVEOPT64.</summary>
    public static void SaveOptimized64(Vcpu cpu, Op* op) => Standard(cpu, op, wide: true, optimize: true);

    /// <summary>XSAVEC.</summary>
    public static void SaveCompacted(Vcpu cpu, Op* op) => Compacted(cpu, op, wide: false, supervisor: false);

    /// <summary>XSAVEC64.</summary>
    public static void SaveCompacted64(Vcpu cpu, Op* op) => Compacted(cpu, op, wide: true, supervisor: false);

    /// <summary>XSAVES.</summary>
    public static void SaveSupervisor(Vcpu cpu, Op* op) => Compacted(cpu, op, wide: false, supervisor: true);

    /// <summary>XSAVES64.</summary>
    public static void SaveSupervisor64(Vcpu cpu, Op* op) => Compacted(cpu, op, wide: true, supervisor: true);

    /// <summary>The requested-feature bitmap. Raises #UD without CR4.OSXSAVE, #NM with CR0.TS.</summary>
    public static ulong Requested(Vcpu cpu, bool supervisor)
    {
        CpuState* s = cpu.State;
        if ((s->Cr4 & Cr4.Osxsave) == 0) cpu.RaiseInvalidOpcode();
        if ((s->Cr0 & Cr0.Ts) != 0) cpu.Raise(ExceptionVector.DeviceNotAvailable);
        if (supervisor) cpu.RequireCpl0();
        ulong mask = (uint)s->Gpr[0] | (s->Gpr[2] << 32);
        return mask & (supervisor ? s->Xcr0 | s->Xss : s->Xcr0);
    }

    private static void Standard(Vcpu cpu, Op* op, bool wide, bool optimize)
    {
        CpuState* s = cpu.State;
        ulong requested = Requested(cpu, supervisor: false);
        SaveArea area = new(cpu, op, XsaveLayout.Alignment, stackalloc byte[XsaveLayout.MaxSize]);
        area.Probe(0, AccessKind.Write);
        area.Probe(XsaveLayout.StandardSize(requested) - 1, AccessKind.Write);
        ulong used = StateComponents.InUse(s, requested);
        ulong stored = optimize ? used : requested;
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area.Read(XsaveLayout.LegacySize, 8));
        StoreLegacy(cpu, ref area, stored, wide);
        // MXCSR belongs to AVX as well, and is never optimized away (SDM Vol. 1 13.5.2, 13.9).
        if ((requested & (Xcr0.Sse | Xcr0.Avx)) != 0) LegacyImage.StoreMxcsr(s, area.Piece(LegacyImage.MxcsrOffset, LegacyImage.MxcsrSize));
        for (ulong rest = stored & XsaveLayout.Extended; rest != 0; rest &= rest - 1)
        {
            int component = BitOperations.TrailingZeroCount(rest);
            StoreExtended(s, ref area, component, XsaveLayout.OffsetOf(component));
        }

        BinaryPrimitives.WriteUInt64LittleEndian(area.Piece(XsaveLayout.LegacySize, 8), (present & ~requested) | used);
        area.Commit();
    }

    private static void Compacted(Vcpu cpu, Op* op, bool wide, bool supervisor)
    {
        CpuState* s = cpu.State;
        ulong requested = Requested(cpu, supervisor);
        SaveArea area = new(cpu, op, XsaveLayout.Alignment, stackalloc byte[XsaveLayout.MaxSize]);
        area.Probe(0, AccessKind.Write);
        area.Probe(XsaveLayout.CompactSize(requested) - 1, AccessKind.Write);
        ulong used = StateComponents.InUse(s, requested);
        if ((requested & Xcr0.Sse) != 0 && s->Mxcsr != FloatEnvironment.DefaultMxcsr) used |= Xcr0.Sse;
        StoreLegacy(cpu, ref area, used, wide);
        if ((used & Xcr0.Sse) != 0) LegacyImage.StoreMxcsr(s, area.Piece(LegacyImage.MxcsrOffset, LegacyImage.MxcsrSize));
        for (ulong rest = used & XsaveLayout.Extended; rest != 0; rest &= rest - 1)
        {
            int component = BitOperations.TrailingZeroCount(rest);
            StoreExtended(s, ref area, component, XsaveLayout.CompactOffsetOf(component, requested));
        }

        Span<byte> header = area.Piece(XsaveLayout.LegacySize, 16);
        BinaryPrimitives.WriteUInt64LittleEndian(header, used);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], requested | XsaveLayout.Compacted);
        area.Commit();
    }

    private static void StoreLegacy(Vcpu cpu, ref SaveArea area, ulong stored, bool wide)
    {
        CpuState* s = cpu.State;
        if ((stored & Xcr0.X87) != 0)
        {
            LegacyImage.StoreControl(cpu, area.Piece(0, LegacyImage.ControlSize), wide);
            LegacyImage.StoreStack(s, area.Piece(LegacyImage.StackOffset, LegacyImage.StackSize));
        }

        if ((stored & Xcr0.Sse) != 0)
        {
            int count = LegacyImage.VectorCount(s);
            LegacyImage.CopyVectors(s, area.Piece(LegacyImage.XmmOffset, count * 16), 0, count, 0, 16, load: false);
        }
    }

    private static void StoreExtended(CpuState* s, ref SaveArea area, int component, int offset)
    {
        int size = StateComponents.AccessedSize(s, component);
        if (size != 0) StateComponents.Store(s, component, area.Piece(offset, size));
    }
}
