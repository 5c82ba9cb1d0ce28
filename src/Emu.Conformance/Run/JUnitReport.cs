using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Emu.Conformance.Forms;

namespace Emu.Conformance.Run;

/// <summary>The results file cannot be read; the message says why in one line.</summary>
public sealed class ReportFormatException(string message) : Exception(message);

/// <summary>
/// Reads and writes reports as JUnit XML: a suite for each mode and family, a test case for each form. Counts are kept in properties, so that the
/// files of shards can be merged.
/// </summary>
public static class JUnitReport
{
    /// <summary>Writes a report.</summary>
    public static void Write(OracleReport report, Stream stream)
    {
        var root = new XElement("testsuites", new XAttribute("name", "oracle"),
            new XAttribute("tests", report.Forms.Count), new XAttribute("failures", report.Forms.Count(f => f.MismatchCount > 0)),
            new XAttribute("skipped", report.Forms.Count(f => f.Cases == 0)), new XAttribute("time", Number(report.Duration.TotalSeconds)),
            new XElement("properties", Property("seed", report.Seed.ToString(CultureInfo.InvariantCulture))));
        foreach (var suite in report.Forms.GroupBy(f => (f.Bits, f.Family)))
        {
            root.Add(new XElement("testsuite", new XAttribute("name", $"{suite.Key.Bits}-bit {suite.Key.Family}"),
                new XAttribute("tests", suite.Count()), new XAttribute("failures", suite.Count(f => f.MismatchCount > 0)),
                new XAttribute("skipped", suite.Count(f => f.Cases == 0)), new XAttribute("errors", 0),
                suite.Select(TestCase)));
        }
        var settings = new XmlWriterSettings { Indent = true, CheckCharacters = false };
        using var writer = XmlWriter.Create(stream, settings);
        new XDocument(root).Save(writer);
    }

    /// <summary>Reads a report written by <see cref="Write"/>.</summary>
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
        var report = new OracleReport { Seed = Value(root, "seed"), Duration = TimeSpan.FromSeconds((double?)root.Attribute("time") ?? 0) };
        report.Forms.AddRange(root.Descendants("testcase").Select(ReadCase));
        return report;
    }

    private static XElement TestCase(FormResult form)
    {
        var element = new XElement("testcase", new XAttribute("classname", $"oracle.{form.Bits}.{form.Family}"), new XAttribute("name", form.Form),
            new XElement("properties", Property("bits", Number(form.Bits)), Property("family", form.Family), Property("status", form.Status.ToString()),
                Property("cases", Number(form.Cases)), Property("notImplemented", Number(form.NotImplemented)),
                Property("mismatches", Number(form.MismatchCount)), Property("lost", Number(form.Lost)), Property("disturbed", Number(form.Disturbed))));
        if (form.MismatchCount > 0)
        {
            foreach (Mismatch mismatch in form.Mismatches)
                element.Add(new XElement("failure", new XAttribute("message", mismatch.Signature), mismatch.Description));
        }
        else if (form.Cases == 0)
        {
            element.Add(new XElement("skipped", new XAttribute("message", form.NotImplemented > 0 ? "not implemented" : form.Reason.Length > 0 ? form.Reason : "not run")));
        }
        return element;
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

    private static XElement Property(string name, string value) => new("property", new XAttribute("name", name), new XAttribute("value", value));

    private static string Text(XElement element, string name) =>
        (string?)element.Element("properties")?.Elements("property").FirstOrDefault(p => (string?)p.Attribute("name") == name)?.Attribute("value") ?? "";

    private static ulong Value(XElement element, string name) => ulong.TryParse(Text(element, name), CultureInfo.InvariantCulture, out ulong value)
        ? value : throw new ReportFormatException($"property '{name}' is missing: not written by this program");

    private static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
