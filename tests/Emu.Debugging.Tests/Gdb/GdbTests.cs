using System.Diagnostics;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Debugging.Tests.Gdb;

/// <summary>The stub with gdb itself at the other end.</summary>
public sealed unsafe class GdbTests
{
    private static void Count16(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.inc(ax);                          // 8000
        a.mov(__word_ptr[0x600], ax);       // 8001
        a.jmp(loop);                        // 8004
    }

    private static void Count32(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.inc(eax);                         // 8000
        a.mov(__dword_ptr[0x6000], eax);    // 8001
        a.mov(ebx, __dword_ptr[0x6010]);    // 8006
        a.jmp(loop);                        // 800C
    }

    private static void Count64(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.mov(rdx, 0x1122334455667788);     // 8000
        a.Label(ref loop);
        a.inc(rax);                         // 800A
        a.mov(__qword_ptr[0x6000], rax);    // 800D
        a.call(0x8000 + 0x100);             // 8017
        a.jmp(loop);                        // 801C
        for (int i = 0x1E; i < 0x100; i++) a.nop();
        a.ret();                            // 8100
    }

    [GdbFact]
    public void In_real_mode_gdb_disassembles_16_bit_code_and_stops_at_breakpoints()
    {
        using TestGuest guest = new(16, Count16);
        using GdbClient gdb = new(guest);
        string output = gdb.Run("show architecture", "break *0x8004", "continue", "info registers eip ax", "x/i $pc", "continue", "p $ax", "stepi", "p/x $eip", "set var $eax = 0x41", "x/xh 0x600");
        GdbClient.AssertPrinted("\"i8086\"", output);
        GdbClient.AssertPrinted("Breakpoint 1, 0x00008004 in ?? ()", output);
        GdbClient.AssertPrinted("=> 0x8004:\tjmp    0x8000", output);
        GdbClient.AssertPrinted("$1 = 2", output);
        GdbClient.AssertPrinted("$2 = 0x8000", output);
        GdbClient.AssertPrinted("0x600:\t0x0002", output);
        Assert.DoesNotContain("warning: A handler", output, StringComparison.Ordinal);
    }

    [GdbFact]
    public void In_32_bit_mode_watchpoints_of_all_kinds_report_the_access()
    {
        using TestGuest guest = new(32, Count32);
        using GdbClient gdb = new(guest);
        string output = gdb.Run(
            "show architecture",
            "watch *(int*)0x6000", "continue", "x/i $pc", "continue", "delete",
            "rwatch *(int*)0x6010", "continue", "x/i $pc", "delete",
            "awatch *(char*)0x6003", "continue", "x/i $pc", "delete",
            "hbreak *0x800c", "continue");
        GdbClient.AssertPrinted("\"i386\"", output);
        GdbClient.AssertPrinted("Hardware watchpoint 1: *(int*)0x6000\n\nOld value = 0\nNew value = 1\n0x00008006", output);
        GdbClient.AssertPrinted("Old value = 1\nNew value = 2\n", output);
        GdbClient.AssertPrinted("Hardware read watchpoint 2: *(int*)0x6010\n\nValue = 0\n0x0000800c", output);
        GdbClient.AssertPrinted("Hardware access (read/write) watchpoint 3: *(char*)0x6003\n\nValue = 0 '\\000'\n0x00008006", output);
        GdbClient.AssertPrinted("Breakpoint 4, 0x0000800c in ?? ()", output);
    }

    [GdbFact]
    public void In_64_bit_mode_registers_of_all_kinds_can_be_read_and_written()
    {
        using TestGuest guest = new(64, Count64);
        using GdbClient gdb = new(guest);
        string output = gdb.Run(
            "show architecture", "stepi", "p/x $rdx", "p $rip", "p $cs",
            "set var $r15 = 0x123456789abcdef0", "p/x $r15",
            "set var $xmm3.v4_int32[2] = 7", "p $xmm3.v4_int32",
            "set var $ymm3.v8_int32[7] = 9", "p $ymm3.v8_int32",
            "set var $mxcsr = 0x1fc0", "p $mxcsr",
            "set var $st0 = 2.5", "p $st0", "p/x $fctrl",
            "p $cr0", "p $efer", "p/x $cr3", "set var $cr2 = 5", "p $cr2", "p $fs_base", "set var $fs_base = 0x1234", "p $fs_base",
            "set var $eflags = 0x246", "p $eflags",
            "info registers rax eflags");
        foreach (string expected in (string[])[
            "\"i386:x86-64\"", "$1 = 0x1122334455667788", "$2 = (void (*)()) 0x800a", "$3 = 8", "$4 = 0x123456789abcdef0",
            "$5 = {0, 0, 7, 0}", "$6 = {0, 0, 7, 0, 0, 0, 0, 9}", "$7 = [ DAZ IM DM ZM OM UM PM ]", "$8 = 2.5", "$9 = 0x40", "$10 = [ PG ET PE ]", "$11 = [ NXE LMA LME ]", "$12 = 0x2000",
            "$13 = 5", "$14 = 0", "$15 = 4660", "$16 = [ IOPL=0 IF ZF PF ]"])
        {
            GdbClient.AssertPrinted(expected, output);
        }
    }

