using System.Text;
using Emu.Cpu;
using Emu.Debugging;
using Emu.Debugging.Monitor;
using Emu.Stepper.Explain;
using Emu.Stepper.Views;

namespace Emu.Stepper.Commands;

// Commands that show something.
public sealed partial class StepperCommands
{
    private void AddViews()
    {
        Add("explain e", "", "What the last step did; before the first one, what the next will do", _ =>
            Session is { Final: { } final, Last: null } ? Say(final.Message) : Say([.. ExplanationText.Lines(Session.Last ?? Session.Preview(), Session)]));
        Add("preview", "", "What the next instruction is about to do", _ => Say([.. ExplanationText.Lines(Session.Preview(), Session)]));
        Add("regs r registers", "", "General registers and flags", _ => Say([.. RegisterView.General(Session), RegisterView.Flags(Session)]));
        Add("flags", "", "Flags by name", _ => Say(RegisterView.Flags(Session)));
        Add("system", "", "Segment, control and descriptor-table registers", _ => Say([.. RegisterView.System(Session)]));
        Add("vector v", "[TYPE]", "Vector registers in lanes of f32, f64, i8..i64 or u8..u64", rest => Say([.. VectorView.Lines(Session, LaneType(rest))]));
        Add("x87", "", "The x87 register stack", _ => Say([.. X87View.Lines(Session)]));
        Add("stack", "[N]", "The top N words of the stack", rest => Say([.. StackView.Lines(Session, rest.Length == 0 ? 8 : (int)Math.Min(1000, Number(rest)))]));
        Add("memory mem m", "ADDRESS [LENGTH]", "Memory in bytes and characters", rest =>
        {
            (ulong address, ulong length) = AddressAndCount(rest, 64, "memory");
            return Say([.. MemoryView.Lines(Session, address, (int)Math.Min(length, 1 << 16))]);
        });
        Add("list l", "[ADDRESS] [N]", "Disassemble", rest =>
        {
            (ulong address, ulong count) = rest.Length == 0 ? (Session.Place, 10) : AddressAndCount(rest, 10, "list");
            return Say([.. CodeView.Listing(Session, address, (int)Math.Min(count, 1000))]);
        });
        Add("source", "", "The source around the next instruction", _ => Say([.. CodeView.Source(Session, 10)]));
        Add("pages", "[ADDRESS]", "The page walk of an address, or a table of all mappings", rest => rest.Length == 0
            ? Say([.. PagingView.Mappings(Session)])
            : Say(AddressAccount.PageWalk(Session.Cpu, Number(rest), Mmu.AccessKind.Read, Mmu.AccessClass.SupervisorAllowUser)));
        Add("gdt", "", "The global descriptor table", _ => Say([.. DescriptorView.Gdt(Session)]));
        Add("idt ivt", "", "The interrupt table", _ => Say([.. DescriptorView.Idt(Session)]));
        Add("tss", "", "The task state segment", _ => Say([.. DescriptorView.Tss(Session)]));
        Add("log", "[N]", "The last N interrupts, port accesses and system calls", rest => Say([.. Session.Log.Entries.TakeLast(rest.Length == 0 ? 20 : (int)Number(rest)).Select(e => $"{e.Position,10}  {e.Kind,-9} {e.Text}")]));
        Add("output", "", "What the program has printed", _ => Say(Session.Output.TrimEnd('\n').Split('\n')));
        Add("screen", "", "The text on a PC's screen", _ => Say([.. Session.ScreenText.Select(l => l.TrimEnd())]));
        Add("symbols", "", "Labels and their addresses", _ => Say([.. Session.Program.Symbols.All.OrderBy(s => s.Value).Select(s => $"{Numbers.Hex(s.Value),-18} {s.Key}")]));
        Add("print p", "EXPRESSION", "Evaluate an expression", rest => Say(Numbers.Value(Session.Evaluate(rest), 8)));
        Add("find", "TEXT | HEX BYTES [from ADDRESS]", "Search memory for \"text\" or bytes such as 0f 05", Find);
    }

    /// <summary>Where the last search ended; null if it found nothing.</summary>
    public ulong? LastFound { get; private set; }

    private static string LaneType(string text) => text switch
    {
        "" => "f32",
        "f32" or "f64" or "i8" or "i16" or "i32" or "i64" or "u8" or "u16" or "u32" or "u64" => text,
        _ => throw new StepperException($"'{text}' is no lane type; there are f32, f64, i8 to i64 and u8 to u64"),
    };

    private (ulong Address, ulong Count) AddressAndCount(string rest, ulong usual, string command)
    {
        if (rest.Length == 0) throw new StepperException($"{command} needs an address");
        int space = rest.LastIndexOf(' ');
        // "buffer 16" is an address and a count; "rsi + 8" is one expression.
        if (space > 0 && rest[..space].TrimEnd() is var before && char.IsAsciiLetterOrDigit(before[^1]) | before[^1] is ']' or ')' && char.IsAsciiLetterOrDigit(rest[space + 1]) && !before.EndsWith("line", StringComparison.Ordinal))
        {
            return (Address(before, out _), Number(rest[(space + 1)..]));
        }

        return (Address(rest, out _), usual);
    }

    private CommandResult Find(string rest)
    {
        ulong from = Session.Program.Extent?.First ?? Session.InstructionPointer & ~0xFFFul;
        int at = rest.LastIndexOf(" from ", StringComparison.Ordinal);
        if (at >= 0)
        {
            from = Number(rest[(at + 6)..]);
            rest = rest[..at];
        }

        byte[] pattern;
        try
        {
            pattern = rest.Length > 1 && rest[0] == '"' && rest[^1] == '"' ? Encoding.UTF8.GetBytes(rest[1..^1]) : Convert.FromHexString(rest.Replace(" ", "", StringComparison.Ordinal));
        }
        catch (FormatException)
        {
            throw new StepperException("find takes \"text\" in quotes, or bytes in hexadecimal such as 0f 05");
        }

        if (pattern.Length == 0) throw new StepperException("find needs something to look for");
        LastFound = MemorySearch.Find(Session.Cpu, from, pattern);
        return Say(LastFound is { } found ? $"found at {Session.Describe(found)}" : "not found");
    }
}
