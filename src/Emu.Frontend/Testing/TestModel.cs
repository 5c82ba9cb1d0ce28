using Emu.Cpu;

namespace Emu.Frontend.Testing;

/// <summary>The processor models tests run on.</summary>
internal static class TestModel
{
    /// <summary>A model with every instruction.</summary>
    public static CpuModel Default => CpuModel.Max;

    /// <summary>... and those it only has on request.</summary>
    public static CpuModel Everything => CpuModel.Parse("max,+monitor");
}
