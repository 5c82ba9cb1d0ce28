using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emu.Cpu.FloatingPoint;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>
/// The architectural state of one logical processor, plus the few words translated and interpreted code touches on every
/// instruction. Lives in native memory so that interpreter handlers and generated code reach it through one pointer.
/// </summary>
/// <remarks>
/// <para>The first 256 bytes hold everything a predecoded operand names by a byte offset: the general registers (AH is
/// simply offset 1), a constant zero that stands for "no base" or "no index", and RIP for RIP-relative addressing.</para>
/// <para>The six status flags are kept lazily as two words: <c>flags = Szp(FlagsResult) ^ FlagsAux</c>, where Szp derives
/// SF, ZF and PF from a result sign-extended to 64 bits, and FlagsAux holds CF, AF and OF in their EFLAGS positions plus
/// corrections to SF and PF for flag images that no result could produce.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CpuState
{
    /// <summary>Size of <see cref="X87Area"/>: legacy region and header (SDM Vol. 1 13.4).</summary>
    public const int X87AreaSize = 576;

    /// <summary>General registers in encoding order: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15.</summary>
    public fixed ulong Gpr[16];

    /// <summary>Always zero; operands without a base or index register read it.</summary>
    public ulong Zero;

    /// <summary>
    /// Instruction pointer. Between blocks: the next instruction. Inside a block: the block's first instruction, the
    /// current one being at <see cref="Op.Offset"/> from it.
    /// </summary>
    public ulong Rip;

    /// <summary>Result of the last flag-setting instruction, sign-extended to 64 bits.</summary>
    public ulong FlagsResult;

    /// <summary>CF, AF, OF of the last flag-setting instruction and corrections to SF, PF; see the type's remarks.</summary>
    public uint FlagsAux;

    /// <summary>All other EFLAGS bits (TF, IF, DF, IOPL, NT, RF, VM, AC, VIF, VIP, ID); the status flags and bit 1 are zero here.</summary>
    public uint SystemFlags;

    /// <summary>The TLB for data accesses of the current class.</summary>
    public TlbEntry* Tlb;

    /// <summary>The TLB for instruction fetches.</summary>
    public TlbEntry* CodeTlb;

    /// <summary>How both fold the higher bits of a page number (<see cref="TlbEntry.Index"/>).</summary>
    public int FoldShift;

    /// <summary>Instructions left before the dispatcher must be asked; blocks subtract their length as they end.</summary>
    public long Remaining;

    /// <summary>Non-zero asks running code to return to the dispatcher at the next block end.</summary>
    public int ExitRequest;

    /// <summary>The <see cref="CodeMode"/> code is being decoded and executed under.</summary>
    public CodeMode Mode;

    /// <summary>Jump cache: host address of code and mode to first operation.</summary>
    public JumpCacheEntry* JumpCache;

    /// <summary>Set by a branch whose link is still empty: where the dispatcher stores the operation it finds.</summary>
    public nint* LinkSlot;

    /// <summary>Where the last indirect jumps and calls led, <see cref="BranchRecord.Count"/> of them in a ring; for the translator.</summary>
    public BranchRecord* BranchHistory;

    /// <summary>Indirect jumps and calls that have been recorded.</summary>
    public uint BranchCount;

    /// <summary>Set by <see cref="Handlers.Completed"/>.</summary>
    public int Completed;

    /// <summary>Times that translated code found accesses with one check to lie across two pages, since <see cref="CrossingsSince"/>.</summary>
    public uint Crossings;

    /// <summary>What the processor had retired (<see cref="Vcpu.RetiredInstructions"/>) when <see cref="Crossings"/> began to count.</summary>
    public ulong CrossingsSince;

    /// <summary>A value read by a slow path, for the handler that asked.</summary>
    public fixed byte Scratch[64];

    /// <summary>Where translated code loads the host's x87 unit from and saves it to: an XSAVE area of <see cref="X87AreaSize"/> bytes, aligned to 64.</summary>
    public byte* X87Area;

    /// <summary>ES, CS, SS, DS, FS, GS, LDTR, TR, each a <see cref="SegmentRegister"/>; use <see cref="Segment"/>.</summary>
    private SegmentFile segments;

    /// <summary>GDTR base (linear).</summary>
    public ulong GdtBase;

    /// <summary>IDTR base (linear).</summary>
    public ulong IdtBase;

    /// <summary>GDTR limit in bytes, minus one.</summary>
    public ushort GdtLimit;

    /// <summary>IDTR limit in bytes, minus one.</summary>
    public ushort IdtLimit;

    /// <summary>Current privilege level, 0..3.</summary>
    public byte Cpl;

    /// <summary>Events are held off for one instruction (STI, MOV SS, POP SS): SDM Vol. 3A 6.8.</summary>
    public InterruptShadow Shadow;

    /// <summary>In system management mode.</summary>
    public bool Smm;

    /// <summary>HLT, wait-for-SIPI, shutdown or MWAIT.</summary>
    public ActivityState Activity;

    public ulong Cr0;
    public ulong Cr2;
    public ulong Cr3;
    public ulong Cr4;
    public ulong Efer;
    public ulong Xcr0;
    public ulong Xss;
    public ulong Dr6;
    public ulong Dr7;
    public fixed ulong Dr[4];

    /// <summary>Protection-key rights for user pages.</summary>
    public uint Pkru;

    /// <summary>IA32_PKRS: protection-key rights for supervisor pages.</summary>
    public uint Pkrs;

    /// <summary>The floating-point environment of SSE and AVX, which holds MXCSR.</summary>
    public FloatEnvironment SseEnvironment;

    /// <summary>Vector registers ZMM0..ZMM31, 64 bytes each; XMM and YMM are their low parts.</summary>
    public fixed byte Vector[32 * 64];

    /// <summary>Opmask registers K0..K7.</summary>
    public fixed ulong Opmask[8];

    /// <summary>
    /// x87 data registers by <em>physical</em> number, 16 bytes each: significand (which is also MMn) at 0, sign and
    /// exponent at 8.
    /// </summary>
    public fixed ulong Fpr[16];

    /// <summary>Environment of the x87 operation being performed, made from <see cref="Fcw"/> and <see cref="Fsw"/>; means nothing between instructions.</summary>
    public FloatEnvironment X87Environment;

    /// <summary>x87 control word.</summary>
    public ushort Fcw;

    /// <summary>x87 status word with TOP in bits 13:11.</summary>
    public ushort Fsw;

    /// <summary>x87 tag word in its abridged form: bit n set when physical register n is not empty.</summary>
    public byte Ftw;

    /// <summary>Last x87 opcode (11 bits).</summary>
    public ushort Fop;

    /// <summary>Code selector of the last x87 instruction.</summary>
    public ushort Fcs;

    /// <summary>Data selector of the last x87 memory operand.</summary>
    public ushort Fds;

    /// <summary>Offset of the last x87 instruction.</summary>
    public ulong Fip;

    /// <summary>Offset of the last x87 memory operand.</summary>
    public ulong Fdp;

    /// <summary>The entry for data accesses of the current class at a linear address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TlbEntry* DataEntry(ulong linear) => Tlb + TlbEntry.Index(linear, FoldShift);

    /// <summary>The entry for instruction fetches at a linear address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TlbEntry* CodeEntry(ulong linear) => CodeTlb + TlbEntry.Index(linear, FoldShift);

    /// <summary>SSE control and status register.</summary>
    public uint Mxcsr
    {
        readonly get => SseEnvironment.Mxcsr;
        set => SseEnvironment.Mxcsr = value;
    }

    [InlineArray(8)]
    private struct SegmentFile
    {
        private SegmentRegister first;
    }

    /// <summary>A segment register.</summary>
    [UnscopedRef]
    public ref SegmentRegister Segment(SegmentIndex index) => ref segments[(int)index];

    /// <summary>In protected mode (CR0.PE) and not virtual-8086.</summary>
    public readonly bool IsProtected => (Cr0 & Emu.Cpu.Cr0.Pe) != 0 && (SystemFlags & Emu.Cpu.Eflags.Vm) == 0;

    /// <summary>EFLAGS.VM set.</summary>
    public readonly bool IsVirtual8086 => (SystemFlags & Emu.Cpu.Eflags.Vm) != 0;

    /// <summary>IA-32e mode active (EFER.LMA): compatibility or 64-bit mode.</summary>
    public readonly bool IsLongMode => (Efer & Emu.Cpu.Efer.Lma) != 0;

    /// <summary>I/O privilege level, 0..3.</summary>
    public readonly int Iopl => (int)((SystemFlags >> 12) & 3);

    /// <summary>The status flags in their EFLAGS positions.</summary>
    public readonly uint ArithmeticFlags
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            uint zf = FlagsResult == 0 ? Emu.Cpu.Eflags.Zf : 0;
            uint sf = (uint)(FlagsResult >> 63) << 7;
            uint pf = (~(uint)BitOperations.PopCount((byte)FlagsResult) & 1) << 2;
            return (zf | sf | pf) ^ FlagsAux;
        }
    }

    /// <summary>The complete EFLAGS image, bit 1 set. Assigning sets every defined flag without checks.</summary>
    public uint Eflags
    {
        readonly get => ArithmeticFlags | SystemFlags | Emu.Cpu.Eflags.Reserved1;
        set
        {
            SystemFlags = value & (Emu.Cpu.Eflags.Defined & ~Emu.Cpu.Eflags.Arithmetic);
            SetArithmeticFlags(value);
        }
    }

    /// <summary>Sets the six status flags from an EFLAGS image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetArithmeticFlags(uint image)
    {
        // A zero result implies ZF and PF, a result of one implies neither, nor SF: correct the rest through FlagsAux.
        uint zf = image & Emu.Cpu.Eflags.Zf;
        FlagsResult = zf == 0 ? 1u : 0u;
        FlagsAux = (image & (Emu.Cpu.Eflags.Arithmetic & ~Emu.Cpu.Eflags.Zf)) ^ (zf >> 4);
    }

    /// <summary>CF as 0 or 1.</summary>
    public readonly uint Carry
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => FlagsAux & 1;
    }
}

