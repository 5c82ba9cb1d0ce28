namespace Emu.Devices.Storage.Ide;

/// <summary>Sense keys (SPC-3 4.5.6).</summary>
public enum ScsiSenseKey : byte
{
    NoSense = 0,
    NotReady = 2,
    MediumError = 3,
    HardwareError = 4,
    IllegalRequest = 5,
    UnitAttention = 6,
}

/// <summary>Why a packet command failed: sense key, additional sense code and qualifier (SPC-3 annex D).</summary>
/// <param name="Key">Sense key.</param>
/// <param name="Code">Additional sense code.</param>
/// <param name="Qualifier">Additional sense code qualifier.</param>
public readonly record struct ScsiSense(ScsiSenseKey Key, byte Code, byte Qualifier = 0)
{
    public static ScsiSense None => default;

    public static ScsiSense NoMedium => new(ScsiSenseKey.NotReady, 0x3A);

    public static ScsiSense NoMediumTrayOpen => new(ScsiSenseKey.NotReady, 0x3A, 0x02);

    public static ScsiSense ReadError => new(ScsiSenseKey.MediumError, 0x11);

    public static ScsiSense InvalidOpcode => new(ScsiSenseKey.IllegalRequest, 0x20);

    public static ScsiSense AddressOutOfRange => new(ScsiSenseKey.IllegalRequest, 0x21);

    public static ScsiSense InvalidField => new(ScsiSenseKey.IllegalRequest, 0x24);

    public static ScsiSense SavingNotSupported => new(ScsiSenseKey.IllegalRequest, 0x39);

    public static ScsiSense RemovalPrevented => new(ScsiSenseKey.IllegalRequest, 0x53, 0x02);

    public static ScsiSense IllegalModeForTrack => new(ScsiSenseKey.IllegalRequest, 0x64);

    public static ScsiSense MediumChanged => new(ScsiSenseKey.UnitAttention, 0x28);
}
