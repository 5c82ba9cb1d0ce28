using System.Text;
using Emu.Conformance.States;
using Xunit;

namespace Emu.Cpu.Conformance.States;

/// <summary>State tests from JSON: what passes, what fails, and what is refused.</summary>
public sealed class StateTestTests
{
    private static readonly CpuModel Model = CpuModel.Max;

    private static StateTestResult Run(string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return StateTestRunner.Run(Assert.Single(StateTestReader.Read(stream, "test.json")), Model);
    }

    [Fact]
    public void A_64_bit_test_runs_to_HLT_and_compares_registers_flags_and_memory()
    {
        // add rax, rbx; mov [rsi], rax; paddd xmm0, xmm1; hlt
        StateTestResult result = Run("""
            { "code": "4801D8 488906 660FFEC1 F4", "address": "0x10000",
              "memory": [ { "address": "0x20000", "size": 4096 } ],
              "registers": { "rax": "0xFFFFFFFFFFFFFFFF", "rbx": "2", "rsi": "0x20010", "xmm0": "0x00000004_00000003_00000002_00000001", "xmm1": "0x1_00000001_00000001_00000001" },
              "expect": { "registers": { "rax": "1", "rflags": "0x213", "rip": "0x1000B", "xmm0": "0x00000005_00000004_00000003_00000002" },
                          "memory": [ { "address": "0x20010", "data": "0100000000000000" } ] } }
            """);
        Assert.Empty(result.Failures);
    }

    [Fact]
    public void A_wrong_expectation_fails_with_both_values()
    {
        StateTestResult result = Run("""{ "code": "FFC0 F4", "expect": { "registers": { "eax": "2" } } }""");
        Assert.Equal("eax is 0x00000001, expected 0x00000002", Assert.Single(result.Failures));
    }

    [Fact]
    public void A_32_bit_test_runs_in_32_bit_code()
    {
        // dec eax (a REX prefix in 64-bit code); hlt
        StateTestResult result = Run("""{ "mode": 32, "code": "48F4", "expect": { "registers": { "eax": "0xFFFFFFFF" } } }""");
        Assert.Empty(result.Failures);
    }

    [Fact]
    public void A_real_mode_test_computes_addresses_from_segments()
    {
        // mov [bx], ax with DS = 2000h; hlt
        StateTestResult result = Run("""
            { "mode": 16, "code": "8907F4", "address": "0x1000", "registers": { "ax": "0x1234", "bx": "0x10", "ds": "0x2000" },
              "expect": { "registers": { "ip": "0x1003" }, "memory": [ { "address": "0x20010", "data": "3412" } ] } }
            """);
        Assert.Empty(result.Failures);
    }

    [Fact]
    public void An_expected_exception_passes_and_an_unexpected_one_fails()
    {
        Assert.Empty(Run("""{ "code": "0F0B", "expect": { "exception": 6 } }""").Failures);
        Assert.Empty(Run("""{ "code": "8B07F4", "registers": { "rdi": "0x123000" }, "expect": { "exception": 14, "errorCode": "4" } }""").Failures);
        Assert.Contains("#UD", Assert.Single(Run("""{ "code": "0F0B" }""").Failures), StringComparison.Ordinal);
        Assert.NotEmpty(Run("""{ "code": "F4", "expect": { "exception": 6 } }""").Failures);
    }

    [Fact]
    public void Memory_is_protected_as_the_regions_say()
    {
        Assert.Empty(Run("""
            { "code": "C60601F4", "memory": [ { "address": "0x20000", "size": 16, "access": "r" } ], "registers": { "rsi": "0x20000" },
              "expect": { "exception": 14, "errorCode": "7" } }
            """).Failures);
    }

    [Fact]
    public void A_test_that_does_not_end_fails()
    {
        Assert.Contains("did not reach HLT", Assert.Single(Run("""{ "code": "EBFE", "maxInstructions": 1000 }""").Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "code": "zz" }""", "hexadecimal")]
    [InlineData("""{ "code": "F4", "registers": { "rqx": "1" } }""", "no register 'rqx'")]
    [InlineData("""{ "code": "F4", "mode": 8 }""", "mode must be")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0x20000", "size": 0 } ] }""", "size")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0xFFFF800000000000", "size": 1 } ] }""", "outside")]
    [InlineData("""{ "code": "F4", "registers": { "rax": "12x" } }""", "not a number")]
    [InlineData("""{ "code": "F4", "surprise": 1 }""", "surprise")]
    [InlineData("""[ 1 ]""", "test.json")]
    [InlineData("""{ "code": """, "test.json")]
    public void A_malformed_test_is_refused_with_its_reason(string json, string reason)
    {
        Assert.Contains(reason, Assert.Throws<StateTestException>(() => Run(json)).Message, StringComparison.Ordinal);
    }
}
