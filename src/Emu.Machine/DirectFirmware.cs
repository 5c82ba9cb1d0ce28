using System.Buffers.Binary;
using System.Text;
using Emu.Cpu;
using Emu.Devices.Firmware;
using Emu.Devices.Firmware.Acpi;
using Emu.Devices.Firmware.Smbios;
using Emu.Devices.Pci;
using Emu.Machine.Loaders;
using Emu.Mmu;

namespace Emu.Machine;

/// <summary>
/// What a BIOS does before it boots, for kernels that are entered without one: PCI resources and interrupt routes, the
/// power-management base, ACPI and SMBIOS tables in memory, MTRRs, and the E820 map.
/// </summary>
internal sealed class DirectFirmware(PcBoard board)
{
    private const ulong TablesReserve = 0x20000;
    private const uint RootAreaStart = 0xF0000, RootAreaEnd = 0x100000;
    private const uint IoWindowStart = 0xC000, IoWindowEnd = 0xFFFF;
    private const ushort PmBase = 0x600, SmbusBase = 0x700;
    private readonly AddressSpace memory = board.Memory.Space;
    private uint nextRoot = RootAreaStart;
    private ulong nextTable;

    /// <summary>Prepares the machine and enters the kernel.</summary>
    public void Boot(KernelLoader kernel)
    {
        ulong tables = board.Layout.LowSize - TablesReserve;
        nextTable = tables;
        OpenShadow();
        AssignPciResources();
        EnablePowerManagement();
        ulong rootPointer = InstallAcpi();
        InstallSmbios();
        SetMemoryTypes();
        kernel.Enter(board.Processors[0], board.Writer, MemoryMap(tables), rootPointer, biosPresent: false);
    }

    private IReadOnlyList<E820Entry> MemoryMap(ulong tables)
    {
        List<E820Entry> map =
        [
            new(0, 0x9FC00, E820Kind.Ram),
            new(0x9FC00, 0x400, E820Kind.Reserved),
            new(RootAreaStart, RootAreaEnd - RootAreaStart, E820Kind.Reserved),
            new(0x100000, tables - 0x100000, E820Kind.Ram),
            new(tables, TablesReserve, E820Kind.AcpiReclaimable),
        ];
        if (board.Layout.HighSize != 0) map.Add(new E820Entry(4ul << 30, board.Layout.HighSize, E820Kind.Ram));
        return map;
    }

    /// <summary>PAM registers 59h-5Fh of the host bridge: C0000h-FFFFFh reads and writes RAM.</summary>
    private void OpenShadow()
    {
        WriteConfiguration(0, 0x59, 1, 0x30);
        for (int register = 0x5A; register <= 0x5F; register++) WriteConfiguration(0, register, 1, 0x33);
    }

    private uint ReadConfiguration(int deviceFunction, int offset, int size) => board.Chipset.Pci.ReadConfiguration(0, deviceFunction, offset, size);

    private void WriteConfiguration(int deviceFunction, int offset, int size, uint value) =>
        board.Chipset.Pci.WriteConfiguration(0, deviceFunction, offset, size, value);

    private void AssignPciResources()
    {
        // PIRQ A-D to IRQ 10, 10, 11, 11, level-triggered, as SeaBIOS does on this board.
        byte[] routes = [10, 10, 11, 11];
        for (int i = 0; i < 4; i++) WriteConfiguration(1 << 3, 0x60 + i, 1, routes[i]);
        board.Ports.Write(0x4D1, 1, 0x0C);
        uint nextMemory = AcpiBoard.PciHole32Start(board.Layout.LowSize);
        nextMemory = Math.Max(nextMemory, 0xF000_0000);
        uint nextPort = IoWindowStart;
        for (int deviceFunction = 0; deviceFunction < 256; deviceFunction++)
        {
            if (ReadConfiguration(deviceFunction, 0, 2) == 0xFFFF) continue;
            for (int bar = 0x10; bar <= 0x24; bar += 4)
            {
                WriteConfiguration(deviceFunction, bar, 4, uint.MaxValue);
                uint mask = ReadConfiguration(deviceFunction, bar, 4);
                if (mask == 0) continue;
                if ((mask & 1) != 0) Place(deviceFunction, bar, mask & ~3u | 0xFFFF0000, ref nextPort, IoWindowEnd);
                else Place(deviceFunction, bar, mask & ~0xFu, ref nextMemory, AcpiBoard.PciHole32End);
                if ((mask & 7) == 4) bar += 4;
            }

            uint pin = ReadConfiguration(deviceFunction, 0x3D, 1);
            if (pin is >= 1 and <= 4) WriteConfiguration(deviceFunction, 0x3C, 1, routes[PciBus.PirqOf(deviceFunction >> 3, (int)pin)]);
            WriteConfiguration(deviceFunction, 4, 2, ReadConfiguration(deviceFunction, 4, 2) | 7);
        }

        board.Disks.EnableDecoding();
    }

    private void Place(int deviceFunction, int bar, uint mask, ref uint next, uint end)
    {
        uint size = ~mask + 1;
        if (size == 0) return;
        uint at = (next + size - 1) & ~(size - 1);
        if (at < next || at + (size - 1) > end || at + (size - 1) < at) return;
        WriteConfiguration(deviceFunction, bar, 4, at);
        next = at + size;
    }

