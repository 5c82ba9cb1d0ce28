using System.Globalization;
using System.Text.RegularExpressions;

namespace Emu.Stepper.Loading;

/// <summary>Assembles NASM and GNU sources with the host's tools.</summary>
public static partial class Assembling
{
    /// <summary>Whether a file name is that of an assembly source.</summary>
    public static bool IsSource(string path) => Path.GetExtension(path).ToLowerInvariant() is ".asm" or ".nasm" or ".s";

    /// <summary>Assembles a source.</summary>
    /// <exception cref="StepperException">The source has errors, or a tool is missing.</exception>
    public static AssembledProgram Assemble(string path)
    {
        path = Path.GetFullPath(path);
        string work = Directory.CreateTempSubdirectory("emu-step-").FullName;
        try
        {
            string text = File.ReadAllText(path);
            return Path.GetExtension(path).Equals(".s", StringComparison.OrdinalIgnoreCase) ? Gnu(path, text, work)
                : IsFlat(text) ? NasmFlat(path, text, work)
                : Nasm(path, text, work);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>NASM sources with an origin, or 16-bit code, are made for a bare machine; all others for Linux.</summary>
    private static bool IsFlat(string text) => Origin().IsMatch(text) || BitsOf(text) == 16;

    private static int? BitsOf(string text)
    {
        Match match = Bits().Match(text);
        if (match.Success) return int.Parse(match.Groups["bits"].Value, CultureInfo.InvariantCulture);
        return UseBits().Match(text) is { Success: true } use ? int.Parse(use.Groups["bits"].Value, CultureInfo.InvariantCulture) : null;
    }

    private static AssembledProgram NasmFlat(string path, string text, string work)
    {
        string prelude = Path.Combine(work, "prelude"), map = Path.Combine(work, "map"), list = Path.Combine(work, "list"), image = Path.Combine(work, "image");
        File.WriteAllText(prelude, $"[map all {map}]\n");
        Check("nasm", path, HostTool.Run("nasm", "nasm", Path.GetDirectoryName(path)!, "-f", "bin", "-p", prelude, "-l", list, "-o", image, path));
        NasmMap parsed = NasmMap.Parse(File.ReadAllLines(map));
        SourceListing source = SourceListing.Parse(path, File.ReadAllLines(list), parsed.Sections);
        return new AssembledProgram(File.ReadAllBytes(image), parsed.Symbols, source, new FlatPlacement(BitsOf(text) ?? 16, parsed.Origin));
    }

    private static AssembledProgram Nasm(string path, string text, string work)
    {
        bool wide = BitsOf(text) is not 32;
        string list = Path.Combine(work, "list"), item = Path.Combine(work, "object");
        Check("nasm", path, HostTool.Run("nasm", "nasm", Path.GetDirectoryName(path)!, "-f", wide ? "elf64" : "elf32", "-l", list, "-o", item, path));
        return Link(path, work, item, list, wide);
    }

    private static AssembledProgram Gnu(string path, string text, string work)
    {
        bool wide = !Code32().IsMatch(text);
        string list = Path.Combine(work, "list"), item = Path.Combine(work, "object");
        Check("as", path, HostTool.Run("as", "binutils", Path.GetDirectoryName(path)!, wide ? "--64" : "--32", $"-aln={list}", "-o", item, path));
        return Link(path, work, item, list, wide);
    }

    private static AssembledProgram Link(string path, string work, string item, string list, bool wide)
    {
        string image = Path.Combine(work, "image");
        (int status, string errors) = HostTool.Run("ld", "binutils", work, "-m", wide ? "elf_x86_64" : "elf_i386", "-o", image, item);
        if (status != 0) throw new StepperException($"{Path.GetFileName(path)} was assembled but not linked: {Undefined(errors)}");
        byte[] bytes = File.ReadAllBytes(image);
        ElfSections sections = ElfSections.Parse(bytes);
        return new AssembledProgram(bytes, sections.Symbols, SourceListing.Parse(path, File.ReadAllLines(list), sections.Addresses), Flat: null);
    }

    private static string Undefined(string errors)
    {
        string[] names = [.. UndefinedReference().Matches(errors).Select(m => m.Groups["name"].Value).Distinct()];
        return names.Length == 0 ? errors.Trim().ReplaceLineEndings("; ") : $"nothing defines {string.Join(", ", names)} (programs here stand alone: no C library is linked)";
    }

    private static void Check(string tool, string path, (int Status, string Errors) result)
    {
        if (result.Status != 0) throw new StepperException(AssemblerErrors.Describe(tool, path, result.Errors));
    }

    [GeneratedRegex(@"^\s*\[?\s*org\b", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Origin();

    [GeneratedRegex(@"^\s*\[?\s*bits\s+(?<bits>16|32|64)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Bits();

    [GeneratedRegex(@"^\s*use(?<bits>16|32|64)\b", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex UseBits();

    [GeneratedRegex(@"^\s*\.code32\b", RegexOptions.Multiline)]
    private static partial Regex Code32();

    [GeneratedRegex(@"undefined reference to [`'](?<name>[^']+)'")]
    private static partial Regex UndefinedReference();
}
