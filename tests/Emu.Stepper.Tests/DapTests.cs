using System.IO.Pipes;
using System.Text;
using System.Text.Json.Nodes;
using Emu.Machine;
using Emu.Stepper.Dap;
using Xunit;

namespace Emu.Stepper.Tests;

/// <summary>A client that speaks the protocol as VS Code does.</summary>
public sealed class DapTests : IDisposable
{
    private const string Source = """
        section .data
        total: dq 0
        section .text
        global _start
        _start:
            mov ecx, 3
        again:
            add [total], rcx
            loop again
            call leaf
            mov eax, 60
            mov edi, 5
            syscall
        leaf:
            push rbp
            mov rbp, rsp
            nop
            pop rbp
            ret
        """;

    private readonly AnonymousPipeServerStream toServer = new(PipeDirection.Out), fromServer = new(PipeDirection.In);
    private readonly DapConnection client;
    private readonly Task server;
    private readonly List<JsonObject> events = [];
    private readonly string path = Path.Combine(Directory.CreateTempSubdirectory("stepper-test-").FullName, "program.asm");
    private int sequence;

    public DapTests()
    {
        File.WriteAllText(path, Source);
        AnonymousPipeClientStream input = new(PipeDirection.In, toServer.ClientSafePipeHandle), output = new(PipeDirection.Out, fromServer.ClientSafePipeHandle);
        client = new DapConnection(fromServer, Stream.Null);
        DapServer dap = new(new DapConnection(input, output), _ => new MachineConfiguration());
        server = Task.Run(() =>
        {
            dap.Run();
            output.Dispose();
        });
    }

    public void Dispose()
    {
        toServer.Dispose();
        Assert.True(server.Wait(TimeSpan.FromSeconds(30)), "the server ends with its client");
        fromServer.Dispose();
    }

    [NeedsToolsFact]
    public void ASessionAsAnEditorLeadsIt()
    {
        JsonObject able = Request("initialize", new() { ["adapterID"] = "emu" });
        foreach (string capability in new[] { "supportsStepBack", "supportsDisassembleRequest", "supportsReadMemoryRequest", "supportsInstructionBreakpoints" }) Assert.True((bool?)able[capability]);
        Event("initialized");
        Request("launch", new() { ["program"] = path, ["stopOnEntry"] = true });
        JsonObject set = Request("setBreakpoints", new() { ["source"] = new JsonObject { ["path"] = path }, ["breakpoints"] = new JsonArray(new JsonObject { ["line"] = 8, ["condition"] = "rcx == 2" }, new JsonObject { ["line"] = 999 }) });
        Assert.True((bool?)set["breakpoints"]![0]!["verified"]);
        Assert.False((bool?)set["breakpoints"]![1]!["verified"]);
        Request("setExceptionBreakpoints", []);
        Request("configurationDone", []);
        Assert.Equal("entry", (string?)Event("stopped")["reason"]);
        Assert.Equal(1, (int?)Request("threads", [])["threads"]![0]!["id"]);

        Request("stepIn", new() { ["threadId"] = 1 });
        Assert.Equal("step", (string?)Event("stopped")["reason"]);
        JsonNode frame = Request("stackTrace", new() { ["threadId"] = 1 })["stackFrames"]![0]!;
        Assert.Equal((8, path), ((int?)frame["line"], (string?)frame["source"]!["path"]));
        Assert.Equal("0x0000000000000003", Variable("Registers", "rcx"));
        Assert.Contains("Copies 3 into ecx", Variable("Explanation", "does"), StringComparison.Ordinal);

        Request("continue", new() { ["threadId"] = 1 });
        Assert.Equal("breakpoint", (string?)Event("stopped")["reason"]);
        Assert.Equal("2", ((string?)Request("evaluate", new() { ["expression"] = "rcx" })["result"]));
        Assert.Equal("3", ((string?)Request("evaluate", new() { ["expression"] = "qword [total]" })["result"]));

        Request("stepBack", new() { ["threadId"] = 1 });
        Event("stopped");
        Assert.StartsWith("loop", Disassembled(0), StringComparison.Ordinal);
        Request("reverseContinue", new() { ["threadId"] = 1 });
        Event("stopped");
        Assert.StartsWith("mov ecx, 3", Disassembled(0), StringComparison.Ordinal);

        Request("setBreakpoints", new() { ["source"] = new JsonObject { ["path"] = path }, ["breakpoints"] = new JsonArray(new JsonObject { ["line"] = 16 }) });
        Request("continue", new() { ["threadId"] = 1 });
        Event("stopped");
        Request("next", new() { ["threadId"] = 1 });
        Event("stopped");
        JsonNode frames = Request("stackTrace", new() { ["threadId"] = 1 })["stackFrames"]!;
        Assert.Equal(2, frames.AsArray().Count);
        Assert.Equal(10, (int?)frames[1]!["line"]);
        Request("stepOut", new() { ["threadId"] = 1 });
        Event("stopped");
        Assert.StartsWith("mov eax, 0x3c", Disassembled(0), StringComparison.Ordinal);

        Request("continue", new() { ["threadId"] = 1 });
        Assert.Equal(5, (int?)Event("exited")["exitCode"]);
        Event("terminated");
        Request("disconnect", []);
    }

