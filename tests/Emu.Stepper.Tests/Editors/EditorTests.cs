using System.Diagnostics;
using Xunit;

namespace Emu.Stepper.Tests;

/// <summary><c>emu dap</c> with a real editor at the other end: Emacs and its dap-mode, as Debian has them.</summary>
public sealed class EditorTests
{
    private const string Source = """
        section .data
        total: dq 0
        section .text
        global _start
        _start:
            mov ecx, 3
        again:
            add [total], rcx
            loop again
            mov eax, 60
            mov edi, 5
            syscall
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [DapModeFact]
    public void EmacsStepsForwardAndBackThroughAnAssemblySource()
    {
        string directory = Directory.CreateTempSubdirectory("stepper-test-").FullName;
        string source = Path.Combine(directory, "program.asm");
        File.WriteAllText(source, Source);
        ProcessStartInfo start = new("emacs") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOME"] = directory;
        foreach (string argument in (string[])["--batch", "-l", Path.Combine(AppContext.BaseDirectory, "Editors", "session.el"), "--", source, "8", "dotnet", Path.Combine(AppContext.BaseDirectory, "emu.dll"), "dap"]) start.ArgumentList.Add(argument);
        using Process emacs = Process.Start(start) ?? throw new InvalidOperationException("emacs does not start");
        Task<string> output = emacs.StandardOutput.ReadToEndAsync(), errors = emacs.StandardError.ReadToEndAsync();
        if (!emacs.WaitForExit(Limit))
        {
            emacs.Kill(entireProcessTree: true);
            Assert.Fail($"Emacs hangs: {output.Result}{errors.Result}");
        }

        Assert.True(emacs.ExitCode == 0, errors.Result);
        Assert.Equal(
            """
            line 8: add [total], rcx, ecx is 3
            line 9: loop again, ecx is 3
            line 8: add [total], rcx, ecx is 2
            line 9: loop again, ecx is 3
            line 8: add [total], rcx, ecx is 3
            registers: Registers, Flags, Segments and control, SSE and AVX, x87, Explanation
            over

            """,
            output.Result);
        Directory.Delete(directory, recursive: true);
    }
}

/// <summary>A fact for Emacs and dap-mode; it says what is missing when it is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DapModeFactAttribute : FactAttribute
{
    public DapModeFactAttribute()
    {
        Skip = new NeedsToolsFactAttribute("nasm", "ld", "emacs").Skip;
        if (Skip == null && !Directory.Exists("/usr/share/emacs/site-lisp/elpa-src") || Skip == null && Directory.GetDirectories("/usr/share/emacs/site-lisp/elpa-src", "dap-mode-*").Length == 0) Skip = "needs Emacs's dap-mode: install the packages emacs-nox and elpa-dap-mode";
    }
}
