using System.Globalization;
using System.Text.RegularExpressions;

namespace Emu.Stepper.Loading;

/// <summary>The map file of NASM's flat binary format.</summary>
internal sealed partial class NasmMap
{
    /// <summary>Address of the first byte.</summary>
    public ulong Origin { get; private set; }

    /// <summary>Addresses of the sections while running.</summary>
    public Dictionary<string, ulong> Sections { get; } = [];

    /// <summary>Labels.</summary>
    public SymbolTable Symbols { get; } = new();

    /// <summary>Reads the file.</summary>
    public static NasmMap Parse(string[] lines)
    {
        NasmMap map = new();
        string part = "";
        foreach (string line in lines)
        {
            if (Heading().Match(line) is { Success: true } heading)
            {
                part = heading.Groups["name"].Value;
            }
            else if (part == "Program origin" && ulong.TryParse(line.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong origin))
            {
                map.Origin = origin;
            }
            else if (part == "Sections (summary)" && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: 6 } section && TryHex(section[0], out ulong start))
            {
                map.Sections[section[5]] = start;
            }
            else if (part == "Symbols" && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: 3 } symbol && TryHex(symbol[1], out ulong address))
            {
                map.Symbols.Add(symbol[2], address);
            }
        }

        return map;
    }

    private static bool TryHex(string text, out ulong value) => ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value);

    [GeneratedRegex(@"^-- (?<name>[^-]+?) -+$")]
    private static partial Regex Heading();
}
