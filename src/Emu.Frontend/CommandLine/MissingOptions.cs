using System.Collections.Frozen;

namespace Emu.Frontend.CommandLine;

/// <summary>Options of QEMU that are understood but have nothing behind them here: refused by name, never ignored.</summary>
internal static class MissingOptions
{
    private const string NoNetwork = "there is no network card yet";
    private const string NoUsb = "there is no USB controller yet";
    private const string NoSound = "there is no sound card yet";
    private const string GrabKeys = "the keys are Ctrl-Alt with a letter";
    private const string Software = "everything is emulated; leave it out";
    private const string NoBackground = "the emulator stays in the foreground; use your shell or a service manager";

    private static readonly FrozenDictionary<string, string> Reasons = new Dictionary<string, string>
    {
        ["netdev"] = NoNetwork, ["net"] = NoNetwork, ["nic"] = NoNetwork,
        ["usb"] = NoUsb, ["usbdevice"] = NoUsb,
        ["audiodev"] = NoSound, ["audio"] = NoSound, ["soundhw"] = NoSound,
        ["sdl"] = "write -display sdl", ["gtk"] = "write -display sdl", ["alt-grab"] = GrabKeys, ["ctrl-grab"] = GrabKeys,
        ["spice"] = "use -vnc", ["curses"] = "use -nographic",
        ["enable-kvm"] = Software, ["enable-hax"] = Software,
        ["incoming"] = "machines cannot move between hosts; use -loadvm",
        ["daemonize"] = NoBackground, ["pidfile"] = NoBackground, ["runas"] = NoBackground, ["chroot"] = NoBackground, ["sandbox"] = NoBackground,
        ["blockdev"] = "use -drive",
        ["pflash"] = "there is no flash memory yet; use -bios",
        ["L"] = "name the image itself with -bios FILE",
        ["smbios"] = "the SMBIOS tables are fixed, except for -uuid",
        ["acpitable"] = "ACPI tables cannot be added yet",
        ["fw_cfg"] = "firmware files cannot be added yet",
        ["option-rom"] = "option ROMs cannot be added yet",
        ["numa"] = "memory is uniform",
        ["object"] = "there are no user-created objects",
        ["mem-path"] = "guest memory is always anonymous",
        ["mem-prealloc"] = "guest memory is always allocated on demand",
        ["overcommit"] = "guest memory is always allocated on demand",
        ["balloon"] = "there is no balloon device",
        ["virtfs"] = "there is no shared file system yet", ["fsdev"] = "there is no shared file system yet",
        ["tpmdev"] = "there is no TPM",
        ["sd"] = "there is no SD card reader",
        ["mtdblock"] = "there is no flash memory",
        ["qtest"] = "the qtest protocol is not spoken yet",
        ["trace"] = "use -d",
        ["watchdog"] = "there is no watchdog", ["watchdog-action"] = "there is no watchdog",
        ["action"] = "use -no-reboot and -no-shutdown",
        ["global"] = "give the property to -device or -machine",
        ["set"] = "give the property to -device or -drive",
        ["readconfig"] = "configuration files are not read", ["writeconfig"] = "configuration files are not written",
        ["dtb"] = "a PC has no device tree",
        ["semihosting"] = "a PC has no semihosting",
        ["echr"] = "the escape character is always Ctrl-A",
        ["win2k-hack"] = "the disk needs no such help",
        ["no-fd-bootchk"] = "that is the BIOS's own business",
        ["msg"] = "messages are one line each",
    }.ToFrozenDictionary();

    /// <summary>All their names, with a dash.</summary>
    public static IEnumerable<string> Names => Reasons.Keys.Select(k => "-" + k);

    /// <summary>Why an option is refused; null when QEMU has none of that name either.</summary>
    public static string? ReasonFor(string token)
    {
        string name = token.TrimStart('-');
        int equals = name.IndexOf('=');
        return Reasons.GetValueOrDefault(equals < 0 ? name : name[..equals]);
    }
}
