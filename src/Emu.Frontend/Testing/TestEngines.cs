using Emu.Conformance.Emulated;
using Emu.Jit;

namespace Emu.Frontend.Testing;

/// <summary>The engines <c>emu test</c> can put under test.</summary>
internal static class TestEngines
{
    private static readonly ExecutionEngine[] All =
    [
        ExecutionEngine.Interpreter,
        // Every block is translated before it runs for the second time, together with those that the first run led to.
        new("jit", static cpu =>
        {
            Translator.Attach(cpu.Code, new TranslatorOptions { Threshold = 2, Synchronous = true });
            return null;
        })
        {
            WorksOnBlocks = true,
            MeetsCodeFirst = true,
        },
    ];

    /// <summary>Their names, for help texts and messages.</summary>
    public static string Names => string.Join(", ", All.Select(e => e.Name));

    /// <summary>The engine of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ExecutionEngine Find(string name) =>
        All.FirstOrDefault(e => e.Name == name) ?? throw new ArgumentException($"there is no engine '{name}'; choose from {Names}");
}
