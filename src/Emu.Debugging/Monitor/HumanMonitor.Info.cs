using System.Globalization;
using Emu.Cpu;
using Emu.Devices;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Emu.Machine;

namespace Emu.Debugging.Monitor;

// The topics of "info".
public sealed partial class HumanMonitor
{
    private void Topic(string name, string parameters, string help, Action<MonitorArguments, TextWriter> run) =>
        topics.Add(new MonitorCommand([name], parameters, help, run));

    private void AddInfoTopics()
    {
        PcBoard board = machine.Board;
        Topic("registers", "[-a]", "Registers of the current processor, or of all", (arguments, output) =>
        {
            bool all = arguments.TakeSwitch("-a");
            foreach (Vcpu cpu in all ? board.Processors : [CurrentCpu])
            {
                output.WriteLine($"\nCPU#{cpu.ApicId}");
                output.Write(RegisterReport.Describe(cpu));
            }
        });
        Topic("mem", "", "Mapped linear addresses with their access rights", (_, output) => PageTableReport.Ranges(CurrentCpu, output));
        Topic("tlb", "", "Every mapping of the current page tables", (_, output) => PageTableReport.Mappings(CurrentCpu, output));
        Topic("cpus", "", "Processors and where they are", (_, output) => ListProcessors(output));
        Topic("pic", "", "Interrupt controllers", (_, output) =>
        {
            board.Chipset.Pic.Describe(output);
            board.Chipset.IoApic.Describe(output);
        });
        Topic("lapic", "", "Local APIC of the current processor", (_, output) => DescribeLocalApic(CurrentCpu, output));
        Topic("irq", "", "How often each vector has been delivered", (_, output) =>
        {
            for (int i = 0; i < context.Delivered.Count; i++)
            {
                if (context.Delivered[i] != 0) output.WriteLine($"{i,3} (0x{i:x2}): {context.Delivered[i]}");
            }
        });
        Topic("pci", "", "PCI devices", (_, output) => board.Chipset.Pci.Describe(output));
        Topic("mtree", "", "Physical memory and I/O port maps", (_, output) =>
        {
            board.Memory.Space.Dump(output);
            output.WriteLine();
            board.Ports.Dump(output);
        });
        Topic("qtree", "", "Devices and their state", (_, output) => DescribeDevices(output));
        Topic("block", "", "Drives and their media", (_, output) => ListDrives(output));
        Topic("status", "", "Whether the guest is running", (_, output) => output.WriteLine($"VM status: {(machine.IsPaused ? "paused" : "running")}"));
        Topic("version", "", "Version of the emulator", (_, output) => output.WriteLine(Version));
        Topic("name", "", "Name of the machine", (_, output) => output.WriteLine(context.Name ?? ""));
        Topic("uuid", "", "UUID of the machine", (_, output) => output.WriteLine(machine.Configuration.Uuid));
        Topic("memory_size_summary", "", "Amount of RAM", (_, output) => output.WriteLine($"base memory: {machine.Configuration.Memory}"));
        Topic("jit", "", "Statistics of predecoded and of translated code", (_, output) => DescribeTranslation(output));
        Topic("mice", "", "Pointing devices", (_, output) => output.WriteLine($"* Mouse #0: PS/2 mouse{(board.Mouse.IsReporting ? "" : " (not enabled by the guest)")}"));
        Topic("chardev", "", "Serial and parallel lines", (_, output) =>
        {
            foreach (IDescribable port in (IEnumerable<IDescribable>)[.. board.SerialPorts, .. board.ParallelPorts]) port.Describe(output);
        });
    }

    /// <summary>Version of the emulator.</summary>
    public static string Version => typeof(HumanMonitor).Assembly.GetName().Version?.ToString(3) ?? "0";

    private unsafe void ListProcessors(TextWriter output)
    {
        foreach (Vcpu cpu in machine.Board.Processors)
        {
            output.WriteLine($"{(cpu == CurrentCpu ? '*' : ' ')} CPU #{cpu.ApicId}: pc=0x{GuestView.LinearInstructionPointer(cpu):x16} {cpu.State->Activity} instructions={cpu.RetiredInstructions:N0}");
        }
    }

    private void DescribeTranslation(TextWriter output)
    {
        PcBoard board = machine.Board;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            instructions retired     {machine.RetiredInstructions:N0}
            blocks in the cache      {board.Code.BlockCount:N0}
            blocks built             {board.Code.BlocksBuilt:N0}
            blocks overwritten       {board.Code.Invalidations:N0}
            TLBs rehashed            {board.Processors[0].Mmu.Statistics.Rehashes:N0}, for pages that contended for an entry
            """));
        if (board.Translator is { } translator) translator.Statistics.Describe(output);
        else output.WriteLine("translator               off (-accel interp)");
    }

    private static void DescribeLocalApic(Vcpu cpu, TextWriter output)
    {
        output.WriteLine($"APIC id {cpu.Apic.Id}, base 0x{cpu.Apic.BaseAddressMsr:x}, {(cpu.Apic.IsX2apic ? "x2APIC" : cpu.Apic.IsEnabled ? "xAPIC" : "disabled")}{(cpu.Apic.IsSoftwareEnabled ? "" : ", software-disabled")}");
        output.WriteLine($"TPR 0x{cpu.Apic.TaskPriority:x2}, PPR 0x{cpu.Apic.ProcessorPriority:x2}, pending {cpu.Events}{(cpu.InterruptsEnabled ? "" : ", interrupts off")}");
    }

    private void DescribeDevices(TextWriter output)
    {
        PcBoard board = machine.Board;
        IDescribable[] devices = [board.Chipset, board.Controller, board.Floppies, .. board.SerialPorts, .. board.ParallelPorts];
        foreach (IDescribable device in devices)
        {
            output.WriteLine($"dev: {device.GetType().Name}");
            device.Describe(output);
        }
    }

    private void ListDrives(TextWriter output)
    {
        foreach (Drive drive in machine.Board.Drives.Drives)
        {
            IBlockBackend? backend = MediaChanger.MediumIn(drive);
            string? file = context.Media.FileIn(drive);
            if (backend == null && file == null)
            {
                output.WriteLine($"{drive.Name}: [not inserted]");
            }
            else
            {
                output.WriteLine($"{drive.Name}: {file} ({backend?.Image.Format ?? drive.Configuration.Format ?? "raw"}{(backend?.Image.IsReadOnly == true ? ", read-only" : "")}{(drive.Configuration.Snapshot ? ", snapshot" : "")})");
                if (backend != null) output.WriteLine($"    Size:             {ImageSize.Format(backend.Image.Length)}");
                for (BlockImage? backing = backend?.Image.Backing; backing != null; backing = backing.Backing) output.WriteLine($"    Backing file:     {backing.FileName} ({backing.Format})");
            }

            if (drive.Ide is AtapiCdRom cdrom) output.WriteLine($"    Removable device: {(cdrom.IsLocked ? "locked" : "not locked")}, tray {(cdrom.IsTrayOpen ? "open" : "closed")}");
        }
    }
}
