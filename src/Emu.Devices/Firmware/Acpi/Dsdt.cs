using Emu.Devices.Serial;

namespace Emu.Devices.Firmware.Acpi;

/// <summary>
/// The differentiated system description table of the i440FX/PIIX board: processors, the PCI root with its windows and
/// interrupt routing, the devices that cannot be discovered, and the sleep states.
/// </summary>
public static class Dsdt
{
    private const byte SlotCount = 32;
    private const byte PinsPerSlot = 4;
    private const int IsaBridgeSlot = 1;
    private const byte LinkRoutingDisabled = 0x80;

    /// <summary>Builds the table.</summary>
    public static byte[] Build(AcpiConfiguration board)
    {
        // Revision 1 makes integers 32 bits wide, as operating systems from ACPI 1.0 on expect.
        AcpiTable table = new("DSDT", 1);
        AmlTerm body = AmlTerm.Concat(
            DebugPort(), Processors(board), PciRoot(board), IsaDevices(board), InterruptLinks(), MotherboardDevices(board), SleepStates());
        return table.Bytes(body.Bytes).ToArray();
    }

    /// <summary>DBUG(object) prints an object's hexadecimal form on the firmware's debug console.</summary>
    private static AmlTerm DebugPort() => Aml.Scope("\\",
        Aml.OperationRegion("DBGR", Aml.RegionSpace.SystemIO, 0x402, 1),
        Aml.ByteField("DBGR", ("DBGB", 8)),
        Aml.Method("DBUG", 1, true,
            Aml.ToHexString(Aml.Arg(0), Aml.Local(0)),
            Aml.ToBuffer(Aml.Local(0), Aml.Local(0)),
            Aml.Subtract(Aml.SizeOf(Aml.Local(0)), 1, Aml.Local(1)),
            Aml.Store(0, Aml.Local(2)),
            Aml.While(Aml.LessThan(Aml.Local(2), Aml.Local(1)),
                Aml.Store(Aml.DerefOf(Aml.Index(Aml.Local(0), Aml.Local(2))), "DBGB"),
                Aml.Increment(Aml.Local(2))),
            Aml.Store(0x0A, "DBGB")));

    private static AmlTerm Processors(AcpiConfiguration board)
    {
        AmlTerm[] processors = new AmlTerm[board.CpuCount];
        for (int cpu = 0; cpu < board.CpuCount; cpu++)
            processors[cpu] = Aml.Processor($"C{cpu:X3}", (byte)cpu, 0, 0);
        return Aml.Scope("\\_PR", processors);
    }

    private static AmlTerm PciRoot(AcpiConfiguration board)
    {
        List<AmlTerm> resources =
        [
            AmlResource.BusNumbers(0, 255),
            AmlResource.IoWindow(0, 0xCF7),
            AmlResource.Io(0xCF8, 8),
            AmlResource.IoWindow(0xD00, 0xFFFF),
            AmlResource.MemoryWindow32(0xA0000, 0xBFFFF, cacheable: true),
            AmlResource.MemoryWindow32(AcpiBoard.PciHole32Start(board.LowRamSize), AcpiBoard.PciHole32End, cacheable: false),
        ];
        if (board.PciHole64Size != 0)
        {
            const ulong gigabyte = 1ul << 30;
            ulong start = (4 * gigabyte + board.HighRamSize + gigabyte - 1) / gigabyte * gigabyte;
            resources.Add(AmlResource.MemoryWindow64(start, start + board.PciHole64Size - 1, cacheable: true));
        }
        return Aml.Scope("\\_SB", Aml.Device("PCI0",
            Aml.Name("_HID", Aml.EisaId("PNP0A03")),
            Aml.Name("_UID", 0),
            Aml.Name("_CRS", AmlResource.Template(resources.ToArray())),
            Aml.Name("_PRT", RoutingTable()),
            Aml.Device("ISA",
                Aml.Name("_ADR", IsaBridgeSlot << 16),
                Aml.OperationRegion("PIRQ", Aml.RegionSpace.PciConfig, 0x60, 4)),
            Aml.Device("PX13",
                Aml.Name("_ADR", IsaBridgeSlot << 16 | 3))));
    }

