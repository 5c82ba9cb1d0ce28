using System.Xml.Linq;
using Xunit;

namespace Emu.Frontend.Tests.CommandLine;

/// <summary><c>emu test</c> as a script sees it: exit codes, one line for bad input, results files.</summary>
public sealed class TestCommandTests : IDisposable
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    private readonly string directory = Directory.CreateTempSubdirectory("emu-test").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private (int Status, string Output, string Errors) Run(params string[] arguments) => EmuProcess.Run(directory, ["test", .. arguments]);

    private string Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(directory, name), text);
        return name;
    }

    private XElement Load(string name) => XDocument.Load(Path.Combine(directory, name)).Root!;

    [Fact]
    public void State_tests_that_fail_give_status_1_and_results_files()
    {
        Write("a.json", """[ { "code": "FFC0 F4", "expect": { "registers": { "eax": 1 } } }, { "name": "wrong", "code": "F4", "expect": { "registers": { "eax": 1 } } } ]""");
        (int status, string output, string errors) = Run("state", "a.json", "--junit", "a.xml", "--trx", "a.trx");
        Assert.Equal((1, ""), (status, errors));
        Assert.Equal("FAILED a.json: wrong\n  eax is 0x00000000, expected 0x00000001\n1 passed, 1 failed\n", output);
        Assert.Equal(("2", "1"), ((string?)Load("a.xml").Attribute("tests"), (string?)Load("a.xml").Attribute("failures")));
        Assert.Equal("wrong", (string?)Assert.Single(Load("a.xml").Descendants("failure")).Parent?.Attribute("name"));
        Assert.Equal(["Passed", "Failed"], Load("a.trx").Descendants(Trx + "UnitTestResult").Select(r => (string)r.Attribute("outcome")!));
    }

    [Theory]
    [InlineData("emu test: bad.json, line 2: not JSON", "state", "bad.json")]
    [InlineData("emu test: there is no file 'none.json'", "state", "none.json")]
    [InlineData("emu test: --junit nowhere/a.xml: there is no directory", "state", "bad.json", "--junit", "nowhere/a.xml")]
    [InlineData("emu test: bad.json: not an XML file", "merge", "bad.json")]
    [InlineData("emu test: there is no mode 'long64'", "fuzz", "--modes", "long64")]
    [InlineData("emu test: there is no function 'sin'", "transcendental", "--functions", "sin")]
    [InlineData("emu test: there is no testfloat_gen", "testfloat", "none")]
    [InlineData("emu test: there is no engine 'fast'", "fuzz", "--engine", "fast")]
    public void Bad_input_gives_status_2_and_one_line(string message, params string[] arguments)
    {
        Write("bad.json", "{\n \"code\": F4 }");
        (int status, string output, string errors) = Run(arguments);
        Assert.Equal((2, ""), (status, output));
        Assert.StartsWith(message, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Merged_shards_give_status_1_when_one_of_them_has_a_mismatch(int mismatches)
    {
        static string Shard(int number, string form, int mismatches, string settings = "cases=5") => $"""
            <testsuites name="oracle" tests="1" failures="{mismatches}" time="1.5"><properties><property name="seed" value="1"/><property name="settings" value="{settings}"/><property name="shards" value="{number}"/><property name="shardCount" value="3"/></properties>
            <testsuite name="64-bit X"><testcase classname="oracle.64.X" name="{form}"><properties><property name="bits" value="64"/><property name="family" value="X"/>
            <property name="status" value="Runnable"/><property name="cases" value="5"/><property name="notImplemented" value="0"/><property name="mismatches" value="{mismatches}"/>
            <property name="lost" value="0"/><property name="disturbed" value="0"/></properties>{(mismatches > 0 ? "<failure message=\"flags\">seed 1 case 3</failure>" : "")}</testcase></testsuite></testsuites>
            """;
        (int status, string output, string errors) = Run("merge", Write("1.xml", Shard(1, "A", 0)), Write("2.xml", Shard(2, "B", mismatches)), "--junit", "all.xml", "--trx", "all.trx");
        Assert.Equal((mismatches, ""), (status, errors));
        Assert.Contains($"forms covered 2/2 (100.0 %), 10 cases, {mismatches} mismatches, seed 1, 3.0 s", output, StringComparison.Ordinal);
        Assert.StartsWith("not the whole run: shards 3 of 3 are missing\n", output, StringComparison.Ordinal);
        Assert.Equal(mismatches > 0, output.Contains("MISMATCH flags: 1 forms: B/64", StringComparison.Ordinal));
        Assert.Equal(("2", $"{mismatches}"), ((string?)Load("all.xml").Attribute("tests"), (string?)Load("all.xml").Attribute("failures")));
        Assert.Equal($"{mismatches}", (string?)Load("all.trx").Descendants(Trx + "Counters").Single().Attribute("failed"));
        Assert.Equal(2, Run("merge", "1.xml", "1.xml").Status);
        Assert.Equal(2, Run("merge", "all.xml", "2.xml").Status);
        (status, _, errors) = Run("merge", "1.xml", Write("3.xml", Shard(3, "sequence", 0, "cases=6")));
        Assert.Equal((2, "emu test: a run with cases=5 and one with cases=6 are not shards of one run\n"), (status, errors));
    }

    [Fact]
    public void Short_runs_of_every_kind_pass_and_end_with_their_sums()
    {
        (int status, string output, _) = Run("fuzz", "--modes", "real", "--instructions", "2000");
        Assert.Equal(0, status);
        Assert.Matches("1 modes, 2,[0-9]{3} instructions retired, .* 0 failures, seed 1", output);
        (status, output, _) = Run("transcendental", "--functions", "fsin", "--cases", "50");
        Assert.Equal(0, status);
        Assert.Contains("1 functions, 50 cases, greatest error 0.", output, StringComparison.Ordinal);
    }
}
