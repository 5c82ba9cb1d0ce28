using System.Text.Json;
using System.Text.Json.Nodes;

namespace Emu.Conformance.States;

/// <summary>A state test is malformed; the message says where and how in one line.</summary>
public sealed class StateTestException(string message) : Exception(message);

/// <summary>Reads state tests.</summary>
public static class StateTestReader
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    /// <summary>Reads a file with one test, an array of tests, or an object with <c>tests</c>, and checks every one.</summary>
    /// <exception cref="StateTestException">It is malformed.</exception>
    public static IReadOnlyList<StateTest> Read(Stream stream, string fileName)
    {
        IReadOnlyList<StateTest> tests = Deserialize(Parse(stream, fileName), fileName);
        if (tests.Count == 0) throw new StateTestException($"{fileName}: there are no tests in it");
        var named = new List<StateTest>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (StateTest? test in tests)
        {
            string fallback = $"{Path.GetFileNameWithoutExtension(fileName)} {named.Count + 1}";
            if (test is null) throw new StateTestException($"{fileName}, test {named.Count + 1}: a test is a JSON object");
            string name = test.Name.Length > 0 ? test.Name : fallback;
            // Results files need names that are unique.
            for (int i = 2; !names.Add(name); i++) name = $"{test.Name} ({i})";
            named.Add(test with { Name = name });
            try
            {
                StateTestChecks.Check(named[^1]);
            }
            catch (StateTestException e)
            {
                throw new StateTestException($"{fileName}, test '{name}': {e.Message}");
            }
        }
        return named;
    }

    private static JsonNode? Parse(Stream stream, string fileName)
    {
        try
        {
            return JsonNode.Parse(stream, documentOptions: Options);
        }
        catch (JsonException e)
        {
            int end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw new StateTestException($"{fileName}, line {(e.LineNumber ?? 0) + 1}: not JSON: {(end < 0 ? e.Message : e.Message[..end])}");
        }
    }

    private static IReadOnlyList<StateTest> Deserialize(JsonNode? root, string fileName)
    {
        try
        {
            return root switch
            {
                JsonArray array => array.Deserialize(StateTestContext.Default.ListStateTest) ?? [],
                JsonObject o when o.ContainsKey("tests") => Tests(o.Deserialize(StateTestContext.Default.StateTestFile), fileName),
                JsonObject o => o.Deserialize(StateTestContext.Default.StateTest) is { } test ? [test] : [],
                _ => throw new StateTestException($"{fileName}: a test is a JSON object"),
            };
        }
        catch (JsonException e)
        {
            string what = e.InnerException is FormatException format ? format.Message : "is null or not of the kind that belongs there; see docs/state-tests.md";
            throw new StateTestException($"{fileName}: {e.Path?.TrimStart('$', '.')} {what}");
        }
        catch (InvalidOperationException e)
        {
            // Half of a surrogate pair in a string, which JSON allows and .NET does not.
            throw new StateTestException($"{fileName}: not JSON: {e.Message}");
        }
    }

    private static IReadOnlyList<StateTest> Tests(StateTestFile? file, string fileName)
    {
        if (file is null) return [];
        if (file.Unknown is { Count: > 0 } unknown) throw new StateTestException($"{fileName}: beside 'tests' there is '{unknown.Keys.First()}', which means nothing");
        return file.Tests;
    }
}
