using Iced.Intel;
using Xunit;

namespace Emu.Cpu.Tests;

public sealed unsafe class CpuModelTests
{
    [Fact]
    public void Flags_are_added_and_removed_by_name()
    {
        CpuModel model = CpuModel.Parse("Nehalem,+avx2,-sse4.2,aes=on,x2apic=off");
        Assert.True(model.Has("avx2"));
        Assert.True(model.Has("aes"));
        Assert.False(model.Has("sse4.2"));
        Assert.False(model.Has("x2apic"));
        Assert.True(model.Supports(Code.VEX_Vpaddb_ymm_ymm_ymmm256));
        Assert.False(model.Supports(Code.Pcmpgtq_xmm_xmmm128));
    }

    [Fact]
    public void Vendor_version_and_address_width_can_be_given()
    {
        CpuModel model = CpuModel.Parse("max,vendor=GenuineIntel,family=0x6,model=158,stepping=10,phys-bits=36,host-phys-bits=off");
        Assert.False(model.IsAmd);
        Assert.Equal(0x906EAu, model.Definition.Signature);
        Assert.Equal(36, model.PhysicalAddressBits);
    }

    [Theory]
    [InlineData("max,vendor=Intel", "vendor=Intel")]
    [InlineData("max,phys-bits=60", "phys-bits=60")]
    [InlineData("max,family=six", "family=six")]
    [InlineData("Pentium9", "Pentium9")]
    [InlineData("max,+teleport", "teleport")]
    [InlineData("max,+vmx", "vmx")]
    [InlineData("max,avx=perhaps", "avx=perhaps")]
    public void What_is_unknown_is_named_in_one_line(string text, string named)
    {
        CpuModelException e = Assert.Throws<CpuModelException>(() => CpuModel.Parse(text));
        Assert.Contains(named, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Every_model_can_be_made_and_names_only_known_flags()
    {
        foreach (CpuModelDefinition definition in CpuModelDefinition.All)
        {
            foreach (string flag in definition.FlagNames()) Assert.True(CpuFeature.Find(flag) != null, $"{definition.Name}: {flag}");
            if (definition.Name != "base") Assert.NotEmpty(CpuModel.Parse(definition.Name).Features);
        }
    }

    [Fact]
    public void CPUID_of_max_reports_an_AMD_processor_without_hypervisor_or_virtualization()
    {
        using TestMachine m = new();
        CpuidResult vendor = m.Cpu.Cpuid(0, 0);
        Assert.Equal((0x68747541u, 0x69746E65u, 0x444D4163u), (vendor.Ebx, vendor.Edx, vendor.Ecx));
        CpuidResult one = m.Cpu.Cpuid(1, 0);
        Assert.Equal(0u, one.Ecx & (1u << 31));
        Assert.Equal(0u, one.Ecx & (1u << 5));
        Assert.Equal(0u, m.Cpu.Cpuid(0x80000001, 0).Ecx & 4);
        // Long mode, NX, SYSCALL.
        Assert.Equal(0x20100800u, m.Cpu.Cpuid(0x80000001, 0).Edx & 0x20100800);
    }

    [Fact]
    public void OSXSAVE_follows_CR4_and_the_XSAVE_area_size_follows_XCR0()
    {
        using LongMachine m = new();
        Assert.Equal(0u, m.Cpu.Cpuid(1, 0).Ecx & (1u << 27));
        m.Cpu.WriteControl(4, Cr4.Pae | Cr4.Osxsave);
        Assert.NotEqual(0u, m.Cpu.Cpuid(1, 0).Ecx & (1u << 27));
        Assert.Equal(576u, m.Cpu.Cpuid(0xD, 0).Ebx);
        m.Cpu.WriteXcr(0, 7);
        Assert.Equal(832u, m.Cpu.Cpuid(0xD, 0).Ebx);
    }

    // SDM Vol. 4 table 2-2, IA32_MISC_ENABLE.
    [Fact]
    public void IA32_MISC_ENABLE_hides_leaves_MONITOR_and_execute_disable()
    {
        using LongMachine m = new("Haswell,+monitor");
        Vcpu cpu = m.Cpu;
        const ulong FastStrings = 1, Monitor = 1 << 18, Limit = 1 << 22, NoExecuteDisable = 1UL << 34;
        Assert.True(cpu.TryReadMsr(0x1A0, out ulong initial));
        Assert.Equal(FastStrings | Monitor, initial);
        Assert.NotEqual(0u, cpu.Cpuid(1, 0).Ecx & 8);

        Assert.True(cpu.TryWriteMsr(0x1A0, FastStrings | Limit));
        Assert.Equal(2u, cpu.Cpuid(0, 0).Eax);
        Assert.Equal(cpu.Cpuid(2, 0), cpu.Cpuid(7, 0));
        Assert.Equal(0u, cpu.Cpuid(1, 0).Ecx & 8);

        m.State->Efer &= ~Efer.Nxe;
        Assert.True(cpu.TryWriteMsr(0x1A0, FastStrings | NoExecuteDisable));
        Assert.Equal(0u, cpu.Cpuid(0x80000001, 0).Edx & (1u << 20));
        Assert.False(cpu.TryWriteMsr(0xC0000080, m.State->Efer | Efer.Nxe));
        Assert.True(cpu.TryWriteMsr(0x1A0, initial));
        Assert.True(cpu.TryWriteMsr(0xC0000080, m.State->Efer | Efer.Nxe));
        Assert.Equal(0xDu, cpu.Cpuid(0, 0).Eax);
    }

    [Fact]
    public void Leaf_15h_gives_the_TSC_frequency()
    {
        using TestMachine m = new();
        m.Cpu.TscFrequency = 2_500_000_000;
        CpuidResult r = m.Cpu.Cpuid(0x15, 0);
        Assert.Equal(2_500_000_000UL, (ulong)r.Ecx * r.Ebx / r.Eax);
        Assert.Equal(2500u, m.Cpu.Cpuid(0x16, 0).Eax);
    }

    [Fact]
    public void Leaf_0Bh_numbers_threads_in_cores_in_packages()
    {
        CpuTopology topology = new(2, 3, 2);
        Assert.Equal(1, topology.ThreadBits);
        Assert.Equal(3, topology.SocketBits);
        Assert.Equal([0u, 1u, 2u, 3u, 4u, 5u, 8u, 9u], Enumerable.Range(0, 8).Select(topology.ApicId));
        using TestMachine m = new();
        m.Cpu.Topology = topology;
        Assert.Equal(6u, m.Cpu.Cpuid(0xB, 1).Ebx);
    }

    [Fact]
    public void The_AMD_flags_of_leaf_80000001h_repeat_those_of_leaf_1()
    {
        using TestMachine m = new();
        const uint Repeated = 0x0183F3FF;
        Assert.Equal(m.Cpu.Cpuid(1, 0).Edx & Repeated, m.Cpu.Cpuid(0x80000001, 0).Edx & Repeated);
        Assert.NotEqual(0u, m.Cpu.Cpuid(0x80000001, 0).Edx & 1);
    }

    [Fact]
    public void TZCNT_is_BSF_where_BMI1_is_missing()
    {
        Assert.NotEqual(DecoderOptions.None, CpuModel.Parse("qemu64").DecoderOptions & DecoderOptions.NoMPFX_0FBC);
        Assert.Equal(DecoderOptions.None, CpuModel.Max.DecoderOptions & DecoderOptions.NoMPFX_0FBC);
    }

    /// <summary>What no decoder returns: data directives, and x87 instructions with WAIT as part of the encoding (WAIT comes by itself).</summary>
    internal static bool IsNeverDecoded(Code code) =>
        code is Code.INVALID or Code.DeclareByte or Code.DeclareWord or Code.DeclareDword or Code.DeclareQword or Code.Zero_bytes
        || code.ToOpCode().Fwait;
}
