namespace Emu.Devices.Pci;

/// <summary>Offsets in configuration space (PCI Local Bus 3.0, 6.1, figure 6-1; type 0 header).</summary>
public static class PciRegister
{
    public const int VendorId = 0x00;
    public const int DeviceId = 0x02;
    public const int Command = 0x04;
    public const int Status = 0x06;
    public const int RevisionId = 0x08;
    public const int ClassCode = 0x09;
    public const int CacheLineSize = 0x0C;
    public const int LatencyTimer = 0x0D;
    public const int HeaderType = 0x0E;
    public const int Bist = 0x0F;
    public const int BaseAddress0 = 0x10;
    public const int SubsystemVendorId = 0x2C;
    public const int SubsystemId = 0x2E;
    public const int ExpansionRom = 0x30;
    public const int CapabilitiesPointer = 0x34;
    public const int InterruptLine = 0x3C;
    public const int InterruptPin = 0x3D;
    public const int MinGrant = 0x3E;
    public const int MaxLatency = 0x3F;

    /// <summary>First byte that belongs to the device (capabilities, vendor registers).</summary>
    public const int DeviceSpecific = 0x40;
}

/// <summary>Command register (PCI 3.0, 6.2.2).</summary>
[Flags]
public enum PciCommand : ushort
{
    None = 0,
    IoSpace = 1 << 0,
    MemorySpace = 1 << 1,
    BusMaster = 1 << 2,
    SpecialCycles = 1 << 3,
    MemoryWriteAndInvalidate = 1 << 4,
    VgaPaletteSnoop = 1 << 5,
    ParityErrorResponse = 1 << 6,
    SerrEnable = 1 << 8,
    FastBackToBack = 1 << 9,
    InterruptDisable = 1 << 10,
}

/// <summary>Status register (PCI 3.0, 6.2.3). Bits 8 and 11-15 are cleared by writing 1.</summary>
[Flags]
public enum PciStatus : ushort
{
    None = 0,
    InterruptStatus = 1 << 3,
    CapabilitiesList = 1 << 4,
    Capable66MHz = 1 << 5,
    FastBackToBack = 1 << 7,
    MasterDataParityError = 1 << 8,
    DevselMedium = 1 << 9,
    SignaledTargetAbort = 1 << 11,
    ReceivedTargetAbort = 1 << 12,
    ReceivedMasterAbort = 1 << 13,
    SignaledSystemError = 1 << 14,
    DetectedParityError = 1 << 15,
    WriteOneToClear = MasterDataParityError | SignaledTargetAbort | ReceivedTargetAbort | ReceivedMasterAbort
        | SignaledSystemError | DetectedParityError,
}

/// <summary>Capability identifiers (PCI 3.0, appendix H).</summary>
public static class PciCapabilityId
{
    public const byte PowerManagement = 0x01;
    public const byte Msi = 0x05;
    public const byte VendorSpecific = 0x09;
    public const byte PciExpress = 0x10;
    public const byte MsiX = 0x11;
}