    [NeedsToolsFact]
    public void MemoryRegistersAndInstructionBreakpoints()
    {
        Start();
        string data = (string?)Request("evaluate", new() { ["expression"] = "total" })["memoryReference"] ?? "";
        Assert.Equal(8, (int?)Request("writeMemory", new() { ["memoryReference"] = data, ["data"] = Convert.ToBase64String([1, 2, 3, 4, 5, 6, 7, 8]) })["bytesWritten"]);
        JsonObject read = Request("readMemory", new() { ["memoryReference"] = data, ["offset"] = 2, ["count"] = 3 });
        Assert.Equal([3, 4, 5], Convert.FromBase64String((string?)read["data"] ?? ""));
        Assert.Equal(16, (int?)Request("readMemory", new() { ["memoryReference"] = "0x10", ["count"] = 16 })["unreadableBytes"]);
        Request("setVariable", new() { ["variablesReference"] = 1, ["name"] = "rbx", ["value"] = "0x1234" });
        Assert.Equal("0x0000000000001234", Variable("Registers", "rbx"));
        Request("setVariable", new() { ["variablesReference"] = 2, ["name"] = "ZF", ["value"] = "1" });
        Assert.Equal("1", Variable("Flags", "ZF"));
        JsonArray code = Request("disassemble", new() { ["memoryReference"] = (string?)Top()["instructionPointerReference"], ["instructionCount"] = 3 })["instructions"]!.AsArray();
        Assert.Equal(3, code.Count);
        JsonObject set = Request("setInstructionBreakpoints", new() { ["breakpoints"] = new JsonArray(new JsonObject { ["instructionReference"] = (string?)code[2]!["address"] }) });
        Assert.True((bool?)set["breakpoints"]![0]!["verified"]);
        Request("continue", new() { ["threadId"] = 1 });
        Assert.Equal("breakpoint", (string?)Event("stopped")["reason"]);
        Assert.StartsWith("loop", Disassembled(0), StringComparison.Ordinal);
        Assert.Equal(20, Request("disassemble", new() { ["memoryReference"] = (string?)Top()["instructionPointerReference"], ["instructionOffset"] = -10, ["instructionCount"] = 20 })["instructions"]!.AsArray().Count);
        JsonObject info = Request("dataBreakpointInfo", new() { ["name"] = "total" });
        Request("setInstructionBreakpoints", new() { ["breakpoints"] = new JsonArray() });
        Request("setDataBreakpoints", new() { ["breakpoints"] = new JsonArray(new JsonObject { ["dataId"] = (string?)info["dataId"], ["accessType"] = "write" }) });
        Request("continue", new() { ["threadId"] = 1 });
        Assert.Equal("data breakpoint", (string?)Event("stopped")["reason"]);
    }

