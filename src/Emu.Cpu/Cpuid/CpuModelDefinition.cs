using System.Globalization;

namespace Emu.Cpu;

/// <summary>A processor model as the data file describes it.</summary>
/// <param name="Name">Name, as in <c>-cpu</c>.</param>
/// <param name="Vendor">Twelve-letter vendor string.</param>
/// <param name="Family">Display family.</param>
/// <param name="Model">Display model.</param>
/// <param name="Stepping">Stepping, 0..15.</param>
/// <param name="Level">Highest basic CPUID leaf.</param>
/// <param name="ExtendedLevel">Highest extended CPUID leaf, or 0.</param>
/// <param name="PhysicalAddressBits">Width of physical addresses.</param>
/// <param name="Brand">Brand string, at most 47 letters.</param>
/// <param name="Flags">Words of its flags lines.</param>
public sealed record CpuModelDefinition(
    string Name, string Vendor, int Family, int Model, int Stepping, uint Level, uint ExtendedLevel, int PhysicalAddressBits, string Brand,
    IReadOnlyList<string> Flags)
{
    /// <summary>Every model.</summary>
    public static IReadOnlyList<CpuModelDefinition> All { get; } = [.. Load()];

    /// <summary>Family, model and stepping as CPUID 1 EAX encodes them (SDM Vol. 2A, CPUID).</summary>
    public uint Signature
    {
        get
        {
            uint family = (uint)Math.Min(Family, 15);
            uint extendedFamily = (uint)Math.Max(Family - 15, 0);
            return (uint)Stepping | ((uint)(Model & 0xF) << 4) | (family << 8) | ((uint)(Model >> 4) << 16) | (extendedFamily << 20);
        }
    }

    /// <summary>Names of all its flags, included models resolved; some may not be emulated.</summary>
    public IEnumerable<string> FlagNames()
    {
        foreach (string flag in Flags)
        {
            if (flag == "*")
            {
                foreach (CpuFeature feature in CpuFeature.All)
                {
                    if (feature.Status == FeatureStatus.Default) yield return feature.Name;
                }
            }
            else if (flag[0] == '@')
            {
                foreach (string inherited in All.First(d => d.Name == flag[1..]).FlagNames()) yield return inherited;
            }
            else
            {
                yield return flag;
            }
        }
    }

    private static IEnumerable<CpuModelDefinition> Load()
    {
        List<string> flags = [];
        foreach (string line in CpuData.Lines("Data.models"))
        {
            string[] words = line.Split('|')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0] == "flags")
            {
                flags.AddRange(words[1..]);
                continue;
            }

            flags = [];
            yield return new CpuModelDefinition(
                words[1], words[2], Number(words[3]), Number(words[4]), Number(words[5]), Hex(words[6]), Hex(words[7]), Number(words[8]),
                line[(line.IndexOf('|', StringComparison.Ordinal) + 1)..].Trim(), flags);
        }

        static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
        static uint Hex(string word) => uint.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
