using System.Runtime.InteropServices;

namespace Emu.Cpu;

/// <summary>
/// One predecoded instruction. A block is an array of these; each handler ends in a tail call to the next one's
/// <see cref="Handler"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
public unsafe struct Op
{
    /// <summary>Size of an operation in bytes.</summary>
    public const int SizeInBytes = 48;

    /// <summary>
    /// Code that performs it: <c>delegate*&lt;Vcpu, CpuState*, Op*, void&gt;</c>. Returning without calling on means
    /// "back to the dispatcher".
    /// </summary>
    public delegate*<Vcpu, CpuState*, Op*, void> Handler;

    /// <summary>
    /// Handler-specific pointer: the slow function, or a link to the operation a branch leads to, or <see cref="Retry"/>.
    /// </summary>
    public nint Aux;

    /// <summary>Immediate operand, sign- or zero-extended as the instruction defines; for branches the target's distance from the block's first instruction.</summary>
    public ulong Immediate;

    /// <summary>Displacement of the memory operand, sign-extended when used. For RIP-relative operands it counts from the block's first instruction.</summary>
    public int Displacement;

    /// <summary>Distance in bytes from the block's first instruction.</summary>
    public ushort Offset;

    /// <summary>Length of the instruction in bytes, 1..15.</summary>
    public byte Length;

    /// <summary>Number of instructions before it in the block.</summary>
    public byte Index;

    /// <summary>Destination register: byte offset in <see cref="CpuState"/> for general registers, number for all others.</summary>
    public byte Destination;

    /// <summary>First source register, coded as <see cref="Destination"/>.</summary>
    public byte Source;

    /// <summary>Second source register, coded as <see cref="Destination"/>.</summary>
    public byte Source2;

    /// <summary>Base register of the memory operand as a byte offset (<see cref="RegisterOffset.Zero"/> for none, <see cref="RegisterOffset.Rip"/> for RIP-relative).</summary>
    public byte Base;

    /// <summary>Index register of the memory operand as a byte offset (<see cref="RegisterOffset.Zero"/> for none); for VSIB the vector register number.</summary>
    public byte IndexRegister;

    /// <summary>log2 of the index scale, 0..3.</summary>
    public byte Scale;

    /// <summary>Segment of the memory operand.</summary>
    public SegmentIndex Segment;

    /// <summary>Operand size in bytes (1, 2, 4, 8; vector length 16, 32, 64).</summary>
    public byte Size;

    /// <summary>Address size in bytes (2, 4, 8).</summary>
    public byte AddressSize;

    /// <summary>Prefixes and operand kinds.</summary>
    public OpFlags Flags;

    /// <summary>The handler that can do what <see cref="Handler"/> could not without leaving the fast path; see <see cref="IOperand"/>.</summary>
    public readonly delegate*<Vcpu, CpuState*, Op*, void> Retry => (delegate*<Vcpu, CpuState*, Op*, void>)Aux;

    /// <summary>Distance of the next instruction from the first of the block: <see cref="Offset"/> + <see cref="Length"/>.</summary>
    public readonly int NextOffset => Offset + Length;
}

/// <summary>Properties of an <see cref="Op"/> that handlers of many forms ask for.</summary>
[Flags]
public enum OpFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The r/m operand is in memory.</summary>
    Memory = 1 << 0,

    /// <summary>LOCK prefix.</summary>
    Lock = 1 << 1,

    /// <summary>REP/REPE prefix (F3).</summary>
    Rep = 1 << 2,

    /// <summary>REPNE prefix (F2).</summary>
    Repne = 1 << 3,

    /// <summary>The instruction ends its block.</summary>
    EndsBlock = 1 << 4,

    /// <summary>The branch target lies on the same page, so <see cref="Op.Aux"/> may hold a link to it.</summary>
    Linkable = 1 << 5,

    /// <summary>No instruction: <see cref="Handlers.CheckSecondPage"/>, behind which the dispatcher may have to look again.</summary>
    ChecksMapping = 1 << 6,

    /// <summary>No instruction: <see cref="Handlers.CheckBreakpoint"/>. Translated code must leave in front of it.</summary>
    Breakpoint = 1 << 7,

    /// <summary>No instruction: the head of a block, <see cref="Handlers.Profile"/> or the translator's entry.</summary>
    Entry = 1 << 8,

    /// <summary>May run joined with the branch behind it; see <see cref="CompareBranchFusion"/>.</summary>
    Fusible = 1 << 9,

    /// <summary>The last instruction of its block.</summary>
    Last = 1 << 10,
}

/// <summary>Byte offsets in <see cref="CpuState"/> that operands use.</summary>
public static class RegisterOffset
{
    /// <summary>RBP, EBP, BP.</summary>
    public const byte Rbp = 5 * 8;

    /// <summary>A constant zero.</summary>
    public const byte Zero = 16 * 8;

    /// <summary>RIP (of the block's first instruction, while a block runs).</summary>
    public const byte Rip = Zero + 8;
}
