using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Emu.Conformance.Run;

/// <summary>Writes reports in the results format of Visual Studio and <c>dotnet test</c> (TRX).</summary>
public static class TrxReport
{
    private static readonly XNamespace Namespace = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
    private const string ListId = "8c84fa94-04c1-424b-9868-57a2d4851a1d", TypeId = "13cdc9d9-ddb5-4fa4-a97d-d965ccfc6d4b";

    /// <summary>Writes a report.</summary>
    public static void Write(OracleReport report, Stream stream)
    {
        var results = new XElement(Namespace + "Results");
        var definitions = new XElement(Namespace + "TestDefinitions");
        var entries = new XElement(Namespace + "TestEntries");
        foreach (FormResult form in report.Forms)
        {
            string name = $"{form.Form} ({form.Bits}-bit)", test = Id("test" + name), execution = Id("run" + name);
            string outcome = form.MismatchCount > 0 ? "Failed" : form.Cases > 0 ? "Passed" : "NotExecuted";
            var result = new XElement(Namespace + "UnitTestResult", new XAttribute("executionId", execution), new XAttribute("testId", test),
                new XAttribute("testName", name), new XAttribute("computerName", "localhost"), new XAttribute("testType", TypeId),
                new XAttribute("outcome", outcome), new XAttribute("testListId", ListId), new XAttribute("relativeResultsDirectory", execution));
            string message = form.MismatchCount > 0
                ? $"{form.MismatchCount} of {form.Cases} cases differ: {string.Join("; ", form.Mismatches.Select(m => m.Signature).Distinct())}"
                : form.Cases == 0 ? form.NotImplemented > 0 ? "not implemented" : form.Reason : "";
            if (message.Length > 0)
            {
                result.Add(new XElement(Namespace + "Output", new XElement(Namespace + "ErrorInfo", new XElement(Namespace + "Message", message),
                    new XElement(Namespace + "StackTrace", string.Join('\n', form.Mismatches.Select(m => m.Description))))));
            }
            results.Add(result);
            definitions.Add(new XElement(Namespace + "UnitTest", new XAttribute("name", name), new XAttribute("id", test),
                new XElement(Namespace + "Execution", new XAttribute("id", execution)),
                new XElement(Namespace + "TestMethod", new XAttribute("codeBase", "emu"), new XAttribute("className", $"oracle.{form.Bits}.{form.Family}"), new XAttribute("name", form.Form))));
            entries.Add(new XElement(Namespace + "TestEntry", new XAttribute("testId", test), new XAttribute("executionId", execution), new XAttribute("testListId", ListId)));
        }
        int failed = report.Forms.Count(f => f.MismatchCount > 0), executed = report.Forms.Count(f => f.Cases > 0);
        var run = new XElement(Namespace + "TestRun", new XAttribute("id", Id($"oracle {report.Seed}")), new XAttribute("name", "oracle"),
            results, definitions, entries,
            new XElement(Namespace + "TestLists", new XElement(Namespace + "TestList", new XAttribute("name", "All Loaded Results"), new XAttribute("id", ListId))),
            new XElement(Namespace + "ResultSummary", new XAttribute("outcome", failed > 0 ? "Failed" : "Completed"),
                new XElement(Namespace + "Counters", Count("total", report.Forms.Count), Count("executed", executed), Count("passed", executed - failed), Count("failed", failed))));
        using var writer = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true, CheckCharacters = false });
        new XDocument(run).Save(writer);
    }

    private static XAttribute Count(string name, int value) => new(name, value.ToString(CultureInfo.InvariantCulture));

    private static string Id(string text) => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16)).ToString();
}
