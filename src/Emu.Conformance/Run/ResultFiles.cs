using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Emu.Conformance.Run;

/// <summary>Writes outcomes as JUnit XML and in the results format of Visual Studio and <c>dotnet test</c> (TRX).</summary>
public static class ResultFiles
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
    private const string ListId = "8c84fa94-04c1-424b-9868-57a2d4851a1d", TypeId = "13cdc9d9-ddb5-4fa4-a97d-d965ccfc6d4b";

    /// <summary>Writes JUnit XML.</summary>
    public static void WriteJUnit(TestRunResult run, Stream stream)
    {
        var root = new XElement("testsuites", new XAttribute("name", run.Name),
            new XAttribute("tests", run.Outcomes.Count), new XAttribute("failures", run.Outcomes.Count(o => o.Failures.Count > 0)),
            new XAttribute("skipped", run.Outcomes.Count(o => o.Skipped is not null)),
            new XAttribute("time", run.Duration.TotalSeconds.ToString(CultureInfo.InvariantCulture)),
            Properties([new("seed", run.Seed.ToString(CultureInfo.InvariantCulture)), .. run.Properties]));
        foreach (IGrouping<string, TestOutcome> suite in run.Outcomes.GroupBy(o => o.Suite))
        {
            root.Add(new XElement("testsuite", new XAttribute("name", suite.Key),
                new XAttribute("tests", suite.Count()), new XAttribute("failures", suite.Count(o => o.Failures.Count > 0)),
                new XAttribute("skipped", suite.Count(o => o.Skipped is not null)), new XAttribute("errors", 0),
                suite.Select(JUnitCase)));
        }
        Save(root, stream);
    }

    /// <summary>Writes TRX.</summary>
    public static void WriteTrx(TestRunResult run, Stream stream)
    {
        var results = new XElement(Trx + "Results");
        var definitions = new XElement(Trx + "TestDefinitions");
        var entries = new XElement(Trx + "TestEntries");
        foreach (TestOutcome outcome in run.Outcomes)
        {
            string name = $"{outcome.Suite}: {outcome.Name}", test = Id("test" + name), execution = Id("run" + name);
            results.Add(TrxResult(outcome, name, test, execution));
            definitions.Add(new XElement(Trx + "UnitTest", new XAttribute("name", name), new XAttribute("id", test),
                new XElement(Trx + "Execution", new XAttribute("id", execution)),
                new XElement(Trx + "TestMethod", new XAttribute("codeBase", "emu"), new XAttribute("className", outcome.ClassName), new XAttribute("name", outcome.Name))));
            entries.Add(new XElement(Trx + "TestEntry", new XAttribute("testId", test), new XAttribute("executionId", execution), new XAttribute("testListId", ListId)));
        }
        int failed = run.Outcomes.Count(o => o.Failures.Count > 0), executed = run.Outcomes.Count(o => o.Skipped is null);
        Save(new XElement(Trx + "TestRun", new XAttribute("id", Id($"{run.Name} {run.Seed}")), new XAttribute("name", run.Name),
            results, definitions, entries,
            new XElement(Trx + "TestLists", new XElement(Trx + "TestList", new XAttribute("name", "All Loaded Results"), new XAttribute("id", ListId))),
            new XElement(Trx + "ResultSummary", new XAttribute("outcome", failed > 0 ? "Failed" : "Completed"),
                new XElement(Trx + "Counters", Count("total", run.Outcomes.Count), Count("executed", executed), Count("passed", executed - failed), Count("failed", failed)))),
            stream);
    }

    private static XElement JUnitCase(TestOutcome outcome)
    {
        var element = new XElement("testcase", new XAttribute("classname", outcome.ClassName), new XAttribute("name", outcome.Name));
        if (outcome.Properties.Count > 0) element.Add(Properties(outcome.Properties));
        foreach (Mismatch failure in outcome.Failures)
            element.Add(new XElement("failure", new XAttribute("message", failure.Signature), failure.Description));
        if (outcome.Skipped is { } reason) element.Add(new XElement("skipped", new XAttribute("message", reason)));
        return element;
    }

    private static XElement TrxResult(TestOutcome outcome, string name, string test, string execution)
    {
        string state = outcome.Failures.Count > 0 ? "Failed" : outcome.Skipped is null ? "Passed" : "NotExecuted";
        var result = new XElement(Trx + "UnitTestResult", new XAttribute("executionId", execution), new XAttribute("testId", test),
            new XAttribute("testName", name), new XAttribute("computerName", "localhost"), new XAttribute("testType", TypeId),
            new XAttribute("outcome", state), new XAttribute("testListId", ListId), new XAttribute("relativeResultsDirectory", execution));
        string message = outcome.Skipped ?? string.Join("; ", outcome.Failures.Select(f => f.Signature).Distinct());
        if (outcome.FailureSummary is { } summary) message = $"{summary}: {message}";
        if (message.Length > 0)
        {
            result.Add(new XElement(Trx + "Output", new XElement(Trx + "ErrorInfo", new XElement(Trx + "Message", message),
                new XElement(Trx + "StackTrace", string.Join('\n', outcome.Failures.Select(f => f.Description))))));
        }
        return result;
    }

    private static XElement Properties(IEnumerable<KeyValuePair<string, string>> properties) =>
        new("properties", properties.Select(p => new XElement("property", new XAttribute("name", p.Key), new XAttribute("value", p.Value))));

    private static void Save(XElement root, Stream stream)
    {
        foreach (XAttribute attribute in root.DescendantsAndSelf().Attributes()) attribute.Value = Printable(attribute.Value);
        foreach (XText text in root.DescendantNodes().OfType<XText>()) text.Value = Printable(text.Value);
        using var writer = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true });
        new XDocument(root).Save(writer);
    }

    // XML 1.0 has no way to write most control characters.
    private static string Printable(string text) => string.Create(text.Length, text, static (result, source) =>
    {
        for (int i = 0; i < result.Length; i++)
        {
            bool pair = char.IsSurrogate(source[i]) && (i > 0 && char.IsSurrogatePair(source, i - 1) || char.IsSurrogatePair(source, i));
            result[i] = pair || XmlConvert.IsXmlChar(source[i]) ? source[i] : '\uFFFD';
        }
    });

    private static XAttribute Count(string name, int value) => new(name, value.ToString(CultureInfo.InvariantCulture));

    private static string Id(string text) => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16)).ToString();
}
