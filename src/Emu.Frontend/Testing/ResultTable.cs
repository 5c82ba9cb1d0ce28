using Spectre.Console;

namespace Emu.Frontend.Testing;

/// <summary>Tables of results on the terminal.</summary>
internal static class ResultTable
{
    /// <summary>Width where there is no terminal: no column wraps in a log.</summary>
    private const int WidthOfLogs = 200;

    /// <summary>Prints a table.</summary>
    /// <param name="texts">Headings of the first columns, which hold text.</param>
    /// <param name="numbers">Headings of the others, which hold numbers and are aligned to the right.</param>
    /// <param name="rows">The rows.</param>
    public static void Print(string[] texts, string[] numbers, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns(texts);
        foreach (string column in numbers) table.AddColumn(new TableColumn(column).RightAligned());
        foreach (string[] row in rows) table.AddRow([.. row.Select(Markup.Escape)]);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (Console.IsOutputRedirected) console.Profile.Width = WidthOfLogs;
        console.Write(table);
    }
}
