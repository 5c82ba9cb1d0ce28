using System.CommandLine;
using System.Diagnostics;
using Emu.Debugging.Gdb;
using Emu.Debugging.Tracing;
using Emu.Frontend.CommandLine;
using Xunit;

namespace Emu.Frontend.Tests.CommandLine;

public sealed class CommandLineTests : IDisposable
{
    private static readonly ParserConfiguration Parsing = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    private readonly string directory = Directory.CreateTempSubdirectory("emu-cli").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static LaunchOptions Parse(params string[] arguments)
    {
        RootCommand root = EmuCommand.Create(out _);
        ParseResult result = root.Parse(arguments, Parsing);
        Assert.Empty(result.Errors);
        return LaunchParser.Parse(result, image: null);
    }

    /// <summary>Runs the emulator in a process of its own.</summary>
    private (int Status, string Output, string Errors) Run(params string[] arguments) => EmuProcess.Run(directory, arguments);

    [Theory]
    [InlineData("-machin", "there is no option '-machin'; did you mean '-machine'? (--help lists all)")]
    [InlineData("-enable-kvm", "-enable-kvm is not available: everything is emulated; leave it out")]
    [InlineData("-netdev", "-netdev is not available: there is no network card yet")]
    [InlineData("nosuch.img", "nosuch.img", false)]
    public void An_option_that_is_wrong_gets_one_line_and_a_status(string option, string message, bool exact = true)
    {
        (int status, string output, string errors) = Run(option);
        Assert.NotEqual(0, status);
        Assert.Equal("", output);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
        if (exact) Assert.Equal($"emu: {message}\n", errors);
        else Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-d", "in_asm,bogus", "-d: there is no log item 'bogus'")]
    [InlineData("-dfilter", "12", "-dfilter: '12': a range is")]
    [InlineData("-gdb", "tcp:127.0.0.1:1234,arch=arm", "-gdb arch=arm: there are auto")]
    [InlineData("-gdb", "null", "-gdb: gdb connects to")]
    [InlineData("-m", "12q", "-m")]
    [InlineData("-m", "0", "-m 0: RAM is")]
    [InlineData("-smp", "300", "-smp 300: the machine takes 1 to 255")]
    [InlineData("-icount", "shift=11", "-icount shift=11: shift is 0 to 10")]
    [InlineData("-rtc", "base=yesterday", "-rtc base=yesterday")]
    [InlineData("-boot", "x", "-boot x: 'x' is no boot device")]
    [InlineData("-append", "quiet", "-append needs a -kernel")]
    [InlineData("-serial", "carrier-pigeon", "-serial carrier-pigeon: not a line")]
    [InlineData("-serial", "tcp:nowhere", "-serial: 'nowhere' is not HOST:PORT")]
    [InlineData("-serial", "chardev:none-such", null)]
    [InlineData("-serial", "file:", "-serial file:: a path is missing")]
    [InlineData("-serial", "chardev:", "-serial chardev:: the id of a -chardev is missing")]
    [InlineData("-parallel", "lpt1", "-parallel lpt1: not a line")]
    [InlineData("-mon", "mode=readline", "-mon mode=readline: a chardev=ID is needed")]
    [InlineData("-chardev", "stdio", "-chardev stdio: an id=NAME is needed")]
    [InlineData("-device", "isa-debug-exi", "-device isa-debug-exi: there is no such device; did you mean 'isa-debug-exit'?")]
    [InlineData("-device", "e1000", "-device e1000: this device is not available yet")]
    [InlineData("-vga", "cirrus", "-vga cirrus: there are std and none")]
    [InlineData("-uuid", "x", "-uuid x: not a UUID")]
    [InlineData("-display", "gtk", "-display gtk")]
    public void A_bad_value_is_named_with_what_would_be_right(string option, string value, string? message)
    {
        if (message == null)
        {
            // Found out when the line is opened.
            Assert.Equal(LineKindOf(value), Parse(option, value).Serial[0].Kind);
            return;
        }

        UsageException e = Assert.Throws<UsageException>(() => Parse(option, value));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("there is no command 'emu img inof'; did you mean 'info'?; there are create, info, convert, check", "img", "inof")]
    [InlineData("'emu img' needs a command: create, info, convert, check ('emu img --help' explains them)", "img")]
    [InlineData("there is no option '--fil' ('emu create --help' lists all)", "img", "create", "x", "1M", "--fil")]
    [InlineData("Argument 'nope' not recognized. Must be one of: 'cloud' 'generic' '686'", "linux", "--variant", "nope")]
    [InlineData("Cannot parse argument 'foo' for option '--seed': not a number in range", "test", "oracle", "--seed", "foo")]
    public void A_bad_command_is_answered_in_one_line(string message, params string[] arguments)
    {
        UsageException e = Assert.Throws<UsageException>(() => EmuCommand.Invoke(arguments));
        Assert.Equal(message, e.Message);
    }

    private static LineKind LineKindOf(string value) => LineSpec.Parse("-serial", value).Kind;

    [Fact]
    public void Every_option_of_the_help_is_parsed_with_a_sensible_value()
    {
        string file = Path.Combine(directory, "file");
        File.WriteAllBytes(file, new byte[1 << 20]);
        Dictionary<string, string> samples = new()
        {
            ["-machine"] = "pc,hpet=off", ["-cpu"] = "qemu64,+avx", ["-smp"] = "2", ["-m"] = "64", ["-accel"] = "tcg", ["-device"] = "pc-testdev", ["-rtc"] = "base=localtime",
            ["-icount"] = "shift=3", ["-name"] = "guest", ["-uuid"] = "550e8400-e29b-41d4-a716-446655440000", ["-kernel"] = file, ["-initrd"] = file, ["-append"] = "quiet", ["-bios"] = file,
            ["-boot"] = "order=dc,menu=on", ["-drive"] = $"file={file},format=raw,if=ide", ["-serial"] = "null", ["-parallel"] = "null", ["-monitor"] = "null", ["-qmp"] = "null",
            ["-chardev"] = "null,id=x", ["-mon"] = "chardev=x", ["-debugcon"] = "null", ["-display"] = "none", ["-vga"] = "std", ["-k"] = "en-us",
            ["-vnc"] = "none", ["-gdb"] = "tcp:127.0.0.1:0", ["-d"] = "int,io", ["-D"] = "log.txt", ["-dfilter"] = "0x1000..0x2000",
        };
        foreach (QemuOption option in QemuOptions.All)
        {
            List<string> arguments = [option.Name];
            if (option.Argument != null && option.Kind != ArgumentKind.None) arguments.Add(samples.GetValueOrDefault(option.Name) ?? file);
            // These make sense with another one only.
            if (option.Name is "-initrd" or "-append") arguments.AddRange(["-kernel", file]);
            if (option.Name == "-full-screen") continue;
            LaunchOptions parsed = Parse([.. arguments]);
            Assert.NotNull(parsed.Machine);
        }
    }

    [Fact]
    public void The_options_of_debugging_reach_the_run()
    {
        LaunchOptions options = Parse("-S", "-gdb", "unix:/tmp/x,arch=i8086", "-d", "int,cpu_reset", "-D", "log", "-dfilter", "1000+10");
        Assert.True(options.Machine.StartPaused);
        Assert.Equal(LineKind.Unix, options.Gdb?.Kind);
        Assert.True(options.Gdb?.Server);
        Assert.Equal(GdbArchitecture.I8086, options.GdbArchitecture);
        Assert.Equal(LogItems.Interrupts | LogItems.Reset, options.Log.Items);
        Assert.Equal("log", options.Log.File);
        Assert.True(options.Log.Filter?.Includes(0x100F));
        Assert.Equal(1234, Parse("-s").Gdb?.Address.Port);
    }

    [Fact]
    public void The_help_names_every_option_and_command_and_keeps_to_its_width()
    {
        StringWriter text = new();
        RootCommand root = EmuCommand.Create(out _);
        GroupedHelp.Write(root, text, 80);
        foreach (QemuOption option in QemuOptions.All) Assert.Contains(option.Name, text.ToString(), StringComparison.Ordinal);
        foreach (Command command in root.Subcommands.Where(c => !c.Hidden)) Assert.Contains("  emu " + command.Name, text.ToString(), StringComparison.Ordinal);
        Assert.All(text.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, 100));
    }