    [NeedsToolsFact]
    public void MistakesAreRefusedWithAMessage()
    {
        Assert.Contains("nothing has been launched", Refused("threads-of-nothing", "stackTrace", []), StringComparison.Ordinal);
        Assert.Contains("no such file", Refused("launch", "launch", new() { ["program"] = "/nowhere.asm" }), StringComparison.Ordinal);
        Assert.Contains("not known", Refused("unknown", "knit", []), StringComparison.Ordinal);
        Start();
        Assert.Contains("nonsense", Refused("evaluate", "evaluate", new() { ["expression"] = "nonsense" }), StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void AnEndlessProgramCanBePaused()
    {
        File.WriteAllText(path, "global _start\n_start: jmp _start\n");
        Start();
        Request("continue", new() { ["threadId"] = 1 });
        Request("pause", new() { ["threadId"] = 1 });
        Assert.Equal("pause", (string?)Event("stopped")["reason"]);
    }

    private void Start()
    {
        Request("initialize", []);
        Request("launch", new() { ["program"] = path });
        Request("configurationDone", []);
        Event("stopped");
    }

    private JsonNode Top() => Request("stackTrace", new() { ["threadId"] = 1 })["stackFrames"]![0]!;

    private string Disassembled(int offset)
    {
        JsonObject answer = Request("disassemble", new() { ["memoryReference"] = (string?)Top()["instructionPointerReference"], ["instructionOffset"] = offset, ["instructionCount"] = 1 });
        return (string?)answer["instructions"]![0]!["instruction"] ?? "";
    }

    private string Variable(string scope, string name)
    {
        JsonNode found = Request("scopes", new() { ["frameId"] = 1 })["scopes"]!.AsArray().First(s => (string?)s!["name"] == scope)!;
        JsonArray variables = Request("variables", new() { ["variablesReference"] = (int?)found["variablesReference"] })["variables"]!.AsArray();
        return (string?)variables.First(v => (string?)v!["name"] == name)!["value"] ?? "";
    }

    private JsonObject Request(string command, JsonObject arguments)
    {
        JsonObject response = Exchange(command, arguments);
        Assert.True((bool?)response["success"], $"{command}: {response["message"]}");
        return response["body"] as JsonObject ?? [];
    }

    private string Refused(string what, string command, JsonObject arguments)
    {
        JsonObject response = Exchange(command, arguments);
        Assert.False((bool?)response["success"], what);
        return (string?)response["message"] ?? "";
    }

    private JsonObject Exchange(string command, JsonObject arguments)
    {
        int number = ++sequence;
        byte[] body = Encoding.UTF8.GetBytes(new JsonObject { ["seq"] = number, ["type"] = "request", ["command"] = command, ["arguments"] = arguments }.ToJsonString());
        toServer.Write(Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n\r\n"));
        toServer.Write(body);
        toServer.Flush();
        while (true)
        {
            JsonObject message = client.Read() ?? throw new EndOfStreamException();
            if ((string?)message["type"] == "response")
            {
                Assert.Equal(number, (int?)message["request_seq"]);
                return message;
            }

            events.Add(message);
        }
    }

    private JsonObject Event(string name)
    {
        while (true)
        {
            JsonObject? found = events.Find(e => (string?)e["event"] == name);
            if (found != null)
            {
                events.RemoveRange(0, events.IndexOf(found) + 1);
                return found["body"] as JsonObject ?? [];
            }

            events.Add(client.Read() ?? throw new EndOfStreamException());
        }
    }

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("Content-Length: 5\r\n\r\n{bad}")]
    public void WhatIsNoMessageEndsTheSessionWithAReason(string text)
    {
        using MemoryStream input = new(System.Text.Encoding.ASCII.GetBytes(text));
        DapServer server = new(new DapConnection(input, Stream.Null), static _ => throw new InvalidOperationException());
        server.Run();
        Assert.Contains("message", server.Failure, StringComparison.Ordinal);
    }
}
