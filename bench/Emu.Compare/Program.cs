using Emu.Compare;
using Emu.Frontend.Linux;

try
{
    System.CommandLine.RootCommand command = args is ["boot", ..] ? BootCommand.Create() : CompareCommand.Create();
    System.CommandLine.ParseResult parsed = command.Parse(args is ["boot", .. string[] rest] ? rest : args);
    if (parsed.Errors is [{ } error, ..]) throw new CompareException(error.Message);
    return parsed.Invoke(new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is CompareException or GuestFilesException)
{
    Console.Error.WriteLine($"compare: {e.Message}");
    return 2;
}
