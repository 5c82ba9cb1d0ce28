using System.Net;
using System.Text;
using Emu.Stepper.Explain;

namespace Emu.Stepper.Session;

/// <summary>What was done, step by step, as a document to hand in or to teach with.</summary>
public static class Transcript
{
    private const string Css = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}pre,code{font-family:monospace}section{border-top:1px solid #ccc;padding:.5em 0}h3{margin:.2em 0}dt{float:left;clear:left;width:6em;color:#666}dd{margin:0 0 .2em 6.5em}.note{background:#ffd;padding:.5em}";

    /// <summary>Writes it to a file: HTML if its name ends in .html or .htm, Markdown otherwise.</summary>
    /// <exception cref="StepperException">The file cannot be written.</exception>
    public static void Save(StepperSession session, string path)
    {
        bool html = Path.GetExtension(path).ToLowerInvariant() is ".html" or ".htm";
        try
        {
            File.WriteAllText(path, html ? Html(session) : Markdown(session));
        }
        catch (DirectoryNotFoundException)
        {
            throw new StepperException($"{path}: there is no such directory");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StepperException($"{path}: {e.Message}");
        }
    }

    /// <summary>As Markdown.</summary>
    public static string Markdown(StepperSession session)
    {
        StringBuilder text = new($"# {session.Program.Name}\n\n");
        int number = 0;
        foreach (object item in InOrder(session))
        {
            if (item is Note note)
            {
                text.Append($"> {note.Text}\n\n");
                continue;
            }

            Explanation step = (Explanation)item;
            text.Append($"## {++number}. `{step.Text}`\n\nat {session.Describe(step.Address)}\n\n");
            foreach (ExplanationLine line in step.Lines) text.Append(line.Kind == ExplanationKind.Summary ? $"{line.Text}\n\n" : $"- **{Commands.ExplanationText.Label(line.Kind)}** {line.Text.Replace("*", "\\*", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}\n");
            text.Append('\n');
        }

        if (session.Output.Length > 0) text.Append($"## Output\n\n```\n{session.Output.TrimEnd('\n')}\n```\n");
        return text.ToString();
    }

    /// <summary>As an HTML page that needs nothing else.</summary>
    public static string Html(StepperSession session)
    {
        StringBuilder text = new($"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Encoded(session.Program.Name)}</title><style>{Css}</style></head><body>\n<h1>{Encoded(session.Program.Name)}</h1>\n");
        int number = 0;
        foreach (object item in InOrder(session))
        {
            if (item is Note note)
            {
                text.Append($"<p class=\"note\">{Encoded(note.Text)}</p>\n");
                continue;
            }

            Explanation step = (Explanation)item;
            text.Append($"<section><h3>{++number}. <code>{Encoded(step.Text)}</code></h3><p>at {Encoded(session.Describe(step.Address))}</p>");
            foreach (ExplanationLine line in step.Lines.Where(l => l.Kind == ExplanationKind.Summary)) text.Append($"<p>{Encoded(line.Text)}</p>");
            text.Append("<dl>");
            foreach (ExplanationLine line in step.Lines.Where(l => l.Kind != ExplanationKind.Summary)) text.Append($"<dt>{Commands.ExplanationText.Label(line.Kind)}</dt><dd>{Encoded(line.Text)}</dd>");
            text.Append("</dl></section>\n");
        }

        if (session.Output.Length > 0) text.Append($"<section><h3>Output</h3><pre>{Encoded(session.Output)}</pre></section>\n");
        return text.Append("</body></html>\n").ToString();
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Steps with the notes where they were made.</summary>
    private static IEnumerable<object> InOrder(StepperSession session)
    {
        int next = 0;
        Note[] notes = [.. session.Notes.OrderBy(n => n.Position)];
        for (int i = 0; i < session.Steps.Count; i++)
        {
            while (next < notes.Length && notes[next].Position <= session.StepPositions[i]) yield return notes[next++];
            yield return session.Steps[i];
        }

        while (next < notes.Length) yield return notes[next++];
    }
}
