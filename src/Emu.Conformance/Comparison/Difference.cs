namespace Emu.Conformance.Comparison;

/// <summary>One part of the state in which two runs of a case differ.</summary>
/// <param name="Part">Which: a register's name, <c>memory</c>, <c>outcome</c>, ...</param>
/// <param name="Expected">What the host has.</param>
/// <param name="Actual">What the executor under test has.</param>
public readonly record struct Difference(string Part, string Expected, string Actual)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Part}: host {Expected}, got {Actual}";
}
