using Emu.Debugging.Tracing;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Debugging.Tests.Tracing;

public sealed class MachineLogTests : IDisposable
{
    private readonly StringWriter text = new() { NewLine = "\n" };
    private readonly TestGuest guest;
    private readonly MachineLog log;

    public MachineLogTests()
    {
        guest = new TestGuest(64, a =>
        {
            a.mov(ecx, 3);                      // 8000
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.dec(ecx);                         // 8005
            a.jne(loop);                        // 8007
            a.mov(__dword_ptr[0x6000], ecx);    // 8009
            a.mov(al, 0x12);                    // 8010
            a.@out(0x80, al);                   // 8012
            a.ud2();                            // 8014
        });
        log = new MachineLog(guest.Machine, text, ownsOutput: false);
    }

    public void Dispose()
    {
        log.Dispose();
        guest.Dispose();
    }

    private string[] Run(LogItems items, ulong instructions, string? filter = null)
    {
        log.Filter = filter == null ? null : AddressFilter.Parse(filter);
        log.Select(items);
        guest.Machine.RunInstructions(instructions);
        log.Select(LogItems.None);
        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public void In_asm_shows_each_piece_of_code_once()
    {
        string[] lines = Run(LogItems.Assembly, 7);
        Assert.Single(lines, l => l.StartsWith("0x00008005:  ffc9 ", StringComparison.Ordinal) && l.EndsWith("dec ecx", StringComparison.Ordinal));
        Assert.Contains("IN:", lines);
    }

    [Fact]
    public void Exec_shows_every_instruction_in_the_order_of_execution()
    {
        string[] lines = Run(LogItems.Execution, 8);
        Assert.Equal(["00008000", "00008005", "00008007", "00008005", "00008007", "00008005", "00008007", "00008009"], lines.Select(l => l[..8]));
        Assert.EndsWith("mov ecx,3", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Cpu_shows_the_registers_before_each_instruction()
    {
        string[] lines = Run(LogItems.Registers, 3);
        Assert.Equal(["RCX=0000000000000000", "RCX=0000000000000003", "RCX=0000000000000002"], lines.Where(l => l.StartsWith("RAX=", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]));
        Assert.DoesNotContain(lines, l => l.StartsWith("XMM", StringComparison.Ordinal) || l.StartsWith("YMM", StringComparison.Ordinal));
    }

    [Fact]
    public void A_filter_keeps_to_its_addresses()
    {
        Assert.Equal(3, Run(LogItems.Execution, 8, "8005..8006,0x9000+10").Length);
    }

    [Fact]
    public void Io_shows_port_accesses_with_the_device()
    {
        string[] lines = Run(LogItems.InputOutput, 10);
        Assert.Contains(lines, l => l.StartsWith("io: out 0080 12 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Mmu_shows_what_addresses_translate_to()
    {
        string[] lines = Run(LogItems.Paging, 9);
        Assert.Contains(lines, l => l.StartsWith("mmu: execute 0000000000008000 -> 0000000000008000 ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("mmu: write   0000000000006000 -> 0000000000006000 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Int_shows_the_chain_of_exceptions_and_cpu_reset_the_registers_when_it_ended()
    {
        log.Select(LogItems.Interrupts | LogItems.Reset);
        bool reset = false;
        guest.Machine.WasReset += () => reset = true;
        Assert.True(guest.Machine.RunUntil(() => reset, TimeSpan.FromMinutes(1)));
        string[] lines = text.ToString().Split('\n');
        Assert.StartsWith("     0: v=06 e=0000 #UD cpl=0 IP=0008:0000000000008014", lines[0], StringComparison.Ordinal);
        Assert.Contains(" v=0d e=0033 #GP ", lines[1], StringComparison.Ordinal);
        Assert.Contains(" v=08 e=0000 #DF ", lines[2], StringComparison.Ordinal);
        Assert.Contains("CPU Reset (CPU 0)", lines);
        Assert.Contains(lines, l => l.StartsWith("RIP=0000000000008014", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_hooked_while_the_log_is_off()
    {
        Run(LogItems.Execution | LogItems.InputOutput, 1);
        Assert.Null(guest.Machine.Debugger.BeforeInstruction);
        Assert.Null(guest.Machine.Board.Ports.Observer);
        Assert.Null(guest.Machine.Board.Memory.Space.DeviceObserver);
    }

    [Theory]
    [InlineData("in_asm,nonsense", "there is no log item 'nonsense'; there are in_asm, exec, cpu, fpu, int, mmu, io, jit, cpu_reset")]
    public void An_unknown_item_is_refused_with_the_list(string items, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => MachineLog.Parse(items.Split(','))).Message);

    [Theory]
    [InlineData("1000", "'1000': a range is START..END, START+SIZE or START-SIZE")]
    [InlineData("2000..1000", "'2000..1000': the end is before the start")]
    [InlineData("1000+0", "'1000+0': the size is 0")]
    [InlineData("xyz+4", "'xyz+4': 'xyz' is not a hexadecimal address")]
    [InlineData("", "'': a range is START..END, START+SIZE or START-SIZE")]
    public void A_malformed_filter_is_refused(string filter, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => AddressFilter.Parse(filter)).Message);

    [Theory]
    [InlineData("1000+10", 0x100F, true)]
    [InlineData("1000+10", 0x1010, false)]
    [InlineData("1000-10", 0xFF1, true)]
    [InlineData("1000-10", 0xFF0, false)]
    [InlineData("ffffffffffffff00+1000", ulong.MaxValue, true)]
    public void Filters_include_their_first_and_last_address(string filter, ulong address, bool included) =>
        Assert.Equal(included, AddressFilter.Parse(filter).Includes(address));
}
