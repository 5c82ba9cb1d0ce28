using System.Globalization;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Registers CPUID returns.</summary>
public enum CpuidRegister : byte
{
    Eax,
    Ebx,
    Ecx,
    Edx,
}

/// <summary>How the emulator stands to a CPUID feature.</summary>
public enum FeatureStatus : byte
{
    /// <summary>Not emulated: never reported.</summary>
    Absent,

    /// <summary>Emulated and reported by the model max.</summary>
    Default,

    /// <summary>Emulated, reported when a model or the user names it.</summary>
    OnRequest,

    /// <summary>Computed while running.</summary>
    Computed,
}

/// <summary>One feature flag of CPUID, as the data file lists it.</summary>
/// <param name="Name">Name as in <c>-cpu model,+name</c>.</param>
/// <param name="Status">Whether it is emulated.</param>
/// <param name="Leaf">EAX of the CPUID leaf.</param>
/// <param name="Subleaf">ECX of it.</param>
/// <param name="Register">Register of the result.</param>
/// <param name="Bit">Bit in it.</param>
/// <param name="Instructions">Instruction sets that exist with it.</param>
public sealed record CpuFeature(
    string Name, FeatureStatus Status, uint Leaf, uint Subleaf, CpuidRegister Register, int Bit, IReadOnlyList<CpuidFeature> Instructions)
{
    /// <summary>Every feature known by name.</summary>
    public static IReadOnlyList<CpuFeature> All { get; } = [.. CpuData.Lines("Data.features").Select(Parse)];

    private static readonly Dictionary<string, CpuFeature> ByName = All.ToDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the emulator can have it.</summary>
    public bool IsEmulated => Status is FeatureStatus.Default or FeatureStatus.OnRequest;

    /// <summary>Finds a feature by name; underscores count as hyphens, as QEMU has it. Null if there is none.</summary>
    public static CpuFeature? Find(string name) => ByName.GetValueOrDefault(name.Replace('_', '-'));

    private static CpuFeature Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] leaf = words[2].Split('.');
        return new CpuFeature(
            words[1],
            words[0] switch { "on" => FeatureStatus.Default, "ask" => FeatureStatus.OnRequest, "own" => FeatureStatus.Computed, _ => FeatureStatus.Absent },
            uint.Parse(leaf[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            uint.Parse(leaf[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            Enum.Parse<CpuidRegister>(words[3], ignoreCase: true),
            int.Parse(words[4], CultureInfo.InvariantCulture),
            [.. words[5..].Select(Enum.Parse<CpuidFeature>)]);
    }
}

/// <summary>The data files beside this code, embedded in the assembly.</summary>
internal static class CpuData
{
    /// <summary>Lines of a file without comments and empty lines.</summary>
    public static IEnumerable<string> Lines(string name)
    {
        using Stream stream = typeof(CpuData).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks its data file {name}.");
        using StreamReader reader = new(stream);
        while (reader.ReadLine() is { } line)
        {
            string text = line.Trim();
            if (text.Length > 0 && text[0] != '#') yield return text;
        }
    }
}