    [Theory]
    [InlineData("-M")]
    [InlineData("-cpu")]
    [InlineData("-device")]
    [InlineData("-accel")]
    [InlineData("-display")]
    [InlineData("-vga")]
    [InlineData("-d")]
    public void Help_as_a_value_lists_what_there_is(string option)
    {
        RootCommand root = EmuCommand.Create(out _);
        StringWriter text = new();
        Assert.True(Listings.TryPrint(root.Parse([option, "help"], Parsing), text));
        Assert.True(text.ToString().Length > 30, text.ToString());
    }

    [Theory]
    [InlineData("emu -mach", "-machine")]
    [InlineData("emu -vga ", "std")]
    [InlineData("emu lin", "linux")]
    [InlineData("emu dem", "demo")]
    [InlineData("emu demo --to", "--tour")]
    [InlineData("emu img cre", "create")]
    public void The_completion_script_completes_in_a_real_shell(string line, string expected)
    {
        if (!File.Exists("/bin/bash")) return;
        string script = Path.Combine(directory, "completion.bash");
        string[] words = line.Split(' ');
        File.WriteAllText(script, Completion.Script("bash") + $"COMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))})\nCOMP_CWORD={words.Length - 1}\n_emu\necho \"${{COMPREPLY[@]}}\"\n");
        using Process bash = Process.Start(new ProcessStartInfo("/bin/bash", [script]) { RedirectStandardOutput = true, WorkingDirectory = directory }) ?? throw new InvalidOperationException();
        string output = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        Assert.Contains(expected, output.Split(' ', '\n'));
    }

