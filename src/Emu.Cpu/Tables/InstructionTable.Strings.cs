using Iced.Intel;

namespace Emu.Cpu;

public sealed unsafe partial class InstructionTable
{
    private static void AddStrings(Builder t)
    {
        t.Add(Mnemonic.Insb, new PortStringRow(&SlowPortStrings.Input<byte>));
        t.Add(Mnemonic.Insw, new PortStringRow(&SlowPortStrings.Input<ushort>));
        t.Add(Mnemonic.Insd, new PortStringRow(&SlowPortStrings.Input<uint>));
        t.Add(Mnemonic.Outsb, new PortStringRow(&SlowPortStrings.Output<byte>));
        t.Add(Mnemonic.Outsw, new PortStringRow(&SlowPortStrings.Output<ushort>));
        t.Add(Mnemonic.Outsd, new PortStringRow(&SlowPortStrings.Output<uint>));

        // MOVSD and CMPSD are also SSE2 mnemonics, hence encodings.
        Add(t, new StringRow<Movs>(), Code.Movsb_m8_m8, Code.Movsw_m16_m16, Code.Movsd_m32_m32, Code.Movsq_m64_m64);
        Add(t, new StringRow<Stos>(), Code.Stosb_m8_AL, Code.Stosw_m16_AX, Code.Stosd_m32_EAX, Code.Stosq_m64_RAX);
        Add(t, new StringRow<Lods>(), Code.Lodsb_AL_m8, Code.Lodsw_AX_m16, Code.Lodsd_EAX_m32, Code.Lodsq_RAX_m64);
        Add(t, new StringRow<Cmps>(), Code.Cmpsb_m8_m8, Code.Cmpsw_m16_m16, Code.Cmpsd_m32_m32, Code.Cmpsq_m64_m64);
        Add(t, new StringRow<Scas>(), Code.Scasb_AL_m8, Code.Scasw_AX_m16, Code.Scasd_EAX_m32, Code.Scasq_RAX_m64);
    }

    private static void Add(Builder t, InstructionRow row, params ReadOnlySpan<Code> codes)
    {
        foreach (Code code in codes) t.Add(code, row);
    }
}