    private static MachineConfiguration Remembering => new()
    {
        Vga = false,
        Clock = new ClockConfiguration { InstructionShift = 2, SleepWhenIdle = false },
        History = new HistoryConfiguration(),
    };

    [GdbFact]
    public void Gdb_steps_and_runs_backwards_to_breakpoints_and_to_the_beginning()
    {
        using TestGuest guest = new(32, Count32, configuration: Remembering);
        using GdbClient gdb = new(guest);
        string output = gdb.Run(
            "break *0x800c", "continue", "continue", "continue", "p $eax", "reverse-continue", "p $eax",
            "reverse-stepi", "p/x $eip", "reverse-stepi", "p/x $eip", "p *(int*)0x6000", "reverse-stepi", "p $eax", "stepi", "p $eax",
            "delete", "reverse-continue", "p/x $eip", "p $eax", "p *(int*)0x6000");
        foreach (string expected in (string[])["$1 = 3", "$2 = 2", "$3 = 0x8006", "$4 = 0x8001", "$5 = 1", "$6 = 1", "$7 = 2", "No more reverse-execution history", "$8 = 0x8000", "$9 = 0", "$10 = 0"])
        {
            GdbClient.AssertPrinted(expected, output);
        }
    }

    [GdbFact]
    public void Running_backwards_into_a_watchpoint_undoes_the_write()
    {
        using TestGuest guest = new(64, Count64, configuration: Remembering);
        using GdbClient gdb = new(guest);
        string output = gdb.Run(
            "break *0x8100 if $rax == 4", "continue", "p $rax", "watch *(long*)0x6000", "reverse-continue", "p/x $rip", "p *(long*)0x6000", "reverse-continue", "p *(long*)0x6000", "continue", "p *(long*)0x6000");
        GdbClient.AssertPrinted("$1 = 4", output);
        GdbClient.AssertPrinted("Hardware watchpoint 2: *(long*)0x6000\n\nOld value = 4\nNew value = 3\n", output);
        GdbClient.AssertPrinted("$2 = 0x800d", output);
        GdbClient.AssertPrinted("$3 = 3", output);
        GdbClient.AssertPrinted("Old value = 3\nNew value = 2\n", output);
        GdbClient.AssertPrinted("$4 = 2", output);
        GdbClient.AssertPrinted("Old value = 2\nNew value = 3\n", output);
    }

    [GdbFact]
    public void What_gdb_changes_in_the_past_leads_to_another_future()
    {
        using TestGuest guest = new(32, Count32, configuration: Remembering);
        using GdbClient gdb = new(guest);
        string output = gdb.Run("break *0x800c", "continue", "continue", "continue", "reverse-continue", "set var $eax = 100", "continue", "p $eax", "set var *(int*)0x6000 = 7", "reverse-stepi", "stepi", "p *(int*)0x6000");
        GdbClient.AssertPrinted("$1 = 101", output);
        GdbClient.AssertPrinted("$2 = 7", output);
    }

    [GdbFact]
    public void A_machine_that_remembers_nothing_does_not_offer_to_go_back()
    {
        using TestGuest guest = new(32, Count32);
        using GdbClient gdb = new(guest);
        GdbClient.AssertPrinted("Target remote does not support this command.", gdb.Run("stepi", "reverse-stepi"));
    }

