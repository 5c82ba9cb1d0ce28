using System.CommandLine;
using Emu.Cpu;
using Emu.Debugging.Tracing;

namespace Emu.Frontend.CommandLine;

/// <summary>What <c>-M help</c> and its kin print.</summary>
internal static class Listings
{
    /// <summary>Prints the first list asked for; false when none is.</summary>
    public static bool TryPrint(ParseResult result, TextWriter output)
    {
        (QemuOption Option, Action<TextWriter> Print)[] lists =
        [
            (QemuOptions.Machine, Machines), (QemuOptions.Cpu, Processors), (QemuOptions.Device, Devices), (QemuOptions.Accel, Accelerators),
            (QemuOptions.Display, Displays), (QemuOptions.Vga, Adapters), (QemuOptions.Log, LogItems),
        ];
        foreach ((QemuOption option, Action<TextWriter> print) in lists)
        {
            if (!option.All(result).Any(a => a is "help" or "?" or "list")) continue;
            print(output);
            return true;
        }

        return false;
    }

    private static void Machines(TextWriter output)
    {
        output.WriteLine("Machines:");
        output.WriteLine("  pc      i440FX + PIIX3, 1996 (default)");
        output.WriteLine("Properties:");
        output.WriteLine("  hpet=on|off     high-precision event timer (default on)");
        output.WriteLine("  acpi=on|off     ACPI tables (default on)");
        output.WriteLine("  vmport=on|off   VMware's backdoor port with its absolute pointer (default on)");
        output.WriteLine("  accel=jit       translate what runs often (default); interp only interprets, lockstep does both and compares");
    }

    private static void Processors(TextWriter output)
    {
        output.WriteLine("Processor models:");
        foreach (CpuModelDefinition model in CpuModelDefinition.All.Where(m => m.Name != "base")) output.WriteLine($"  {model.Name,-18}{model.Brand}");
        output.WriteLine($"  {"host",-18}the same as max");
        output.WriteLine();
        output.WriteLine("Features (add with ,+name, remove with ,-name):");
        string line = " ";
        foreach (string name in CpuFeature.All.Where(f => f.IsEmulated).Select(f => f.Name).Order(StringComparer.Ordinal))
        {
            if (line.Length + name.Length > 78)
            {
                output.WriteLine(line);
                line = " ";
            }

            line += " " + name;
        }

        output.WriteLine(line);
    }

    private static void Devices(TextWriter output)
    {
        output.WriteLine("Devices:");
        foreach ((string driver, string properties, string description) in DeviceParser.Known)
        {
            output.WriteLine($"  {driver,-16}{description}");
            if (properties.Length > 0) output.WriteLine($"  {"",-16}  {properties}");
        }
    }

    private static void Accelerators(TextWriter output) => output.WriteLine("""
        jit         translate what runs often (default; tcg is accepted for it)
        interp      only interpret
        lockstep    do both, and stop at the first difference
        """);

    private static void Displays(TextWriter output)
    {
        output.WriteLine("none    nothing; the monitor's screendump saves the screen");
        output.WriteLine("sdl     a window (default where the host has a display)");
        output.WriteLine("        full-screen=on|off,scale=integer|smooth,zoom=1..8,show-cursor=on|off,window-close=on|off");
        output.WriteLine("vnc=    HOST:N or unix:PATH: a server for VNC viewers");
        output.WriteLine("        password=TEXT,password-file=FILE");
    }

    private static void Adapters(TextWriter output)
    {
        output.WriteLine("std     standard VGA with the Bochs display interface (default)");
        output.WriteLine("none    no display adapter");
    }

    private static void LogItems(TextWriter output)
    {
        output.WriteLine("Log items (comma separated):");
        foreach ((string name, _, string description) in LogItemNames.All) output.WriteLine($"  {name,-12}{description}");
        output.WriteLine("-dfilter keeps in_asm, exec, cpu and jit to code addresses, and mmu to data addresses; -D FILE writes to a file.");
    }
}
