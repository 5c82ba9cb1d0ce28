namespace Emu.Devices.Firmware.Acpi;

/// <summary>The tables that are plain data: FADT, FACS, MADT, HPET, MCFG and WAET.</summary>
public static class FixedTables
{
    /// <summary>Offsets of the FADT's pointers to FACS and DSDT.</summary>
    internal const int FadtFacsOffset = 36, FadtDsdtOffset = 40, FadtXDsdtOffset = 140;

    private const byte SystemIo = 1;
    private const byte SystemMemory = 0;

    /// <summary>Fixed ACPI description table, revision 3 (ACPI 2.0c layout, 244 bytes) over the PIIX4 power-management block.</summary>
    public static byte[] Fadt(AcpiConfiguration board, uint facsOffset, uint dsdtOffset)
    {
        const byte revision = 3;
        const byte desktopProfile = 1;
        const byte pmEventLength = 4, pmControlLength = 2, pmTimerLength = 4;
        const ushort noC2 = 0xFFF, noC3 = 0xFFF;
        const byte centuryRegister = 0x32;
        const ushort legacyDevices = 1, has8042 = 2;
        const uint wbinvd = 1 << 0, c1 = 1 << 2, noSleepButton = 1 << 5, rtcWakesS4 = 1 << 7, resetRegister = 1 << 10, platformClock = 1 << 15;
        ushort pm = board.PmBase;
        ushort gpe = board.GpeLength == 0 ? (ushort)0 : board.GpeBase;

        AcpiTable table = new("FACP", revision);
        table.UInt32(facsOffset).UInt32(dsdtOffset)
            .Byte(0).Byte(desktopProfile).UInt16(AcpiBoard.SciInterrupt)
            .UInt32(AcpiBoard.SmiCommandPort).Byte(AcpiBoard.AcpiEnable).Byte(AcpiBoard.AcpiDisable)
            .Byte(0).Byte(0)
            .UInt32(pm).UInt32(0)
            .UInt32((uint)pm + 4).UInt32(0)
            .UInt32(0).UInt32((uint)pm + 8)
            .UInt32(gpe).UInt32(0)
            .Byte(pmEventLength).Byte(pmControlLength).Byte(0).Byte(pmTimerLength)
            .Byte(board.GpeLength).Byte(0).Byte(0).Byte(0)
            .UInt16(noC2).UInt16(noC3)
            .UInt16(0).UInt16(0)
            .Byte(0).Byte(0)
            .Byte(0).Byte(0).Byte(centuryRegister)
            .UInt16((ushort)(legacyDevices | (board.Keyboard ? has8042 : 0))).Byte(0)
            .UInt32(wbinvd | c1 | noSleepButton | rtcWakesS4 | resetRegister | (board.Hpet ? platformClock : 0))
            .GenericAddress(SystemIo, 8, 1, AcpiBoard.ResetPort).Byte(AcpiBoard.ResetValue)
            .Zeros(3)
            .UInt64(0).UInt64(dsdtOffset)
            .GenericAddress(SystemIo, 8 * pmEventLength, 2, pm).GenericAddress(SystemIo, 0, 0, 0)
            .GenericAddress(SystemIo, 8 * pmControlLength, 2, (ulong)pm + 4).GenericAddress(SystemIo, 0, 0, 0)
            .GenericAddress(SystemIo, 0, 0, 0).GenericAddress(SystemIo, 8 * pmTimerLength, 3, (ulong)pm + 8)
            .GenericAddress(SystemIo, (byte)(8 * board.GpeLength), (byte)(gpe == 0 ? 0 : 1), gpe).GenericAddress(SystemIo, 0, 0, 0);
        return table.ToArray();
    }

    /// <summary>Firmware ACPI control structure: 64 bytes, aligned to 64, without a checksum (ACPI 6.4, 5.2.10).</summary>
    public static byte[] Facs()
    {
        const int size = 64;
        byte[] facs = new byte[size];
        "FACS"u8.CopyTo(facs);
        facs[4] = size;
        facs[32] = 1;
        return facs;
    }

    /// <summary>
    /// Multiple APIC description table: a local APIC for each processor, one I/O APIC, the PIT on input 2, the PIIX's
    /// level-triggered links, and LINT1 as NMI.
    /// </summary>
    public static byte[] Madt(AcpiConfiguration board)
    {
        const uint pcAtCompatible = 1;
        const byte localApic = 0, ioApic = 1, interruptOverride = 2, localApicNmi = 4;
        const ushort conforming = 0, activeHighLevel = 0x0D;
        const byte enabled = 1;
        AcpiTable table = new("APIC", 1);
        table.UInt32(AcpiBoard.LocalApicAddress).UInt32(pcAtCompatible);
        for (int cpu = 0; cpu < board.CpuCount; cpu++)
            table.Byte(localApic).Byte(8).Byte((byte)cpu).Byte((byte)cpu).UInt32(enabled);
        table.Byte(ioApic).Byte(12).Byte(0).Byte(0).UInt32(AcpiBoard.IoApicAddress).UInt32(0);
        table.Byte(interruptOverride).Byte(10).Byte(0).Byte(0).UInt32(2).UInt16(conforming);
        foreach (byte line in (ReadOnlySpan<byte>)[5, 9, 10, 11])
            table.Byte(interruptOverride).Byte(10).Byte(0).Byte(line).UInt32(line).UInt16(activeHighLevel);
        table.Byte(localApicNmi).Byte(6).Byte(0xFF).UInt16(conforming).Byte(1);
        return table.ToArray();
    }

    /// <summary>High-precision event timer table (IA-PC HPET specification, 3.2.4).</summary>
    public static byte[] Hpet()
    {
        const uint eventTimerBlockId = 0x8086A201;
        const ushort minimumTicks = 100;
        return new AcpiTable("HPET", 1)
            .UInt32(eventTimerBlockId)
            .GenericAddress(SystemMemory, 0, 0, AcpiBoard.HpetAddress)
            .Byte(0).UInt16(minimumTicks).Byte(0)
            .ToArray();
    }

    /// <summary>Memory-mapped configuration table: one segment, buses 0 to 255 (PCI firmware specification 3.0, 4.1.2).</summary>
    public static byte[] Mcfg(ulong ecamBase)
        => new AcpiTable("MCFG", 1).Zeros(8).UInt64(ecamBase).UInt16(0).Byte(0).Byte(255).Zeros(4).ToArray();

    /// <summary>Windows ACPI emulated devices table: the PM timer needs only one read, for it has no ripple.</summary>
    public static byte[] Waet() => new AcpiTable("WAET", 1).UInt32(1 << 1).ToArray();
}
