using System.Buffers.Binary;
using System.Text;

namespace Emu.Cpu;

// CPUID (SDM Vol. 2A, CPUID; APM Vol. 3 appendix E).
public sealed unsafe partial class Vcpu
{
    /// <summary>How the machine's processors are arranged.</summary>
    public CpuTopology Topology { get; set; } = CpuTopology.Single;

    /// <summary>What CPUID returns for a leaf and subleaf in the current state.</summary>
    public CpuidResult Cpuid(uint leaf, uint subleaf)
    {
        CpuModelDefinition d = Model.Definition;
        // Beyond the highest leaf Intel's processors answer with the highest basic one, AMD's with zeros.
        if (leaf >= 0x40000000 && leaf < 0x80000000) return leaf < 0x50000000 && Model.Has("hypervisor") ? HypervisorLeaf(leaf) : HighestLeaf(subleaf);
        if (leaf < 0x80000000) return leaf > HighestBasicLeaf ? HighestLeaf(subleaf) : BasicLeaf(leaf, subleaf);
        if (leaf < 0xC0000000 && leaf <= d.ExtendedLevel) return ExtendedLeaf(leaf, subleaf);
        return leaf == 0x80000000 ? new CpuidResult(d.ExtendedLevel, 0, 0, 0) : HighestLeaf(subleaf);
    }

    private uint HighestBasicLeaf => HasMiscEnable(LimitCpuid) ? Math.Min(Model.Definition.Level, 2) : Model.Definition.Level;

    private CpuidResult HighestLeaf(uint subleaf) => IsAmd ? default : BasicLeaf(HighestBasicLeaf, subleaf);

    /// <summary>A hypervisor of no known name: only the maximum leaf.</summary>
    private static CpuidResult HypervisorLeaf(uint leaf) => leaf == 0x40000000 ? new CpuidResult(0x40000000, 0, 0, 0) : default;

    private CpuidResult BasicLeaf(uint leaf, uint subleaf)
    {
        switch (leaf)
        {
            case 0: return VendorLeaf(HighestBasicLeaf);
            case 1: return SignatureLeaf();
            // Cache descriptors: ask leaf 4.
            case 2: return IsAmd ? default : new CpuidResult(0x00FEFF01, 0, 0, 0xF0);
            case 4: return IsAmd ? default : IntelCacheLeaf(subleaf);
            // MONITOR lines of 64 bytes; MWAIT without sub-states.
            case 5: return Model.Has("monitor") ? new CpuidResult(64, 64, 3, 0) : default;
            case 6: return Model.FeatureBits(6, 0) with { Ecx = 0 };
            case 7: return StructuredFeatures(subleaf);
            case 0xB: return TopologyLeaf(subleaf);
            case 0xD: return ExtendedStateLeaf(subleaf);
            // TSC = crystal * EBX / EAX.
            case 0x15: return new CpuidResult(1000, (uint)(TscFrequency / (CrystalFrequency / 1000)), (uint)CrystalFrequency, 0);
            case 0x16:
                uint megahertz = (uint)(TscFrequency / 1_000_000);
                return new CpuidResult(megahertz, megahertz, 100, 0);
            case 0x1F: return TopologyLeaf(subleaf);
            default: return default;
        }
    }