/// <summary>What holds off events until the next instruction has run.</summary>
[Flags]
public enum InterruptShadow : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>STI: maskable interrupts are held off.</summary>
    Sti = 1,

    /// <summary>MOV SS or POP SS: interrupts, NMI and debug traps are held off.</summary>
    MovSs = 2,
}

/// <summary>Whether the processor fetches instructions.</summary>
public enum ActivityState : byte
{
    /// <summary>Running.</summary>
    Active,

    /// <summary>HLT: an interrupt, NMI, SMI, INIT or RESET ends it.</summary>
    Halted,

    /// <summary>MWAIT: like HLT, and a write to the monitored range ends it.</summary>
    Waiting,

    /// <summary>Triple fault: only NMI, SMI, INIT or RESET ends it.</summary>
    Shutdown,

    /// <summary>An application processor after INIT: only SIPI ends it.</summary>
    WaitForSipi,

    /// <summary>Stopped in front of an x87 instruction by an error reported on FERR#: like HLT, and IGNNE# ends it (SDM Vol. 1 appendix D.2).</summary>
    Frozen,
}

/// <summary>
/// An entry of the jump cache. The host address identifies the physical code, so remapping needs no flush. What is close in memory is close in the
/// cache: blocks begin some ten bytes apart, and those of one function share cache lines.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
public unsafe struct JumpCacheEntry
{
    /// <summary>Size of an entry in bytes.</summary>
    public const int SizeInBytes = 16;

