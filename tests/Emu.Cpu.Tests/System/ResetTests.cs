using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

// SDM Vol. 3A table 9-1.
public sealed unsafe class ResetTests
{
    [Fact]
    public void RESET_gives_the_documented_state()
    {
        using TestMachine m = new();
        CpuState* s = m.State;
        Assert.Equal(0xFFF0UL, s->Rip);
        Assert.Equal(2u, s->Eflags);
        Assert.Equal(0x60000010UL, s->Cr0);
        Assert.Equal(0xF000, m.Segment(SegmentIndex.Cs).Selector);
        Assert.Equal(0xFFFF0000UL, m.Segment(SegmentIndex.Cs).Base);
        Assert.Equal(0xFFFFu, m.Segment(SegmentIndex.Ds).Limit);
        Assert.Equal(m.Cpu.Cpuid(1, 0).Eax, (uint)s->Gpr[2]);
        Assert.Equal(0xFFFF0FF0UL, s->Dr6);
        Assert.Equal(0x400UL, s->Dr7);
        Assert.Equal(0x1F80u, s->Mxcsr);
        Assert.Equal(0x40, s->Fcw);
        Assert.Equal(1UL, s->Xcr0);
        Assert.True(m.Cpu.IsBootstrap);
    }

    [Fact]
    public void INIT_keeps_MSRs_floating_point_and_caching()
    {
        using LongMachine m = new();
        Assert.True(m.Cpu.TryWriteMsr(0xC0000082, 0x1234));
        m.State->Mxcsr = 0x1FA0;
        m.State->Fcw = 0x37F;
        m.State->Cr0 |= Cr0.Cd;
        m.Cpu.Init();
        m.Cpu.Step();
        Assert.Equal(0xFFF0UL, m.State->Rip);
        Assert.Equal(0x40000010UL, m.State->Cr0);
        Assert.Equal(0UL, m.State->Efer);
        Assert.Equal(0x1FA0u, m.State->Mxcsr);
        Assert.Equal(0x37F, m.State->Fcw);
        Assert.True(m.Cpu.TryReadMsr(0xC0000082, out ulong lstar));
        Assert.Equal(0x1234UL, lstar);
        Assert.Equal(ActivityState.Active, m.State->Activity);
    }

    [Fact]
    public void A_saved_processor_goes_on_where_it_was()
    {
        using LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(rax, 0x1111);
            c.mov(r9, 0x123456789A);
            c.nop();
            c.add(rax, r9);
            c.hlt();
        });
        Assert.True(m.Cpu.TryWriteMsr(0xC0000102, 0x7777));
        Assert.True(m.Cpu.TryWriteMsr(0x277, 0x0606060606060606));
        m.Cpu.Apic.TaskPriority = 0x40;
        m.Cpu.Run(3);
        MemoryStream stream = new();
        m.Cpu.SaveState(new BinaryWriter(stream));
        m.Cpu.Reset();
        stream.Position = 0;
        m.Cpu.LoadState(new BinaryReader(stream));
        Assert.Equal(stream.Length, stream.Position);
        m.Machine.Run();
        Assert.Equal(0x1111UL + 0x123456789A, m.State->Gpr[0]);
        Assert.Equal(0x40, m.Cpu.Apic.TaskPriority);
        Assert.True(m.Cpu.TryReadMsr(0xC0000102, out ulong kernelGs));
        Assert.Equal(0x7777UL, kernelGs);
        Assert.True(m.Cpu.TryReadMsr(0x277, out ulong pat));
        Assert.Equal(0x0606060606060606UL, pat);
        MemoryStream again = new();
        stream.Position = 0;
        m.Cpu.LoadState(new BinaryReader(stream));
        m.Cpu.SaveState(new BinaryWriter(again));
        Assert.Equal(stream.ToArray(), again.ToArray());
    }

    [Fact]
    public void A_snapshot_of_another_version_is_refused()
    {
        using TestMachine m = new();
        Assert.Throws<InvalidDataException>(() => m.Cpu.LoadState(new BinaryReader(new MemoryStream([9, 0, 0, 0]))));
    }
}
