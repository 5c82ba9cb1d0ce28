using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Emu.Conformance.States;

/// <summary>A file: several tests under <c>tests</c>.</summary>
internal sealed record StateTestFile
{
    public IReadOnlyList<StateTest> Tests { get; set; } = [];

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A text in which numbers and bytes stand; a JSON number is taken as its digits.</summary>
internal sealed class NumberTextConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number => System.Text.Encoding.ASCII.GetString(reader.ValueSpan),
        _ => throw new JsonException(null, new FormatException("must be a string or a number")),
    };

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    // Names of registers, which are keys, are strings too.
    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);
}

/// <summary>An integer: a JSON number, or a string as all other numbers are.</summary>
internal sealed class IntegerConverter : JsonConverter<long>
{
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value)) return value;
        string text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
        return StateNumbers.TryParse(text, out var number) && number >= long.MinValue && number <= long.MaxValue
            ? (long)number : throw new JsonException(null, new FormatException("must be an integer"));
    }

    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
}

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, RespectNullableAnnotations = true, Converters = [typeof(NumberTextConverter), typeof(IntegerConverter)])]
[JsonSerializable(typeof(StateTest))]
[JsonSerializable(typeof(StateTestFile))]
[JsonSerializable(typeof(List<StateTest>))]
internal sealed partial class StateTestContext : JsonSerializerContext;
