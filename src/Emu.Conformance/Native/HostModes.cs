using Emu.Conformance.Cases;
using Emu.Conformance.Generation;

namespace Emu.Conformance.Native;

/// <summary>What this host lets a user process run, found out by running it.</summary>
/// <remarks>
/// The system calls alone do not tell: a kernel on a hypervisor that enters user code in 64-bit mode only may accept
/// modify_ldt(2) and never load the LDT.
/// </remarks>
public sealed unsafe class HostModes
{
    private static readonly Lazy<HostModes> OfThisHost = new(() => new HostModes());

    private readonly Dictionary<int, string?> _reasons = new() { [64] = null, [32] = null, [16] = null };

    private HostModes()
    {
        try
        {
            using var host = new NativeHost(1);
            _reasons[64] = Runs64(host);
            bool ldt = Completes(host, Case(64, [0x8E, 0xC0])); // mov es, eax
            bool code32 = Completes(host, Flat32(Case(32, [0x90])));
            Segments = new TestSegments(ldt, code32);
            LostFlags = FlagsLost(host);
            string? noLdt = ldt ? null : "the host's kernel does not give processes an LDT";
            _reasons[32] = code32 ? noLdt : "the host does not run 32-bit code segments";
            _reasons[16] = noLdt ?? (Completes(host, Case(16, [0x90])) ? null : "the host does not run 16-bit code segments");
        }
        catch (NativeHostException e)
        {
            foreach (int bits in _reasons.Keys) _reasons[bits] = e.Message;
        }
    }

    /// <summary>The host this process runs on.</summary>
    public static HostModes Current => OfThisHost.Value;

    /// <summary>The segments there are.</summary>
    public TestSegments Segments { get; }

    /// <summary>RFLAGS bits that an interrupt of the host or its hypervisor may clear: neither set in cases nor compared.</summary>
    public ulong LostFlags { get; }

    /// <summary>Modes that can be run natively, of 64, 32 and 16.</summary>
    public IReadOnlyList<int> Supported => [.. _reasons.Where(r => r.Value is null).Select(r => r.Key)];

    /// <summary>Why a mode (64, 32, 16) cannot be run natively, or null when it can.</summary>
    public string? UnsupportedReason(int bits) => _reasons[bits];

    // Everything else rests on these: a case completes, and an exception comes back with the state it was raised in.
    private static string? Runs64(NativeHost host)
    {
        if (!Completes(host, Case(64, [0x90]))) return "the host does not run a NOP: its kernel's process layout is not what the native runner expects";
        CaseInput fault = Case(64, [0x0F, 0x0B]); // ud2
        fault.State.Gpr[11] = 0x1122_3344_5566_7788;
        fault.State.Xsave[MachineState.YmmhOffset + 5] = 0x5A;
        CaseResult result = Run(host, fault);
        bool exact = result.Outcome == CaseOutcome.Fault && result.Vector == 6 && result.State.Rip == fault.State.Rip
            && result.State.Gpr[11] == fault.State.Gpr[11] && result.State.Xsave[MachineState.YmmhOffset + 5] == 0x5A
            && result.State.Segments[1] == TestMap.UserCode64;
        return exact ? null : "the signal frames of the host's kernel are not what the native runner expects";
    }

    // Long enough for interrupts.
    private static ulong FlagsLost(NativeHost host)
    {
        const ulong NestedTask = 1 << 14;
        CaseInput loop = Case(64, [0xB9, 0x00, 0x00, 0x00, 0x04, 0xFF, 0xC9, 0x75, 0xFC]); // mov ecx, 64M; dec ecx; jnz
        loop.State.Rflags |= NestedTask;
        return NestedTask & ~Run(host, loop).State.Rflags;
    }

    private static bool Completes(NativeHost host, in CaseInput input)
    {
        CaseResult result = Run(host, input);
        return result.Outcome == CaseOutcome.Completed && result.State.Rip == input.EndRip && result.State.Segments[1] == input.State.Segments[1];
    }

    private static CaseResult Run(NativeHost host, in CaseInput input)
    {
        host.Input(0) = input;
        host.Run(1);
        return host.Result(0);
    }

    private static CaseInput Flat32(CaseInput input)
    {
        for (int i = 4; i < 6; i++) input.State.Segments[i] = 0;
        return input;
    }

    private static CaseInput Case(int bits, ReadOnlySpan<byte> code)
    {
        CaseInput input = default;
        input.Bits = (uint)bits;
        input.InstructionCount = 1;
        input.CodeAddress = TestMap.CodeBase + 0x3000;
        input.State.Rip = bits == 16 ? 0x3000 : input.CodeAddress;
        input.WindowAddress = TestMap.ReadWriteBase;
        input.WindowLength = 512;
        input.State.Rflags = 0x202;
        input.State.Fcw = 0x37F;
        input.State.Mxcsr = 0x1F80;
        input.State.XstateBv = 7;
        input.State.Gpr[0] = TestMap.Data16;
        input.State.Gpr[4] = bits == 16 ? TestMap.EspHigh16 | 0x7100 : TestMap.ReadWriteBase + 0x100;
        ushort data = bits == 16 ? TestMap.Data16 : TestMap.UserData;
        for (int i = 0; i < 4; i++) input.State.Segments[i] = data;
        if (bits != 64) (input.State.Segments[4], input.State.Segments[5]) = (TestMap.Fs32, TestMap.Gs32);
        input.State.Segments[1] = bits switch { 16 => TestMap.Code16, 32 => TestMap.UserCode32, _ => TestMap.UserCode64 };
        code.CopyTo(new Span<byte>(input.Code, CaseInput.MaxCode));
        CodeLayout.Finish(&input, code.Length);
        return input;
    }
}
