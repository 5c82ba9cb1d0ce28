using System.Runtime.Intrinsics.X86;
using Emu.Conformance.Native;
using Iced.Intel;

namespace Emu.Conformance.Forms;

/// <summary>Which of Iced's CPUID features the host processor and its operating system offer to user mode.</summary>
/// <remarks>Bits as in SDM Vol. 2A CPUID, and APM Vol. 3 Appendix E for the 0x8000_0000 leaves.</remarks>
public sealed class HostFeatures
{
    private enum Reg { Eax, Ebx, Ecx, Edx }

    private readonly HashSet<CpuidFeature> _features = [];

    /// <summary>The host is an AMD processor: where the vendors disagree, it does as APM Vol. 3 says.</summary>
    public static bool IsAmd { get; } = X86Base.IsSupported && X86Base.CpuId(0, 0) is (_, 0x6874_7541, 0x444D_4163, 0x6974_6E65);

    /// <summary>A decoder that reads code as the host does.</summary>
    public static Decoder CreateDecoder(int bits, CodeReader reader) => Decoder.Create(bits, reader, IsAmd ? DecoderOptions.AMD : DecoderOptions.None);

    /// <summary>A decoder that reads code as the host does.</summary>
    public static Decoder CreateDecoder(int bits, byte[] code, ulong rip) =>
        Decoder.Create(bits, code, rip, IsAmd ? DecoderOptions.AMD : DecoderOptions.None);

