namespace Emu.Devices.Storage.Ide;

/// <summary>Operation codes of packet commands (MMC-3 clause 6, SPC-2 clause 7).</summary>
internal static class PacketCommand
{
    public const byte TestUnitReady = 0x00;
    public const byte RequestSense = 0x03;
    public const byte Inquiry = 0x12;
    public const byte StartStopUnit = 0x1B;
    public const byte PreventAllowRemoval = 0x1E;
    public const byte ReadCapacity = 0x25;
    public const byte Read10 = 0x28;
    public const byte Seek10 = 0x2B;
    public const byte SynchronizeCache = 0x35;
    public const byte ReadSubChannel = 0x42;
    public const byte ReadToc = 0x43;
    public const byte GetConfiguration = 0x46;
    public const byte GetEventStatus = 0x4A;
    public const byte ReadDiscInformation = 0x51;
    public const byte ReadTrackInformation = 0x52;
    public const byte ModeSelect10 = 0x55;
    public const byte ModeSense10 = 0x5A;
    public const byte Read12 = 0xA8;
    public const byte ReadDiscStructure = 0xAD;
    public const byte ReadCdMsf = 0xB9;
    public const byte SetCdSpeed = 0xBB;
    public const byte MechanismStatus = 0xBD;
    public const byte ReadCd = 0xBE;

    /// <summary>Commands that neither need a medium nor report a pending unit attention (SPC-2 5.9).</summary>
    public static bool IgnoresUnitAttention(byte opcode) => opcode is Inquiry or RequestSense or GetConfiguration or GetEventStatus;

    /// <summary>Commands that fail without a medium.</summary>
    public static bool NeedsMedium(byte opcode) => opcode is TestUnitReady or ReadCapacity or Read10 or Seek10 or ReadSubChannel or ReadToc
        or ReadDiscInformation or ReadTrackInformation or Read12 or ReadDiscStructure or ReadCdMsf or ReadCd;
}
