using System.Globalization;

namespace Emu.Cpu;

/// <summary>What <c>-cpu model,name=value</c> can change in a model besides its feature flags; the names are QEMU's.</summary>
internal static class CpuModelProperty
{
    /// <summary>Names that concern a hypervisor's host or moving a guest to another one: nothing here depends on the host.</summary>
    private static readonly string[] WithoutEffect = ["host-phys-bits", "migratable"];

    /// <summary>Applies a property. False when it is none: then it is a feature flag.</summary>
    /// <exception cref="CpuModelException">The value is out of range.</exception>
    public static bool TryApply(string text, ref CpuModelDefinition definition)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals], value = equals < 0 ? "" : text[(equals + 1)..];
        if (WithoutEffect.Contains(name)) return true;
        if (equals < 0) return false;
        switch (name)
        {
            case "vendor":
                if (value.Length != 12 || !value.All(char.IsAscii)) throw new CpuModelException($"vendor={value}: a vendor has twelve letters, as GenuineIntel or AuthenticAMD.");
                definition = definition with { Vendor = value };
                return true;
            case "model-id":
                if (value.Length > 47 || !value.All(char.IsAscii)) throw new CpuModelException("model-id is at most 47 ASCII letters long.");
                definition = definition with { Brand = value };
                return true;
            case "family":
                definition = definition with { Family = Number(name, value, 0, 270) };
                return true;
            case "model":
                definition = definition with { Model = Number(name, value, 0, 255) };
                return true;
            case "stepping":
                definition = definition with { Stepping = Number(name, value, 0, 15) };
                return true;
            case "level":
                definition = definition with { Level = (uint)Number(name, value, 1, 0x20) };
                return true;
            case "phys-bits":
                definition = definition with { PhysicalAddressBits = Number(name, value, 32, 52) };
                return true;
            default:
                return false;
        }
    }

    private static int Number(string name, string text, int minimum, int maximum)
    {
        bool hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        NumberStyles style = hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        return int.TryParse(hexadecimal ? text.AsSpan(2) : text, style, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum
            ? value
            : throw new CpuModelException($"{name}={text}: a number from {minimum} to {maximum} is wanted.");
    }
}
