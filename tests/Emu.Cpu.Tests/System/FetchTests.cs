using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Code at the end of a page: what is fetched, and which fault comes first (SDM Vol. 3A table 6-2).</summary>
public sealed unsafe class FetchTests
{
    private const ulong Next = 0x201000;

    private static byte Run(byte[] code, bool nextIsMapped, byte[] after)
    {
        using LongMachine m = new();
        m.Machine.Poke(LongMachine.Tables + 0x2008, 8, (LongMachine.Tables + 0x4000) | 7);
        m.Machine.Poke(LongMachine.Tables + 0x4000, 8, 0x200000 | 7);
        m.Machine.Poke(LongMachine.Tables + 0x4008, 8, nextIsMapped ? Next | 7 : 0);
        m.Cpu.Mmu.FlushAll();
        foreach (byte vector in (ReadOnlySpan<byte>)[6, 13, 14])
        {
            m.Handle(vector, c =>
            {
                c.mov(eax, vector);
                c.hlt();
            });
        }

        m.Machine.Load(Next, after);
        m.Machine.Load(Next - (ulong)code.Length, code);
        m.State->Rip = Next - (ulong)code.Length;
        m.Machine.Run();
        return (byte)m.State->Gpr[0];
    }

    [Theory]
    [InlineData("0F0B", 6)] // UD2
    [InlineData("06", 6)] // PUSH ES does not exist here
    [InlineData("0F04", 6)]
    [InlineData("F090", 6)] // LOCK NOP
    [InlineData("FFF8", 6)] // group 5, /7
    [InlineData("F20F69C0", 6)] // PUNPCKHWD takes no F2
    [InlineData("F20F69", 14)] // ... and still has a ModRM byte
    [InlineData("F20F6904", 14)] // ... and a SIB byte
    [InlineData("F08B", 14)] // LOCK MOV
    [InlineData("0F", 14)]
    [InlineData("62", 14)]
    [InlineData("C4E2", 14)]
    [InlineData("6666666666666666666666666666", 14)] // 14 prefixes: the fifteenth byte is fetched
    [InlineData("666666666666666666666666666666", 13)] // 15 prefixes: too long, whatever follows
    [InlineData("2EF26626", 14)]
    public void An_undefined_instruction_is_fetched_whole_before_it_is_undefined(string code, byte vector) =>
        Assert.Equal(vector, Run(Convert.FromHexString(code), nextIsMapped: false, []));

    [Fact]
    public void An_undefined_instruction_that_is_too_long_across_a_page_is_a_general_protection_fault()
    {
        byte[] start = Convert.FromHexString("2EF266262E662E66420F6924"), end = Convert.FromHexString("ADF28F0020"); // 17 bytes
        Assert.Equal(13, Run(start, nextIsMapped: true, end));
        Assert.Equal(6, Run([0xF2, .. start[6..]], nextIsMapped: true, end)); // 12
    }

    // APM Vol. 3, UD1; AMD's processors do not decode its ModRM byte.
    [Fact]
    public void UD1_ends_at_its_opcode_on_AMD()
    {
        byte[] code = Convert.FromHexString("2E3626363E2E2666440FB99B93080000"); // 16 bytes with its operand
        Assert.Equal(6, Run(code, nextIsMapped: true, []));
    }
}
