using Emu.Compare;
using Emu.Frontend.Linux;

try
{
    return CompareCommand.Create().Parse(args).Invoke(new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is CompareException or GuestFilesException)
{
    Console.Error.WriteLine($"compare: {e.Message}");
    return 2;
}
