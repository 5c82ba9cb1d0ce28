using System.Buffers.Binary;

namespace Emu.Cpu;

/// <summary>
/// The 512 bytes FXSAVE stores and an XSAVE area begins with (SDM Vol. 1 10.5.1, APM Vol. 2 11.4.4): x87, MXCSR and XMM registers.
/// </summary>
/// <remarks>
/// Discrepancies: while no unmasked x87 exception is pending, AMD's processors store zeros for the opcode and the pointers (APM
/// Vol. 2 11.4.4.3, CPUID 8000_0008H.EBX[2]); Intel's store what they last had. The model's vendor decides. Loading takes them in any case.
/// </remarks>
internal static unsafe class LegacyImage
{
    /// <summary>Bytes of the x87 registers FCW to FDP.</summary>
    public const int ControlSize = 24;

    /// <summary>Offset of MXCSR and MXCSR_MASK.</summary>
    public const int MxcsrOffset = 24;

    /// <summary>Bytes of MXCSR and MXCSR_MASK.</summary>
    public const int MxcsrSize = 8;

    /// <summary>Offset of ST(0).</summary>
    public const int StackOffset = 32;

    /// <summary>Bytes of ST(0) to ST(7), 16 each.</summary>
    public const int StackSize = 128;

    /// <summary>Offset of XMM0.</summary>
    public const int XmmOffset = 160;

    /// <summary>The bits of MXCSR that exist; any other raises #GP(0) when loaded.</summary>
    public const uint MxcsrMask = 0xFFFF;

    /// <summary>XMM registers the mode can name: 16 in 64-bit mode, else 8.</summary>
    public static int VectorCount(CpuState* s) => (s->Mode & CodeMode.Code64) != 0 ? 16 : 8;

    /// <summary>FCW, FSW, the abridged tags, FOP and the pointers; with <paramref name="wide"/> (REX.W) 64-bit pointers without selectors.</summary>
    public static void StoreControl(Vcpu cpu, Span<byte> image, bool wide)
    {
        CpuState* s = cpu.State;
        image.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(image, s->Fcw);
        BinaryPrimitives.WriteUInt16LittleEndian(image[2..], s->Fsw);
        image[4] = s->Ftw;
        if ((s->Fsw & X87Status.Summary) == 0 && cpu.Model.IsAmd) return;
        BinaryPrimitives.WriteUInt16LittleEndian(image[6..], s->Fop);
        StorePointer(image[8..], s->Fip, s->Fcs, wide);
        StorePointer(image[16..], s->Fdp, s->Fds, wide);
    }

    /// <summary>Loads what <see cref="StoreControl"/> stores.</summary>
    public static void LoadControl(Vcpu cpu, ReadOnlySpan<byte> image, bool wide)
    {
        CpuState* s = cpu.State;
        s->Ftw = image[4];
        X87Unit.SetControl(cpu, BinaryPrimitives.ReadUInt16LittleEndian(image));
        X87Unit.SetStatus(cpu, BinaryPrimitives.ReadUInt16LittleEndian(image[2..]));
        // 64-bit pointers become canonical.
        int unused = (s->Cr4 & Cr4.La57) != 0 ? 64 - 57 : 64 - 48;
        ulong fip = LoadPointer(image[8..], wide, unused, out ushort fcs), fdp = LoadPointer(image[16..], wide, unused, out ushort fds);
        X87Unit.SetPointers(s, fip, fcs, fdp, fds, BinaryPrimitives.ReadUInt16LittleEndian(image[6..]));
    }

    /// <summary>MXCSR and MXCSR_MASK.</summary>
    public static void StoreMxcsr(CpuState* s, Span<byte> image)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(image, s->Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(image[4..], MxcsrMask);
    }

    /// <summary>The MXCSR of an image; raises #GP(0) for reserved bits.</summary>
    public static uint ReadMxcsr(Vcpu cpu, ReadOnlySpan<byte> image)
    {
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(image);
        if ((value & ~MxcsrMask) != 0) cpu.RaiseGeneralProtection();
        return value;
    }

    /// <summary>ST(0) to ST(7).</summary>
    public static void StoreStack(CpuState* s, Span<byte> image)
    {
        image.Clear();
        for (int i = 0; i < 8; i++)
        {
            ulong* register = s->Fpr + (X87Unit.Physical(s, i) * 2);
            BinaryPrimitives.WriteUInt64LittleEndian(image[(i * 16)..], register[0]);
            BinaryPrimitives.WriteUInt16LittleEndian(image[((i * 16) + 8)..], (ushort)register[1]);
        }
    }

    /// <summary>Loads ST(0) to ST(7); TOP must be in place.</summary>
    public static void LoadStack(CpuState* s, ReadOnlySpan<byte> image)
    {
        for (int i = 0; i < 8; i++)
        {
            ulong* register = s->Fpr + (X87Unit.Physical(s, i) * 2);
            register[0] = BinaryPrimitives.ReadUInt64LittleEndian(image[(i * 16)..]);
            register[1] = BinaryPrimitives.ReadUInt16LittleEndian(image[((i * 16) + 8)..]);
        }
    }

    /// <summary>Copies vector registers out of (or into) an image: <paramref name="width"/> bytes from byte <paramref name="from"/> of each.</summary>
    public static void CopyVectors(CpuState* s, Span<byte> image, int first, int count, int from, int width, bool load)
    {
        for (int i = 0; i < count; i++)
        {
            Span<byte> register = new(s->Vector + ((first + i) * 64) + from, width);
            Span<byte> slot = image.Slice(i * width, width);
            if (load) slot.CopyTo(register);
            else register.CopyTo(slot);
        }
    }

    private static void StorePointer(Span<byte> image, ulong offset, ushort selector, bool wide)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(image, wide ? offset : (uint)offset | ((ulong)selector << 32));
    }

    private static ulong LoadPointer(ReadOnlySpan<byte> image, bool wide, int unused, out ushort selector)
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(image);
        selector = wide ? (ushort)0 : (ushort)(value >> 32);
        return wide ? (ulong)((long)(value << unused) >> unused) : (uint)value;
    }
}