    private void EnablePowerManagement()
    {
        const int powerManagement = (1 << 3) | 3;
        WriteConfiguration(powerManagement, 0x40, 4, PmBase | 1);
        WriteConfiguration(powerManagement, 0x80, 1, 1);
        WriteConfiguration(powerManagement, 0x90, 4, SmbusBase | 1);
        WriteConfiguration(powerManagement, 0xD2, 1, 9);
        WriteConfiguration(powerManagement, 0x3C, 1, 9);
        // Without SMM code to answer the SMI command port, ACPI mode is on from the start.
        board.Chipset.PowerManagement.Pm1.SciEnabled = true;
    }

    /// <summary>Carries out the loader script of <see cref="TableLoader"/> as a BIOS would; returns the RSDP's address.</summary>
    private ulong InstallAcpi()
    {
        if (board.FwCfg.ReadFile(AcpiTableSet.LoaderFile) is not byte[] script) return 0;
        Dictionary<string, (byte[] Bytes, ulong Address)> files = [];
        const int entrySize = 128;
        for (int at = 0; at + entrySize <= script.Length; at += entrySize)
        {
            ReadOnlySpan<byte> entry = script.AsSpan(at, entrySize);
            switch (BinaryPrimitives.ReadUInt32LittleEndian(entry))
            {
                case 1:
                    string name = NameAt(entry[4..]);
                    byte[] bytes = board.FwCfg.ReadFile(name) is byte[] file ? (byte[])file.Clone() : [];
                    uint alignment = BinaryPrimitives.ReadUInt32LittleEndian(entry[60..]);
                    files[name] = (bytes, Allocate(bytes.Length, alignment, low: entry[64] == 2));
                    break;
                case 2:
                    AddPointer(files[NameAt(entry[4..])].Bytes, files[NameAt(entry[60..])].Address,
                        (int)BinaryPrimitives.ReadUInt32LittleEndian(entry[116..]), entry[120]);
                    break;
                case 3:
                    AddChecksum(files[NameAt(entry[4..])].Bytes, (int)BinaryPrimitives.ReadUInt32LittleEndian(entry[60..]),
                        (int)BinaryPrimitives.ReadUInt32LittleEndian(entry[64..]), (int)BinaryPrimitives.ReadUInt32LittleEndian(entry[68..]));
                    break;
            }
        }

        foreach ((byte[] bytes, ulong address) in files.Values) memory.Write(address, bytes);
        return files.TryGetValue(AcpiTableSet.RootPointerFile, out (byte[] Bytes, ulong Address) root) ? root.Address : 0;
    }

    private static string NameAt(ReadOnlySpan<byte> field)
    {
        ReadOnlySpan<byte> name = field[..FwCfg.MaxFileName];
        int end = name.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? name : name[..end]);
    }

    private ulong Allocate(int size, uint alignment, bool low)
    {
        if (low)
        {
            nextRoot = (nextRoot + alignment - 1) & ~(alignment - 1);
            uint at = nextRoot;
            nextRoot += (uint)size;
            return at;
        }

        nextTable = (nextTable + alignment - 1) & ~((ulong)alignment - 1);
        ulong table = nextTable;
        nextTable += (ulong)size;
        if (nextTable > board.Layout.LowSize) throw new InvalidOperationException("The ACPI tables have outgrown their area.");
        return table;
    }

    private static void AddPointer(byte[] destination, ulong value, int offset, int size)
    {
        Span<byte> field = stackalloc byte[8];
        field.Clear();
        destination.AsSpan(offset, size).CopyTo(field);
        BinaryPrimitives.WriteUInt64LittleEndian(field, BinaryPrimitives.ReadUInt64LittleEndian(field) + value);
        field[..size].CopyTo(destination.AsSpan(offset));
    }

    private static void AddChecksum(byte[] bytes, int offset, int start, int length)
    {
        byte sum = 0;
        foreach (byte b in bytes.AsSpan(start, length)) sum += b;
        bytes[offset] -= sum;
    }

    private void InstallSmbios()
    {
        if (board.FwCfg.ReadFile(SmbiosTables.AnchorFile) is not byte[] file || board.FwCfg.ReadFile(SmbiosTables.TablesFile) is not byte[] tables) return;
        byte[] anchor = (byte[])file.Clone();
        ulong at = Allocate(tables.Length, 16, low: true);
        memory.Write(at, tables);
        // 32-bit entry point (SMBIOS 2.8, 5.2.1): table address at 18h, checksums at 15h (from 10h) and 4 (whole).
        BinaryPrimitives.WriteUInt32LittleEndian(anchor.AsSpan(0x18), (uint)at);
        anchor[0x15] = anchor[4] = 0;
        AddChecksum(anchor, 0x15, 0x10, 0xF);
        AddChecksum(anchor, 4, 0, anchor[5]);
        memory.Write(Allocate(anchor.Length, 16, low: true), anchor);
    }

    /// <summary>Default write-back, the PCI hole uncacheable, as SeaBIOS leaves it.</summary>
    private void SetMemoryTypes()
    {
        ulong hole = AcpiBoard.PciHole32Start(board.Layout.LowSize);
        foreach (Vcpu cpu in board.Processors)
        {
            ulong physicalMask = (1ul << cpu.Model.Paging.PhysicalAddressBits) - 1;
            cpu.TryWriteMsr(0x2FF, 0xC06);
            for (uint msr = 0x268; msr <= 0x26F; msr++) cpu.TryWriteMsr(msr, 0x0606060606060606);
            cpu.TryWriteMsr(0x250, 0x0606060606060606);
            cpu.TryWriteMsr(0x258, 0x0606060606060606);
            cpu.TryWriteMsr(0x200, hole);
            cpu.TryWriteMsr(0x201, (~((4ul << 30) - hole - 1) & physicalMask) | 0x800);
        }
    }
}