    /// <summary>
    /// Pin INTx of slot s is wired to link (s + x - 1) mod 4, the rotation of the PC's backplane; INTA of the PIIX itself is
    /// the power-management function, which the chip ties to the SCI.
    /// </summary>
    private static AmlTerm RoutingTable()
    {
        AmlTerm[] routes = new AmlTerm[SlotCount * PinsPerSlot];
        for (int slot = 0; slot < SlotCount; slot++)
        {
            for (int pin = 0; pin < PinsPerSlot; pin++)
            {
                int link = (slot + pin + 3) % 4;
                string name = slot == IsaBridgeSlot && pin == 0 ? "LNKS" : $"LNK{(char)('A' + link)}";
                routes[slot * PinsPerSlot + pin] = Aml.Package(Aml.Integer((uint)slot << 16 | 0xFFFF), pin, name, 0);
            }
        }
        return Aml.Package(routes);
    }

    /// <summary>The four links program PIRQRC[A:D] of the PIIX3 (data sheet 2.2.6): bits 3:0 the IRQ, bit 7 not routed.</summary>
    private static AmlTerm InterruptLinks()
    {
        const int interruptOffset = 5;
        List<AmlTerm> body =
        [
            Aml.ByteField("PCI0.ISA.PIRQ", ("PRQA", 8), ("PRQB", 8), ("PRQC", 8), ("PRQD", 8)),
            Aml.Method("LSTA", 1, false,
                Aml.If(Aml.And(Aml.Arg(0), LinkRoutingDisabled), Aml.Return(0x09)),
                Aml.Return(0x0B)),
            Aml.Method("LCRS", 1, true,
                Aml.Name("RSRC", AmlResource.Template(AmlResource.SharedLevelInterrupt(0))),
                Aml.CreateDWordField("RSRC", interruptOffset, "LIRQ"),
                Aml.If(Aml.LessThan(Aml.Arg(0), LinkRoutingDisabled), Aml.Store(Aml.Arg(0), "LIRQ")),
                Aml.Return("RSRC")),
        ];
        for (int link = 0; link < 4; link++)
        {
            char letter = (char)('A' + link);
            string register = $"PRQ{letter}";
            body.Add(Aml.Device($"LNK{letter}",
                Aml.Name("_HID", Aml.EisaId("PNP0C0F")),
                Aml.Name("_UID", link),
                Aml.Name("_PRS", AmlResource.Template(AmlResource.SharedLevelInterrupt(5, 10, 11))),
                Aml.Method("_STA", 0, false, Aml.Return(Aml.Call("LSTA", register))),
                Aml.Method("_DIS", 0, false, Aml.Or(register, LinkRoutingDisabled, register)),
                Aml.Method("_CRS", 0, false, Aml.Return(Aml.Call("LCRS", register))),
                Aml.Method("_SRS", 1, true,
                    Aml.CreateDWordField(Aml.Arg(0), interruptOffset, "NIRQ"),
                    Aml.Store("NIRQ", register))));
        }
        AmlTerm sci = AmlResource.Template(AmlResource.SharedLevelInterrupt(AcpiBoard.SciInterrupt));
        body.Add(Aml.Device("LNKS",
            Aml.Name("_HID", Aml.EisaId("PNP0C0F")),
            Aml.Name("_UID", 4),
            Aml.Name("_PRS", sci),
            Aml.Method("_STA", 0, false, Aml.Return(0x0B)),
            Aml.Method("_DIS", 0, false),
            Aml.Method("_CRS", 0, false, Aml.Return("_PRS")),
            Aml.Method("_SRS", 1, false)));
        return Aml.Scope("\\_SB", body.ToArray());
    }

    private static AmlTerm IsaDevices(AcpiConfiguration board)
    {
        List<AmlTerm> devices =
        [
            Device("RTC", "PNP0B00", AmlResource.Io(0x70, 2), AmlResource.Irq(8)),
        ];
        if (board.Keyboard)
        {
            devices.Add(Device("KBD", "PNP0303", AmlResource.Io(0x60, 1), AmlResource.Io(0x64, 1), AmlResource.Irq(1)));
            devices.Add(Device("MOU", "PNP0F13", AmlResource.Irq(12)));
        }
        if (board.FloppyDrives > 0)
            devices.Add(Floppy(board.FloppyDrives));
        for (int i = 0; i < board.SerialPorts.Count; i++)
        {
            (ushort port, int irq) = board.SerialPorts[i];
            devices.Add(Device($"COM{i + 1}", "PNP0501", i + 1, AmlResource.Io(port, 8), AmlResource.Irq(irq)));
        }
        for (int i = 0; i < board.ParallelPorts.Count; i++)
        {
            (ushort port, int irq) = board.ParallelPorts[i];
            devices.Add(Device($"LPT{i + 1}", "PNP0400", i + 1, AmlResource.Io(port, (byte)ParallelPort.PortCount), AmlResource.Irq(irq)));
        }
        return Aml.Scope("\\_SB.PCI0.ISA", devices.ToArray());
    }

