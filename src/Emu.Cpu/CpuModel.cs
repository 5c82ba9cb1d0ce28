using Iced.Intel;

namespace Emu.Cpu;

/// <summary>What a processor claims to be.</summary>
public sealed class CpuModel
{
    /// <summary>Name as given to <c>-cpu</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Vendor rules that change decoding (APM and SDM differ on near branches with an operand-size prefix).</summary>
    public DecoderOptions DecoderOptions => DecoderOptions.AMD;

    /// <summary>What the model says of paging.</summary>
    public Emu.Mmu.PagingFeatures Paging => Emu.Mmu.PagingFeatures.Full;

    /// <summary>Whether the model has the instruction.</summary>
    public bool Supports(Code code) => true;
}
