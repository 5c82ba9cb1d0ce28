using Iced.Intel;

namespace Emu.Conformance.Forms;

/// <summary>The forms a user process can execute whose effect it cannot compare.</summary>
internal static class NotComparable
{
    /// <summary>Why <paramref name="code"/>, in code of <paramref name="bits"/>, cannot be run natively in a comparable way, or null.</summary>
    public static string? Reason(Code code, int bits) => code.Mnemonic() switch
    {
        _ when code is Code.Reservednop_rm16_r16_0F0D or Code.Reservednop_rm32_r32_0F0D or Code.Reservednop_rm64_r64_0F0D =>
            "AMD processors raise #UD, those of Intel do nothing",
        Mnemonic.Clzero when code != (bits switch { 64 => Code.Clzeroq, 32 => Code.Clzerod, _ => Code.Clzerow }) =>
            "processors differ in whether they heed an address-size prefix",
        Mnemonic.Syscall or Mnemonic.Sysenter => "enters the host's kernel",
        Mnemonic.Vmcall or Mnemonic.Vmmcall or Mnemonic.Vmgexit => "calls the hypervisor under the host",
        Mnemonic.Sgdt or Mnemonic.Sidt or Mnemonic.Sldt or Mnemonic.Str or Mnemonic.Smsw =>
            "CR4.UMIP: the host's kernel emulates it with values of its own",
        Mnemonic.Vmfunc or Mnemonic.Getsec or Mnemonic.Enclu => "depends on the hypervisor under the host",
        Mnemonic.Rsm => "#UD outside system-management mode, and trapped by the hypervisor under the host",
        Mnemonic.Monitorx or Mnemonic.Mwaitx or Mnemonic.Tpause or Mnemonic.Umwait => "waits for time or another processor",
        Mnemonic.Xbegin or Mnemonic.Xend or Mnemonic.Xabort or Mnemonic.Xtest => "a transaction may abort at any time",
        Mnemonic.Int1 => "hypervisors deliver its #DB with RIP before or behind it",
        Mnemonic.Sysexit or Mnemonic.Sysexitq => "hypervisors emulate it on processors that raise #UD",
        Mnemonic.Fstpnce => "undocumented; processors differ in what it does with an empty register",
        Mnemonic.Wrpkru => "would take the runner's own memory away",
        _ => null,
    };
}
