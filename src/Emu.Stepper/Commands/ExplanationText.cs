using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Commands;

/// <summary>Explanations as plain text.</summary>
public static class ExplanationText
{
    /// <summary>Heading and lines, the lines indented by what they are about.</summary>
    public static IEnumerable<string> Lines(Explanation explanation, StepperSession session)
    {
        yield return $"{session.Describe(explanation.Address)}: {explanation.Text}";
        foreach (ExplanationLine line in explanation.Lines) yield return $"  {Label(line.Kind),-9} {line.Text}";
    }

    /// <summary>Short name of what a line is about.</summary>
    public static string Label(ExplanationKind kind) => kind switch
    {
        ExplanationKind.Summary => "does",
        ExplanationKind.Operand => "operand",
        ExplanationKind.Address => "address",
        ExplanationKind.Segment => "segment",
        ExplanationKind.Page => "page",
        ExplanationKind.Result => "result",
        ExplanationKind.Flag => "flag",
        ExplanationKind.Stack => "stack",
        ExplanationKind.Control => "flow",
        ExplanationKind.System => "system",
        _ => "event",
    };
}
