using System.Text.Json.Nodes;
using Emu.Debugging.Monitor;
using Emu.Debugging.Qmp;
using Emu.Devices.Serial;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Debugging.Tests.Qmp;

public sealed class QmpTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("emu-qmp").FullName;
    private readonly TestGuest guest;
    private readonly MemoryCharacterDevice line = new();
    private int read;

    public QmpTests()
    {
        guest = new TestGuest(32, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.jmp(loop);
        }, configuration: new MachineConfiguration { Drives = [new DriveConfiguration { Kind = DriveKind.CdRom }] });
        guest.Machine.Pause();
        _ = new QmpSession(new MonitorContext(guest.Machine) { Name = "test" }, line, greet: true);
    }

    public void Dispose()
    {
        guest.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Messages since the last call, one a line.</summary>
    private List<JsonNode> Messages()
    {
        string text = line.Text[read..];
        read = line.Text.Length;
        return [.. text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l) ?? throw new InvalidOperationException())];
    }

    private JsonNode Ask(string command, string arguments = "{}")
    {
        line.Inject($"{{\"execute\": \"{command}\", \"arguments\": {arguments}, \"id\": 7}}");
        JsonNode reply = Messages().Last(m => m["event"] == null);
        Assert.Equal(7, (int?)reply["id"]);
        return reply;
    }

    private JsonNode Return(string command, string arguments = "{}")
    {
        JsonNode reply = Ask(command, arguments);
        return reply["return"] ?? throw new Xunit.Sdk.XunitException(reply.ToJsonString());
    }

    private void Negotiate()
    {
        Messages();
        Return("qmp_capabilities");
    }

    [Fact]
    public void The_greeting_names_version_and_capabilities_and_commands_wait_for_negotiation()
    {
        JsonNode greeting = Assert.Single(Messages());
        Assert.NotNull(greeting["QMP"]?["version"]?["qemu"]?["major"]);
        Assert.NotNull(greeting["QMP"]?["capabilities"]);
        Assert.Equal("CommandNotFound", (string?)Ask("query-status")["error"]?["class"]);
        Return("qmp_capabilities");
        Assert.Equal("paused", (string?)Return("query-status")["status"]);
    }

    [Fact]
    public void Stopping_and_continuing_raise_events()
    {
        Negotiate();
        line.Inject("{\"execute\": \"cont\"}{\"execute\": \"stop\"}");
        List<JsonNode> messages = Messages();
        Assert.Equal(["RESUME", "STOP"], messages.Where(m => m["event"] != null).Select(m => (string?)m["event"]));
        Assert.All(messages.Where(m => m["event"] != null), m => Assert.NotNull(m["timestamp"]?["seconds"]));
    }

    [Fact]
    public void Every_listed_query_answers()
    {
        Negotiate();
        JsonArray commands = Return("query-commands").AsArray();
        string[] names = [.. commands.Select(c => (string?)c?["name"] ?? "")];
        Assert.Superset(new HashSet<string>(["query-status", "query-block", "query-events", "input-send-event", "human-monitor-command", "screendump", "system_powerdown"]), new HashSet<string>(names));
        foreach (string name in names.Where(n => n.StartsWith("query-", StringComparison.Ordinal))) Return(name);
    }

    [Fact]
    public void Media_are_changed_and_listed()
    {
        Negotiate();
        string image = Path.Combine(directory, "cd.iso");
        File.WriteAllBytes(image, new byte[1 << 20]);
        Assert.Null(Return("query-block")[0]?["inserted"]);
        Return("blockdev-change-medium", $"{{\"device\": \"ide1-cd0\", \"filename\": \"{image}\"}}");
        JsonNode? drive = Return("query-block")[0];
        Assert.Equal(image, (string?)drive?["inserted"]?["file"]);
        Assert.Equal(1 << 20, (long?)drive?["inserted"]?["image"]?["virtual-size"]);
        Return("eject", "{\"device\": \"ide1-cd0\"}");
        Assert.Null(Return("query-block")[0]?["inserted"]);
        Assert.Equal("GenericError", (string?)Ask("eject", "{\"device\": \"nodrive\"}")["error"]?["class"]);
    }

    [Fact]
    public void Keys_reach_the_keyboard_only_when_the_whole_list_is_right()
    {
        Negotiate();
        const string press = "{\"type\": \"key\", \"data\": {\"down\": true, \"key\": {\"type\": \"qcode\", \"data\": \"a\"}}}";
        Assert.NotNull(Ask("input-send-event", $"{{\"events\": [{press}, {{\"type\": \"key\", \"data\": {{\"down\": true, \"key\": {{\"type\": \"qcode\", \"data\": \"nokey\"}}}}}}]}}")["error"]);
        Assert.False(HasInput());
        Return("input-send-event", $"{{\"events\": [{press}]}}");
        Assert.True(HasInput());
        Return("input-send-event", "{\"events\": [{\"type\": \"rel\", \"data\": {\"axis\": \"x\", \"value\": 5}}, {\"type\": \"btn\", \"data\": {\"down\": true, \"button\": \"left\"}}]}");
    }

    /// <summary>The keyboard controller's output buffer is full (bit 0 of its status, port 64h).</summary>
    private bool HasInput() => (guest.Machine.Board.Ports.Read(0x64, 1) & 1) != 0;

    [Fact]
    public void The_human_monitor_answers_through_it_and_the_screen_is_saved()
    {
        Negotiate();
        Assert.Equal("VM status: paused\r\n", (string?)Return("human-monitor-command", "{\"command-line\": \"info status\"}"));
        string path = Path.Combine(directory, "screen.png");
        Return("screendump", $"{{\"filename\": \"{path}\", \"format\": \"png\"}}");
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Quitting_raises_SHUTDOWN_and_ends_the_machine()
    {
        Negotiate();
        line.Inject("{\"execute\": \"quit\"}");
        Assert.Contains(Messages(), m => (string?)m["event"] == "SHUTDOWN");
        Assert.Equal(StopReason.UserQuit, guest.Machine.StopReason);
    }

    [Theory]
    [InlineData("nonsense\n", "JSON parse error")]
    [InlineData("[1]", "QMP input must be a JSON object")]
    [InlineData("{\"id\": 1}", "QMP input lacks member 'execute'")]
    [InlineData("{\"execute\": \"frob\"}", "The command frob has not been found")]
    [InlineData("{\"execute\": \"screendump\"}", "Parameter 'filename' is missing")]
    public void What_is_wrong_is_said(string request, string description)
    {
        Negotiate();
        line.Inject(request);
        Assert.Equal(description, (string?)Assert.Single(Messages())["error"]?["desc"]);
    }
}
