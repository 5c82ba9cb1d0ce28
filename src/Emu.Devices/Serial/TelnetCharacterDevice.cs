namespace Emu.Devices.Serial;

/// <summary>
/// Speaks the Telnet protocol (RFC 854) on a line: asks the client for character mode (ECHO, RFC 857; SUPPRESS-GO-AHEAD, RFC 858; BINARY, RFC 856) and keeps
/// commands out of the data. BREAK becomes a break.
/// </summary>
public sealed class TelnetCharacterDevice : ICharacterDevice, ICharacterReceiver
{
    private const byte Interpret = 255, Dont = 254, Will = 251, Subnegotiation = 250, Break = 243, SubnegotiationEnd = 240;
    private const byte Binary = 0, Echo = 1, SuppressGoAhead = 3, Do = 253;

    private static ReadOnlySpan<byte> Offer =>
        [Interpret, Will, Echo, Interpret, Will, SuppressGoAhead, Interpret, Will, Binary, Interpret, Do, Binary];

    private readonly SocketCharacterDevice _line;
    private ICharacterReceiver? _receiver;
    private Phase _phase;

    /// <param name="line">The connection; it belongs to this object from now on.</param>
    public TelnetCharacterDevice(SocketCharacterDevice line)
    {
        _line = line;
        line.Receiver = this;
    }

    private enum Phase
    {
        Data,
        Command,
        Option,
        Subnegotiation,
        SubnegotiationCommand,
        CarriageReturn,
    }

    /// <summary>The connection beneath.</summary>
    public SocketCharacterDevice Line => _line;

    /// <inheritdoc/>
    public ICharacterReceiver? Receiver
    {
        get => _receiver;
        set
        {
            _receiver = value;
            _line.AcceptInput();
        }
    }

    /// <inheritdoc/>
    public int ReceiveCapacity => _receiver?.ReceiveCapacity ?? 0;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (!data.Contains(Interpret))
        {
            _line.Write(data);
            return;
        }

        List<byte> escaped = new(data.Length + 8);
        foreach (byte value in data)
        {
            if (value == Interpret)
                escaped.Add(Interpret);
            escaped.Add(value);
        }
        _line.Write([.. escaped]);
    }

    /// <inheritdoc/>
    public void SetBreak(bool active)
    {
        if (active)
            _line.Write([Interpret, Break]);
    }

    /// <inheritdoc/>
    public void AcceptInput() => _line.AcceptInput();

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        Span<byte> clean = stackalloc byte[data.Length];
        int count = 0;
        foreach (byte value in data)
        {
            if (Take(value))
                clean[count++] = value;
        }

        if (count > 0)
            _receiver?.Receive(clean[..count]);
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        if (signal == CharacterEvent.Opened)
        {
            _phase = Phase.Data;
            _line.Write(Offer);
        }

        _receiver?.Signal(signal);
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    /// <summary>Whether a byte is data.</summary>
    private bool Take(byte value)
    {
        switch (_phase)
        {
            case Phase.Command:
                _phase = value switch { >= Will and <= Dont => Phase.Option, Subnegotiation => Phase.Subnegotiation, _ => Phase.Data };
                if (value == Break)
                    _receiver?.Signal(CharacterEvent.Break);
                return value == Interpret;
            case Phase.Option:
                _phase = Phase.Data;
                return false;
            case Phase.Subnegotiation:
                if (value == Interpret)
                    _phase = Phase.SubnegotiationCommand;
                return false;
            case Phase.SubnegotiationCommand:
                _phase = value == SubnegotiationEnd ? Phase.Data : Phase.Subnegotiation;
                return false;
            case Phase.CarriageReturn when value is 0 or (byte)'\n':
                // A network virtual terminal sends the Enter key as CR NUL or CR LF.
                _phase = Phase.Data;
                return false;
            default:
                _phase = value switch { Interpret => Phase.Command, (byte)'\r' => Phase.CarriageReturn, _ => Phase.Data };
                return value != Interpret;
        }
    }
}
