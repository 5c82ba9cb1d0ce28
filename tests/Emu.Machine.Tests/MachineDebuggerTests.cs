using Emu.Cpu;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Machine.Tests;

public sealed unsafe class MachineDebuggerTests
{
    private static void Loop(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.inc(ax);
        a.mov(__word_ptr[0x2000], ax);
        a.jmp(loop);
    }

    [Fact]
    public void A_breakpoint_pauses_the_machine_each_time_it_is_reached()
    {
        using RealModeGuest guest = new(Loop);
        Breakpoint breakpoint = new(RealModeGuest.Code);
        guest.Machine.Debugger.Points.Add(breakpoint);
        for (uint i = 0; i < 5; i++)
        {
            DebugStop stop = guest.RunToStop();
            Assert.Equal(DebugStopReason.Breakpoint, stop.Reason);
            Assert.Same(breakpoint, stop.Hit?.Breakpoint);
            Assert.True(guest.Machine.IsPaused);
            Assert.Equal(i, guest.Cpu.State->Gpr[0]);
        }
    }

    [Fact]
    public void A_watchpoint_pauses_the_machine_behind_the_store()
    {
        using RealModeGuest guest = new(Loop);
        guest.Machine.Debugger.Points.Add(new Watchpoint(0x2001, 1, WatchKind.Write));
        DebugStop stop = guest.RunToStop();
        Assert.Equal(DebugStopReason.Watchpoint, stop.Reason);
        Assert.Equal(1ul, guest.Machine.Board.Memory.Space.Read(0x2000, 2));
        Assert.True(stop.Hit?.IsWrite);
    }

    [Fact]
    public void A_filter_lets_the_guest_go_on_past_a_breakpoint()
    {
        using RealModeGuest guest = new(Loop);
        guest.Machine.Debugger.Points.Add(new Breakpoint(RealModeGuest.Code));
        int seen = 0;
        guest.Machine.Debugger.Filter = _ => ++seen == 7;
        guest.RunToStop();
        Assert.Equal(6u, guest.Cpu.State->Gpr[0]);
    }

    [Fact]
    public void A_pause_is_told_once_with_the_processors_between_instructions()
    {
        using RealModeGuest guest = new(Loop);
        int stops = 0;
        guest.Machine.Debugger.Stopped += _ => stops++;
        DebugStop stop = guest.RunToStop(() => guest.Machine.Events.Post(guest.Machine.Pause));
        Assert.Equal(DebugStopReason.Paused, stop.Reason);
        guest.Machine.RunUntil(() => false, TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, stops);
    }

    [Fact]
    public void Steps_run_one_instruction_of_one_processor()
    {
        using RealModeGuest guest = new(Loop, processors: 2);
        guest.Machine.Pause();
        ulong before = guest.Machine.RetiredInstructions;
        for (uint i = 1; i <= 9; i++) Assert.Equal(DebugStopReason.Step, guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true)?.Reason);
        Assert.Equal(3u, guest.Cpu.State->Gpr[0]);
        Assert.Equal(before + 9, guest.Machine.RetiredInstructions);
    }

    [Fact]
    public void A_step_of_a_halted_processor_waits_for_the_event_that_wakes_it()
    {
        using RealModeGuest guest = new(a =>
        {
            a.hlt();
            a.nop();
        });
        // The vector of the NMI: 0000:3000.
        guest.Machine.Board.Memory.Space.Write(8, 4, 0x3000);
        guest.Machine.Pause();
        Assert.NotNull(guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true));
        Assert.Equal(ActivityState.Halted, guest.Cpu.State->Activity);
        DebugStop stop = guest.RunToStop(() =>
        {
            Assert.Null(guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true));
            guest.Machine.Events.Post(guest.Cpu.RaiseNmi);
        });
        Assert.Equal(DebugStopReason.Step, stop.Reason);
        Assert.Equal(0x3000u, guest.Cpu.State->Rip);
        Assert.True(guest.Machine.IsPaused);
    }

    [Fact]
    public void Only_a_paused_machine_can_be_stepped()
    {
        using RealModeGuest guest = new(Loop);
        Assert.Throws<InvalidOperationException>(() => guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true));
    }
}
