using System.Diagnostics;
using Emu.Frontend.CommandLine;
using Xunit;

namespace Emu.Frontend.Tests.CommandLine;

/// <summary>The emulator in a process of its own.</summary>
internal static class EmuProcess
{
    /// <summary>Runs it to its end, with no input.</summary>
    public static (int Status, string Output, string Errors) Run(string directory, params string[] arguments)
    {
    }
}