    [GdbFact]
    public void Code_that_gdb_writes_is_run_and_calls_can_be_finished()
    {
        using TestGuest guest = new(64, Count64);
        using GdbClient gdb = new(guest);
        // nop; nop; nop in place of inc rax, after that has run.
        string output = gdb.Run("break *0x8100", "continue", "p $rax", "delete", "set var *(unsigned char[3]*)0x800a = {0x90, 0x90, 0x90}", "x/3xb 0x800a", "break *0x800d", "continue", "continue", "p $rax",
            "delete", "tbreak *0x801c", "continue", "p/x $rip");
        GdbClient.AssertPrinted("$1 = 1", output);
        GdbClient.AssertPrinted("0x800a:\t0x90\t0x90\t0x90", output);
        GdbClient.AssertPrinted("$2 = 1", output);
        GdbClient.AssertPrinted("$3 = 0x801c", output);
    }

    [GdbFact]
    public void Ctrl_C_stops_a_running_guest_and_detaching_lets_it_go_on()
    {
        using TestGuest guest = new(64, Count64);
        using GdbClient client = new(guest);
        using Process gdb = client.Start("continue", "p $rip > 0x8000", "detach");
        Assert.True(SpinWait.SpinUntil(() => guest.Peek(0x6000) >= 1000, TimeSpan.FromMinutes(1)), "the guest does not run");
        Process.Start("kill", ["-INT", gdb.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();
        string output = GdbClient.Finish(gdb);
        GdbClient.AssertPrinted("Program received signal SIGINT", output);
        GdbClient.AssertPrinted("$1 = 1", output);
        GdbClient.AssertPrinted("detached", output);
        uint count = guest.Peek(0x6000);
        Assert.True(SpinWait.SpinUntil(() => guest.Peek(0x6000) != count, TimeSpan.FromMinutes(1)), "the guest does not go on");
        Assert.False(guest.Machine.IsPaused);
    }

    [GdbFact]
    public void Processors_are_threads_and_the_monitor_answers()
    {
        using TestGuest guest = new(32, Count32, processors: 2);
        using GdbClient gdb = new(guest);
        string output = gdb.Run("stepi", "info threads", "thread 2", "p/x $cs", "thread 1", "p/x $cs", "monitor info status", "monitor frobnicate");
        GdbClient.AssertPrinted("* 1    Thread 1 \"CPU#0\" (running)", output);
        GdbClient.AssertPrinted("  2    Thread 2 \"CPU#1\" (waiting for start-up IPI)", output);
        GdbClient.AssertPrinted("$1 = 0xf000", output);
        GdbClient.AssertPrinted("$2 = 0x8", output);
        GdbClient.AssertPrinted("VM status: paused", output);
        GdbClient.AssertPrinted("unknown command 'frobnicate'", output);
    }

    [GdbFact]
    public void Kill_ends_the_emulator()
    {
        using TestGuest guest = new(32, Count32);
        using GdbClient gdb = new(guest);
        Assert.Contains("killed", gdb.Run("kill"), StringComparison.Ordinal);
        Assert.True(guest.WaitForEnd(TimeSpan.FromMinutes(1)));
        Assert.Equal(StopReason.UserQuit, guest.Machine.StopReason);
    }

    [GdbFact]
    public void The_description_follows_the_mode_when_gdb_asks_again()
    {
        using TestGuest guest = new(16, a =>
        {
            // Protected mode, then a far jump to 32-bit code at 8100h.
            a.mov(eax, 1);
            a.mov(cr0, eax);
            a.db(0x66, 0xEA, 0x00, 0x81, 0x00, 0x00, 0x08, 0x00);
        });
        guest.Machine.Board.Memory.Space.Write(0x1008, 8, 0x00CF9B000000FFFF);
        guest.Machine.Board.Memory.Space.Write(0x8100, 8, 0x00123456B8);
        guest.Cpu.State->GdtBase = 0x1000;
        guest.Cpu.State->GdtLimit = 0xF;
        using GdbClient gdb = new(guest);
        string output = gdb.Run("show architecture", "break *0x8100", "continue", "unset tdesc filename", "show architecture", "x/i $pc", "stepi", "p/x $eax");
        GdbClient.AssertPrinted("\"i8086\"", output);
        GdbClient.AssertPrinted("\"i386\"", output);
        GdbClient.AssertPrinted("mov    $0x123456,%eax", output);
        GdbClient.AssertPrinted("$1 = 0x123456", output);
    }
}
