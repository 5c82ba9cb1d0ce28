using Emu.Stepper.Commands;
using Emu.Stepper.Lessons;
using Emu.Stepper.Session;
using Xunit;

namespace Emu.Stepper.Tests;

public sealed class LessonTests
{
    public static TheoryData<string> Names => [.. Lesson.All.Select(l => l.Name)];

    [NeedsToolsTheory]
    [MemberData(nameof(Names))]
    public void TheScriptOfALessonHolds(string name)
    {
        Lesson lesson = Lesson.Find(name)!;
        using StepperSession session = new(lesson.Load());
        StringWriter output = new();
        ScriptRunner runner = new(new StepperCommands(session), output, json: false);
        Assert.True(runner.Run(lesson.Script.Split('\n')), output.ToString());
        Assert.True(runner.Passed >= 4, "a lesson's script checks something");
    }

    [NeedsToolsTheory]
    [MemberData(nameof(Names))]
    public void EveryPartOfALessonsTextBelongsToALabelOfItsSource(string name)
    {
        Lesson lesson = Lesson.Find(name)!;
        using StepperSession session = new(lesson.Load());
        foreach (string label in lesson.Labels) Assert.True(label == "end" || session.Program.Symbols.TryFind(label, out _), label);
        Assert.Contains("end", lesson.Labels);
        Assert.True(lesson.TextFor(session, 40).Count > 2);
    }

    [NeedsToolsFact]
    public void TheTextFollowsTheProgram()
    {
        Lesson lesson = Lesson.Find("stack")!;
        using StepperSession session = new(lesson.Load());
        Assert.Contains(lesson.TextFor(session, 80), l => l.ToString().Contains("PUSH makes RSP smaller", StringComparison.Ordinal));
        session.RunTo(session.Evaluate("factorial"));
        Assert.Contains(lesson.TextFor(session, 80), l => l.ToString().Contains("saves RBP", StringComparison.Ordinal));
    }

    [Fact]
    public void LessonsAreFoundByNameAndNumber()
    {
        Assert.True(Lesson.All.Count >= 10);
        Assert.Equal("registers", Lesson.Find("1")?.Name);
        Assert.Equal("paging", Lesson.Find("Paging")?.Name);
        Assert.Null(Lesson.Find("knitting"));
    }
}
