using System.Globalization;
using Emu.Devices.Storage;

namespace Emu.Frontend.CommandLine;

/// <summary>
/// What follows a QEMU option: <c>word,key=value,flag</c>. A doubled comma stands for a comma in a value. Reading a property marks it, and
/// <see cref="Finish"/> complains of what nobody has read.
/// </summary>
internal sealed class PropertyList
{
    private readonly string option;
    private readonly List<(string Key, string? Value)> items = [];
    private readonly HashSet<string> read = [];
    private readonly List<string> asked = [];

    private PropertyList(string option) => this.option = option;

    /// <summary>The first item, when it is no <c>key=value</c>: the driver of <c>-device</c>, the type of <c>-machine</c>.</summary>
    public string? Head { get; private init; }

    /// <summary>Splits an argument.</summary>
    /// <param name="option">The option it belongs to, for messages.</param>
    /// <param name="text">The argument.</param>
    /// <param name="headKey">The key that may also name the first item.</param>
    public static PropertyList Parse(string option, string text, string? headKey = null)
    {
        List<string> parts = Split(text);
        string? head = headKey != null && parts.Count > 0 && !parts[0].Contains('=') ? parts[0] : null;
        PropertyList list = new(option) { Head = head ?? ValueOf(parts, headKey) };
        foreach (string part in parts.Skip(head == null ? 0 : 1))
        {
            int equals = part.IndexOf('=');
            string key = equals < 0 ? part : part[..equals];
            if (key.Length == 0) throw new UsageException($"{option} {text}: a property name is missing");
            list.items.Add((key, equals < 0 ? null : part[(equals + 1)..]));
        }

        if (headKey != null) list.read.Add(headKey);
        return list;
    }

    /// <summary>A property, or null.</summary>
    public string? Text(string key)
    {
        asked.Add(key);
        if (!Has(key)) return null;
        read.Add(key);
        return items.Last(i => i.Key == key).Value ?? throw new UsageException($"{option}: {key} needs a value ({key}=...)");
    }

    /// <summary>A number in decimal, or hexadecimal after 0x.</summary>
    public long? Number(string key, long minimum, long maximum)
    {
        if (Text(key) is not { } text) return null;
        if (!TryParseNumber(text, out long value)) throw new UsageException($"{option}: {key}={text} is not a number");
        return value >= minimum && value <= maximum
            ? value
            : throw new UsageException($"{option}: {key}={text} is out of range ({minimum} to {maximum})");
    }

    /// <summary>A size with one of the suffixes k, M, G, T; bare numbers are <paramref name="unit"/> bytes each.</summary>
    public long? Size(string key, long unit = 1) => Text(key) is { } text ? ParseSize(option, text, unit) : null;

    /// <summary>A switch: <c>key</c>, <c>key=on|off|yes|no|true|false</c>, or <c>nokey</c>.</summary>
    public bool? Flag(string key)
    {
        asked.Add(key);
        if (items.Any(i => i.Key == "no" + key && i.Value == null))
        {
            read.Add("no" + key);
            return false;
        }

        if (!Has(key)) return null;
        read.Add(key);
        return items.Last(i => i.Key == key).Value switch
        {
            null or "on" or "yes" or "true" or "y" => true,
            "off" or "no" or "false" or "n" => false,
            string other => throw new UsageException($"{option}: {key} is on or off, not '{other}'"),
        };
    }

    /// <summary>One of some words.</summary>
    public string? Choice(string key, params ReadOnlySpan<string> words)
    {
        if (Text(key) is not { } text) return null;
        foreach (string word in words)
        {
            if (text == word) return text;
        }

        throw new UsageException($"{option}: {key} is one of {string.Join(", ", words.ToArray())}, not '{text}'");
    }

    /// <summary>Refuses a property that is known but not to be had.</summary>
    public void Refuse(string key, string reason)
    {
        if (Has(key)) throw new UsageException($"{option}: {key} is not available: {reason}");
    }

    /// <summary>Whether a property is given.</summary>
    public bool Has(string key) => items.Any(i => i.Key == key);

    /// <summary>Properties nobody has read are mistakes.</summary>
    public void Finish()
    {
        foreach ((string key, _) in items)
        {
            if (!read.Contains(key)) throw new UsageException($"{option}: there is no property '{key}' here{Suggestion.Phrase(key, asked)}");
        }
    }

    /// <summary>A size such as 512M; a bare number counts units.</summary>
    public static long ParseSize(string option, string text, long unit)
    {
        string sized = unit != 1 && text.Length > 0 && char.IsAsciiDigit(text[^1]) ? $"{text}{(unit == 1 << 20 ? 'M' : 'K')}" : text;
        try
        {
            return ImageSize.Parse(sized);
        }
        catch (DiskImageException e)
        {
            throw new UsageException($"{option}: {e.Message}");
        }
    }

    /// <summary>Decimal, or hexadecimal after 0x.</summary>
    public static bool TryParseNumber(string text, out long value) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value)
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static string? ValueOf(List<string> parts, string? key) =>
        key == null ? null : parts.LastOrDefault(p => p.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];

    private static List<string> Split(string text)
    {
        List<string> parts = [];
        System.Text.StringBuilder part = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(',');
                i++;
            }
            else
            {
                parts.Add(part.ToString());
                part.Clear();
            }
        }

        if (part.Length > 0 || parts.Count == 0) parts.Add(part.ToString());
        return parts;
    }
}
