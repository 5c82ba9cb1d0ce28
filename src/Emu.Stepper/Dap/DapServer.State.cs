using System.Text.Json.Nodes;
using Emu.Cpu;
using Emu.Debugging;
using Emu.Stepper.Commands;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;
using Emu.Stepper.Views;
using Iced.Intel;

namespace Emu.Stepper.Dap;

// What an editor shows of the stopped program.
public sealed unsafe partial class DapServer
{
    private static readonly string[] Groups = ["Registers", "Flags", "Segments and control", "SSE and AVX", "x87", "Explanation"];
    private static readonly string[] General = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip"];
    private static readonly string[] FlagNames = ["cf", "pf", "af", "zf", "sf", "tf", "if", "df", "of"];

    private JsonObject Threads(JsonObject arguments)
    {
        JsonArray threads = [];
        int count = session?.Machine.Board.Processors.Count ?? 1;
        for (int i = 0; i < count; i++) threads.Add(new JsonObject { ["id"] = ThreadOffset + i, ["name"] = $"processor {i}" });
        return new JsonObject { ["threads"] = threads };
    }

    /// <summary>The instruction pointer, and callers as far as frame pointers lead.</summary>
    private JsonObject StackTrace(JsonObject arguments)
    {
        const int most = 32;
        JsonArray frames = [Frame(0, Session.InstructionPointer)];
        CpuState* s = Session.Cpu.State;
        if (GuestView.CodeBits(Session.Cpu) is 32 or 64)
        {
            int size = GuestView.CodeBits(Session.Cpu) / 8;
            ulong frame = Numbers.Truncate(s->Gpr[5], size);
            while (frame != 0 && frames.Count < most && Session.Scope.Read(frame + (uint)size, size) is { } back && Session.Scope.Read(frame, size) is { } outer)
            {
                if (Session.Program.Symbols.Describe(back) == null) break;
                frames.Add(Frame(frames.Count, back));
                if (outer <= frame) break;
                frame = outer;
            }
        }

        return new JsonObject { ["stackFrames"] = frames, ["totalFrames"] = frames.Count };
    }

    private JsonObject Frame(int id, ulong address)
    {
        JsonObject frame = new()
        {
            ["id"] = id + 1,
            ["name"] = Session.Program.Symbols.Describe(address) ?? Address(address),
            ["line"] = 0,
            ["column"] = 0,
            ["instructionPointerReference"] = Address(address),
        };
        // A return address lies behind its call, and the line is that of the call.
        if (Session.Program.Source is { } source && LineAtOrBefore(source, id == 0 ? address : address - 1) is > 0 and var line)
        {
            frame["line"] = line;
            frame["column"] = 1;
            frame["source"] = new JsonObject { ["name"] = Path.GetFileName(source.Path), ["path"] = source.Path };
        }

        return frame;
    }

    /// <summary>The line of the instruction that an address lies in.</summary>
    private static int LineAtOrBefore(Loading.SourceListing source, ulong address) =>
        source.LineAt(address) is > 0 and var line ? line : source.Entries.LastOrDefault(e => e.Key < address && address - e.Key < 16).Value;

    private static JsonObject Scopes(JsonObject arguments)
    {
        JsonArray scopes = [];
        for (int i = 0; i < Groups.Length; i++) scopes.Add(new JsonObject { ["name"] = Groups[i], ["variablesReference"] = i + 1, ["expensive"] = false, ["presentationHint"] = "registers" });
        return new JsonObject { ["scopes"] = scopes };
    }

    private JsonObject Variables(JsonObject arguments)
    {
        JsonArray variables = [];
        void Add(string name, string value, string? memory = null)
        {
            JsonObject variable = new() { ["name"] = name, ["value"] = value, ["variablesReference"] = 0 };
            if (memory != null) variable["memoryReference"] = memory;
            variables.Add(variable);
        }

        switch ((int?)arguments["variablesReference"] ?? 0)
        {
            case 1:
                int bits = GuestView.CodeBits(Session.Cpu);
                foreach (string name in General)
                {
                    if (bits != 64 && name.Length == 2 | char.IsAsciiDigit(name[1])) continue;
                    ulong value = Session.Evaluate("$" + name);
                    Add(name, $"0x{Numbers.Full(value, 8)}", Address(value));
                }

                break;
            case 2:
                foreach (string name in FlagNames) Add(name.ToUpperInvariant(), $"{Session.Evaluate("$" + name)}");
                break;
            case 3:
                foreach (StyledText line in RegisterView.System(Session)) Split(line, Add);
                break;
            case 4:
                foreach (StyledText line in VectorView.Lines(Session, "f32")) Split(line, Add);
                break;
            case 5:
                foreach (StyledText line in X87View.Lines(Session)) Split(line, Add);
                break;
            case 6:
                Explanation told = Session.Last ?? Session.Preview();
                foreach (ExplanationLine line in told.Lines) Add(ExplanationText.Label(line.Kind), line.Text);
                break;
            default:
                throw new StepperException("there are no such variables");
        }

        return new JsonObject { ["variables"] = variables };
    }

