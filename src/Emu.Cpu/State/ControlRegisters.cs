namespace Emu.Cpu;

/// <summary>Bits of CR0 (SDM Vol. 3A 2.5).</summary>
public static class Cr0
{
    public const ulong Pe = 1u << 0;
    public const ulong Mp = 1u << 1;
    public const ulong Em = 1u << 2;
    public const ulong Ts = 1u << 3;
    public const ulong Et = 1u << 4;
    public const ulong Ne = 1u << 5;
    public const ulong Wp = 1u << 16;
    public const ulong Am = 1u << 18;
    public const ulong Nw = 1u << 29;
    public const ulong Cd = 1u << 30;
    public const ulong Pg = 1u << 31;
}

/// <summary>Bits of CR4 (SDM Vol. 3A 2.5).</summary>
public static class Cr4
{
    public const ulong Vme = 1u << 0;
    public const ulong Pvi = 1u << 1;
    public const ulong Tsd = 1u << 2;
    public const ulong De = 1u << 3;
    public const ulong Pse = 1u << 4;
    public const ulong Pae = 1u << 5;
    public const ulong Mce = 1u << 6;
    public const ulong Pge = 1u << 7;
    public const ulong Pce = 1u << 8;
    public const ulong Osfxsr = 1u << 9;
    public const ulong Osxmmexcpt = 1u << 10;
    public const ulong Umip = 1u << 11;
    public const ulong La57 = 1u << 12;
    public const ulong Vmxe = 1u << 13;
    public const ulong Smxe = 1u << 14;
    public const ulong Fsgsbase = 1u << 16;
    public const ulong Pcide = 1u << 17;
    public const ulong Osxsave = 1u << 18;
    public const ulong Smep = 1u << 20;
    public const ulong Smap = 1u << 21;
    public const ulong Pke = 1u << 22;
    public const ulong Cet = 1u << 23;
    public const ulong Pks = 1u << 24;
}

/// <summary>Bits of IA32_EFER (SDM Vol. 3A 2.2.1, APM Vol. 2 3.1.7).</summary>
public static class Efer
{
    public const ulong Sce = 1u << 0;
    public const ulong Lme = 1u << 8;
    public const ulong Lma = 1u << 10;
    public const ulong Nxe = 1u << 11;
    public const ulong Svme = 1u << 12;
    public const ulong Lmsle = 1u << 13;
    public const ulong Ffxsr = 1u << 14;
    public const ulong Tce = 1u << 15;
    /// <summary>Automatic IBRS. There is no speculation to restrict, so it only reads back.</summary>
    public const ulong Aibrse = 1u << 21;
}

/// <summary>XSAVE state components (SDM Vol. 1 13.1), bits of XCR0.</summary>
public static class Xcr0
{
    public const ulong X87 = 1u << 0;
    public const ulong Sse = 1u << 1;
    public const ulong Avx = 1u << 2;
    public const ulong Bndregs = 1u << 3;
    public const ulong Bndcsr = 1u << 4;
    public const ulong Opmask = 1u << 5;
    public const ulong ZmmHi256 = 1u << 6;
    public const ulong Hi16Zmm = 1u << 7;
    public const ulong Pkru = 1u << 9;
    public const ulong Avx512 = Opmask | ZmmHi256 | Hi16Zmm;
}
