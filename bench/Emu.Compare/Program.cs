using Emu.Compare;
using Emu.Frontend.Linux;

try
{
    System.CommandLine.RootCommand command = args is ["boot", ..] ? BootCommand.Create() : CompareCommand.Create();
    return command.Parse(args is ["boot", .. string[] rest] ? rest : args).Invoke(new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is CompareException or GuestFilesException)
{
    Console.Error.WriteLine($"compare: {e.Message}");
    return 2;
}
