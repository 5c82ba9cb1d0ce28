using Emu.Devices.Serial;
using Emu.Mmu;

namespace Emu.Devices.Debugging;

/// <summary>
/// One port that prints what is written to it: 0xE9 as in Bochs, and 0x402 where SeaBIOS sends its messages. Reading gives 0xE9, by
/// which firmware recognizes it.
/// </summary>
/// <param name="line">Where the characters go.</param>
public sealed class DebugConsolePort(ICharacterDevice line) : IPortDevice
{
    /// <summary>The port of Bochs's console.</summary>
    public const ushort BochsPort = 0xE9;

    /// <summary>The port of SeaBIOS's and OVMF's debug output.</summary>
    public const ushort FirmwarePort = 0x402;

    private const uint Presence = 0xE9;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size) => Presence;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value) => line.Write([(byte)value]);
}