    private static void Split(string line, Action<string, string, string?> add)
    {
        int space = line.IndexOf(' ');
        add(space < 0 ? line : line[..space], space < 0 ? "" : line[space..].Trim(), null);
    }

    private JsonObject SetVariable(JsonObject arguments)
    {
        string name = (string?)arguments["name"] ?? "";
        ulong value = Session.Evaluate((string?)arguments["value"] ?? "");
        if (!Session.Write(name, value)) throw new StepperException($"'{name}' cannot be changed");
        return new JsonObject { ["value"] = StepperScope.FlagBit(name) != 0 ? $"{value & 1}" : $"0x{value:x16}" };
    }

    /// <summary>An expression; in the console also any command of the stepper.</summary>
    private JsonObject EvaluateText(JsonObject arguments)
    {
        string text = (string?)arguments["expression"] ?? "";
        if ((string?)arguments["context"] == "repl")
        {
            StepperCommands commands = new(Session);
            if (commands.All.Any(c => c.Names.Contains(text.Split(' ')[0])))
            {
                CommandResult result = commands.Run(text);
                if (result.Stop is { } stop) afterResponse = () => Finish(stop, "step");
                return new JsonObject { ["result"] = string.Join("\n", result.Lines), ["variablesReference"] = 0 };
            }
        }

        ulong value = Session.Evaluate(text);
        return new JsonObject { ["result"] = Numbers.Value(value, 8), ["variablesReference"] = 0, ["memoryReference"] = Address(value) };
    }

    private JsonObject Disassemble(JsonObject arguments)
    {
        ulong reference = ParseAddress((string?)arguments["memoryReference"] ?? "") + (ulong)((long?)arguments["offset"] ?? 0);
        int offset = (int?)arguments["instructionOffset"] ?? 0, count = Math.Clamp((int?)arguments["instructionCount"] ?? 1, 0, 10_000);
        List<CodeRow> rows = [];
        int missing = 0;
        if (offset < 0)
        {
            rows = [.. CodeView.Around(Session, reference, -offset, -offset + Math.Max(0, count + offset))];
            missing = Math.Max(0, -offset - rows.FindIndex(r => r.Linear == reference));
        }
        else
        {
            rows = [.. CodeView.Rows(Session, reference, offset + count).Skip(offset)];
        }

        JsonArray instructions = [];
        // The client counts on as many as it has asked for; what cannot be decoded is said to be invalid.
        for (int i = 0; i < missing && instructions.Count < count; i++) instructions.Add(new JsonObject { ["address"] = Address(reference - (ulong)(missing - i) - 16), ["instruction"] = "(not code)", ["presentationHint"] = "invalid" });
        foreach (CodeRow row in rows)
        {
            if (instructions.Count == count) break;
            JsonObject item = new()
            {
                ["address"] = Address(row.Linear),
                ["instructionBytes"] = Convert.ToHexStringLower(row.Bytes),
                ["instruction"] = row.Instruction.IsInvalid ? $"db 0x{row.Bytes[0]:x2}" : Session.Text.Format(row.Instruction),
            };
            if (Session.Program.Symbols.At(row.Linear) is { } symbol) item["symbol"] = symbol;
            if (Session.Program.Source is { } source && source.LineAt(row.Linear) is > 0 and var line)
            {
                item["line"] = line;
                item["location"] = new JsonObject { ["name"] = Path.GetFileName(source.Path), ["path"] = source.Path };
            }

            instructions.Add(item);
        }

        ulong end = rows.Count > 0 ? rows[^1].Linear + (uint)rows[^1].Bytes.Length : reference;
        while (instructions.Count < count) instructions.Add(new JsonObject { ["address"] = Address(end++), ["instruction"] = "(no memory)", ["presentationHint"] = "invalid" });
        return new JsonObject { ["instructions"] = instructions };
    }

    private JsonObject ReadMemory(JsonObject arguments)
    {
        ulong address = ParseAddress((string?)arguments["memoryReference"] ?? "") + (ulong)((long?)arguments["offset"] ?? 0);
        int count = Math.Clamp((int?)arguments["count"] ?? 0, 0, 1 << 20);
        byte[] bytes = new byte[count];
        int read = GuestView.ReadLinear(Session.Cpu, address, bytes);
        return new JsonObject { ["address"] = Address(address), ["unreadableBytes"] = count - read, ["data"] = Convert.ToBase64String(bytes, 0, read) };
    }

    private JsonObject WriteMemory(JsonObject arguments)
    {
        ulong address = ParseAddress((string?)arguments["memoryReference"] ?? "") + (ulong)((long?)arguments["offset"] ?? 0);
        byte[] bytes = Convert.FromBase64String((string?)arguments["data"] ?? "");
        if (!Session.WriteMemory(address, bytes)) throw new StepperException($"there is no memory at {Address(address)}");
        return new JsonObject { ["bytesWritten"] = bytes.Length };
    }

    private JsonObject Source(JsonObject arguments)
    {
        if (Session.Program.Source is not { } source) throw new StepperException("there is no source");
        return new JsonObject { ["content"] = string.Join('\n', source.Lines), ["mimeType"] = "text/x-asm" };
    }
}
