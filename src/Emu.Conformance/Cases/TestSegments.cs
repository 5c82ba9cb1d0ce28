namespace Emu.Conformance.Cases;

/// <summary>Which of <see cref="TestMap"/>'s segments exist in the surroundings of a run.</summary>
/// <remarks>
/// A Linux kernel may be built or started without IA-32 code or without modify_ldt(2), and one that runs on a hypervisor that has
/// 64-bit user code only accepts modify_ldt(2) without effect. Selectors of absent segments name no descriptor then, on both sides.
/// </remarks>
/// <param name="Ldt">The segments of <see cref="TestMap.Ldt"/> can be loaded.</param>
/// <param name="UserCode32"><see cref="TestMap.UserCode32"/> can be executed.</param>
public readonly record struct TestSegments(bool Ldt, bool UserCode32)
{
    /// <summary>Everything the map names.</summary>
    public static TestSegments All => new(true, true);
}
