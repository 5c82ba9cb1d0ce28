using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Emu.Stepper.Tests;

/// <summary><c>emu step</c> in a terminal, as a person has it: in tmux, whose screen can be read.</summary>
public sealed class TerminalTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly string directory = Directory.CreateTempSubdirectory("stepper-test-").FullName;

    public TerminalTests() => File.WriteAllText(Path.Combine(directory, "program.asm"), "section .text\nglobal _start\n_start: mov eax, 77\nagain: jmp again\n");

    public void Dispose()
    {
        Tmux("kill-server");
        Directory.Delete(directory, recursive: true);
    }

    [NeedsToolsFact("nasm", "ld", "tmux", "stty")]
    public void TheTerminalIsAsBeforeHoweverTheToolEnds()
    {
        Open(120, 40);
        Tmux("send-keys", "-t", "0", "s");
        Await("instruction 1 ");
        Tmux("send-keys", "-t", "0", "C-c");
        Await("left 0");
        AssertRestored();

        Start();
        Signal("TERM");
        Await("left 143");
        AssertRestored();

        Start();
        Tmux("send-keys", "-t", "0", "c");
        Await("running; Esc stops");
        Signal("HUP");
        Await("left 129");
        AssertRestored();
    }

    [NeedsToolsFact("nasm", "ld", "tmux", "stty")]
    public void ItIsSuspendedAndComesBack()
    {
        Open(120, 40);
        Tmux("send-keys", "-t", "0", "s");
        Await("instruction 1 ");
        Tmux("send-keys", "-t", "0", "C-z");
        AwaitModes("0 0 1");
        Tmux("send-keys", "-t", "0", "fg", "Enter");
        Await("instruction 1 ");
        Tmux("send-keys", "-t", "0", "b");
        Await("instruction 0 ");
        Tmux("send-keys", "-t", "0", "q");
        AwaitModes("0 0 1");
    }

    [NeedsToolsFact("nasm", "ld", "tmux", "stty")]
    public void ItFollowsTheSizeOfTheTerminal()
    {
        Open(120, 40);
        Tmux("resize-window", "-t", "0", "-x", "80", "-y", "24");
        Await("jmp short again", "about to happen", "? help  q quit", absent: "0000_00_00");
        Tmux("resize-window", "-t", "0", "-x", "30", "-y", "8");
        Await("30x8 is too small");
        Tmux("resize-window", "-t", "0", "-x", "150", "-y", "46");
        Await("rax 00000000_0000_00_00", "? help  q quit");
    }

    private void Open(int width, int height)
    {
        Tmux("new-session", "-d", "-x", Number(width), "-y", Number(height), "-c", directory, "env PS1='$ ' bash --norc");
        Tmux("send-keys", "-t", "0", "stty -g > before", "Enter");
        Start();
    }

    private void Start()
    {
        string emu = Path.Combine(AppContext.BaseDirectory, "emu.dll");
        Tmux("send-keys", "-t", "0", $"clear; sh -c 'echo $$ > pid; exec dotnet {emu} step program.asm'; echo left $?; stty -g > after", "Enter");
        Await("about to happen");
    }

    private void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", File.ReadAllText(Path.Combine(directory, "pid")).Trim()]);
        kill.WaitForExit();
    }

    private void AssertRestored()
    {
        AwaitModes("0 0 1");
        string after = Path.Combine(directory, "after");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(after) && new FileInfo(after).Length > 0, Limit), "stty has written nothing");
        Assert.Equal(File.ReadAllText(Path.Combine(directory, "before")), File.ReadAllText(after));
        File.Delete(after);
    }

    /// <summary>Waits until the alternate screen, the mouse and the cursor are as given.</summary>
    private void AwaitModes(string modes)
    {
        string found = "";
        Assert.True(SpinWait.SpinUntil(() => (found = Tmux("display-message", "-p", "-t", "0", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").Trim()) == modes, Limit), $"alternate screen, mouse, cursor are {found}");
    }

    private void Await(params string[] texts) => Await(texts, null);

    private void Await(string first, string second, string third, string absent) => Await([first, second, third], absent);

    private void Await(string[] texts, string? absent)
    {
        string screen = "";
        bool seen = SpinWait.SpinUntil(
            () =>
            {
                screen = Tmux("capture-pane", "-p", "-t", "0");
                return Array.TrueForAll(texts, t => screen.Contains(t, StringComparison.Ordinal)) && (absent == null || !screen.Contains(absent, StringComparison.Ordinal));
            },
            Limit);
        Assert.True(seen, $"not seen: {string.Join(", ", texts)} in\n{screen}");
    }

    private string Tmux(params string[] arguments)
    {
        ProcessStartInfo start = new("tmux") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-S", Path.Combine(directory, "tmux"), .. arguments]) start.ArgumentList.Add(argument);
        using Process tmux = Process.Start(start) ?? throw new InvalidOperationException("tmux does not start");
        string output = tmux.StandardOutput.ReadToEnd();
        tmux.WaitForExit();
        return output;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
