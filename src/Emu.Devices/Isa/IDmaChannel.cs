namespace Emu.Devices.Isa;

/// <summary>
/// One DREQ/DACK# pair of the 8237 controllers, as the device on it sees it. Channels 0-3 move bytes, 5-7 words
/// (channel 4 cascades and has no device).
/// </summary>
/// <remarks>
/// Protocol: the device asserts its request, and while <see cref="IsReady"/> moves as much as it has at once with
/// <see cref="Write"/> or <see cref="Read"/>. Where the guest has not programmed or unmasked the channel yet, the device leaves
/// the request asserted and continues when <see cref="BecameReady"/> is raised.
/// </remarks>
public interface IDmaChannel
{
    /// <summary>Channel number, 0-3 or 5-7.</summary>
    int Number { get; }

    /// <summary>Bytes a DMA cycle moves: 1 (channels 0-3) or 2 (channels 5-7).</summary>
    int CycleSize { get; }

    /// <summary>
    /// The controller would answer a request now: it is enabled, the channel is not masked, and is programmed for a transfer
    /// (not cascade mode).
    /// </summary>
    bool IsReady { get; }

    /// <summary>
    /// Raised when the guest's programming turned <see cref="IsReady"/> on while the request is asserted.
    /// </summary>
    event Action? BecameReady;

    /// <summary>Drives DREQ. The guest sees it in the status register.</summary>
    void SetRequest(bool asserted);

    /// <summary>
    /// Device to memory ("write transfer"). Stops early at terminal count. In verify mode the cycles run but memory keeps its
    /// content; programmed for the other direction, nothing moves.
    /// </summary>
    /// <param name="data">What the device has; a trailing half word of a 16-bit channel is not moved.</param>
    /// <param name="terminalCount">The last cycle ended the programmed count (TC was pulsed).</param>
    /// <returns>Bytes moved, 0 if the channel is not ready.</returns>
    int Write(ReadOnlySpan<byte> data, out bool terminalCount);

    /// <summary>Memory to device ("read transfer"), otherwise as <see cref="Write"/>. Verify cycles leave the buffer as it is.</summary>
    int Read(Span<byte> buffer, out bool terminalCount);
}
