using Emu.Debugging.Monitor;
using Emu.Devices.Serial;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Debugging.Tests.Monitor;

public sealed class HumanMonitorTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("emu-monitor").FullName;
    private readonly TestGuest guest;
    private readonly HumanMonitor monitor;

    public HumanMonitorTests()
    {
        string disk = Image("disk.raw", 1 << 20);
        guest = new TestGuest(64, a =>
        {
            a.mov(eax, 0x12345678);
            a.hlt();
        }, configuration: new MachineConfiguration
        {
            Drives =
            [
                new DriveConfiguration { Kind = DriveKind.Disk, File = disk, Format = "raw" },
                new DriveConfiguration { Kind = DriveKind.CdRom },
                new DriveConfiguration { Kind = DriveKind.Floppy },
            ],
        });
        guest.Machine.Pause();
        monitor = new HumanMonitor(new MonitorContext(guest.Machine));
    }

    public void Dispose()
    {
        guest.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private string Image(string name, int size)
    {
        string path = Path.Combine(directory, name);
        File.WriteAllBytes(path, new byte[size]);
        return path;
    }

    [Fact]
    public void Every_topic_of_info_answers()
    {
        string[] topics = [.. monitor.Execute("info").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[1])];
        Assert.Superset(new HashSet<string>(["registers", "mem", "tlb", "pic", "mtree", "pci", "block", "irq", "lapic", "status", "qtree"]), new HashSet<string>(topics));
        foreach (string topic in topics)
        {
            string output = monitor.Execute($"info {topic}");
            Assert.DoesNotContain("Error", output, StringComparison.Ordinal);
            if (topic is not ("name" or "irq" or "chardev")) Assert.NotEqual("", output);
        }
    }

    [Fact]
    public void Every_command_is_explained_and_refuses_missing_arguments_in_one_line()
    {
        foreach (MonitorCommand command in monitor.Commands)
        {
            Assert.StartsWith(command.Names[0], monitor.Execute($"help {command.Names[0]}"), StringComparison.Ordinal);
            bool needsArgument = command.Parameters.Length > 0 && command.Parameters[0] != '[' && command.Names[0] is not ("info" or "help");
            if (needsArgument) Assert.Matches("^Error: [^\n]+\n$", monitor.Execute(command.Names[0]));
        }
    }

    [Fact]
    public void Registers_are_shown_as_QEMU_shows_them()
    {
        string text = monitor.Execute("info registers");
        Assert.Contains("\nCPU#0\nRAX=0000000000000000 RBX=", text, StringComparison.Ordinal);
        Assert.Contains("RIP=0000000000008000 RFL=", text, StringComparison.Ordinal);
        Assert.Contains("CS =0008 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Mappings_and_ranges_of_the_page_tables_are_listed()
    {
        Assert.StartsWith("0000000000000000-0000000001000000 0000000001000000 urwx\n", monitor.Execute("info mem"), StringComparison.Ordinal);
        string[] lines = monitor.Execute("info tlb").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(8, lines.Length);
        Assert.StartsWith("0000000000200000: 0000000000200000 --P-", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x/2i $pc", "0x00008000:  b878563412            mov eax,12345678h\n0x00008005:  f4                    hlt\n")]
    [InlineData("x/4xb 0x8000", "0000000000008000: 0xb8 0x78 0x56 0x34\n")]
    [InlineData("xp/1xw 0x8001", "0000000000008001: 0x12345678\n")]
    [InlineData("x/1dh 0x8001", "0000000000008001: 22136\n")]
    [InlineData("p/x 3 * (4 + 1) << 2", "0x3c\n")]
    [InlineData("p $rip + 1", "0x8001\n")]
    [InlineData("gva2gpa 0x8000", "gpa: 0x8000\n")]
    [InlineData("gva2gpa 0x80000000", "Unmapped\n")]
    public void Memory_and_expressions_are_shown(string command, string expected) => Assert.Equal(expected, monitor.Execute(command));

    [Fact]
    public void Video_memory_and_interrupt_controllers_can_be_looked_at()
    {
        // Planar memory at B8000h, all planes written: miscellaneous output, sequencer 2 and 4, graphics controller 6 and 8.
        guest.Machine.Board.Ports.Write(0x3C2, 1, 0x67);
        foreach ((ushort port, uint value) in ((ushort, uint)[])[(0x3C4, 0x0F02), (0x3C4, 0x0604), (0x3CE, 0x0E06), (0x3CE, 0xFF08)]) guest.Machine.Board.Ports.Write(port, 2, value);
        guest.Machine.Board.Memory.Space.Write(0xB8000, 2, 0x0741);
        Assert.StartsWith("00000000000b8000: 0x41", monitor.Execute("xp/1xb 0xb8000"), StringComparison.Ordinal);
        Assert.StartsWith("00000000fec00000: 0x00000000", monitor.Execute("xp/1xw 0xfec00000"), StringComparison.Ordinal);
        Assert.Contains("Cannot access memory", monitor.Execute("xp/1xw 0xf0000000"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frobnicate", "unknown command 'frobnicate'; try 'help'")]
    [InlineData("x/zz 0", "/zz: 'z' is neither a format (x d u o c i) nor a size (b h w g)")]
    [InlineData("p 1/0", "'1/0': division by zero")]
    [InlineData("p (1", "'(1': a ')' is missing")]
    [InlineData("p $nosuch", "'$nosuch': there is no register '$nosuch'")]
    [InlineData("p 12cow", "'12cow' is not a number")]
    [InlineData("sendkey nokey", "there is no key 'nokey'")]
    [InlineData("cpu 7", "cpu: there are processors 0 to 0")]
    [InlineData("eject nodrive", "there is no drive 'nodrive'; 'info block' lists them")]
    [InlineData("eject ide0-hd0", "ide0-hd0: the medium of this drive cannot be changed")]
    [InlineData("info nothing", "unknown topic 'nothing'; 'info' lists the topics")]
    [InlineData("screendump /nonexistent/x.png", "/nonexistent/x.png: Could not find a part of the path '/nonexistent/x.png'.")]
    public void Mistakes_are_explained(string command, string expected) => Assert.Equal($"Error: {expected}\n", monitor.Execute(command));

    [Theory]
    [InlineData("png", new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' })]
    [InlineData("ppm", new byte[] { (byte)'P', (byte)'6' })]
    public void The_screen_is_saved_in_the_format_of_its_name(string extension, byte[] start)
    {
        string path = Path.Combine(directory, "screen." + extension);
        Assert.Equal("", monitor.Execute($"screendump {path}"));
        Assert.Equal(start, File.ReadAllBytes(path)[..start.Length]);
    }

    [Theory]
    [InlineData("ide1-cd0")]
    [InlineData("floppy0")]
    public void Media_are_changed_and_ejected(string drive)
    {
        string image = Image("medium.img", 1440 * 1024);
        Assert.Contains($"{drive}: [not inserted]", monitor.Execute("info block"), StringComparison.Ordinal);
        Assert.Equal("", monitor.Execute($"change {drive} {image}"));
        Assert.Contains($"{drive}: {image} (raw", monitor.Execute("info block"), StringComparison.Ordinal);
        Assert.StartsWith("Error: ", monitor.Execute($"change {drive} {image}.missing"), StringComparison.Ordinal);
        Assert.Contains($"{drive}: {image} (raw", monitor.Execute("info block"), StringComparison.Ordinal);
        Assert.Equal("", monitor.Execute($"eject {drive}"));
        Assert.Contains($"{drive}: [not inserted]", monitor.Execute("info block"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_guest_is_stopped_continued_and_ended()
    {
        monitor.Execute("cont");
        Assert.Equal("VM status: running\n", monitor.Execute("info status"));
        monitor.Execute("stop");
        Assert.Equal("VM status: paused\n", monitor.Execute("info status"));
        monitor.Execute("quit");
        Assert.Equal(StopReason.UserQuit, guest.Machine.StopReason);
    }

    [Fact]
    public void A_log_can_be_chosen_where_there_is_one() => Assert.Equal("Error: this machine has no log\n", monitor.Execute("log int"));

    [Fact]
    public void A_line_is_edited_completed_and_recalled()
    {
        MemoryCharacterDevice line = new();
        _ = new MonitorSession(monitor, line, terminal: true, greet: true);
        Assert.Contains("monitor - type 'help' for more information", line.Text, StringComparison.Ordinal);
        // Tab completes; the left arrow and Backspace correct.
        line.Inject("info statuX\u001b[D\u001b[3~s\r");
        Assert.Contains("VM status: paused", line.Text, StringComparison.Ordinal);
        int before = line.Text.Length;
        line.Inject("info vers\t\r");
        Assert.Contains("info version", line.Text[before..], StringComparison.Ordinal);
        before = line.Text.Length;
        line.Inject("\u001b[A\u001b[A\r");
        Assert.Contains("VM status: paused", line.Text[before..], StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_gets_answers_without_editing()
    {
        MemoryCharacterDevice line = new();
        _ = new MonitorSession(monitor, line, terminal: false, greet: false);
        line.Inject("info status\n");
        Assert.Equal("VM status: paused\n(emu) ", line.Text);
    }
}
