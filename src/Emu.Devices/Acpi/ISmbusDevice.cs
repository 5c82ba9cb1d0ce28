namespace Emu.Devices.Acpi;

/// <summary>A slave on the board's SMBus (SMBus 2.0, 5.5).</summary>
public interface ISmbusDevice
{
    /// <summary>7-bit address.</summary>
    byte Address { get; }

    /// <summary>A write: command byte, then data; empty for a quick command. False: not acknowledged.</summary>
    bool Write(ReadOnlySpan<byte> data);

    /// <summary>The bytes it sends when read, at most <paramref name="buffer"/>'s length. False: not acknowledged.</summary>
    bool Read(Span<byte> buffer);
}
