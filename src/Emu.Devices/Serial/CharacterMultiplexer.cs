using System.Text;

namespace Emu.Devices.Serial;

/// <summary>
/// Several users of one line, of which one at a time gets the input: <c>mon:stdio</c>. An escape character, Ctrl-A unless chosen
/// otherwise, introduces commands: <c>x</c> quits, <c>c</c> switches to the next user, <c>b</c> sends a break, <c>h</c> lists them, and the
/// escape character itself is passed on.
/// </summary>
public sealed class CharacterMultiplexer : ICharacterReceiver, IDisposable
{
    /// <summary>Ctrl-A.</summary>
    public const byte DefaultEscape = 1;

    /// <summary>Input kept for a user who does not take it; what follows is lost, so that the escape character always gets through.</summary>
    private const int QueueLimit = 64 * 1024;

    private readonly ICharacterDevice _line;
    private readonly List<Channel> _channels = [];
    private readonly byte _escape;
    private int _focus;
    private bool _escaped;

    /// <param name="line">The shared line; it belongs to the multiplexer from now on.</param>
    /// <param name="escape">The escape character.</param>
    public CharacterMultiplexer(ICharacterDevice line, byte escape = DefaultEscape)
    {
        _line = line;
        _escape = escape;
        line.Receiver = this;
    }

    /// <summary>The user asked to quit.</summary>
    public event Action? QuitRequested;

    /// <inheritdoc/>
    public int ReceiveCapacity => int.MaxValue;

    /// <summary>Adds a user; the first one has the input at first.</summary>
    /// <param name="focusChanged">Told when it gets (true) or loses the input.</param>
    public ICharacterDevice AddChannel(Action<bool>? focusChanged = null)
    {
        Channel channel = new(this, focusChanged);
        _channels.Add(channel);
        return channel;
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            if (_escaped)
            {
                _escaped = false;
                Command(value);
            }
            else if (value == _escape)
            {
                _escaped = true;
            }
            else
            {
                Deliver(value);
            }
        }
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        foreach (Channel channel in _channels)
            channel.Receiver?.Signal(signal);
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    private void Command(byte key)
    {
        switch (char.ToLowerInvariant((char)key))
        {
            case 'x':
                QuitRequested?.Invoke();
                break;
            case 'c':
                Switch();
                break;
            case 'b':
                if (_focus < _channels.Count)
                    _channels[_focus].Receiver?.Signal(CharacterEvent.Break);
                break;
            case 'h' or '?':
                _line.Write(Encoding.ASCII.GetBytes(Help()));
                break;
            default:
                if (key == _escape)
                    Deliver(key);
                break;
        }
    }

    private string Help()
    {
        string prefix = _escape is > 0 and < 27 ? $"C-{(char)('a' + _escape - 1)}" : $"0x{_escape:x2}";
        return $"\r\n{prefix} h    this help\r\n{prefix} x    quit the emulator\r\n{prefix} c    switch between the console and the monitor\r\n" +
            $"{prefix} b    send a break\r\n{prefix} {prefix}  send {prefix}\r\n";
    }

    private void Switch()
    {
        if (_channels.Count < 2)
            return;
        Channel old = _channels[_focus];
        _focus = (_focus + 1) % _channels.Count;
        old.ChangeFocus(false);
        _channels[_focus].ChangeFocus(true);
    }

    private void Deliver(byte value)
    {
        if (_focus < _channels.Count)
            _channels[_focus].Accept(value);
    }

    private sealed class Channel(CharacterMultiplexer owner, Action<bool>? focusChanged) : ICharacterDevice
    {
        private readonly Queue<byte> _waiting = new();
        private ICharacterReceiver? _receiver;

        public ICharacterReceiver? Receiver
        {
            get => _receiver;
            set
            {
                _receiver = value;
                AcceptInput();
            }
        }

        public void Write(ReadOnlySpan<byte> data) => owner._line.Write(data);

        public void SetBreak(bool active) => owner._line.SetBreak(active);

        public void ChangeFocus(bool gained) => focusChanged?.Invoke(gained);

        public void Accept(byte value)
        {
            if (_waiting.Count < QueueLimit)
                _waiting.Enqueue(value);
            AcceptInput();
        }

        public void AcceptInput()
        {
            Span<byte> one = stackalloc byte[1];
            while (_receiver is { ReceiveCapacity: > 0 } receiver && _waiting.TryDequeue(out one[0]))
                receiver.Receive(one);
        }

        public void Dispose() => _receiver = null;
    }
}
