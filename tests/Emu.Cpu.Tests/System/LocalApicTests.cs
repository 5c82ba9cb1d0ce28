using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

// SDM Vol. 3A chapter 10.
public sealed unsafe class LocalApicTests
{
    private const ulong Base = 0xFEE00000;

    private static uint Read(TestMachine m, uint register)
    {
        m.ApicBus.Running = m.Cpu.Apic;
        return (uint)m.Peek(Base + register, 4);
    }

    private static void Write(TestMachine m, uint register, uint value, int cpu = 0)
    {
        m.ApicBus.Running = m.Cpus[cpu].Apic;
        m.Poke(Base + register, 4, value);
    }

    /// <summary>A machine in long mode with its APIC enabled, interrupts on, and handlers that log their vector in R8 and EOI.</summary>
    private static LongMachine Enabled(params byte[] vectors)
    {
        LongMachine m = new();
        Write(m.Machine, ApicRegister.SpuriousVector, 0x1FF);
        foreach (byte vector in vectors)
        {
            m.Handle(vector, c =>
            {
                c.shl(r8, 8);
                c.or(r8, vector);
                c.mov(eax, 0xFEE000B0u);
                c.mov(__dword_ptr[rax], 0);
                c.iretq();
            });
        }

        m.State->SystemFlags |= Eflags.If;
        return m;
    }

