using Emu.Cpu;
using Emu.Devices.Firmware;

namespace Emu.Machine.Loaders;

/// <summary>Recognises the kinds of kernel <c>-kernel</c> takes and starts them.</summary>
public sealed class KernelLoader
{
    private readonly LinuxImage? linux;
    private readonly MultibootImage? multiboot;
    private readonly PvhImage? pvh;

    /// <summary>Reads and checks the files; nothing is loaded yet.</summary>
    /// <exception cref="LoaderException">A file is missing or no kernel.</exception>
    public KernelLoader(KernelConfiguration configuration)
    {
        byte[] kernel = configuration.Image ?? FirmwareFiles.Read(configuration.Path);
        string name = configuration.Path;
        if (LinuxImage.Is(kernel))
        {
            linux = LinuxImage.Parse(kernel, ReadInitrd(configuration), configuration.CommandLine, name);
        }
        else if (MultibootImage.FindHeader(kernel) >= 0)
        {
            string commandLine = configuration.CommandLine.Length == 0 ? name : $"{name} {configuration.CommandLine}";
            multiboot = MultibootImage.Parse(kernel, ReadModules(configuration.Initrd), commandLine, name);
        }
        else if (ElfImage.Is(kernel))
        {
            pvh = PvhImage.Parse(kernel, ReadInitrd(configuration), configuration.CommandLine, name);
        }
        else
        {
            throw new LoaderException($"{name}: neither a Linux bzImage nor a Multiboot or PVH kernel");
        }
    }

    /// <summary>The kernel wants the 16-bit entry with a BIOS in place.</summary>
    public bool PrefersRealMode => linux != null;

    /// <summary>Loads and enters the kernel.</summary>
    /// <param name="cpu">The bootstrap processor.</param>
    /// <param name="writer">Guest RAM.</param>
    /// <param name="memoryMap">The E820 map.</param>
    /// <param name="rootPointer">Address of the ACPI RSDP, or 0.</param>
    /// <param name="biosPresent">Linux is entered in real mode and asks the BIOS itself.</param>
    public void Enter(Vcpu cpu, GuestImageWriter writer, IReadOnlyList<E820Entry> memoryMap, ulong rootPointer, bool biosPresent)
    {
        if (linux != null)
        {
            if (biosPresent) linux.EnterReal(cpu, writer);
            else linux.EnterProtected(cpu, writer, memoryMap, rootPointer);
        }

        multiboot?.Enter(cpu, writer, memoryMap);
        pvh?.Enter(cpu, writer, memoryMap, rootPointer);
    }

    private static byte[]? ReadInitrd(KernelConfiguration configuration) =>
        configuration.Initrd == null ? null : FirmwareFiles.Read(configuration.Initrd);

    private static List<BootModule> ReadModules(string? list)
    {
        List<BootModule> modules = [];
        foreach (string item in (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int space = item.IndexOf(' ');
            modules.Add(new BootModule(FirmwareFiles.Read(space < 0 ? item : item[..space]), item));
        }

        return modules;
    }
}
