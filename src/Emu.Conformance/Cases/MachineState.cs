using System.Runtime.InteropServices;

namespace Emu.Conformance.Cases;

/// <summary>
/// The user-visible state of a processor, in one blittable block that the native trampoline loads and stores directly.
/// </summary>
/// <remarks>
/// General registers are in encoding order (RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15). The last part is a
/// standard-format XSAVE image (SDM Vol. 1 13.4): 512 legacy bytes, 64 header bytes, the upper halves of YMM0-YMM15.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
public unsafe struct MachineState
{
    /// <summary>Size of the block.</summary>
    public const int SizeInBytes = 1024;

    /// <summary>Offsets of the parts, for the machine code that accesses them.</summary>
    public const int GprOffset = 0, RipOffset = 128, RflagsOffset = 136, FsBaseOffset = 144, GsBaseOffset = 152,
        SegmentOffset = 160, XsaveOffset = 192;

    /// <summary>Bytes of the XSAVE image for x87, SSE and AVX (SDM Vol. 1 13.4, 13.5.3).</summary>
    public const int XsaveBytes = 512 + 64 + 256;

    /// <summary>Offsets inside the XSAVE image.</summary>
    public const int FcwOffset = 0, FswOffset = 2, FtwOffset = 4, FopOffset = 6, FipOffset = 8, FdpOffset = 16,
        MxcsrOffset = 24, MxcsrMaskOffset = 28, StOffset = 32, XmmOffset = 160, XstateBvOffset = 512, YmmhOffset = 576;

    [FieldOffset(GprOffset)] public fixed ulong Gpr[16];
    [FieldOffset(RipOffset)] public ulong Rip;
    [FieldOffset(RflagsOffset)] public ulong Rflags;
    [FieldOffset(FsBaseOffset)] public ulong FsBase;
    [FieldOffset(GsBaseOffset)] public ulong GsBase;

    /// <summary>ES, CS, SS, DS, FS, GS in encoding order.</summary>
    [FieldOffset(SegmentOffset)] public fixed ushort Segments[6];
    [FieldOffset(XsaveOffset)] public fixed byte Xsave[XsaveBytes];

    /// <summary>x87 control word.</summary>
    [FieldOffset(XsaveOffset + FcwOffset)] public ushort Fcw;

    /// <summary>x87 status word.</summary>
    [FieldOffset(XsaveOffset + FswOffset)] public ushort Fsw;

    /// <summary>Abridged x87 tag word: bit n set when physical register n is not empty.</summary>
    [FieldOffset(XsaveOffset + FtwOffset)] public byte Ftw;

    /// <summary>Last x87 opcode.</summary>
    [FieldOffset(XsaveOffset + FopOffset)] public ushort Fop;

    /// <summary>Last x87 instruction pointer.</summary>
    [FieldOffset(XsaveOffset + FipOffset)] public ulong Fip;

    /// <summary>Last x87 data pointer.</summary>
    [FieldOffset(XsaveOffset + FdpOffset)] public ulong Fdp;

    /// <summary>SSE control and status.</summary>
    [FieldOffset(XsaveOffset + MxcsrOffset)] public uint Mxcsr;

    /// <summary>XSAVE header: the components that are not in their initial state.</summary>
    [FieldOffset(XsaveOffset + XstateBvOffset)] public ulong XstateBv;
}
