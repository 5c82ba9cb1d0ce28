using System.Buffers.Binary;

namespace Emu.Cpu;

/// <summary>
/// The memory image of FNSTENV and FLDENV, with which that of FNSAVE and FRSTOR begins, in its four layouts (SDM Vol. 1 8.1.10):
/// 16 or 32 bits by operand size; selectors and offsets in protected mode, linear addresses in real-address and virtual-8086 mode.
/// </summary>
internal static unsafe class X87EnvironmentImage
{
    /// <summary>Bytes of the 16-bit layout; the 32-bit one has twice as many.</summary>
    public const int Size16 = 14;

    /// <summary>Bytes of the 32-bit layout.</summary>
    public const int Size32 = 28;

    /// <summary>Writes the environment.</summary>
    public static void Store(CpuState* s, Span<byte> image, bool wide)
    {
        Span<uint> words = stackalloc uint[7];
        words[0] = s->Fcw;
        words[1] = s->Fsw;
        words[2] = X87Unit.FullTags(s);
        uint upper = 0xFFFF_0000;
        if (s->IsProtected)
        {
            words[3] = (uint)s->Fip;
            words[4] = wide ? s->Fcs | ((uint)s->Fop << 16) : s->Fcs;
            words[5] = (uint)s->Fdp;
            words[6] = s->Fds | upper;
        }
        else
        {
            uint ip = (uint)s->Fip + ((uint)s->Fcs << 4), dp = (uint)s->Fdp + ((uint)s->Fds << 4);
            words[3] = (ushort)ip | upper;
            words[4] = (ip >> 16 << 12) | s->Fop;
            words[5] = (ushort)dp | upper;
            words[6] = dp >> 16 << 12;
        }

        for (int i = 0; i < 3; i++) words[i] |= upper;
        for (int i = 0; i < 7; i++)
        {
            if (wide) BinaryPrimitives.WriteUInt32LittleEndian(image[(i * 4)..], words[i]);
            else BinaryPrimitives.WriteUInt16LittleEndian(image[(i * 2)..], (ushort)words[i]);
        }
    }

    /// <summary>Loads the environment.</summary>
    public static void Load(Vcpu cpu, ReadOnlySpan<byte> image, bool wide)
    {
        CpuState* s = cpu.State;
        Span<uint> words = stackalloc uint[7];
        for (int i = 0; i < 7; i++)
        {
            words[i] = wide ? BinaryPrimitives.ReadUInt32LittleEndian(image[(i * 4)..]) : BinaryPrimitives.ReadUInt16LittleEndian(image[(i * 2)..]);
        }

        if (s->IsProtected)
        {
            X87Unit.SetPointers(s, words[3], (ushort)words[4], words[5], (ushort)words[6], (ushort)(words[4] >> 16));
        }
        else
        {
            X87Unit.SetPointers(
                s, (words[3] & 0xFFFF) | (words[4] >> 12 << 16), 0, (words[5] & 0xFFFF) | (words[6] >> 12 << 16), 0, (ushort)words[4]);
        }

        X87Unit.SetFullTags(s, (ushort)words[2]);
        X87Unit.SetControl(cpu, (ushort)words[0]);
        X87Unit.SetStatus(cpu, (ushort)words[1]);
    }
}
