namespace Emu.Cpu;

/// <summary>Architectural exception vectors (SDM Vol. 3A table 6-1).</summary>
public static class ExceptionVector
{
    /// <summary>#DE divide error.</summary>
    public const byte DivideError = 0;
    /// <summary>#DB debug.</summary>
    public const byte Debug = 1;
    /// <summary>Non-maskable interrupt.</summary>
    public const byte Nmi = 2;
    /// <summary>#BP breakpoint.</summary>
    public const byte Breakpoint = 3;
    /// <summary>#OF overflow.</summary>
    public const byte Overflow = 4;
    /// <summary>#BR BOUND range exceeded.</summary>
    public const byte BoundRange = 5;
    /// <summary>#UD invalid opcode.</summary>
    public const byte InvalidOpcode = 6;
    /// <summary>#NM device not available.</summary>
    public const byte DeviceNotAvailable = 7;
    /// <summary>#DF double fault.</summary>
    public const byte DoubleFault = 8;
    /// <summary>#TS invalid TSS.</summary>
    public const byte InvalidTss = 10;
    /// <summary>#NP segment not present.</summary>
    public const byte SegmentNotPresent = 11;
    /// <summary>#SS stack-segment fault.</summary>
    public const byte StackFault = 12;
    /// <summary>#GP general protection.</summary>
    public const byte GeneralProtection = 13;
    /// <summary>#PF page fault.</summary>
    public const byte PageFault = 14;
    /// <summary>#MF x87 floating-point error.</summary>
    public const byte FloatingPoint = 16;
    /// <summary>#AC alignment check.</summary>
    public const byte AlignmentCheck = 17;
    /// <summary>#MC machine check.</summary>
    public const byte MachineCheck = 18;
    /// <summary>#XM SIMD floating-point exception.</summary>
    public const byte SimdFloatingPoint = 19;

    /// <summary>Whether the processor pushes an error code for this exception.</summary>
    public static bool HasErrorCode(byte vector) => vector is 8 or (>= 10 and <= 14) or 17 or 21 or 29 or 30;
}
