using System.Text.RegularExpressions;
using Emu.Conformance.Generation;
using Iced.Intel;

namespace Emu.Conformance.Forms;

/// <summary>All instruction forms of Iced's tables, sorted into what can be compared with the host and what cannot, and why.</summary>
public sealed class FormCatalog
{
    private readonly Dictionary<int, IReadOnlyList<InstructionForm>> _forms = [];

    /// <summary>Builds the catalogue for a host.</summary>
    public FormCatalog(HostFeatures host)
    {
        Host = host;
        foreach (int bits in (int[])[16, 32, 64])
        {
            _forms[bits] = [.. Enum.GetValues<Code>()
                .Where(code => InMode(code.ToOpCode(), bits))
                .Select(code => Classify(code, bits, host))];
        }
    }

    /// <summary>The host it was built for.</summary>
    public HostFeatures Host { get; }

    /// <summary>Every form of a mode (16, 32, 64).</summary>
    public IReadOnlyList<InstructionForm> Forms(int bits) => _forms[bits];

    /// <summary>The forms whose name or mnemonic matches a pattern: <c>*</c> and <c>?</c> as in a shell, or <c>/regex/</c>; several are separated by commas.</summary>
    /// <exception cref="ArgumentException">The pattern is not a valid expression, or matches nothing.</exception>
    public IReadOnlyList<InstructionForm> Select(int bits, string? patterns)
    {
        if (string.IsNullOrWhiteSpace(patterns)) return Forms(bits);
        var expressions = patterns.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(ToRegex).ToArray();
        InstructionForm[] selected = [.. Forms(bits).Where(form =>
            expressions.Any(e => e.IsMatch(form.Name) || e.IsMatch(form.Mnemonic.ToString()) || e.IsMatch(form.Family)))];
        return selected.Length > 0 ? selected : throw new ArgumentException($"no {bits}-bit instruction form matches '{patterns}'");
    }

    private static Regex ToRegex(string pattern)
    {
        string expression = pattern.Length > 2 && pattern[0] == '/' && pattern[^1] == '/'
            ? pattern[1..^1]
            : "^" + Regex.Escape(pattern).Replace("\\*", ".*").Replace("\\?", ".") + "$";
        return new Regex(expression, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
    }

    private static bool InMode(OpCodeInfo opCode, int bits) =>
        opCode.IsInstruction && (bits switch { 16 => opCode.Mode16, 32 => opCode.Mode32, _ => opCode.Mode64 });

    private static InstructionForm Classify(Code code, int bits, HostFeatures host)
    {
        OpCodeInfo opCode = code.ToOpCode();
        CpuidFeature[] features = code.CpuidFeatures();
        string gates = string.Join('+', features);
        if (opCode.Encoding is EncodingKind.EVEX or EncodingKind.MVEX || gates.Contains("AVX512", StringComparison.Ordinal))
            return Outside("AVX-512");
        if (gates.Contains("AMX", StringComparison.Ordinal)) return Outside("AMX");
        if (!host.Has(features)) return Outside($"the host has no {gates}");
        if (opCode.Fwait) return Outside("WAIT and the no-wait form are two instructions");
        bool privileged = opCode.IsPrivileged || !opCode.Cpl3;
        if (!(bits switch { 16 => AmdOr(opCode.AmdDecoder16, opCode.IntelDecoder16), 32 => AmdOr(opCode.AmdDecoder32, opCode.IntelDecoder32), _ => AmdOr(opCode.AmdDecoder64, opCode.IntelDecoder64) }))
            return Outside("the host's vendor decodes it differently");
        if (!opCode.ProtectedMode && bits != 64) return Outside("not in protected mode");
        if (NotComparable.Reason(code, bits) is { } reason)
            return new InstructionForm(code, bits, privileged ? FormStatus.Outside : FormStatus.NotComparable, reason);
        if (!new InstructionBuilder(bits).CanEncode(code)) return Outside("no encoding of its own that decodes back to it");
        return privileged
            ? new InstructionForm(code, bits, FormStatus.Privileged, "privileged")
            : new InstructionForm(code, bits, FormStatus.Runnable, "");

        static bool AmdOr(bool amd, bool intel) => HostFeatures.IsAmd ? amd : intel;

        InstructionForm Outside(string why) => new(code, bits, FormStatus.Outside, why);
    }
}
