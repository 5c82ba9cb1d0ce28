using System.Globalization;

namespace Emu.Jit;

/// <summary>What a translator has done and what it holds, at one moment. Sizes are in bytes; instructions in several regions count as often.</summary>
public sealed record TranslatorStatistics
{
    /// <summary>Regions in use.</summary>
    public int Regions { get; init; }

    /// <summary>Regions compiled since the start.</summary>
    public long RegionsCompiled { get; init; }

    /// <summary>Of these, those whose code had changed before they could be put to use.</summary>
    public long RegionsDiscarded { get; init; }

    /// <summary>Regions invalidated since the start: their code was written to, or the interpreter's blocks were dropped.</summary>
    public long RegionsInvalidated { get; init; }

    /// <summary>Regions translated again since the start because accesses that shared a check often lay across two pages.</summary>
    public long RegionsReplaced { get; init; }

    /// <summary>Regions given up for memory since the start.</summary>
    public long RegionsReleased { get; init; }

    /// <summary>Times that all regions were given up for memory.</summary>
    public long Generations { get; init; }

    /// <summary>Hot blocks taken for translation.</summary>
    public long OffersAccepted { get; init; }

    /// <summary>Hot blocks sent back to be counted again, because enough was waiting.</summary>
    public long OffersRefused { get; init; }

    /// <summary>Blocks sent back to be counted again, because they run too seldom.</summary>
    public long OffersRare { get; init; }

    /// <summary>Guest instructions translated since the start.</summary>
    public long InstructionsCompiled { get; init; }

    /// <summary>Of these, those left to the interpreter.</summary>
    public long InstructionsCalled { get; init; }

    /// <summary>IL emitted since the start.</summary>
    public long IlBytes { get; init; }

    /// <summary>Machine code made since the start.</summary>
    public long HostBytes { get; init; }

    /// <summary>Time spent emitting and compiling since the start.</summary>
    public TimeSpan CompileTime { get; init; }

    /// <summary>Plans waiting to be compiled.</summary>
    public int QueueLength { get; init; }

    /// <summary>Memory of the regions that exist: IL, machine code, operations, what they were made from, and the runtime's share. An estimate.</summary>
    public long Memory { get; init; }

    /// <summary>What <see cref="Memory"/> may grow to before all regions are given up.</summary>
    public long MemoryBudget { get; init; }

    /// <summary>Regions given up whose code the runtime's garbage collector has not come by yet.</summary>
    public int Uncollected { get; init; }

    /// <summary>Machine code of the regions that exist.</summary>
    public long HostBytesInUse { get; init; }

    /// <summary>IL of the regions that exist.</summary>
    public long IlBytesInUse { get; init; }

    /// <summary>Regions in use by size: the largest number of guest instructions that counts here, and how many there are.</summary>
    public IReadOnlyList<(int AtMost, int Count)> Sizes { get; init; } = [];

    /// <summary>Instructions left to the interpreter since the start by mnemonic, most frequent first.</summary>
    public IReadOnlyList<(string Mnemonic, long Count)> CalledByMnemonic { get; init; } = [];

    /// <summary>Writes all of it in words.</summary>
    public void Describe(TextWriter output)
    {
        Line(output, "regions in use", $"{Regions:N0}");
        Line(output, "regions compiled", $"{RegionsCompiled:N0}, {RegionsDiscarded:N0} of them too late, {QueueLength} waiting");
        Line(output, "regions invalidated", $"{RegionsInvalidated:N0}");
        Line(output, "regions replaced", $"{RegionsReplaced:N0}, for accesses across two pages");
        Line(output, "regions released", $"{RegionsReleased:N0} for memory, in {Generations:N0} generations");
        Line(output, "hot blocks offered", $"{OffersAccepted + OffersRefused + OffersRare:N0}, {OffersRefused:N0} of them refused because busy, {OffersRare:N0} as too rare");
        Line(output, "instructions translated", $"{InstructionsCompiled:N0}, {Share(InstructionsCalled, InstructionsCompiled)} of them left to the interpreter");
        Line(output, "IL emitted", $"{IlBytes:N0} bytes, {Ratio(IlBytes, InstructionsCompiled)} an instruction");
        Line(output, "host code", $"{HostBytes:N0} bytes, {Ratio(HostBytes, InstructionsCompiled)} an instruction");
        Line(output, "time compiling", $"{CompileTime.TotalMilliseconds:N0} ms, {Ratio(1000 * CompileTime.TotalMilliseconds, InstructionsCompiled)} us an instruction");
        Line(output, "memory in use", $"{Memory / 1024:N0} KiB of {MemoryBudget / 1024:N0} KiB: host code {HostBytesInUse / 1024:N0} KiB, IL {IlBytesInUse / 1024:N0} KiB; {Uncollected:N0} old regions wait for the garbage collector");
        if (Sizes.Count > 0) Line(output, "instructions a region", string.Join(", ", Sizes.Select(s => $"up to {s.AtMost}: {s.Count}")));
        if (CalledByMnemonic.Count > 0) Line(output, "left to the interpreter", string.Join(", ", CalledByMnemonic.Select(c => $"{c.Mnemonic} {c.Count:N0}")));
    }

    private static void Line(TextWriter output, string name, FormattableString value) => Line(output, name, value.ToString(CultureInfo.InvariantCulture));

    private static void Line(TextWriter output, string name, string value) => output.WriteLine($"{name,-24} {value}");

    private static string Share(long part, long whole) => string.Create(CultureInfo.InvariantCulture, $"{(whole == 0 ? 0 : 100.0 * part / whole):F1} %");

    private static string Ratio(double sum, long count) => (count == 0 ? 0 : sum / count).ToString("F1", CultureInfo.InvariantCulture);
}
