using System.Text;
using Emu.Debugging.Gdb;
using Emu.Debugging.Monitor;
using Emu.Devices.Serial;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Debugging.Tests.Gdb;

/// <summary>The remote protocol packet by packet (gdb manual, appendix E).</summary>
public sealed class ProtocolTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly TestGuest guest;
    private readonly MemoryCharacterDevice line = new();

    public ProtocolTests()
    {
        guest = new TestGuest(32, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.inc(eax);                         // 8000
            a.mov(__dword_ptr[0x6000], eax);    // 8001
            a.jmp(loop);                        // 8006
        });
        _ = new GdbServer(new MonitorContext(guest.Machine), line);
        line.Inject(CharacterEvent.Opened);
    }

    public void Dispose() => guest.Dispose();

    private static string Frame(string data) => $"${data}#{(byte)data.Sum(c => c):x2}";

    /// <summary>Sends a packet and returns the data of the reply, whose frame must be right.</summary>
    private string Ask(string data)
    {
        int before = line.Text.Length;
        line.Inject(Frame(data));
        string reply = line.Text[before..];
        Assert.StartsWith("+", reply, StringComparison.Ordinal);
        return Unframe(reply[1..]);
    }

    private static string Unframe(string reply)
    {
        Assert.Equal('$', reply[0]);
        int end = reply.IndexOf('#');
        string data = reply[1..end];
        Assert.Equal(Frame(data), reply);
        return data;
    }

    /// <summary>Sends a packet that lets the guest run, and returns the stop reply.</summary>
    private string Resume(string data)
    {
        int before = line.Text.Length;
        line.Inject(Frame(data));
        return WaitForReply(before + 1);
    }

    private string WaitForReply(int from)
    {
        Assert.True(guest.Machine.RunUntil(() => line.Text.Length > from, Limit));
        return Unframe(line.Text[from..]);
    }

    [Fact]
    public void A_client_that_connects_stops_the_guest()
    {
        Assert.True(guest.Machine.IsPaused);
        Assert.Equal("T05thread:01;", Ask("?"));
    }

    [Fact]
    public void A_damaged_packet_is_asked_for_again_and_a_lost_reply_sent_again()
    {
        line.Inject("$?#00");
        Assert.Equal("-", line.Text);
        line.Inject("$?#3f");
        Assert.Equal("-+$T05thread:01;#07", line.Text);
        line.Inject("-");
        Assert.Equal("-+$T05thread:01;#07$T05thread:01;#07", line.Text);
    }

    [Fact]
    public void Without_acknowledgements_only_replies_are_sent()
    {
        Assert.Equal("OK", Ask("QStartNoAckMode"));
        int before = line.Text.Length;
        line.Inject(Frame("qC"));
        Assert.Equal("$QC01#f5", line.Text[before..]);
    }

    [Theory]
    [InlineData("vMustReplyEmpty")]
    [InlineData("qNonsense")]
    [InlineData("Z9,8000,1")]
    [InlineData("")]
    public void What_is_not_understood_gets_an_empty_reply(string packet) => Assert.Equal("", Ask(packet));

    [Theory]
    [InlineData("m8000")]
    [InlineData("mxyz,4")]
    [InlineData("M8000,4:12")]
    [InlineData("P0")]
    [InlineData("P999=00")]
    [InlineData("p999")]
    [InlineData("qRcmd,x")]
    [InlineData("vCont;q")]
    [InlineData("Z2,8000,0")]
    [InlineData("Z2,8000,7fffffff")]
    [InlineData("Z2,ffffffffffffffff,4")]
    public void A_malformed_packet_is_an_error(string packet) => Assert.Equal("E22", Ask(packet));

    [Fact]
    public void Memory_is_read_and_written_in_both_forms()
    {
        Assert.Equal("OK", Ask("M6000,4:deadbeef"));
        Assert.Equal("deadbeef", Ask("m6000,4"));
        // } escapes the byte 23h.
        Assert.Equal("OK", Ask("X6001,2:}\u0003}\u0004"));
        Assert.Equal("de2324ef", Ask("m6000,4"));
        Assert.Equal("E14", Ask("mf0000000,4"));
        Assert.Equal("E14", Ask("Mf0000000,1:00"));
        // Up to the end of memory and no further.
        Assert.Equal(32, Ask("mfffff0,20").Length);
    }

    [Fact]
    public void A_continued_guest_stops_at_a_software_and_a_hardware_breakpoint()
    {
        Assert.Equal("OK", Ask("Z0,8006,1"));
        Assert.Equal("T05thread:01;swbreak:;", Resume("vCont;c"));
        Assert.Equal("T05thread:01;swbreak:;", Resume("c"));
        Assert.Equal(2u, guest.Peek(0x6000));
        Assert.Equal("OK", Ask("z0,8006,1"));
        Assert.Equal("OK", Ask("Z1,8001,1"));
        Assert.Equal("T05thread:01;hwbreak:;", Resume("C05"));
        Assert.Equal("01800000", Ask("p8"));
    }

    [Theory]
    [InlineData("Z2,6000,4", "watch:6000;")]
    [InlineData("Z4,6002,1", "awatch:6002;")]
    public void A_watchpoint_names_its_address(string packet, string expected)
    {
        Assert.Equal("OK", Ask(packet));
        Assert.Equal($"T05thread:01;{expected}", Resume("vCont;c:1"));
        Assert.Equal("06800000", Ask("p8"));
    }

    [Fact]
    public void A_step_runs_one_instruction_and_replies_at_once()
    {
        Assert.Equal("T05thread:01;", Ask("vCont;s:1;c"));
        Assert.Equal("01800000", Ask("p8"));
        Assert.Equal("T05thread:01;", Ask("s8006"));
        Assert.Equal("00800000", Ask("p8"));
    }

    [Fact]
    public void Ctrl_C_reports_an_interrupt_and_only_while_the_guest_runs()
    {
        int before = line.Text.Length;
        line.Inject([3]);
        Assert.Equal(before, line.Text.Length);
        line.Inject(Frame("c"));
        guest.Machine.RunInstructions(1000);
        line.Inject([3]);
        Assert.Equal("T02thread:01;", WaitForReply(before + 1));
        Assert.True(guest.Machine.IsPaused);
    }

    [Fact]
    public void Detaching_removes_breakpoints_and_lets_the_guest_go_on()
    {
        Ask("Z0,8000,1");
        Assert.Equal("OK", Ask("D"));
        Assert.False(guest.Machine.IsPaused);
        Assert.Empty(guest.Machine.Debugger.Points.Breakpoints);
    }

    [Fact]
    public void A_client_that_vanishes_takes_its_breakpoints_along()
    {
        Ask("Z0,8000,1");
        Ask("Z2,6000,4");
        line.Inject(CharacterEvent.Closed);
        Assert.Empty(guest.Machine.Debugger.Points.Breakpoints);
        Assert.Empty(guest.Machine.Debugger.Points.Watchpoints);
    }

    [Fact]
    public void A_machine_that_ends_while_it_runs_says_so()
    {
        int before = line.Text.Length;
        line.Inject(Frame("c"));
        guest.Machine.Quit(StopReason.PowerOff, 3);
        Assert.Equal("W03", Unframe(line.Text[(before + 1)..]));
    }

    [Fact]
    public void The_description_is_sent_in_pieces_and_all_registers_fit_the_g_packet()
    {
        StringBuilder text = new();
        while (true)
        {
            string piece = Ask($"qXfer:features:read:target.xml:{text.Length:x},200");
            text.Append(piece.AsSpan(1));
            if (piece[0] == 'l') break;
            Assert.Equal('m', piece[0]);
        }

        System.Xml.Linq.XDocument xml = System.Xml.Linq.XDocument.Parse(text.ToString().Replace("<!DOCTYPE target SYSTEM \"gdb-target.dtd\">", "", StringComparison.Ordinal));
        int bits = xml.Descendants("reg").Sum(r => (int?)r.Attribute("bitsize") ?? 0);
        Assert.Equal(bits / 4, Ask("g").Length);
        Assert.Equal("E00", Ask("qXfer:features:read:other.xml:0,200"));
    }

    [Fact]
    public void Registers_written_with_G_change_and_read_only_ones_left_alone_are_no_error()
    {
        string all = Ask("g");
        Assert.Equal("OK", Ask("G78563412" + all[8..]));
        Assert.Equal("78563412", Ask("p0"));
    }

    [Fact]
    public void Physical_memory_mode_ignores_paging()
    {
        Assert.Equal("0", Ask("qqemu.PhyMemMode"));
        Assert.Equal("OK", Ask("Qqemu.PhyMemMode:1"));
        Assert.Equal("OK", Ask("M6000,1:55"));
        Assert.Equal("55", Ask("m6000,1"));
    }
}