    /// <summary>Asks CPUID.</summary>
    public HostFeatures()
    {
        // Part of every processor with 64-bit mode.
        _features.UnionWith([
            CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486,
            CpuidFeature.X64, CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387, CpuidFeature.CPUID, CpuidFeature.PAUSE,
            CpuidFeature.MULTIBYTENOP]);

        Add(CpuidFeature.TSC, 1, 0, Reg.Edx, 4);
        Add(CpuidFeature.MSR, 1, 0, Reg.Edx, 5);
        Add(CpuidFeature.CX8, 1, 0, Reg.Edx, 8);
        Add(CpuidFeature.SEP, 1, 0, Reg.Edx, 11);
        Add(CpuidFeature.CMOV, 1, 0, Reg.Edx, 15);
        Add(CpuidFeature.CLFSH, 1, 0, Reg.Edx, 19);
        Add(CpuidFeature.MMX, 1, 0, Reg.Edx, 23);
        Add(CpuidFeature.FXSR, 1, 0, Reg.Edx, 24);
        Add(CpuidFeature.SSE, 1, 0, Reg.Edx, 25);
        Add(CpuidFeature.SSE2, 1, 0, Reg.Edx, 26);
        Add(CpuidFeature.SSE3, 1, 0, Reg.Ecx, 0);
        Add(CpuidFeature.PCLMULQDQ, 1, 0, Reg.Ecx, 1);
        Add(CpuidFeature.MONITOR, 1, 0, Reg.Ecx, 3);
        Add(CpuidFeature.VMX, 1, 0, Reg.Ecx, 5);
        Add(CpuidFeature.SMX, 1, 0, Reg.Ecx, 6);
        Add(CpuidFeature.SSSE3, 1, 0, Reg.Ecx, 9);
        Add(CpuidFeature.FMA, 1, 0, Reg.Ecx, 12);
        Add(CpuidFeature.CMPXCHG16B, 1, 0, Reg.Ecx, 13);
        Add(CpuidFeature.SSE4_1, 1, 0, Reg.Ecx, 19);
        Add(CpuidFeature.SSE4_2, 1, 0, Reg.Ecx, 20);
        Add(CpuidFeature.MOVBE, 1, 0, Reg.Ecx, 22);
        Add(CpuidFeature.POPCNT, 1, 0, Reg.Ecx, 23);
        Add(CpuidFeature.AES, 1, 0, Reg.Ecx, 25);
        Add(CpuidFeature.XSAVE, 1, 0, Reg.Ecx, 27);
        Add(CpuidFeature.AVX, 1, 0, Reg.Ecx, 28);
        Add(CpuidFeature.F16C, 1, 0, Reg.Ecx, 29);
        Add(CpuidFeature.RDRAND, 1, 0, Reg.Ecx, 30);
        Add(CpuidFeature.BMI1, 7, 0, Reg.Ebx, 3);
        Add(CpuidFeature.HLE, 7, 0, Reg.Ebx, 4);
        Add(CpuidFeature.AVX2, 7, 0, Reg.Ebx, 5);
        Add(CpuidFeature.BMI2, 7, 0, Reg.Ebx, 8);
        Add(CpuidFeature.INVPCID, 7, 0, Reg.Ebx, 10);
        Add(CpuidFeature.RTM, 7, 0, Reg.Ebx, 11);
        Add(CpuidFeature.RDSEED, 7, 0, Reg.Ebx, 18);
        Add(CpuidFeature.ADX, 7, 0, Reg.Ebx, 19);
        Add(CpuidFeature.SMAP, 7, 0, Reg.Ebx, 20);
        Add(CpuidFeature.CLFLUSHOPT, 7, 0, Reg.Ebx, 23);
        Add(CpuidFeature.CLWB, 7, 0, Reg.Ebx, 24);
        Add(CpuidFeature.SHA, 7, 0, Reg.Ebx, 29);
        Add(CpuidFeature.PREFETCHWT1, 7, 0, Reg.Ecx, 0);
        Add(CpuidFeature.PKU, 7, 0, Reg.Ecx, 4);
        Add(CpuidFeature.WAITPKG, 7, 0, Reg.Ecx, 5);
        Add(CpuidFeature.GFNI, 7, 0, Reg.Ecx, 8);
        Add(CpuidFeature.VAES, 7, 0, Reg.Ecx, 9);
        Add(CpuidFeature.VPCLMULQDQ, 7, 0, Reg.Ecx, 10);
        Add(CpuidFeature.RDPID, 7, 0, Reg.Ecx, 22);
        Add(CpuidFeature.CLDEMOTE, 7, 0, Reg.Ecx, 25);
        Add(CpuidFeature.MOVDIRI, 7, 0, Reg.Ecx, 27);
        Add(CpuidFeature.MOVDIR64B, 7, 0, Reg.Ecx, 28);
        Add(CpuidFeature.ENQCMD, 7, 0, Reg.Ecx, 29);
        Add(CpuidFeature.SERIALIZE, 7, 0, Reg.Edx, 14);
        Add(CpuidFeature.TSXLDTRK, 7, 0, Reg.Edx, 16);
        Add(CpuidFeature.SHA512, 7, 1, Reg.Eax, 0);
        Add(CpuidFeature.SM3, 7, 1, Reg.Eax, 1);
        Add(CpuidFeature.SM4, 7, 1, Reg.Eax, 2);
        Add(CpuidFeature.RAO_INT, 7, 1, Reg.Eax, 3);
        Add(CpuidFeature.AVX_VNNI, 7, 1, Reg.Eax, 4);
        Add(CpuidFeature.CMPCCXADD, 7, 1, Reg.Eax, 7);
        Add(CpuidFeature.AVX_IFMA, 7, 1, Reg.Eax, 23);
        Add(CpuidFeature.AVX_VNNI_INT8, 7, 1, Reg.Edx, 4);
        Add(CpuidFeature.AVX_NE_CONVERT, 7, 1, Reg.Edx, 5);
        Add(CpuidFeature.AVX_VNNI_INT16, 7, 1, Reg.Edx, 10);
        Add(CpuidFeature.PREFETCHITI, 7, 1, Reg.Edx, 14);
        Add(CpuidFeature.XSAVEOPT, 13, 1, Reg.Eax, 0);
        Add(CpuidFeature.XSAVEC, 13, 1, Reg.Eax, 1);
        Add(CpuidFeature.XSAVES, 13, 1, Reg.Eax, 3);
        Add(CpuidFeature.PTWRITE, 0x14, 0, Reg.Ebx, 4);
        Add(CpuidFeature.SVM, 0x8000_0001, 0, Reg.Ecx, 2);
        Add(CpuidFeature.LZCNT, 0x8000_0001, 0, Reg.Ecx, 5);
        Add(CpuidFeature.SSE4A, 0x8000_0001, 0, Reg.Ecx, 6);
        Add(CpuidFeature.PREFETCHW, 0x8000_0001, 0, Reg.Ecx, 8);
        Add(CpuidFeature.XOP, 0x8000_0001, 0, Reg.Ecx, 11);
        Add(CpuidFeature.SKINIT, 0x8000_0001, 0, Reg.Ecx, 12);
        Add(CpuidFeature.LWP, 0x8000_0001, 0, Reg.Ecx, 15);
        Add(CpuidFeature.FMA4, 0x8000_0001, 0, Reg.Ecx, 16);
        Add(CpuidFeature.TBM, 0x8000_0001, 0, Reg.Ecx, 21);
        Add(CpuidFeature.MONITORX, 0x8000_0001, 0, Reg.Ecx, 29);
        Add(CpuidFeature.SYSCALL, 0x8000_0001, 0, Reg.Edx, 11);
        Add(CpuidFeature.RDTSCP, 0x8000_0001, 0, Reg.Edx, 27);
        Add(CpuidFeature.D3NOWEXT, 0x8000_0001, 0, Reg.Edx, 30);
        Add(CpuidFeature.D3NOW, 0x8000_0001, 0, Reg.Edx, 31);
        Add(CpuidFeature.CLZERO, 0x8000_0008, 0, Reg.Ebx, 0);
        Add(CpuidFeature.RDPRU, 0x8000_0008, 0, Reg.Ebx, 4);
        Add(CpuidFeature.MCOMMIT, 0x8000_0008, 0, Reg.Ebx, 8);
        Add(CpuidFeature.WBNOINVD, 0x8000_0008, 0, Reg.Ebx, 9);
        if (Bit(7, 0, Reg.Ebx, 0) && NativeHost.HasFsGsBase) _features.Add(CpuidFeature.FSGSBASE);
        if (Bit(1, 0, Reg.Edx, 5)) _features.Add(CpuidFeature.RDPMC);
    }

    /// <summary>Whether all of <paramref name="features"/> are there.</summary>
    public bool Has(IEnumerable<CpuidFeature> features) => features.All(_features.Contains);

    private static bool Bit(uint leaf, uint subleaf, Reg register, int bit)
    {
        uint highest = (uint)X86Base.CpuId((int)(leaf & 0x8000_0000), 0).Eax;
        if (leaf > highest) return false;
        (int eax, int ebx, int ecx, int edx) = X86Base.CpuId((int)leaf, (int)subleaf);
        int value = register switch { Reg.Eax => eax, Reg.Ebx => ebx, Reg.Ecx => ecx, _ => edx };
        return (value >> bit & 1) != 0;
    }

    private void Add(CpuidFeature feature, uint leaf, uint subleaf, Reg register, int bit)
    {
        if (Bit(leaf, subleaf, register, bit)) _features.Add(feature);
    }
}
