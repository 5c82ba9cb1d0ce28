using System.Diagnostics;
using Xunit;

namespace Emu.Cpu.Tests.Simd;

public class PortableOperationTests
{
    [Fact]
    public void Every_operation_computes_the_same_without_the_vector_instructions_of_the_host()
    {
        Dictionary<string, ulong> here = OperationDigests.All().ToDictionary(d => d.Name, d => d.Digest);
        ProcessStartInfo start = new(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", ["exec", typeof(PortableOperationTests).Assembly.Location])
        {
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_EnableHWIntrinsic"] = "0" },
        };
        using Process child = Process.Start(start) ?? throw new InvalidOperationException("no process");
        string[] lines = child.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        child.WaitForExit();
        Assert.Equal(0, child.ExitCode);
        Dictionary<string, ulong> there = lines.Select(l => l.Split(' ')).ToDictionary(
            p => p[0], p => Convert.ToUInt64(p[^1], 16));
        Assert.Equal(0ul, there["accelerated"]);
        Assert.Equal(here.Count, there.Count);
        Assert.True(here.Count > 150);
        string[] different = [.. here.Where(d => d.Key != "accelerated" && there[d.Key] != d.Value).Select(d => d.Key)];
        Assert.Empty(different);
    }
}
