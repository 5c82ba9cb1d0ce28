namespace Emu.Devices.Serial;

/// <summary>Something other than bytes that arrives on a line.</summary>
public enum CharacterEvent
{
    /// <summary>The line was held at space for longer than a character.</summary>
    Break,

    /// <summary>The other end connected.</summary>
    Opened,

    /// <summary>The other end went away.</summary>
    Closed,
}

/// <summary>The guest-side end of a character line: a UART, a monitor, a debug server. Called on the machine's thread.</summary>
public interface ICharacterReceiver
{
    /// <summary>How many bytes it can take now.</summary>
    int ReceiveCapacity { get; }

    /// <summary>Takes bytes, at most <see cref="ReceiveCapacity"/>.</summary>
    void Receive(ReadOnlySpan<byte> data);

    /// <summary>Takes an event, in order with the bytes around it.</summary>
    void Signal(CharacterEvent signal);
}

/// <summary>The host-side end of a character line: a terminal, a file, a socket.</summary>
/// <remarks>
/// Host threads hand input over through the machine's event queue, so the receiver sees it on the machine's thread only. Input
/// that the receiver has no room for waits until it calls <see cref="AcceptInput"/>.
/// </remarks>
public interface ICharacterDevice : IDisposable
{
    /// <summary>Who gets the input; null leaves it waiting.</summary>
    ICharacterReceiver? Receiver { get; set; }

    /// <summary>Sends bytes to the host side. Where nobody is connected they are lost, as on a wire.</summary>
    void Write(ReadOnlySpan<byte> data);

    /// <summary>Starts (true) or ends (false) a break condition on the line.</summary>
    void SetBreak(bool active);

    /// <summary>The receiver has room again.</summary>
    void AcceptInput();
}

/// <summary>A character back-end could not be opened; the message says what is wrong and names it.</summary>
public sealed class CharacterDeviceException(string message, Exception? inner = null) : Exception(message, inner);
