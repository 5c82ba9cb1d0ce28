using Emu.Cpu;

namespace Emu.Frontend.Testing;

/// <summary>The processor model tests run on: the one with everything.</summary>
internal static class TestModel
{
    /// <summary>A model with every instruction.</summary>
    public static CpuModel Default => CpuModel.Max;
}
