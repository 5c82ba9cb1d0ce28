using Emu.Frontend.Run;
using Xunit;

namespace Emu.Frontend.Tests.Run;

public sealed class LogFileStreamTests
{
    [Fact]
    public void A_full_disk_ends_the_log_with_one_message()
    {
        List<string> messages = [];
        using (StreamWriter writer = new(new LogFileStream("/dev/full", messages.Add)))
        {
            for (int i = 0; i < 3; i++)
            {
                writer.WriteLine("a line");
                writer.Flush();
            }
        }

        Assert.StartsWith("-D /dev/full: the log ends here: ", Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_reach_the_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (StreamWriter writer = new(new LogFileStream(path, _ => { }))) writer.Write("one\ntwo\n");
            Assert.Equal("one\ntwo\n", File.ReadAllText(path));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
