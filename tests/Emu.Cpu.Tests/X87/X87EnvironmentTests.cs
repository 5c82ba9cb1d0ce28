using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.X87;

/// <summary>The four layouts of the x87 environment (SDM Vol. 1 figures 8-9 to 8-12).</summary>
public sealed unsafe class X87EnvironmentTests
{
    private const ushort Area = 0x5000;

    /// <summary>A state with something in every field: CS:IP 1234:5678h, DS:DP 4321:8765h, opcode 7AAh.</summary>
    private static void SetState(CpuState* s)
    {
        s->Fcw = 0x37F;
        s->Fsw = 0x3800;
        s->Ftw = 0x80;
        s->Fpr[14] = 1UL << 63;
        s->Fpr[15] = 0x3FFF;
        (s->Fcs, s->Fip, s->Fds, s->Fdp, s->Fop) = (0x1234, 0x5678, 0x4321, 0x8765, 0x7AA);
    }

    [Fact]
    public void Real_mode_with_16_bit_operands_stores_linear_addresses_of_20_bits()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        SetState(m.State);
        m.Assemble(0x1000, 16, c =>
        {
            c.fnstenv(__[Area]);
            c.hlt();
        });
        m.Run();
        ulong[] words = [0x37F, 0x3800, 0x3FFF, 0x79B8, 0x17AA, 0xB975, 0x4000];
        for (int i = 0; i < words.Length; i++) Assert.Equal(words[i], m.Peek(Area + (ulong)(i * 2), 2));
    }

    [Fact]
    public void Real_mode_with_32_bit_operands_splits_linear_addresses_in_two()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        SetState(m.State);
        m.State->Fip = 0x00AB5678;
        m.Load(0x1000, 0x66, 0xD9, 0x36, 0x00, 0x50, 0xF4);
        m.Run();
        // 12340h + AB5678h = AC79B8h.
        ulong[] words = [0xFFFF037F, 0xFFFF3800, 0xFFFF3FFF, 0xFFFF79B8, 0x000AC7AA, 0xFFFFB975, 0x00004000];
        for (int i = 0; i < words.Length; i++) Assert.Equal(words[i], m.Peek(Area + (ulong)(i * 4), 4));
    }

    [Fact]
    public void Protected_mode_stores_selectors_and_offsets()
    {
        using LongMachine m = new();
        SetState(m.State);
        m.Run(c =>
        {
            c.fnstenv(__[(ulong)Area]);
            c.db(0x66, 0xD9, 0x34, 0x25, 0x40, 0x50, 0x00, 0x00);
            c.hlt();
        });
        ulong[] wide = [0xFFFF037F, 0xFFFF3800, 0xFFFF3FFF, 0x00005678, 0x07AA1234, 0x00008765, 0xFFFF4321];
        for (int i = 0; i < wide.Length; i++) Assert.Equal(wide[i], m.Machine.Peek(Area + (ulong)(i * 4), 4));
        ulong[] narrow = [0x37F, 0x3800, 0x3FFF, 0x5678, 0x1234, 0x8765, 0x4321];
        for (int i = 0; i < narrow.Length; i++) Assert.Equal(narrow[i], m.Machine.Peek(Area + 0x40 + (ulong)(i * 2), 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FRSTOR_takes_back_what_FNSAVE_stored(bool wide)
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        SetState(m.State);
        byte[] prefix = wide ? [0x66] : [];
        m.Load(0x1000, [.. prefix, 0xDD, 0x36, 0x00, 0x50, .. prefix, 0xDD, 0x26, 0x00, 0x50, 0xF4]);
        m.Cpu.Run(1);
        Assert.Equal((0x37F, 0, 0, 0), (m.State->Fcw, m.State->Fsw, m.State->Ftw, (int)m.State->Fip));
        m.Run();
        Assert.Equal((0x37F, 0x3800, 0x80), (m.State->Fcw, m.State->Fsw, m.State->Ftw));
        Assert.Equal((0x179B8UL, 0x4B975UL, 0x7AA), (m.State->Fip, m.State->Fdp, m.State->Fop));
        Assert.Equal((1UL << 63, 0x3FFFUL), (m.State->Fpr[14], m.State->Fpr[15]));
    }
}
