using Emu.Cpu.Tests.Simd;

namespace Emu.Cpu.Tests;

/// <summary>Run by a test in a process of its own, in which the host's vector instructions are switched off.</summary>
internal static class Program
{
    public static void Main()
    {
        foreach ((string name, ulong digest) in OperationDigests.All()) Console.WriteLine($"{name} {digest:X16}");
    }
}