    [Fact]
    public void The_demonstration_runs_from_the_command_line_and_saves_its_screens()
    {
        (int status, string output, string errors) = Run("demo", "-display", "none", "--screenshots", "shots", "-serial", "stdio", "-monitor", "none", "-icount", "shift=3,sleep=off");
        Assert.Equal(0, status);
        Assert.StartsWith("emu demo: 1 text", output, StringComparison.Ordinal);
        Assert.Equal(["demo-text.png", "demo-vbe.png", "demo-vga.png"], Directory.GetFiles(Path.Combine(directory, "shots")).Select(f => Path.GetFileName(f) ?? "").Order(StringComparer.Ordinal));
        Assert.Contains("saved", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_goes_to_its_file_and_one_that_cannot_be_written_is_refused()
    {
        (int status, _, string errors) = Run("-D", "/nonexistent/log", "-d", "int", "-display", "none", "-monitor", "none", "-S");
        Assert.Equal(2, status);
        Assert.StartsWith("emu: -D /nonexistent/log: the log cannot be written", errors, StringComparison.Ordinal);
        (status, _, _) = Run("demo", "--tour", "-display", "none", "-serial", "none", "-monitor", "none", "-d", "int", "-D", "log.txt", "-icount", "shift=3,sleep=off");
        Assert.Equal(0, status);
        Assert.Contains(" v=20 ", File.ReadAllText(Path.Combine(directory, "log.txt")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_with_a_kernel_of_its_own_takes_more_for_its_command_line()
    {
        ParseResult result = EmuCommand.Create(out _).Parse(["-append", "quiet"], Parsing);
        Assert.Throws<UsageException>(() => LaunchParser.Parse(result, image: null));
        Assert.Null(LaunchParser.Parse(result, image: null, bringsKernel: true).Machine.Kernel);
    }

    [Fact]
    public void Busybox_has_to_be_a_static_program()
    {
        string file = Path.Combine(directory, "busybox");
        File.WriteAllText(file, "not a program");
        (int status, _, string errors) = Run("linux", "--busybox", file);
        Assert.NotEqual(0, status);
        Assert.Equal($"emu: {file}: not a statically linked program for this kernel\n", errors);
    }
}
