namespace Emu.Cpu;

// Port I/O: permission and the access itself.
public sealed unsafe partial class Vcpu
{
    /// <summary>
    /// Whether IN, OUT, INS or OUTS may access a port: in protected mode above IOPL, and always in virtual-8086 mode, the I/O
    /// permission bitmap of the TSS decides (SDM Vol. 1 18.5.2). Raises #GP(0), #PF.
    /// </summary>
    /// <param name="port">First port.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public void CheckIoPermission(ushort port, int size)
    {
        CpuState* s = State;
        if ((s->Cr0 & Cr0.Pe) == 0 || (!s->IsVirtual8086 && s->Cpl <= s->Iopl)) return;
        ref SegmentRegister tr = ref s->Segment(SegmentIndex.Tr);
        // A 16-bit TSS has no bitmap.
        if (!tr.Present || (tr.Type & 8) == 0 || tr.Limit < 103) RaiseGeneralProtection();
        uint offset = ReadSystem<ushort>(tr.Base + 102) + ((uint)port >> 3);
        if (offset + 1 > tr.Limit) RaiseGeneralProtection();
        uint bits = ReadSystem<ushort>(tr.Base + offset);
        if (((bits >> (port & 7)) & ((1u << size) - 1)) != 0) RaiseGeneralProtection();
    }

    /// <summary>IN of a port that <see cref="CheckIoPermission"/> has let through; meets I/O breakpoints.</summary>
    public uint ReadPort(ushort port, int size)
    {
        if (portBreakpoints != 0) CheckPortBreakpoints(port, size);
        return Bus.ReadPort(port, size);
    }

    /// <summary>OUT to a port that <see cref="CheckIoPermission"/> has let through; meets I/O breakpoints.</summary>
    public void WritePort(ushort port, int size, uint value)
    {
        if (portBreakpoints != 0) CheckPortBreakpoints(port, size);
        Bus.WritePort(port, size, value);
    }
}
