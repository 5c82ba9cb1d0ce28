using Emu.Conformance.Cases;
using Emu.Cpu;

namespace Emu.Conformance.Emulated;

/// <summary>Moves x87, SSE and AVX state between the emulated processor and an XSAVE image.</summary>
internal static unsafe class StateImage
{
    private const int VectorBytes = 64;

    /// <summary>Image to processor.</summary>
    public static void Load(MachineState* from, CpuState* to)
    {
        byte* image = from->Xsave;
        to->Fcw = from->Fcw;
        to->Fsw = from->Fsw;
        to->Ftw = from->Ftw;
        to->Fop = from->Fop;
        to->Fip = from->Fip;
        to->Fdp = from->Fdp;
        to->Fcs = 0;
        to->Fds = 0;
        to->Mxcsr = from->Mxcsr;
        int top = from->Fsw >> 11 & 7;
        for (int i = 0; i < 8; i++)
        {
            ulong* register = (ulong*)(image + MachineState.StOffset) + i * 2;
            to->Fpr[(top + i & 7) * 2] = register[0];
            to->Fpr[(top + i & 7) * 2 + 1] = (ushort)register[1];
        }
        for (int i = 0; i < 16; i++)
        {
            ulong* vector = (ulong*)(to->Vector + i * VectorBytes);
            ulong* low = (ulong*)(image + MachineState.XmmOffset) + i * 2, high = (ulong*)(image + MachineState.YmmhOffset) + i * 2;
            (vector[0], vector[1], vector[2], vector[3]) = (low[0], low[1], high[0], high[1]);
        }
    }

    /// <summary>Processor to image.</summary>
    public static void Store(CpuState* from, MachineState* to)
    {
        byte* image = to->Xsave;
        to->Fcw = from->Fcw;
        to->Fsw = from->Fsw;
        to->Ftw = from->Ftw;
        to->Fop = from->Fop;
        to->Fip = from->Fip;
        to->Fdp = from->Fdp;
        to->Mxcsr = from->Mxcsr;
        to->XstateBv = 7;
        int top = from->Fsw >> 11 & 7;
        for (int i = 0; i < 8; i++)
        {
            ulong* register = (ulong*)(image + MachineState.StOffset) + i * 2;
            register[0] = from->Fpr[(top + i & 7) * 2];
            register[1] = (ushort)from->Fpr[(top + i & 7) * 2 + 1];
        }
        for (int i = 0; i < 16; i++)
        {
            ulong* vector = (ulong*)(from->Vector + i * VectorBytes);
            ulong* low = (ulong*)(image + MachineState.XmmOffset) + i * 2, high = (ulong*)(image + MachineState.YmmhOffset) + i * 2;
            (low[0], low[1], high[0], high[1]) = (vector[0], vector[1], vector[2], vector[3]);
        }
    }
}
