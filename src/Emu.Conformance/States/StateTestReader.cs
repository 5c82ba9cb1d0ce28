using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Emu.Conformance.States;

/// <summary>A state test is malformed; the message says where and how in one line.</summary>
public sealed class StateTestException(string message) : Exception(message);

/// <summary>Reads state tests.</summary>
public static class StateTestReader
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads a file with one test, an array of tests, or an object with <c>tests</c>.</summary>
    /// <exception cref="StateTestException">It is malformed.</exception>
    public static IReadOnlyList<StateTest> Read(Stream stream, string fileName)
    {
        try
        {
            JsonNode? root = JsonNode.Parse(stream, documentOptions: Options);
            IReadOnlyList<StateTest> tests = root switch
            {
                JsonArray array => array.Deserialize(StateTestContext.Default.ListStateTest) ?? [],
                JsonObject o when o.ContainsKey("tests") => o.Deserialize(StateTestContext.Default.StateTestFile)?.Tests ?? [],
                JsonObject o => o.Deserialize(StateTestContext.Default.StateTest) is { } test ? [test] : [],
                _ => throw new StateTestException($"{fileName}: a test is a JSON object"),
            };
            return [.. tests.Select((t, i) => t.Name.Length > 0 ? t : t with { Name = $"{Path.GetFileNameWithoutExtension(fileName)} {i + 1}" })];
        }
        catch (JsonException e)
        {
            throw new StateTestException($"{fileName}: {e.Message}");
        }
    }

    /// <summary>A number: decimal, or hexadecimal with 0x; underscores may separate digits.</summary>
    internal static UInt128 Number(string text, string where)
    {
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        bool negative = digits.StartsWith('-');
        if (negative) digits = digits[1..];
        bool ok = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? UInt128.TryParse(digits.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out UInt128 value)
            : UInt128.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (!ok) throw new StateTestException($"{where}: '{text}' is not a number");
        return negative ? 0 - value : value;
    }

    /// <summary>Hexadecimal bytes, with any white space between.</summary>
    internal static byte[] Bytes(string text, string where)
    {
        try
        {
            return Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));
        }
        catch (FormatException)
        {
            throw new StateTestException($"{where}: not a sequence of hexadecimal bytes");
        }
    }
}
