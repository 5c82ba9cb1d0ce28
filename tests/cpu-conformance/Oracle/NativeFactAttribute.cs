using System.Reflection;
using Emu.Conformance.Native;
using Xunit;
using Xunit.Sdk;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>A test that needs the host processor as oracle; skipped, with the reason, where there is none.</summary>
public sealed class NativeFactAttribute : FactAttribute
{
    /// <summary>Decides whether to skip a test that runs code of a mode (64, 32, 16).</summary>
    public NativeFactAttribute(int bits = 64) => Skip = HostModes.Current.UnsupportedReason(bits);
}

/// <summary>The same with data.</summary>
public sealed class NativeTheoryAttribute : TheoryAttribute
{
    /// <summary>Decides whether to skip.</summary>
    public NativeTheoryAttribute() => Skip = HostModes.Current.UnsupportedReason(64);
}

/// <summary>A row of data whose first value is a mode; skipped, with the reason, where the host cannot run that.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ModeDataAttribute : DataAttribute
{
    private readonly object[] _row;

    /// <summary>A row for a mode (64, 32, 16).</summary>
    public ModeDataAttribute(int bits, params object[] more)
    {
        _row = [bits, .. more];
        Skip = HostModes.Current.UnsupportedReason(bits);
    }

    /// <inheritdoc/>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [_row];
}
