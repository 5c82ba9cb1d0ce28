using System.CommandLine;
using System.Text;

namespace Emu.Frontend.CommandLine;

/// <summary><c>emu completion</c>: prints a script that teaches a shell the command line.</summary>
internal static class Completion
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        Argument<string> shell = new("shell") { Description = "bash or zsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        Command command = new("completion", "Print a completion script for a shell: eval \"$(emu completion bash)\"") { shell };
        command.SetAction(result => Console.Out.Write(Script(result.GetRequiredValue(shell))));
        return command;
    }

    /// <summary>The script.</summary>
    public static string Script(string shell)
    {
        RootCommand root = EmuCommand.Create(out _);
        StringBuilder text = new();
        if (shell == "zsh") text.Append("autoload -U +X bashcompinit && bashcompinit\n");
        text.Append("_emu() {\n    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" words=\"\" i\n    COMPREPLY=()\n");
        text.Append("    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"${COMP_WORDS[i]}\" in\n");
        foreach (Command command in root.Subcommands.Where(c => !c.Hidden)) AppendCommand(text, command);
        text.Append("        esac\n    done\n    case \"${prev#-}\" in\n");
        foreach (QemuOption option in QemuOptions.All.Where(o => o.Kind != ArgumentKind.None))
        {
            string names = string.Join('|', option.Names.Select(n => n[1..]).SelectMany(n => n.Length > 1 ? [n, "-" + n] : (string[])[n]));
            string action = option.Kind switch
            {
                ArgumentKind.File => "COMPREPLY=($(compgen -f -- \"$cur\")); return",
                ArgumentKind.Choice => $"COMPREPLY=($(compgen -W \"{string.Join(' ', option.Choices)}\" -- \"$cur\")); return",
                _ => "return",
            };
            text.Append($"        {names}) {action};;\n");
        }

        text.Append("    esac\n    if [[ $cur == -* ]]; then\n");
        text.Append($"        COMPREPLY=($(compgen -W \"{string.Join(' ', QemuOptions.All.SelectMany(o => o.Names).Append("--help").Append("-version"))}\" -- \"$cur\"))\n    else\n");
        text.Append($"        COMPREPLY=($(compgen -f -- \"$cur\"))\n        [[ $COMP_CWORD == 1 ]] && COMPREPLY+=($(compgen -W \"{string.Join(' ', root.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))}\" -- \"$cur\"))\n");
        text.Append("    fi\n}\ncomplete -o filenames -F _emu emu ./emu\n");
        return text.ToString();
    }

    private static void AppendCommand(StringBuilder text, Command command)
    {
        IEnumerable<string> words = command.Subcommands.Select(c => c.Name)
            .Concat(command.Options.Concat(command.Subcommands.SelectMany(c => c.Options)).Select(o => o.Name)).Distinct();
        text.Append($"            {command.Name}) COMPREPLY=($(compgen -W \"{string.Join(' ', words)}\" -- \"$cur\") $(compgen -f -- \"$cur\")); return;;\n");
    }
}
