using System.Text.Json.Nodes;
using Emu.Cpu;
using Emu.Stepper.Session;

namespace Emu.Stepper.Dap;

// Breakpoints on lines, instructions and data.
public sealed partial class DapServer
{
    private JsonObject SetBreakpoints(JsonObject arguments)
    {
        string file = (string?)arguments["source"]?["path"] ?? "";
        foreach ((_, int number) in sourceBreakpoints.Where(b => b.File == file)) Session.RemovePoint(number);
        sourceBreakpoints.RemoveAll(b => b.File == file);
        JsonArray answers = [];
        foreach (JsonObject wanted in Objects(arguments["breakpoints"]))
        {
            int line = (int?)wanted["line"] ?? 0;
            if (Session.Program.Source is not { } source || !SameFile(source.Path, file) || source.Find(line) is not { } place)
            {
                answers.Add(new JsonObject { ["verified"] = false, ["line"] = line, ["message"] = "no code comes from this line or below it" });
                continue;
            }

            answers.Add(Set(place.Address, (string?)wanted["condition"], number => sourceBreakpoints.Add((file, number)), place.Line));
        }

        return new JsonObject { ["breakpoints"] = answers };
    }

    private JsonObject SetInstructionBreakpoints(JsonObject arguments)
    {
        foreach (int number in instructionBreakpoints) Session.RemovePoint(number);
        instructionBreakpoints.Clear();
        JsonArray answers = [];
        foreach (JsonObject wanted in Objects(arguments["breakpoints"]))
        {
            ulong address = ParseAddress((string?)wanted["instructionReference"] ?? "") + (ulong)((long?)wanted["offset"] ?? 0);
            answers.Add(Set(address, (string?)wanted["condition"], instructionBreakpoints.Add, 0));
        }

        return new JsonObject { ["breakpoints"] = answers };
    }

    private JsonObject DataBreakpointInfo(JsonObject arguments)
    {
        string name = (string?)arguments["name"] ?? "";
        try
        {
            ulong address = Session.Evaluate(name.Trim('[', ']'));
            return new JsonObject { ["dataId"] = $"{Address(address)}/1", ["description"] = $"memory at {Session.Describe(address)}", ["accessTypes"] = new JsonArray("read", "write", "readWrite") };
        }
        catch (StepperException e)
        {
            return new JsonObject { ["dataId"] = null, ["description"] = e.Message };
        }
    }

    private JsonObject SetDataBreakpoints(JsonObject arguments)
    {
        foreach (int number in dataBreakpoints) Session.RemovePoint(number);
        dataBreakpoints.Clear();
        JsonArray answers = [];
        foreach (JsonObject wanted in Objects(arguments["breakpoints"]))
        {
            string[] parts = ((string?)wanted["dataId"] ?? "").Split('/');
            WatchKind kind = (string?)wanted["accessType"] switch { "read" => WatchKind.Read, "readWrite" => WatchKind.ReadWrite, _ => WatchKind.Write };
            StopPoint point = Session.AddWatchpoint(ParseAddress(parts[0]), parts.Length > 1 ? (int)ParseAddress(parts[1]) : 1, kind, Text(wanted["condition"]));
            dataBreakpoints.Add(point.Number);
            answers.Add(new JsonObject { ["id"] = point.Number, ["verified"] = true });
        }

        return new JsonObject { ["breakpoints"] = answers };
    }

    private JsonObject Set(ulong address, string? condition, Action<int> keep, int line)
    {
        try
        {
            StopPoint point = Session.AddBreakpoint(address, string.IsNullOrWhiteSpace(condition) ? null : condition, line);
            keep(point.Number);
            JsonObject answer = new() { ["id"] = point.Number, ["verified"] = true, ["instructionReference"] = Address(address) };
            if (line > 0) answer["line"] = line;
            return answer;
        }
        catch (StepperException e)
        {
            return new JsonObject { ["verified"] = false, ["message"] = e.Message };
        }
    }

    private static string? Text(JsonNode? node) => (string?)node is { Length: > 0 } text ? text : null;

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node is JsonArray array ? array.OfType<JsonObject>() : [];

    private static bool SameFile(string left, string right) => Path.GetFullPath(left) == (right.Length > 0 ? Path.GetFullPath(right) : "");
}