    private static AmlTerm Floppy(int drives)
    {
        // _FDE: one 32-bit flag a drive (A to D), then the tape controller: 2 means not known.
        byte[] enumeration = new byte[20];
        for (int drive = 0; drive < Math.Min(drives, 2); drive++)
            enumeration[4 * drive] = 1;
        enumeration[16] = 2;
        return Aml.Device("FDC0",
            Aml.Name("_HID", Aml.EisaId("PNP0700")),
            Aml.Name("_CRS", AmlResource.Template(
                AmlResource.Io(0x3F2, 4), AmlResource.Io(0x3F7, 1), AmlResource.Irq(6), AmlResource.Dma(2, 0))),
            Aml.Name("_FDE", Aml.Buffer(enumeration)));
    }

    private static AmlTerm MotherboardDevices(AcpiConfiguration board)
    {
        const byte slaveDma16Bit = 2;
        List<AmlTerm> devices =
        [
            Device("PIC", "PNP0000", AmlResource.Io(0x20, 2), AmlResource.Io(0xA0, 2), AmlResource.Io(0x4D0, 2), AmlResource.Irq(2)),
            Device("TIMR", "PNP0100", AmlResource.Io(0x40, 4), AmlResource.Irq(0)),
            Device("DMAC", "PNP0200",
                AmlResource.Io(0x00, 0x10), AmlResource.Io(0x81, 0x0F), AmlResource.Io(0xC0, 0x20), AmlResource.Dma(4, slaveDma16Bit)),
            Device("SPKR", "PNP0800", AmlResource.Io(0x61, 1)),
            Device("FPU", "PNP0C04", AmlResource.Io(0xF0, 0x10), AmlResource.Irq(13)),
            Device("SYSR", "PNP0C02", 1, FixedPorts(board)),
        ];
        AmlTerm root = Aml.Scope("\\_SB.PCI0.ISA", devices.ToArray());
        List<AmlTerm> system =
        [
            Aml.Device("FWCF",
                Aml.Name("_HID", Aml.String("QEMU0002")),
                Aml.Name("_STA", 0x0B),
                Aml.Name("_CRS", AmlResource.Template(AmlResource.Io(FwCfg.FirstPort, (byte)FwCfg.PortCount)))),
        ];
        if (board.Hpet)
        {
            system.Add(Device("HPET", "PNP0103", AmlResource.Memory32Fixed(AcpiBoard.HpetAddress, 0x400, writable: false)));
        }
        return AmlTerm.Concat(root, Aml.Scope("\\_SB", system.ToArray()));
    }

    /// <summary>Ports that belong to the board and to no device with a driver of its own.</summary>
    private static AmlTerm[] FixedPorts(AcpiConfiguration board)
    {
        List<AmlTerm> ports =
        [
            AmlResource.Io(0x80, 1), AmlResource.Io(0x92, 1), AmlResource.Io(AcpiBoard.SmiCommandPort, 2),
            AmlResource.Io(0x402, 1), AmlResource.Io(board.PmBase, 0x40),
        ];
        if (board.GpeLength != 0)
            ports.Add(AmlResource.Io(board.GpeBase, board.GpeLength));
        return [.. ports];
    }

    /// <summary>Values of SLP_TYP for PIIX4 (data sheet 7.2.2): 0 soft off, 1 suspend to RAM, 2 suspend to disk. The power button is the fixed one of PM1.</summary>
    private static AmlTerm SleepStates() => AmlTerm.Concat(
        Aml.Name("\\_S3", Aml.Package(1, 1, 0, 0)),
        Aml.Name("\\_S4", Aml.Package(2, 2, 0, 0)),
        Aml.Name("\\_S5", Aml.Package(0, 0, 0, 0)));

    private static AmlTerm Device(string name, string eisaId, params ReadOnlySpan<AmlTerm> resources) => Aml.Device(name,
        Aml.Name("_HID", Aml.EisaId(eisaId)),
        Aml.Name("_CRS", AmlResource.Template(resources)));

    private static AmlTerm Device(string name, string eisaId, int unit, params ReadOnlySpan<AmlTerm> resources) => Aml.Device(name,
        Aml.Name("_HID", Aml.EisaId(eisaId)),
        Aml.Name("_UID", unit),
        Aml.Name("_CRS", AmlResource.Template(resources)));
}