    /// <summary>Runs a halt loop long enough for everything pending.</summary>
    private static void Drain(LongMachine m)
    {
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            Label again = c.CreateLabel();
            c.Label(ref again);
            c.hlt();
            c.jmp(again);
        });
        if (m.State->Activity == ActivityState.Active) m.Cpu.Run(100);
        while (m.Cpu.HasPendingEvents) m.Cpu.Run(100);
    }

    [Fact]
    public void Requests_are_taken_in_order_of_priority()
    {
        using LongMachine m = Enabled(0x31, 0x52, 0x61);
        foreach (byte vector in (byte[])[0x31, 0x61, 0x52])
        {
            m.Machine.ApicBus.Deliver(new ApicMessage(0, false, ApicDeliveryMode.Fixed, vector, true, false));
        }

        Drain(m);
        Assert.Equal(0x615231UL, m.State->Gpr[8]);
    }

    [Fact]
    public void The_task_priority_holds_lower_classes_off_until_CR8_is_lowered()
    {
        using LongMachine m = Enabled(0x31, 0x61);
        m.Cpu.Apic.TaskPriority = 0x50;
        m.Machine.ApicBus.Deliver(new ApicMessage(0, false, ApicDeliveryMode.Fixed, 0x31, true, false));
        Assert.False(m.Cpu.HasPendingEvents);
        m.Machine.ApicBus.Deliver(new ApicMessage(0, false, ApicDeliveryMode.Fixed, 0x61, true, false));
        Assert.True(m.Cpu.HasPendingEvents);
        m.Run(c =>
        {
            c.nop();
            c.mov(r9, r8);
            c.xor(eax, eax);
            c.mov(cr8, rax);
            c.hlt();
        });
        Assert.Equal(0x61UL, m.State->Gpr[9]);
        Assert.Equal(0x6131UL, m.State->Gpr[8]);
    }

    [Fact]
    public void A_level_triggered_EOI_is_broadcast()
    {
        using LongMachine m = Enabled(0x41, 0x42);
        Listener listener = new();
        m.Machine.ApicBus.AddEoiListener(listener);
        m.Machine.ApicBus.Deliver(new ApicMessage(0, false, ApicDeliveryMode.Fixed, 0x41, true, LevelTriggered: true));
        m.Machine.ApicBus.Deliver(new ApicMessage(0, false, ApicDeliveryMode.Fixed, 0x42, true, LevelTriggered: false));
        Drain(m);
        Assert.Equal([(byte)0x41], listener.Vectors);
    }

    private sealed class Listener : IApicEoiListener
    {
        public List<byte> Vectors { get; } = [];

        public void EndOfInterrupt(byte vector) => Vectors.Add(vector);
    }

    [Fact]
    public void The_one_shot_timer_counts_down_and_fires_once()
    {
        using LongMachine m = Enabled(0x45);
        Write(m.Machine, ApicRegister.DivideConfiguration, 0x3); // by 16
        Write(m.Machine, ApicRegister.LvtTimer, 0x45);
        Write(m.Machine, ApicRegister.InitialCount, 1000);
        m.Machine.Clock.Advance(8000);
        Assert.Equal(500u, Read(m.Machine, ApicRegister.CurrentCount));
        Assert.False(m.Cpu.HasPendingEvents);
        m.Machine.Clock.Advance(8000);
        Assert.True(m.Cpu.HasPendingEvents);
        Assert.Equal(0u, Read(m.Machine, ApicRegister.CurrentCount));
        Drain(m);
        m.Machine.Clock.Advance(100_000);
        Assert.False(m.Cpu.HasPendingEvents);
        Assert.Equal(0x45UL, m.State->Gpr[8]);
    }

    [Fact]
    public void The_periodic_timer_keeps_its_period()
    {
        using LongMachine m = Enabled(0x45);
        Write(m.Machine, ApicRegister.DivideConfiguration, 0xB); // by 1
        Write(m.Machine, ApicRegister.LvtTimer, 0x45 | (1 << 17));
        Write(m.Machine, ApicRegister.InitialCount, 1000);
        for (int i = 1; i <= 3; i++)
        {
            m.Machine.Clock.Advance(1000);
            Drain(m);
        }

        Assert.Equal(0x454545UL, m.State->Gpr[8]);
        m.Machine.Clock.Advance(250);
        Assert.Equal(750u, Read(m.Machine, ApicRegister.CurrentCount));
    }

    [Fact]
    public void The_TSC_deadline_fires_and_reads_back_as_0()
    {
        using LongMachine m = Enabled(0x45);
        Write(m.Machine, ApicRegister.LvtTimer, 0x45 | (2 << 17));
        ulong deadline = m.Cpu.TimeStampCounter + 2001;
        Assert.True(m.Cpu.TryWriteMsr(0x6E0, deadline));
        m.Machine.Clock.Advance(1000);
        Assert.False(m.Cpu.HasPendingEvents);
        Assert.True(m.Cpu.TryReadMsr(0x6E0, out ulong armed));
        Assert.Equal(deadline, armed);
        m.Machine.Clock.Advance(1);
        Assert.True(m.Cpu.HasPendingEvents);
        Assert.True(m.Cpu.TryReadMsr(0x6E0, out armed));
        Assert.Equal(0UL, armed);
    }

    [Fact]
    public void A_masked_LINT0_stops_the_external_controller()
    {
        using LongMachine m = Enabled(0x20);
        // Reset leaves the bootstrap processor in virtual-wire mode; enabling kept it.
        Write(m.Machine, ApicRegister.LvtLint0, 0x10700);
        m.Cpu.SetInterruptLine(true);
        Assert.False(m.Cpu.HasPendingEvents);
        Write(m.Machine, ApicRegister.LvtLint0, 0x700);
        Assert.True(m.Cpu.HasPendingEvents);
    }

    [Fact]
    public void Without_the_APIC_the_wire_goes_straight_to_the_core_and_CPUID_says_so()
    {
        using LongMachine m = Enabled(0x20);
        Assert.NotEqual(0u, m.Cpu.Cpuid(1, 0).Edx & (1 << 9));
        Write(m.Machine, ApicRegister.LvtLint0, 0x10000);
        Assert.True(m.Cpu.TryWriteMsr(0x1B, Base | 0x100));
        Assert.Equal(0u, m.Cpu.Cpuid(1, 0).Edx & (1 << 9));
        Assert.Equal(uint.MaxValue, Read(m.Machine, ApicRegister.Version));
        m.Cpu.SetInterruptLine(true);
        Assert.True(m.Cpu.HasPendingEvents);
    }

    // SDM Vol. 3A figure 10-27: the x2APIC state machine.
    [Fact]
    public void X2APIC_mode_is_entered_and_left_by_the_permitted_ways_only()
    {
        using LongMachine m = Enabled();
        const ulong Bsp = 0x100, X2 = 0xC00, X1 = 0x800;
        Assert.True(m.Cpu.TryWriteMsr(0x1B, Base | Bsp | X2));
        Assert.False(m.Cpu.TryWriteMsr(0x1B, Base | Bsp | X1));
        Assert.False(m.Cpu.TryWriteMsr(0x1B, Base | Bsp | 0x400));
        Assert.True(m.Cpu.TryReadMsr(0x802, out ulong id));
        Assert.Equal(0UL, id);
        Assert.True(m.Cpu.TryReadMsr(0x80D, out ulong ldr));
        Assert.Equal(1UL, ldr);
        Assert.False(m.Cpu.TryWriteMsr(0x802, 1));
        Assert.False(m.Cpu.TryWriteMsr(0x80B, 1));
        Assert.False(m.Cpu.TryReadMsr(0x83F, out _));
        Assert.True(m.Cpu.TryWriteMsr(0x1B, Base | Bsp));
        Assert.False(m.Cpu.TryWriteMsr(0x1B, Base | Bsp | X2));
        Assert.True(m.Cpu.TryWriteMsr(0x1B, Base | Bsp | X1));
    }

    [Fact]
    public void A_self_IPI_in_x2APIC_mode_is_delivered()
    {
        using LongMachine m = Enabled(0x55);
        m.Handle(0x55, c =>
        {
            c.mov(r8d, 0x55);
            c.mov(ecx, 0x80B);
            c.xor(eax, eax);
            c.xor(edx, edx);
            c.wrmsr();
            c.iretq();
        });
        Assert.True(m.Cpu.TryWriteMsr(0x1B, Base | 0xD00));
        Assert.True(m.Cpu.TryWriteMsr(0x80F, 0x1FF));
        Assert.True(m.Cpu.TryWriteMsr(0x83F, 0x55));
        Drain(m);
        Assert.Equal(0x55UL, m.State->Gpr[8]);
    }

    // SDM Vol. 3A 8.4.4: INIT, then SIPI with the page number of the start-up code.
    [Fact]
    public void INIT_and_SIPI_start_the_application_processors()
    {
        using TestMachine m = new(processors: 3);
        Assert.Equal(ActivityState.WaitForSipi, m.Cpus[1].State->Activity);
        Write(m, ApicRegister.SpuriousVector, 0x1FF);
        Write(m, ApicRegister.CommandLow, 0x000C4500); // INIT, all but self
        foreach (Vcpu cpu in m.Cpus) cpu.Run(10);
        Assert.Equal(ActivityState.WaitForSipi, m.Cpus[2].State->Activity);
        m.Assemble(0x9000, 16, c =>
        {
            c.inc(__word_ptr.cs[0x800]);
            c.hlt();
        }, 0);
        Write(m, ApicRegister.CommandLow, 0x000C4609); // SIPI, vector 9
        Write(m, ApicRegister.CommandLow, 0x000C4609); // the second one is ignored
        for (int i = 1; i < 3; i++)
        {
            m.Cpus[i].Run(100);
            Assert.Equal(ActivityState.Halted, m.Cpus[i].State->Activity);
        }

        Assert.Equal(2UL, m.Peek(0x9800, 2));
        Assert.Equal(0x900, m.Cpus[1].State->Segment(SegmentIndex.Cs).Selector);
    }

    [Fact]
    public void A_SIPI_that_comes_before_the_INIT_is_taken_starts_the_processor_after_it()
    {
        using TestMachine m = new(processors: 2);
        Write(m, ApicRegister.SpuriousVector, 0x1FF);
        m.Assemble(0x9000, 16, c =>
        {
            c.inc(__word_ptr.cs[0x800]);
            c.hlt();
        }, 0);
        for (ulong starts = 1; starts <= 2; starts++)
        {
            // The second time the processor is halted, not waiting, and has no turn between the two messages.
            Write(m, ApicRegister.CommandLow, 0x000C4500);
            Write(m, ApicRegister.CommandLow, 0x000C4609);
            m.Cpus[1].Run(100);
            Assert.Equal(ActivityState.Halted, m.Cpus[1].State->Activity);
            Assert.Equal(starts, m.Peek(0x9800, 2));
        }

        // A later INIT undoes both.
        Write(m, ApicRegister.CommandLow, 0x000C4500);
        Write(m, ApicRegister.CommandLow, 0x000C4609);
        Write(m, ApicRegister.CommandLow, 0x000C4500);
        m.Cpus[1].Run(100);
        Assert.Equal(ActivityState.WaitForSipi, m.Cpus[1].State->Activity);
        Assert.Equal(2UL, m.Peek(0x9800, 2));
    }

    [Theory]
    [InlineData(0x01000000u, 0x000u, new[] { 1 })]      // physical, id 1
    [InlineData(0xFF000000u, 0x000u, new[] { 0, 1, 2, 3 })]
    [InlineData(0x0A000000u, 0x800u, new[] { 1, 3 })]   // logical, flat
    [InlineData(0u, 0x40000u, new[] { 0 })]             // self
    [InlineData(0u, 0x80000u, new[] { 0, 1, 2, 3 })]
    [InlineData(0u, 0xC0000u, new[] { 1, 2, 3 })]
    public void The_interrupt_command_register_reaches_its_destinations(uint high, uint low, int[] expected)
    {
        using TestMachine m = new(processors: 4);
        for (int i = 0; i < 4; i++)
        {
            Write(m, ApicRegister.SpuriousVector, 0x1FF, i);
            Write(m, ApicRegister.LogicalDestination, 0x01000000u << i, i);
        }

        Write(m, ApicRegister.CommandHigh, high);
        Write(m, ApicRegister.CommandLow, low | 0x4070);
        List<int> reached = [];
        for (int i = 0; i < 4; i++)
        {
            m.ApicBus.Running = m.Cpus[i].Apic;
            if ((m.Peek(Base + ApicRegister.InterruptRequest + 0x30, 4) & 0x10000) != 0) reached.Add(i);
        }

        Assert.Equal(expected, reached);
    }

    [Fact]
    public void Lowest_priority_delivery_avoids_a_busy_processor()
    {
        using TestMachine m = new(processors: 2);
        for (int i = 0; i < 2; i++)
        {
            Write(m, ApicRegister.SpuriousVector, 0x1FF, i);
            Write(m, ApicRegister.LogicalDestination, 0x01000000u << i, i);
        }

        m.Cpus[0].Apic.TaskPriority = 0x80;
        for (int i = 0; i < 2; i++)
        {
            Assert.True(m.ApicBus.Deliver(new ApicMessage(0xFF, true, ApicDeliveryMode.LowestPriority, (byte)(0x70 + i), true, false)));
        }

        m.ApicBus.Running = m.Cpus[1].Apic;
        Assert.Equal(0x30000UL, m.Peek(Base + ApicRegister.InterruptRequest + 0x30, 4));
    }

    [Fact]
    public void An_illegal_vector_is_an_error_that_a_write_to_ESR_shows()
    {
        using TestMachine m = new();
        Write(m, ApicRegister.SpuriousVector, 0x1FF);
        Write(m, ApicRegister.CommandLow, 0x40005);
        Assert.Equal(0u, Read(m, ApicRegister.ErrorStatus));
        Write(m, ApicRegister.ErrorStatus, 0);
        Assert.Equal(0x20u, Read(m, ApicRegister.ErrorStatus));
        Write(m, ApicRegister.ErrorStatus, 0);
        Assert.Equal(0u, Read(m, ApicRegister.ErrorStatus));
    }
}
