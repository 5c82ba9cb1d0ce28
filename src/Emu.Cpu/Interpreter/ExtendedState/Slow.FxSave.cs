using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>FXSAVE and FXRSTOR (SDM Vol. 1 10.5, APM Vol. 2 11.4.4). They do not look at pending x87 exceptions.</summary>
internal static unsafe class SlowFxSave
{
    private const int Alignment = 16;

    /// <summary>FXSAVE.</summary>
    public static void Save(Vcpu cpu, Op* op) => Save(cpu, op, wide: false);

    /// <summary>FXSAVE64.</summary>
    public static void Save64(Vcpu cpu, Op* op) => Save(cpu, op, wide: true);

    /// <summary>FXRSTOR.</summary>
    public static void Restore(Vcpu cpu, Op* op) => Restore(cpu, op, wide: false);

    /// <summary>FXRSTOR64.</summary>
    public static void Restore64(Vcpu cpu, Op* op) => Restore(cpu, op, wide: true);

    private static void Save(Vcpu cpu, Op* op, bool wide)
    {
        CpuState* s = cpu.State;
        SaveArea area = new(cpu, op, Alignment, stackalloc byte[XsaveLayout.LegacySize]);
        area.Probe(XsaveLayout.LegacySize - 1, AccessKind.Write);
        LegacyImage.StoreControl(cpu, area.Piece(0, LegacyImage.ControlSize), wide);
        LegacyImage.StoreStack(s, area.Piece(LegacyImage.StackOffset, LegacyImage.StackSize));
        if (HasSse(s)) LegacyImage.StoreMxcsr(s, area.Piece(LegacyImage.MxcsrOffset, LegacyImage.MxcsrSize));
        if (HasVectors(s))
        {
            int count = LegacyImage.VectorCount(s);
            LegacyImage.CopyVectors(s, area.Piece(LegacyImage.XmmOffset, count * 16), 0, count, 0, 16, load: false);
        }

        area.Commit();
    }

    private static void Restore(Vcpu cpu, Op* op, bool wide)
    {
        CpuState* s = cpu.State;
        SaveArea area = new(cpu, op, Alignment, stackalloc byte[XsaveLayout.LegacySize]);
        area.Probe(XsaveLayout.LegacySize - 1, AccessKind.Read);
        Span<byte> image = area.Read(0, XsaveLayout.LegacySize);
        if (HasSse(s)) s->Mxcsr = LegacyImage.ReadMxcsr(cpu, image[LegacyImage.MxcsrOffset..]);
        LegacyImage.LoadControl(cpu, image, wide);
        LegacyImage.LoadStack(s, image[LegacyImage.StackOffset..]);
        if (HasVectors(s)) LegacyImage.CopyVectors(s, image[LegacyImage.XmmOffset..], 0, LegacyImage.VectorCount(s), 0, 16, load: true);
    }

    // Without CR4.OSFXSR there is no SSE state to save (APM Vol. 2 11.4.4.1).
    private static bool HasSse(CpuState* s) => (s->Cr4 & Cr4.Osfxsr) != 0;

    // EFER.FFXSR leaves the XMM registers out in 64-bit mode at CPL 0 (APM Vol. 2 11.4.4.4).
    private static bool HasVectors(CpuState* s) =>
        HasSse(s) && !((s->Efer & Efer.Ffxsr) != 0 && (s->Mode & CodeMode.Code64) != 0 && s->Cpl == 0);
}
