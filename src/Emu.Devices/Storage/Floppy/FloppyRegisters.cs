namespace Emu.Devices.Storage.Floppy;

/// <summary>Digital output register, 3F2h (82077AA data sheet, 2.1.3).</summary>
[Flags]
internal enum FloppyOutput : byte
{
    None = 0,
    DriveMask = 3,
    NotReset = 1 << 2,
    DmaGate = 1 << 3,
}

/// <summary>Main status register, 3F4h (2.1.6).</summary>
[Flags]
internal enum FloppyMainStatus : byte
{
    None = 0,
    CommandBusy = 1 << 4,
    NonDma = 1 << 5,
    DataInput = 1 << 6,
    RequestForMaster = 1 << 7,
}

/// <summary>Status register 0 (6.1): bits 7-6 tell how a command ended.</summary>
[Flags]
internal enum FloppySt0 : byte
{
    Normal = 0,
    HeadAddress = 1 << 2,
    EquipmentCheck = 1 << 4,
    SeekEnd = 1 << 5,
    Abnormal = 1 << 6,
    Invalid = 1 << 7,
    PollingChange = 3 << 6,
}

/// <summary>Status register 1 (6.2).</summary>
[Flags]
internal enum FloppySt1 : byte
{
    None = 0,
    MissingAddressMark = 1 << 0,
    NotWritable = 1 << 1,
    NoData = 1 << 2,
    Overrun = 1 << 4,
    DataError = 1 << 5,
    EndOfCylinder = 1 << 7,
}

/// <summary>Status register 2 (6.3).</summary>
[Flags]
internal enum FloppySt2 : byte
{
    None = 0,
    ScanNotSatisfied = 1 << 2,
    ScanEqual = 1 << 3,
    WrongCylinder = 1 << 4,
    DataError = 1 << 5,
    ControlMark = 1 << 6,
}

/// <summary>Status register 3 (6.4).</summary>
[Flags]
internal enum FloppySt3 : byte
{
    None = 0,
    HeadAddress = 1 << 2,
    TwoSide = 1 << 3,
    Track0 = 1 << 4,
    Ready = 1 << 5,
    WriteProtected = 1 << 6,
}

/// <summary>Command codes: the low five bits, and the option bits above them (section 5).</summary>
internal static class FloppyCommand
{
    public const byte CodeMask = 0x1F, MultiTrack = 0x80, Skip = 0x20;

    public const byte ReadTrack = 0x02;
    public const byte Specify = 0x03;
    public const byte SenseDriveStatus = 0x04;
    public const byte WriteData = 0x05;
    public const byte ReadData = 0x06;
    public const byte Recalibrate = 0x07;
    public const byte SenseInterruptStatus = 0x08;
    public const byte WriteDeletedData = 0x09;
    public const byte ReadId = 0x0A;
    public const byte ReadDeletedData = 0x0C;
    public const byte FormatTrack = 0x0D;
    public const byte DumpRegisters = 0x0E;
    public const byte Seek = 0x0F;
    public const byte Version = 0x10;
    public const byte ScanEqual = 0x11;
    public const byte PerpendicularMode = 0x12;
    public const byte Configure = 0x13;
    public const byte Lock = 0x14;
    public const byte Verify = 0x16;
    public const byte PartId = 0x18;
    public const byte ScanLowOrEqual = 0x19;
    public const byte ScanHighOrEqual = 0x1D;

    /// <summary>Bytes of a command with its parameters; 1 for codes the controller does not know.</summary>
    public static int LengthOf(byte command) => (command & CodeMask) switch
    {
        ReadTrack or WriteData or ReadData or WriteDeletedData or ReadDeletedData or ScanEqual or ScanLowOrEqual or ScanHighOrEqual or Verify => 9,
        FormatTrack => 6,
        Configure => 4,
        Specify or Seek => 3,
        SenseDriveStatus or Recalibrate or ReadId or PerpendicularMode => 2,
        _ => 1,
    };
}
