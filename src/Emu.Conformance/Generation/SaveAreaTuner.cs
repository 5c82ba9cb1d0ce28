using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Save areas of FXSAVE and the XSAVE family: valid images to restore, masks without foreign components.</summary>
internal static unsafe class SaveAreaTuner
{
    private const int HeaderOffset = 512, HeaderSize = 64;

    /// <summary>Fills the area an instruction will read, and its requested-feature mask in EDX:EAX.</summary>
    public static bool Tune(in Instruction instruction, Mnemonic mnemonic, CaseInput* input, ref Random64 random)
    {
        if (mnemonic is not (Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64))
        {
            ulong mask = random.Percent(70) ? (ulong)random.Below(8) : random.Next() & ~StateFiller.ForeignComponents;
            if (!OperandTuner.AddressUses(instruction, 0)) input->State.Gpr[0] = (uint)mask;
            if (!OperandTuner.AddressUses(instruction, 2)) input->State.Gpr[2] = mask >> 32;
            ulong requested = (uint)input->State.Gpr[0] | input->State.Gpr[2] << 32;
            if ((requested & StateFiller.ForeignComponents) != 0) return false;
        }

        int size = HeaderOffset + HeaderSize + 256;
        byte* area = OperandTuner.MemoryOf(instruction, input, size);
        if (area == null) return true;
        *(uint*)(area + MachineState.MxcsrOffset) = random.Percent(92) ? (uint)random.Next() & 0xFFFF : (uint)random.Next() & ~(1u << 17);
        new Span<byte>(area + MachineState.FswOffset, 2)[1] &= 0x7F;
        if (random.Percent(90)) *(ushort*)(area + MachineState.FswOffset) &= 0x7F40;
        // Reserved bits of a stored image: what they become is not architectural.
        *(ushort*)(area + MachineState.FcwOffset) = (ushort)(*(ushort*)(area + MachineState.FcwOffset) & 0x1F3F | 0x40);
        *(ushort*)(area + MachineState.FopOffset) &= 0x7FF;
        *(ulong*)(area + MachineState.FipOffset) &= 0x7FFF_FFFF_FFFF;
        *(ulong*)(area + MachineState.FdpOffset) &= 0x7FFF_FFFF_FFFF;
        var header = new Span<byte>(area + HeaderOffset, HeaderSize);
        header.Clear();
        *(ulong*)(area + HeaderOffset) = (ulong)random.Below(8);
        if (random.Percent(15)) *(ulong*)(area + HeaderOffset + 8) = 1UL << 63 | (random.Percent(80) ? 7u : (uint)random.Below(8));
        if (random.Percent(4)) header[random.Below(24)] ^= (byte)(1 << random.Below(8));
        if (mnemonic is Mnemonic.Xrstor or Mnemonic.Xrstor64) (header[0], header[8]) = ((byte)(header[0] & 7), (byte)(header[8] & 7));
        return true;
    }
}
