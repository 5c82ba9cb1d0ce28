using Emu.Stepper.Commands;
using Emu.Stepper.Session;

namespace Emu.Stepper.Tests;

/// <summary>Sessions on sources written in the test.</summary>
internal static class Programs
{
    /// <summary>A session on a source; the tests that use it are skipped where the assembler is missing.</summary>
    public static StepperSession Assemble(string source, string extension = ".asm", ProgramOptions? options = null)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("stepper-test-").FullName, "program" + extension);
        File.WriteAllText(path, source);
        return new StepperSession(GuestProgram.FromFile(path, options ?? new ProgramOptions()));
    }

    /// <summary>Runs a script on a session; the output, and whether everything held.</summary>
    public static (bool Good, string Output) Run(StepperSession session, string script, bool json = false)
    {
        StringWriter output = new();
        bool good = new ScriptRunner(new StepperCommands(session), output, json).Run(script.Split('\n'));
        return (good, output.ToString());
    }
}

/// <summary>A fact that needs programs of the host; it says which one is missing when it is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsToolsFactAttribute : Xunit.FactAttribute
{
    public NeedsToolsFactAttribute(params string[] tools)
    {
        if (tools.Length == 0) tools = ["nasm", "ld"];
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        string? missing = Array.Find(tools, tool => !path.Any(p => File.Exists(Path.Combine(p, tool))));
        if (missing != null) Skip = $"'{missing}' is not installed";
    }
}

/// <summary>As <see cref="NeedsToolsFactAttribute"/>, for theories; it needs nasm and ld.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsToolsTheoryAttribute : Xunit.TheoryAttribute
{
    public NeedsToolsTheoryAttribute() => Skip = new NeedsToolsFactAttribute().Skip;
}
