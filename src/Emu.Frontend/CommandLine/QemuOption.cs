using System.CommandLine;

namespace Emu.Frontend.CommandLine;

/// <summary>Headings of the help.</summary>
internal enum OptionGroup
{
    Machine,
    Boot,
    Drives,
    Lines,
    Display,
    Debug,
    Run,
}

/// <summary>What a shell completes an option's argument with.</summary>
internal enum ArgumentKind
{
    /// <summary>The option is a switch.</summary>
    None,

    /// <summary>Free text.</summary>
    Text,

    /// <summary>A file name.</summary>
    File,

    /// <summary>One of <see cref="QemuOption.Choices"/>.</summary>
    Choice,
}

/// <summary>An option in QEMU's dialect: one dash, many letters. Two dashes do as well.</summary>
internal sealed class QemuOption
{
    private readonly Option<string[]>? valued;
    private readonly Option<bool>? flag;

    private QemuOption(string name, OptionGroup group, string? argument, string description, ArgumentKind kind, IReadOnlyList<string> choices, string[] aliases)
    {
        Name = name;
        Group = group;
        Argument = argument;
        Description = description;
        Kind = kind;
        Choices = choices;
        string[] all = [.. aliases, .. aliases.Append(name).Where(n => n.Length > 2).Select(n => "-" + n)];
        Names = [name, .. aliases];
        if (argument == null) flag = new Option<bool>(name, all) { Description = description, Arity = ArgumentArity.Zero };
        else valued = new Option<string[]>(name, all) { Description = description, HelpName = argument, Arity = ArgumentArity.OneOrMore };
    }

    /// <summary>Name with its dash.</summary>
    public string Name { get; }

    /// <summary>Name and aliases, without the two-dash forms.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Where the help lists it.</summary>
    public OptionGroup Group { get; }

    /// <summary>Form of its argument, or null for a switch.</summary>
    public string? Argument { get; }

    /// <summary>What it does.</summary>
    public string Description { get; }

    /// <summary>How its argument is completed.</summary>
    public ArgumentKind Kind { get; }

    /// <summary>Words to complete with.</summary>
    public IReadOnlyList<string> Choices { get; }

    /// <summary>The symbol for the parser.</summary>
    public Option Symbol => valued is not null ? valued : flag is not null ? flag : throw new InvalidOperationException("An option has a symbol.");

    /// <summary>A switch.</summary>
    public static QemuOption Switch(string name, OptionGroup group, string description, params string[] aliases) =>
        new(name, group, null, description, ArgumentKind.None, [], aliases);

    /// <summary>An option with a free argument.</summary>
    public static QemuOption Value(string name, OptionGroup group, string argument, string description, params string[] aliases) =>
        new(name, group, argument, description, ArgumentKind.Text, [], aliases);

    /// <summary>An option that takes a file.</summary>
    public static QemuOption File(string name, OptionGroup group, string description, params string[] aliases) =>
        new(name, group, "FILE", description, ArgumentKind.File, [], aliases);

    /// <summary>An option whose argument starts with one of some words.</summary>
    public static QemuOption Choice(string name, OptionGroup group, string argument, string description, IReadOnlyList<string> choices, params string[] aliases) =>
        new(name, group, argument, description, ArgumentKind.Choice, choices, aliases);

    /// <summary>All arguments given, in order.</summary>
    public IReadOnlyList<string> All(ParseResult result) => valued == null ? [] : result.GetValue(valued) ?? [];

    /// <summary>The argument given last, or null.</summary>
    public string? Last(ParseResult result) => All(result) is { Count: > 0 } all ? all[^1] : null;

    /// <summary>Whether the option is there.</summary>
    public bool IsGiven(ParseResult result) => flag != null ? result.GetValue(flag) : All(result).Count > 0;
}
