using System.CommandLine;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test</c>: conformance of the emulated processor, without a guest.</summary>
internal static class TestCommand
{
    /// <summary>The command with its subcommands.</summary>
    public static Command Create() => new("test", "Conformance tests without a guest")
    {
        OracleCommand.Create(), OracleCommand.CreateMerge(), StateCommand.Create(), FuzzCommand.Create(), TestFloatCommand.Create(), TranscendentalCommand.Create(),
    };
}
