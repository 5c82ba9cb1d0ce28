using Emu.Debugging.Monitor;
using Emu.Debugging.Tracing;
using Emu.Jit;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Debugging.Tests.Tracing;

/// <summary>What people see of the translator: <c>-d jit</c> and <c>info jit</c>.</summary>
public sealed class TranslationLogTests : IDisposable
{
    private readonly StringWriter text = new() { NewLine = "\n" };
    private readonly TestGuest guest;
    private readonly MachineLog log;

    public TranslationLogTests()
    {
        guest = new TestGuest(64, a =>
        {
            Label loop = a.CreateLabel(), end = a.CreateLabel();
            a.mov(ecx, 1000);                               // 8000
            a.Label(ref loop);
            a.add(eax, ecx);                                // 8005
            a.cpuid();
            a.dec(__dword_ptr[0x6000]);
            a.mov(ecx, __dword_ptr[0x6000]);
            a.test(ecx, ecx);
            a.jne(loop);
            a.mov(__byte_ptr[0x8005], 0x90);                // overwrites the loop
            a.Label(ref end);
            a.jmp(end);
        }, configuration: new MachineConfiguration { Vga = false, Translator = new TranslatorOptions { Threshold = 50, Synchronous = true } });
        guest.Machine.Board.Memory.Space.Write(0x6000, 4, 200);
        log = new MachineLog(guest.Machine, text, ownsOutput: false);
    }

    public void Dispose()
    {
        log.Dispose();
        guest.Dispose();
    }

    private string[] Run(string? filter)
    {
        log.Filter = filter == null ? null : AddressFilter.Parse(filter);
        log.Select(MachineLog.Parse(["jit"]));
        guest.Machine.RunInstructions(2000);
        log.Select(LogItems.None);
        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public void Jit_shows_each_region_as_it_is_translated_and_when_its_code_is_overwritten()
    {
        string[] lines = Run(null);
        Assert.Matches(@"^jit: install    0000000000008005 blocks=\d+ instructions=\d+ interpreted=1 il=\d+ host=\d+ time=\d+\.\d\dms$", lines[0]);
        Assert.Contains(lines, l => l.StartsWith("jit: invalidate 0000000000008005 ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_filter_keeps_to_its_regions() => Assert.Empty(Run("9000+100"));

    [Fact]
    public void Info_jit_tells_what_the_translator_did_and_what_it_leaves_to_the_interpreter()
    {
        guest.Machine.RunInstructions(900);
        HumanMonitor monitor = new(new MonitorContext(guest.Machine));
        string output = monitor.Execute("info jit");
        Assert.Matches(@"regions in use +1\b", output);
        Assert.Matches(@"left to the interpreter +cpuid 1\b", output);
        Assert.Matches(@"host code +[\d,]+ bytes, [\d.]+ an instruction", output);
        Assert.Matches(@"memory in use +[1-9][\d,]* KiB of 262,144 KiB", output);
    }
}