    private CpuidResult VendorLeaf(uint highest)
    {
        ReadOnlySpan<byte> vendor = Encoding.ASCII.GetBytes(Model.Definition.Vendor);
        return new CpuidResult(
            highest,
            BinaryPrimitives.ReadUInt32LittleEndian(vendor),
            BinaryPrimitives.ReadUInt32LittleEndian(vendor[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(vendor[4..]));
    }

    private CpuidResult SignatureLeaf()
    {
        CpuidResult bits = Model.FeatureBits(1, 0);
        uint threads = (uint)Math.Min(Topology.ThreadsPerSocket, 255);
        uint ecx = bits.Ecx;
        if ((State->Cr4 & Cr4.Osxsave) != 0) ecx |= 1u << 27;
        if (!IsMonitorEnabled) ecx &= ~(1u << 3);
        uint edx = bits.Edx;
        if (threads > 1) edx |= 1u << 28;
        if (!Apic.IsEnabled) edx &= ~(1u << 9);
        // Brand index 0, CLFLUSH line of 8 quadwords.
        return new CpuidResult(Model.Definition.Signature, (8 << 8) | (threads << 16) | (ApicId << 24), ecx, edx);
    }

    private CpuidResult StructuredFeatures(uint subleaf)
    {
        CpuidResult bits = Model.FeatureBits(7, subleaf);
        if (subleaf == 0 && (State->Cr4 & Cr4.Pke) != 0) bits = bits with { Ecx = bits.Ecx | (1u << 4) };
        // EAX of subleaf 0 is the highest subleaf.
        if (subleaf == 0 && Model.FeatureBits(7, 1) != default) bits = bits with { Eax = 1 };
        return bits;
    }

    private CpuidResult TopologyLeaf(uint subleaf)
    {
        uint edx = ApicId;
        return subleaf switch
        {
            0 => new CpuidResult((uint)Topology.ThreadBits, (uint)Topology.Threads, 0 | (1 << 8), edx),
            1 => new CpuidResult((uint)Topology.SocketBits, (uint)Topology.ThreadsPerSocket, 1 | (2 << 8), edx),
            _ => new CpuidResult(0, 0, subleaf & 0xFF, edx),
        };
    }

    private CpuidResult ExtendedStateLeaf(uint subleaf)
    {
        if (!Model.Has("xsave")) return default;
        ulong all = Model.Xcr0Mask;
        switch (subleaf)
        {
            case 0: return new CpuidResult((uint)all, (uint)XsaveLayout.StandardSize(State->Xcr0), (uint)XsaveLayout.StandardSize(all), (uint)(all >> 32));
            case 1:
                uint compact = Model.Has("xsavec") || Model.Has("xsaves") ? (uint)XsaveLayout.CompactSize(State->Xcr0 | State->Xss) : 0;
                return Model.FeatureBits(0xD, 1) with { Ebx = compact, Ecx = (uint)Model.XssMask, Edx = (uint)(Model.XssMask >> 32) };
            case < 63 when (all & XsaveLayout.Extended & (1UL << (int)subleaf)) != 0:
                return new CpuidResult((uint)XsaveLayout.SizeOf((int)subleaf), (uint)XsaveLayout.OffsetOf((int)subleaf), 0, 0);
            default: return default;
        }
    }

    /// <summary>A level of cache: size, associativity, line size 64 (SDM Vol. 2A, CPUID leaf 4; APM leaf 8000001Dh).</summary>
    private readonly record struct CacheLevel(uint Type, uint Level, uint Kilobytes, uint Ways, bool Shared);

    private static readonly CacheLevel[] Caches =
    [
        new(1, 1, 32, 8, false), new(2, 1, 32, 8, false), new(3, 2, 512, 8, false), new(3, 3, 16384, 16, true),
    ];

    private CpuidResult CacheLeaf(uint subleaf, uint coreInformation)
    {
        if (subleaf >= Caches.Length) return default;
        CacheLevel cache = Caches[subleaf];
        uint sharers = cache.Shared ? (1u << Topology.SocketBits) - 1 : (1u << Topology.ThreadBits) - 1;
        uint sets = cache.Kilobytes * 1024 / (cache.Ways * 64);
        // Self-initializing; write-back invalidation reaches the lower levels.
        uint eax = cache.Type | (cache.Level << 5) | (1 << 8) | (sharers << 14) | coreInformation;
        return new CpuidResult(eax, 63 | ((cache.Ways - 1) << 22), sets - 1, 0);
    }

    private CpuidResult IntelCacheLeaf(uint subleaf) => CacheLeaf(subleaf, ((1u << (Topology.SocketBits - Topology.ThreadBits)) - 1) << 26);

    private CpuidResult ExtendedLeaf(uint leaf, uint subleaf)
    {
        CpuModelDefinition d = Model.Definition;
        switch (leaf)
        {
            case 0x80000000:
                return IsAmd ? VendorLeaf(d.ExtendedLevel) : new CpuidResult(d.ExtendedLevel, 0, 0, 0);
            case 0x80000001:
                return ExtendedFeatures();
            case >= 0x80000002 and <= 0x80000004:
                return BrandLeaf((int)(leaf - 0x80000002) * 16);
            case 0x80000005:
                // TLBs of 255 entries, fully associative; 32-KByte L1 caches, 8 ways, 64-byte lines.
                return IsAmd ? new CpuidResult(0xFFFFFFFF, 0xFFFFFFFF, (32u << 24) | 0x080140, (32u << 24) | 0x080140) : default;
            case 0x80000006:
                // 512-KByte L2, 8 ways, 64-byte lines; 16-MByte L3 in units of 512 KBytes.
                return IsAmd ? new CpuidResult(0, 0x42004200, (512u << 16) | 0x6140, (32u << 18) | 0x8140) : new CpuidResult(0, 0, (512u << 16) | 0x6040, 0);
            case 0x80000007:
                return Model.FeatureBits(leaf, 0);
            case 0x80000008:
                return AddressSizes();
            case 0x8000001D:
                return Model.Has("topoext") ? CacheLeaf(subleaf, 0) : default;
            case 0x8000001E:
                return Model.Has("topoext") ? new CpuidResult(ApicId, (ApicId >> Topology.ThreadBits) | ((uint)(Topology.Threads - 1) << 8), 0, 0) : default;
            case 0x80000021:
                return Model.FeatureBits(leaf, 0);
            default:
                return default;
        }
    }

    private CpuidResult ExtendedFeatures()
    {
        CpuidResult bits = Model.FeatureBits(0x80000001, 0);
        uint ecx = bits.Ecx;
        uint edx = bits.Edx;
        if (IsExecuteDisableHidden) edx &= ~(1u << 20);
        if (IsAmd)
        {
            // AMD repeats these flags of leaf 1: 0-9, 12-17, 23, 24.
            edx |= SignatureLeaf().Edx & 0x0183F3FF;
            if (Topology.ThreadsPerSocket > 1) ecx |= 1 << 1;
        }
        else if (!Is64BitCode)
        {
            // Intel reports SYSCALL only to 64-bit code.
            edx &= ~(1u << 11);
        }

        return new CpuidResult(IsAmd ? Model.Definition.Signature : 0, 0, ecx, edx);
    }

    private CpuidResult BrandLeaf(int offset)
    {
        Span<byte> brand = stackalloc byte[48];
        brand.Clear();
        Encoding.ASCII.GetBytes(Model.Definition.Brand.AsSpan(0, Math.Min(Model.Definition.Brand.Length, 47)), brand);
        ReadOnlySpan<byte> part = brand[offset..];
        return new CpuidResult(
            BinaryPrimitives.ReadUInt32LittleEndian(part),
            BinaryPrimitives.ReadUInt32LittleEndian(part[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(part[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(part[12..]));
    }

    private CpuidResult AddressSizes()
    {
        uint linear = Model.Has("la57") ? 57u : Model.Has("lm") ? 48u : 32u;
        uint ecx = 0;
        if (IsAmd && Topology.ThreadsPerSocket > 1) ecx = (uint)(Topology.ThreadsPerSocket - 1) | ((uint)Topology.SocketBits << 12);
        return new CpuidResult((uint)Model.PhysicalAddressBits | (linear << 8), Model.FeatureBits(0x80000008, 0).Ebx, ecx, 0);
    }
}
