using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Is told of a translation that missed the TLB, or of the fault it ended in.</summary>
public delegate void TranslationObserver(Vcpu cpu, AccessKind kind, in Translation translation);

/// <summary>Is told of code that has been decoded: where it starts and how many bytes it has.</summary>
public delegate void CodeObserver(Vcpu cpu, ulong linear, int length);

// For logs: raised on slow paths only. See also EventDelivered.
public sealed unsafe partial class Vcpu
{
    /// <summary>An address has missed the TLB.</summary>
    public event TranslationObserver? Translated;

    /// <summary>Code has been decoded that was not in the cache.</summary>
    public event CodeObserver? CodeDecoded;
}
