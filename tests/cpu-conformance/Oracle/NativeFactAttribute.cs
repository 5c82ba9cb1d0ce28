using Emu.Conformance.Native;
using Xunit;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>A test that needs the host processor as oracle; skipped, with the reason, where there is none.</summary>
public sealed class NativeFactAttribute : FactAttribute
{
    /// <summary>Decides whether to skip.</summary>
    public NativeFactAttribute() => Skip = NativeHost.UnsupportedReason;
}

/// <summary>The same with data.</summary>
public sealed class NativeTheoryAttribute : TheoryAttribute
{
    /// <summary>Decides whether to skip.</summary>
    public NativeTheoryAttribute() => Skip = NativeHost.UnsupportedReason;
}
