using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

public sealed unsafe class ImplicitAddressTests
{
    private const ulong Line = 0x14000;

    private static readonly byte[] Clzero = [0x0F, 0x01, 0xFC], Monitor = [0x0F, 0x01, 0xC8];

    private static LongMachine Run(byte[] instruction, byte[] prefixes, ulong address, ulong fsBase = 0)
    {
        LongMachine m = new("max,+monitor");
        m.Handle(ExceptionVector.InvalidOpcode, c => { c.mov(ebx, 6); c.hlt(); });
        m.Handle(ExceptionVector.PageFault, c => { c.mov(ebx, 14); c.hlt(); });
        m.State->Segment(SegmentIndex.Fs).Base = fsBase;
        m.Machine.Poke(Line - 1, 1, 0x55);
        for (uint i = 0; i < 65; i += 8) m.Machine.Poke(Line + i, 8, 0x5555555555555555);
        m.State->Gpr[0] = address;
        m.Machine.Load(LongMachine.Code, [.. prefixes, .. instruction, 0xF4]);
        m.Machine.Run();
        return m;
    }

    private static bool Zeroed(LongMachine m) =>
        Enumerable.Range(0, 8).All(i => m.Machine.Peek(Line + ((ulong)i * 8), 8) == 0) && m.Machine.Peek(Line - 1, 1) == 0x55 && m.Machine.Peek(Line + 64, 1) == 0x55;

    // APM Vol. 3, CLZERO: the line that contains rAX, as wide as the address size makes it.
    [Theory]
    [InlineData(new byte[0], Line + 5, true)]
    [InlineData(new byte[] { 0x67 }, 0x7_0000_0000 + Line, true)]
    [InlineData(new byte[0], 0x7_0000_0000 + Line, false)]
    [InlineData(new byte[] { 0x66, 0x2E }, Line, true)]
    public void CLZERO_clears_the_line_at_rAX(byte[] prefixes, ulong address, bool clears)
    {
        using LongMachine m = Run(Clzero, prefixes, address);
        Assert.Equal(clears, Zeroed(m));
        Assert.Equal(clears ? 0UL : 14UL, m.State->Gpr[3]);
    }

    [Fact]
    public void CLZERO_heeds_a_segment_prefix()
    {
        using LongMachine m = Run(Clzero, [0x64], 0x1000, fsBase: Line - 0x1000);
        Assert.True(Zeroed(m));
    }

    [Theory]
    [InlineData(0xF2)]
    [InlineData(0xF3)]
    [InlineData(0xF0)]
    public void CLZERO_with_a_repeat_or_lock_prefix_is_undefined(byte prefix)
    {
        using LongMachine m = Run(Clzero, [prefix], Line);
        Assert.Equal(6UL, m.State->Gpr[3]);
        Assert.False(Zeroed(m));
    }

    // SDM Vol. 2B, MONITOR: a byte load at DS:rAX, or in the segment of a prefix.
    [Theory]
    [InlineData(new byte[0], Line, 0UL)]
    [InlineData(new byte[0], 0x7_0000_0000 + Line, 14UL)]
    [InlineData(new byte[] { 0x67 }, 0x7_0000_0000 + Line, 0UL)]
    [InlineData(new byte[] { 0x64 }, Line, 14UL)]
    public void MONITOR_loads_from_the_address_it_arms(byte[] prefixes, ulong address, ulong exception)
    {
        using LongMachine m = Run(Monitor, prefixes, address, fsBase: 0x8000_0000);
        Assert.Equal(exception, m.State->Gpr[3]);
    }
}
