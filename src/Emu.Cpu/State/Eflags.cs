namespace Emu.Cpu;

/// <summary>Bits of EFLAGS/RFLAGS (SDM Vol. 1 3.4.3).</summary>
public static class Eflags
{
    public const uint Cf = 1u << 0;
    public const uint Reserved1 = 1u << 1;
    public const uint Pf = 1u << 2;
    public const uint Af = 1u << 4;
    public const uint Zf = 1u << 6;
    public const uint Sf = 1u << 7;
    public const uint Tf = 1u << 8;
    public const uint If = 1u << 9;
    public const uint Df = 1u << 10;
    public const uint Of = 1u << 11;
    public const uint Iopl = 3u << 12;
    public const uint Nt = 1u << 14;
    public const uint Rf = 1u << 16;
    public const uint Vm = 1u << 17;
    public const uint Ac = 1u << 18;
    public const uint Vif = 1u << 19;
    public const uint Vip = 1u << 20;
    public const uint Id = 1u << 21;

    /// <summary>The six status flags: CF, PF, AF, ZF, SF, OF.</summary>
    public const uint Arithmetic = Cf | Pf | Af | Zf | Sf | Of;

    /// <summary>Every defined flag.</summary>
    public const uint Defined = Arithmetic | Tf | If | Df | Iopl | Nt | Rf | Vm | Ac | Vif | Vip | Id;
}
