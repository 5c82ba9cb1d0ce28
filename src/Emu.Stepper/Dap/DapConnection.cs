using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Emu.Stepper.Dap;

/// <summary>Messages of the Debug Adapter Protocol on a pair of streams: a Content-Length header, an empty line, JSON.</summary>
public sealed class DapConnection(Stream input, Stream output)
{
    private const int LongestMessage = 64 << 20;
    private int sequence;

    /// <summary>The next message; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">What arrives is no message.</exception>
    public JsonObject? Read()
    {
        int length = -1;
        while (true)
        {
            string? line = ReadLine();
            if (line == null) return null;
            if (line.Length == 0) break;
            int colon = line.IndexOf(':');
            if (colon > 0 && line[..colon].Trim().Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                && !int.TryParse(line[(colon + 1)..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out length))
            {
                throw new InvalidDataException($"'{line}' is no length");
            }
        }

        if (length is < 0 or > LongestMessage) throw new InvalidDataException("a message without a usable Content-Length arrived");
        byte[] body = new byte[length];
        if (input.ReadAtLeast(body, length, throwOnEndOfStream: false) < length) return null;
        try
        {
            return JsonNode.Parse(body) as JsonObject ?? throw new InvalidDataException("a message that is no JSON object arrived");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"a message that is no JSON arrived: {e.Message}");
        }
    }

    /// <summary>Answers a request.</summary>
    public void Respond(JsonObject request, JsonObject? body) => Send(new JsonObject
    {
        ["type"] = "response",
        ["request_seq"] = Number(request, "seq"),
        ["command"] = (string?)request["command"],
        ["success"] = true,
        ["body"] = body,
    });

    /// <summary>Says that a request could not be carried out.</summary>
    public void Refuse(JsonObject request, string message) => Send(new JsonObject
    {
        ["type"] = "response",
        ["request_seq"] = Number(request, "seq"),
        ["command"] = (string?)request["command"],
        ["success"] = false,
        ["message"] = message,
        ["body"] = new JsonObject { ["error"] = new JsonObject { ["id"] = 1, ["format"] = message, ["showUser"] = true } },
    });

    /// <summary>Tells of an event.</summary>
    public void Raise(string name, JsonObject? body = null) => Send(new JsonObject { ["type"] = "event", ["event"] = name, ["body"] = body });

    private static int Number(JsonObject message, string name) => (int?)message[name] ?? 0;

    private void Send(JsonObject message)
    {
        lock (output)
        {
            message["seq"] = ++sequence;
            byte[] body = Encoding.UTF8.GetBytes(message.ToJsonString());
            output.Write(Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n\r\n"));
            output.Write(body);
            output.Flush();
        }
    }

    private string? ReadLine()
    {
        StringBuilder line = new();
        while (true)
        {
            int value = input.ReadByte();
            if (value < 0) return null;
            if (value == '\n') return line.ToString().TrimEnd('\r');
            if (line.Length > 4096) throw new InvalidDataException("a header line is too long");
            line.Append((char)value);
        }
    }
}
