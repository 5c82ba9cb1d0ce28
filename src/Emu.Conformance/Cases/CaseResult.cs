using System.Runtime.InteropServices;

namespace Emu.Conformance.Cases;

/// <summary>How a case ended.</summary>
public enum CaseOutcome : uint
{
    /// <summary>Not run (or the executor died before it could say).</summary>
    None,

    /// <summary>Every instruction retired; RIP is where execution would go on.</summary>
    Completed,

    /// <summary>An exception was raised; see <see cref="CaseResult.Vector"/>.</summary>
    Fault,

    /// <summary>The executor does not implement the instruction.</summary>
    NotImplemented,

    /// <summary>The native process died in this case.</summary>
    Crashed,

    /// <summary>The case did not end in time.</summary>
    Hung,

    /// <summary>The executor damaged something of its own that no instruction may touch.</summary>
    Corrupted,
}

/// <summary>The state after a case.</summary>
[StructLayout(LayoutKind.Explicit, Size = CaseInput.SizeInBytes)]
public unsafe struct CaseResult
{
    public const int OutcomeOffset = 1024, VectorOffset = 1028, ErrorCodeOffset = 1032, Cr2Offset = 1040,
        MemoryOffset = CaseInput.MemoryOffset;

    [FieldOffset(0)] public MachineState State;
    [FieldOffset(OutcomeOffset)] public CaseOutcome Outcome;

    /// <summary>Exception vector (0-31) when <see cref="Outcome"/> is <see cref="CaseOutcome.Fault"/>.</summary>
    [FieldOffset(VectorOffset)] public uint Vector;

    /// <summary>The error code, for vectors that push one.</summary>
    [FieldOffset(ErrorCodeOffset)] public uint ErrorCode;

    /// <summary>Faulting linear address, for a page fault.</summary>
    [FieldOffset(Cr2Offset)] public ulong Cr2;
    [FieldOffset(MemoryOffset)] public fixed byte Memory[CaseInput.MaxMemory];
}
