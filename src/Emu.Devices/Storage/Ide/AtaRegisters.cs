namespace Emu.Devices.Storage.Ide;

/// <summary>Status register (ATA/ATAPI-6 7.15).</summary>
[Flags]
public enum AtaStatus : byte
{
    None = 0,

    /// <summary>ERR (CHK in packet commands): the error register says why.</summary>
    Error = 1 << 0,

    /// <summary>DRQ: the drive waits for the data port to be read or written.</summary>
    DataRequest = 1 << 3,

    /// <summary>DSC: seek complete (older standards; SERV in packet commands).</summary>
    SeekComplete = 1 << 4,

    /// <summary>DF: device fault.</summary>
    DeviceFault = 1 << 5,

    /// <summary>DRDY: the drive takes commands.</summary>
    Ready = 1 << 6,

    /// <summary>BSY: the drive owns the registers; no other bit is valid.</summary>
    Busy = 1 << 7,
}

/// <summary>Error register (ATA/ATAPI-6 7.10). In packet commands bits 7-4 carry the sense key instead.</summary>
[Flags]
public enum AtaError : byte
{
    None = 0,

    /// <summary>Also: command completion time out, illegal length.</summary>
    AddressMarkNotFound = 1 << 0,

    /// <summary>ABRT: the command is unknown or its parameters are invalid.</summary>
    Aborted = 1 << 2,

    /// <summary>IDNF: no such sector.</summary>
    IdNotFound = 1 << 4,

    /// <summary>UNC: the data cannot be read (write protected, for a write).</summary>
    Uncorrectable = 1 << 6,

    /// <summary>ICRC: an error on the cable.</summary>
    InterfaceCrc = 1 << 7,
}

/// <summary>Device control register (ATA/ATAPI-6 7.9).</summary>
[Flags]
public enum AtaControl : byte
{
    None = 0,

    /// <summary>nIEN: interrupts are masked.</summary>
    InterruptDisable = 1 << 1,

    /// <summary>SRST: both drives are held in reset.</summary>
    SoftwareReset = 1 << 2,

    /// <summary>HOB: reads give the previous content of the 48-bit registers.</summary>
    HighOrderByte = 1 << 7,
}

/// <summary>Bits of the device register (ATA/ATAPI-6 7.8).</summary>
[Flags]
public enum AtaDevice : byte
{
    None = 0,

    /// <summary>Bits 3-0: head, or LBA bits 27-24.</summary>
    HeadMask = 0x0F,

    /// <summary>DEV: drive 1 is addressed.</summary>
    Drive1 = 1 << 4,

    /// <summary>The address is an LBA, not cylinder/head/sector.</summary>
    Lba = 1 << 6,

    /// <summary>Bits 7 and 5 were always one before ATA-4.</summary>
    Obsolete = 1 << 7 | 1 << 5,
}

/// <summary>Command codes (ATA/ATAPI-6 clause 8; older ones as noted there).</summary>
public static class AtaCommand
{
    public const byte Nop = 0x00;
    public const byte DataSetManagement = 0x06;
    public const byte DeviceReset = 0x08;
    public const byte Recalibrate = 0x10; // to 0x1F
    public const byte ReadSectors = 0x20;
    public const byte ReadSectorsNoRetry = 0x21;
    public const byte ReadSectorsExt = 0x24;
    public const byte ReadDmaExt = 0x25;
    public const byte ReadNativeMaxExt = 0x27;
    public const byte ReadMultipleExt = 0x29;
    public const byte WriteSectors = 0x30;
    public const byte WriteSectorsNoRetry = 0x31;
    public const byte WriteSectorsExt = 0x34;
    public const byte WriteDmaExt = 0x35;
    public const byte WriteMultipleExt = 0x39;
    public const byte WriteVerify = 0x3C;
    public const byte WriteDmaFuaExt = 0x3D;
    public const byte VerifySectors = 0x40;
    public const byte VerifySectorsNoRetry = 0x41;
    public const byte VerifySectorsExt = 0x42;
    public const byte Seek = 0x70; // to 0x7F
    public const byte ExecuteDiagnostic = 0x90;
    public const byte InitializeParameters = 0x91;
    public const byte StandbyImmediateOld = 0x94;
    public const byte IdleImmediateOld = 0x95;
    public const byte StandbyOld = 0x96;
    public const byte IdleOld = 0x97;
    public const byte CheckPowerModeOld = 0x98;
    public const byte SleepOld = 0x99;
    public const byte Packet = 0xA0;
    public const byte IdentifyPacket = 0xA1;
    public const byte Smart = 0xB0;
    public const byte ReadMultiple = 0xC4;
    public const byte WriteMultiple = 0xC5;
    public const byte SetMultiple = 0xC6;
    public const byte ReadDma = 0xC8;
    public const byte ReadDmaNoRetry = 0xC9;
    public const byte WriteDma = 0xCA;
    public const byte WriteDmaNoRetry = 0xCB;
    public const byte WriteMultipleFuaExt = 0xCE;
    public const byte StandbyImmediate = 0xE0;
    public const byte IdleImmediate = 0xE1;
    public const byte Standby = 0xE2;
    public const byte Idle = 0xE3;
    public const byte ReadBuffer = 0xE4;
    public const byte CheckPowerMode = 0xE5;
    public const byte Sleep = 0xE6;
    public const byte FlushCache = 0xE7;
    public const byte WriteBuffer = 0xE8;
    public const byte FlushCacheExt = 0xEA;
    public const byte Identify = 0xEC;
    public const byte SetFeatures = 0xEF;
    public const byte ReadNativeMax = 0xF8;
}
