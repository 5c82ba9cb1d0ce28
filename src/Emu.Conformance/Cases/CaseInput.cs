using System.Runtime.InteropServices;

namespace Emu.Conformance.Cases;

/// <summary>One test case: the state before, the code, and the memory it may touch.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
public unsafe struct CaseInput
{
    /// <summary>Size of the block; also that of <see cref="CaseResult"/>.</summary>
    public const int SizeInBytes = 4096;

    /// <summary>Room for the code, the jump that ends it included.</summary>
    public const int MaxCode = 640;

    /// <summary>Room for the memory window.</summary>
    public const int MaxMemory = 2304;

    public const int CodeAddressOffset = 1032, CodeLengthOffset = 1040, EndRipOffset = 1048,
        WindowAddressOffset = 1056, WindowLengthOffset = 1064, BitsOffset = 1024, CodeOffset = 1152, MemoryOffset = 1792;

    [FieldOffset(0)] public MachineState State;

    /// <summary>16, 32 or 64.</summary>
    [FieldOffset(BitsOffset)] public uint Bits;

    /// <summary>Bytes of the code under test, without the jump that ends a native run.</summary>
    [FieldOffset(1028)] public uint TestedLength;

    /// <summary>Linear address of the first instruction.</summary>
    [FieldOffset(CodeAddressOffset)] public ulong CodeAddress;

    /// <summary>Bytes of <see cref="Code"/> in use, the ending jump included.</summary>
    [FieldOffset(CodeLengthOffset)] public uint CodeLength;

    /// <summary>Instructions under test: 1, or more for a sequence.</summary>
    [FieldOffset(1044)] public uint InstructionCount;

    /// <summary>RIP (an offset into CS) behind the tested code: reaching it ends the case.</summary>
    [FieldOffset(EndRipOffset)] public ulong EndRip;

    /// <summary>Linear address of the memory window.</summary>
    [FieldOffset(WindowAddressOffset)] public ulong WindowAddress;

    /// <summary>Bytes of the memory window.</summary>
    [FieldOffset(WindowLengthOffset)] public uint WindowLength;

    /// <summary>Number of the case within its form.</summary>
    [FieldOffset(1072)] public ulong CaseNumber;

    [FieldOffset(CodeOffset)] public fixed byte Code[MaxCode];
    [FieldOffset(MemoryOffset)] public fixed byte Memory[MaxMemory];
}
