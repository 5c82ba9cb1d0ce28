using Emu.Conformance.Cases;
using Emu.Conformance.Comparison;
using Xunit;

namespace Emu.Cpu.Conformance.Oracle;

/// <summary>What counts as a difference.</summary>
public sealed class CaseComparerTests
{
    [Theory]
    [InlineData(0x0000_7FFF_FFFF_EFF8UL, false)]
    [InlineData(0x0000_7FFF_FFFF_F000UL, true)]
    [InlineData(0xFFFF_8000_0000_0000UL, true)]
    public void The_P_bit_of_a_page_fault_tells_nothing_where_Linux_sets_it(ulong address, bool agree)
    {
        CaseInput input = new() { Bits = 64 };
        CaseResult native = Fault(address, 7), emulated = Fault(address, 6);
        Assert.Equal(agree, new CaseComparer().Compare(input, native, emulated).Count == 0);
        CaseResult read = Fault(address, 4);
        Assert.NotEmpty(new CaseComparer().Compare(input, native, read));
    }

    private static CaseResult Fault(ulong address, uint errorCode) =>
        new() { Outcome = CaseOutcome.Fault, Vector = 14, Cr2 = address, ErrorCode = errorCode };
}
