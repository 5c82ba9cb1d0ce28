using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>The XSAVE-managed state components: whether each is in use, and how it is stored, loaded and initialized (SDM Vol. 1 13.5, 13.6).</summary>
internal static unsafe class StateComponents
{
    /// <summary>XINUSE: the components of <paramref name="components"/> that are not in their initial configuration.</summary>
    public static ulong InUse(CpuState* s, ulong components)
    {
        ulong used = 0;
        if ((components & Xcr0.X87) != 0 && !IsX87Initial(s)) used |= Xcr0.X87;
        if ((components & Xcr0.Sse) != 0 && AnyVector(s, 0, 16, 0, 16)) used |= Xcr0.Sse;
        if ((components & Xcr0.Avx) != 0 && AnyVector(s, 0, 16, 16, 16)) used |= Xcr0.Avx;
        if ((components & Xcr0.Opmask) != 0 && new ReadOnlySpan<ulong>(s->Opmask, 8).ContainsAnyExcept(0UL)) used |= Xcr0.Opmask;
        if ((components & Xcr0.ZmmHi256) != 0 && AnyVector(s, 0, 16, 32, 32)) used |= Xcr0.ZmmHi256;
        if ((components & Xcr0.Hi16Zmm) != 0 && AnyVector(s, 16, 16, 0, 64)) used |= Xcr0.Hi16Zmm;
        if ((components & Xcr0.Pkru) != 0 && s->Pkru != 0) used |= Xcr0.Pkru;
        return used;
    }

    /// <summary>Stores extended component <paramref name="component"/> (2 and above).</summary>
    public static void Store(CpuState* s, int component, Span<byte> image)
    {
        switch (1UL << component)
        {
            case Xcr0.Opmask: MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(s->Opmask, 8)).CopyTo(image); break;
            case Xcr0.Pkru: BinaryPrimitives.WriteUInt64LittleEndian(image, s->Pkru); break;
            default: CopyVectors(s, component, image, load: false); break;
        }
    }

    /// <summary>Loads extended component <paramref name="component"/>.</summary>
    public static void Load(Vcpu cpu, int component, Span<byte> image)
    {
        CpuState* s = cpu.State;
        switch (1UL << component)
        {
            case Xcr0.Opmask: image[..64].CopyTo(MemoryMarshal.AsBytes(new Span<ulong>(s->Opmask, 8))); break;
            case Xcr0.Pkru: cpu.WritePkru(BinaryPrimitives.ReadUInt32LittleEndian(image)); break;
            default: CopyVectors(s, component, image, load: true); break;
        }
    }

    /// <summary>Puts component <paramref name="component"/> (0 and above, but for MXCSR) in its initial configuration.</summary>
    public static void Initialize(Vcpu cpu, int component)
    {
        CpuState* s = cpu.State;
        switch (1UL << component)
        {
            case Xcr0.X87:
                X87Unit.Initialize(cpu);
                new Span<ulong>(s->Fpr, 16).Clear();
                break;
            case Xcr0.Sse:
                for (int i = 0; i < LegacyImage.VectorCount(s); i++) new Span<byte>(s->Vector + (i * 64), 16).Clear();
                break;
            default:
                Span<byte> zero = stackalloc byte[1024];
                zero.Clear();
                Load(cpu, component, zero);
                break;
        }
    }

    /// <summary>
    /// Bytes of an extended component the mode accesses: outside 64-bit mode only the first eight registers are (SDM Vol. 1 13.5.3, 13.5.5).
    /// </summary>
    public static int AccessedSize(CpuState* s, int component)
    {
        int size = XsaveLayout.SizeOf(component);
        if ((s->Mode & CodeMode.Code64) != 0) return size;
        return (1UL << component) switch
        {
            Xcr0.Avx or Xcr0.ZmmHi256 => size / 2,
            Xcr0.Hi16Zmm => 0,
            _ => size,
        };
    }

    private static void CopyVectors(CpuState* s, int component, Span<byte> image, bool load)
    {
        int count = LegacyImage.VectorCount(s);
        switch (1UL << component)
        {
            case Xcr0.Avx: LegacyImage.CopyVectors(s, image, 0, count, 16, 16, load); break;
            case Xcr0.ZmmHi256: LegacyImage.CopyVectors(s, image, 0, count, 32, 32, load); break;
            case Xcr0.Hi16Zmm: LegacyImage.CopyVectors(s, image, 16, count == 16 ? 16 : 0, 0, 64, load); break;
        }
    }

    private static bool IsX87Initial(CpuState* s)
    {
        if (s->Fcw != X87Unit.InitialControl || s->Fsw != 0 || s->Ftw != 0) return false;
        if ((s->Fip | s->Fdp | s->Fop | s->Fcs | s->Fds) != 0) return false;
        for (int i = 0; i < 8; i++)
        {
            if ((s->Fpr[i * 2] | (ushort)s->Fpr[(i * 2) + 1]) != 0) return false;
        }

        return true;
    }

    private static bool AnyVector(CpuState* s, int first, int count, int from, int width)
    {
        for (int i = 0; i < count; i++)
        {
            if (new ReadOnlySpan<byte>(s->Vector + ((first + i) * 64) + from, width).ContainsAnyExcept((byte)0)) return true;
        }

        return false;
    }
}
