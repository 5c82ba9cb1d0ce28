using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Emu.Conformance.Forms;

namespace Emu.Conformance.Run;

/// <summary>The results file cannot be read; the message says why in one line.</summary>
public sealed class ReportFormatException(string message) : Exception(message);

/// <summary>
/// Turns reports into outcomes, a suite for each mode and family, a test for each form, and reads them back from JUnit XML. Counts are kept in
/// properties, so that the files of shards can be merged.
/// </summary>
public static class OracleResults
{
    private const string SettingsProperty = "settings", ShardsProperty = "shards", ShardCountProperty = "shardCount";

    /// <summary>The outcomes of a report.</summary>
    public static TestRunResult ToRunResult(OracleReport report) =>
        new("oracle", report.Seed, report.Duration, [.. report.Forms.Select(ToOutcome)])
        {
            Properties = [new(SettingsProperty, report.Settings), new(ShardsProperty, string.Join(',', report.Shards)), new(ShardCountProperty, Number(report.ShardCount))],
        };

    /// <summary>Reads a report from JUnit XML.</summary>
    /// <exception cref="ReportFormatException">It is not one.</exception>
    public static OracleReport Read(Stream stream)
    {
        XElement root;
        try
        {
            root = XDocument.Load(stream).Root ?? throw new ReportFormatException("the file has no content");
        }
        catch (XmlException e)
        {
            throw new ReportFormatException($"not an XML file: {e.Message}");
        }
        if (root.Name != "testsuites") throw new ReportFormatException("not a JUnit results file: its root is not <testsuites>");
        var report = new OracleReport { Seed = Value(root, "seed"), Settings = Text(root, SettingsProperty), Shards = ReadShards(root), ShardCount = (int)Math.Min(Value(root, ShardCountProperty), int.MaxValue), Duration = TimeSpan.FromSeconds((double?)root.Attribute("time") ?? 0) };
        report.Forms.AddRange(root.Descendants("testcase").Select(ReadCase));
        return report;
    }

    private static TestOutcome ToOutcome(FormResult form) => new($"{form.Bits}-bit {form.Family}", $"oracle.{form.Bits}.{form.Family}", form.Form)
    {
        Failures = form.Mismatches,
        FailureSummary = form.MismatchCount > 0 ? $"{form.MismatchCount} of {form.Cases} cases differ" : null,
        Skipped = form.Cases > 0 ? null : form.NotImplemented > 0 ? "not implemented" : form.Reason.Length > 0 ? form.Reason : "not run",
        Properties =
        [
            new("bits", Number(form.Bits)), new("family", form.Family), new("status", form.Status.ToString()),
            new("cases", Number(form.Cases)), new("notImplemented", Number(form.NotImplemented)),
            new("mismatches", Number(form.MismatchCount)), new("lost", Number(form.Lost)), new("disturbed", Number(form.Disturbed)),
        ],
    };

    private static List<int> ReadShards(XElement root)
    {
        List<int> shards = [];
        foreach (string text in Text(root, ShardsProperty).Split(','))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int shard)) throw new ReportFormatException($"property '{ShardsProperty}' is missing: not written by this program");
            shards.Add(shard);
        }
        return shards;
    }

    private static FormResult ReadCase(XElement element)
    {
        string name = (string?)element.Attribute("name") ?? throw new ReportFormatException("a test case has no name");
        if (!Enum.TryParse(Text(element, "status"), out FormStatus status)) throw new ReportFormatException($"test case {name} has no status: not written by this program");
        return new FormResult
        {
            Form = name,
            Bits = (int)Value(element, "bits"),
            Family = Text(element, "family"),
            Status = status,
            Reason = (string?)element.Element("skipped")?.Attribute("message") ?? "",
            Cases = (long)Value(element, "cases"),
            NotImplemented = (long)Value(element, "notImplemented"),
            MismatchCount = (long)Value(element, "mismatches"),
            Lost = (long)Value(element, "lost"),
            Disturbed = (long)Value(element, "disturbed"),
            Mismatches = [.. element.Elements("failure").Select(f => new Mismatch((string?)f.Attribute("message") ?? "", f.Value))],
        };
    }

    private static string Text(XElement element, string name) =>
        (string?)element.Element("properties")?.Elements("property").FirstOrDefault(p => (string?)p.Attribute("name") == name)?.Attribute("value") ?? "";

    private static ulong Value(XElement element, string name) => ulong.TryParse(Text(element, name), CultureInfo.InvariantCulture, out ulong value)
        ? value : throw new ReportFormatException($"property '{name}' is missing: not written by this program");

    private static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