    /// <summary>log2 of the number of entries.</summary>
    public const int IndexBits = 15;

    /// <summary>log2 of the bytes of code that share an entry.</summary>
    public const int GrainBits = 2;

    /// <summary>Bits of the address from here up are folded into the index.</summary>
    public const int FoldBit = 14;

    /// <summary>Where the mode is in <see cref="Key"/>: user space of 64-bit hosts ends at 2^47.</summary>
    public const int ModeBit = 48;

    /// <summary>Number of entries.</summary>
    public const int Count = 1 << IndexBits;

    /// <summary>Host address of the block's first byte and its mode, as <see cref="KeyOf"/> puts them together; 0 when empty.</summary>
    public ulong Key;

    /// <summary>The block's first operation.</summary>
    public Op* Entry;

    /// <summary>Host address and mode in one word, which compares and hashes much faster than the pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong KeyOf(nint host, CodeMode mode) => (ulong)host | ((ulong)mode << ModeBit);

    /// <summary>The entry in the same line of the host's cache that has what this one had before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static JumpCacheEntry* PairOf(JumpCacheEntry* entry) => (JumpCacheEntry*)((nuint)entry ^ SizeInBytes);

    /// <summary>Entry index for a host address. A block is in this entry or in its pair (<see cref="PairOf"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Index(nint host) => (((nuint)host >> GrainBits) ^ ((nuint)host >> FoldBit)) & (Count - 1);
}

/// <summary>An indirect jump or call that the interpreter performed.</summary>
public unsafe struct BranchRecord
{
    /// <summary>Records kept.</summary>
    public const int Count = 4096;

    /// <summary>The operation that jumped.</summary>
    public Op* Op;

    /// <summary>Linear address it went to.</summary>
    public ulong Target;
}
