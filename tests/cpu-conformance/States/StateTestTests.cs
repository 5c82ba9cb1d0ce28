using System.Text;
using System.Xml.Linq;
using Emu.Conformance.Emulated;
using Emu.Conformance.Run;
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
        return StateTestRunner.Run(Assert.Single(StateTestReader.Read(stream, "test.json")), Model, ExecutionEngine.Interpreter);
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

    [Fact]
    public void An_exception_in_real_mode_is_reported_with_the_state_before_its_delivery()
    {
        // xor cx, cx; div cx
        StateTestResult result = Run("""
            { "mode": 16, "code": "31C9 F7F1", "registers": { "sp": "0x8000" },
              "expect": { "exception": 0, "registers": { "ip": "0x1002", "sp": "0x8000", "cs": "0", "flags": "0x246" } } }
            """);
        Assert.Empty(result.Failures);
    }

    [Fact]
    public void Code_is_executable_whatever_else_lies_on_its_page()
    {
        // mov byte [rip+1], 2 writes into a region on the page of the code
        Assert.Empty(Run("""
            { "code": "C605 F00F0000 02 F4", "address": "0x10000", "memory": [ { "address": "0x10FF7", "data": "01" } ],
              "expect": { "memory": [ { "address": "0x10FF7", "data": "02" } ] } }
            """).Failures);
    }

    [Fact]
    public void Code_in_a_region_has_the_rights_of_the_region_and_may_change_itself_when_it_can_be_written()
    {
        // mov byte [rip+1], F4h makes the second NOP a HLT
        const string code = "C605 01000000 F4 90 90";
        Assert.Empty(Run($$"""
            { "code": "{{code}}", "memory": [ { "address": "0x10000", "size": 4096, "access": "rwx" } ],
              "expect": { "registers": { "rip": "0x10009" }, "memory": [ { "address": "0x10008", "data": "F4" } ] } }
            """).Failures);
        Assert.Empty(Run($$"""
            { "code": "{{code}}", "memory": [ { "address": "0x10000", "size": 4096, "access": "rx" } ], "expect": { "exception": 14, "errorCode": "7" } }
            """).Failures);
        Assert.Empty(Run($$"""
            { "code": "{{code}}", "memory": [ { "address": "0x10000", "size": 4096, "access": "rw" } ], "expect": { "exception": 14, "errorCode": "0x15" } }
            """).Failures);
    }

    [Fact]
    public void Numbers_may_be_JSON_numbers_negative_or_as_wide_as_the_register()
    {
        // vpaddd ymm0, ymm0, ymm1
        StateTestResult result = Run("""
            { "mode": "64", "code": "C5FDFEC1 F4", "address": 65536, "registers": { "rax": -1, "ymm0": "-1", "ymm1": 1 },
              "expect": { "registers": { "rax": "0xFFFFFFFFFFFFFFFF", "ymm0": "0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000" } } }
            """);
        Assert.Empty(result.Failures);
    }

    [Fact]
    public void Tests_of_one_name_are_told_apart()
    {
        using var stream = new MemoryStream("""{ "tests": [ { "name": "a", "code": "F4" }, { "name": "a", "code": "F4" }, { "code": "F4" } ] }"""u8.ToArray());
        Assert.Equal(["a", "a (2)", "test 3"], StateTestReader.Read(stream, "test.json").Select(t => t.Name));
    }

    [Fact]
    public void Names_with_control_characters_leave_a_results_file_well_formed()
    {
        var outcome = new TestOutcome("a\u0001", "state", "\U0001F600 <&> \u0000") { Failures = [new Mismatch("x\u0002", "y\uFFFE")] };
        var run = new TestRunResult("state", 0, TimeSpan.Zero, [outcome]);
        foreach (Action<TestRunResult, Stream> write in (Action<TestRunResult, Stream>[])[ResultFiles.WriteJUnit, ResultFiles.WriteTrx])
        {
            using var file = new MemoryStream();
            write(run, file);
            file.Position = 0;
            Assert.Contains(XDocument.Load(file).Descendants().Attributes(), a => a.Value.Contains("\U0001F600 <&> \uFFFD", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("""{ "code": "zz" }""", "code: not a sequence of hexadecimal bytes")]
    [InlineData("""{ "name": "x" }""", "test 'x': there is no code")]
    [InlineData("""{ "code": "F4", "registers": { "rqx": "1" } }""", "no register 'rqx'")]
    [InlineData("""{ "code": "F4", "expect": { "registers": { "xmm16": "1" } } }""", "no register 'xmm16'")]
    [InlineData("""{ "code": "F4", "registers": { "eax": "0x100000000" } }""", "register eax: '0x100000000' does not fit in 32 bits")]
    [InlineData("""{ "code": "F4", "registers": { "eax": "-0x80000001" } }""", "does not fit in 32 bits")]
    [InlineData("""{ "code": "F4", "registers": { "rax": "1", "RAX": "2" } }""", "register RAX is there twice")]
    [InlineData("""{ "code": "F4", "registers": { "rax": null } }""", "register rax has no value")]
    [InlineData("""{ "code": "F4", "registers": { "rax": "12x" } }""", "not a number")]
    [InlineData("""{ "code": "F4", "registers": { "rax": "0x" } }""", "not a number")]
    [InlineData("""{ "code": "F4", "registers": { "cs": "0x23" } }""", "cs 23: in mode 64 at CPL 3 it is 33")]
    [InlineData("""{ "code": "F4", "registers": { "rflags": "0x20002" } }""", "rflags 20002")]
    [InlineData("""{ "code": "F4", "registers": { "mxcsr": "0x10000" } }""", "reserved")]
    [InlineData("""{ "code": "F4", "registers": { "gsbase": "0x800000000000" } }""", "canonical")]
    [InlineData("""{ "code": "F4", "mode": 32, "registers": { "fsbase": "1" } }""", "64-bit mode")]
    [InlineData("""{ "code": "F4", "mode": 16, "registers": { "rip": "0x10000" } }""", "beyond")]
    [InlineData("""{ "code": "F4", "mode": 8 }""", "mode must be")]
    [InlineData("""{ "code": "F4", "mode": "long" }""", "mode must be an integer")]
    [InlineData("""{ "code": "F4", "cpl": 1 }""", "cpl must be 0 or 3")]
    [InlineData("""{ "code": "F4", "maxInstructions": 0 }""", "maxInstructions")]
    [InlineData("""{ "code": "F4", "mode": 16, "address": "0x10000" }""", "first 64 KiB")]
    [InlineData("""{ "code": "F4", "mode": 16, "memory": [ { "address": "0xFF010", "size": 1 } ] }""", "reserved in real mode")]
    [InlineData("""{ "code": "F4", "memory": [ { "size": 16 } ] }""", "memory has no address")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0x20000", "size": 0 } ] }""", "size")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0x20000", "size": 1, "data": "0102" } ] }""", "2 bytes of data in a region of 1")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0x20000", "data": "0102" }, { "address": "0x20001", "size": 1 } ] }""", "overlap")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0x20000", "size": 1, "access": "rq" } ] }""", "'rq' is not made of")]
    [InlineData("""{ "code": "F4", "memory": [ { "address": "0xFFFF800000000000", "size": 1 } ] }""", "outside")]
    [InlineData("""{ "code": "F4", "memory": [ null ] }""", "not an object")]
    [InlineData("""{ "code": "F4", "expect": { "memory": [ { "address": "0x90000", "data": "00" } ] } }""", "in no region")]
    [InlineData("""{ "code": "F4", "expect": { "exception": 256 } }""", "from 0 to 255")]
    [InlineData("""{ "code": "F4", "expect": { "errorCode": "4" } }""", "needs expect.exception")]
    [InlineData("""{ "code": "F4", "expect": { "exception": 14, "errorCode": "x" } }""", "expect.errorCode: 'x' is not a number")]
    [InlineData("""{ "code": "F4", "expect": { "flagsMask": "x" } }""", "expect.flagsMask")]
    [InlineData("""{ "code": "F4", "surprise": 1 }""", "no member 'surprise', only name, mode")]
    [InlineData("""{ "code": "F4", "expect": { "surprise": 1 } }""", "no member 'surprise', only registers")]
    [InlineData("""{ "code": "F4", "code": "90" }""", "code")]
    [InlineData("""{ "code": null }""", "code is null or not of the kind")]
    [InlineData("""{ "code": [ "F4" ] }""", "code must be a string or a number")]
    [InlineData("""{ "code": "F4", "registers": [] }""", "registers is null or not of the kind")]
    [InlineData("""[ 1 ]""", "test.json: [0] is null or not of the kind")]
    [InlineData("""[ null ]""", "a test is a JSON object")]
    [InlineData("""[]""", "no tests")]
    [InlineData("""{ "tests": [], "code": "F4" }""", "'code', which means nothing")]
    [InlineData("""{ "name": "\ud800", "code": "F4" }""", "surrogate")]
    [InlineData("""17""", "a test is a JSON object")]
    [InlineData("""{ "code": """, "test.json, line 1: not JSON")]
    [InlineData("", "test.json, line 1: not JSON")]
    public void A_malformed_test_is_refused_with_its_reason(string json, string reason)
    {
        Assert.Contains(reason, Assert.Throws<StateTestException>(() => Run(json)).Message, StringComparison.Ordinal);
    }
}
