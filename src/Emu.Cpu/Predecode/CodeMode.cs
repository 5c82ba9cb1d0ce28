namespace Emu.Cpu;

/// <summary>
/// Everything outside the code bytes that changes how they are decoded or which handler runs them. Part of the key of
/// every predecoded block, so a mode switch never invalidates code.
/// </summary>
[Flags]
public enum CodeMode : uint
{
    /// <summary>16-bit code, 16-bit stack, segmented, nothing enabled: the state after reset.</summary>
    None = 0,

    /// <summary>CS.D: 32-bit default operand and address size.</summary>
    Code32 = 1 << 0,

    /// <summary>64-bit mode (CS.L in IA-32e mode).</summary>
    Code64 = 1 << 1,

    /// <summary>SS.B: the stack pointer is ESP.</summary>
    Stack32 = 1 << 2,

    /// <summary>CS, DS, ES and SS have base 0 and no limit (always so in 64-bit mode): no segment check can fail.</summary>
    Flat = 1 << 3,

    /// <summary>x87 instructions execute (CR0.EM and CR0.TS clear).</summary>
    X87 = 1 << 4,

    /// <summary>SSE instructions execute (CR4.OSFXSR set, CR0.EM and CR0.TS clear).</summary>
    Sse = 1 << 5,

    /// <summary>AVX instructions execute (CR4.OSXSAVE, XCR0.SSE and XCR0.AVX set, CR0.TS clear, protected mode).</summary>
    Avx = 1 << 6,

    /// <summary>Real-address or virtual-8086 mode: protected-mode-only instructions are undefined.</summary>
    RealOrVirtual = 1 << 7,

    /// <summary>Alignment checking is on (CR0.AM, EFLAGS.AC, CPL 3).</summary>
    AlignmentCheck = 1 << 8,

    /// <summary>Stop after one instruction: stepping, EFLAGS.TF, armed instruction breakpoints.</summary>
    SingleStep = 1 << 9,

    /// <summary>AVX-512 instructions execute (as <see cref="Avx"/>, and XCR0 opmask and ZMM components set).</summary>
    Avx512 = 1 << 10,
}
