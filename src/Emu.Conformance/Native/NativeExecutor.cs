using Emu.Conformance.Cases;

namespace Emu.Conformance.Native;

/// <summary>The host processor behind the executor interface, one case at a time; for testing the engine against itself.</summary>
public sealed class NativeExecutor : IStateExecutor, IDisposable
{
    private readonly NativeHost _host = new(1);

    /// <inheritdoc/>
    public void Execute(in CaseInput input, ref CaseResult result)
    {
        _host.Input(0) = input;
        _host.Run(1);
        result = _host.Result(0);
    }

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();
}
