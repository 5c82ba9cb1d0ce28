using System.Text;

namespace Emu.Devices.Serial;

/// <summary>A line with nobody at the other end.</summary>
public sealed class NullCharacterDevice() : CharacterDevice(null)
{
    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
    }
}

/// <summary>Keeps output in memory and takes input from the caller; for tests and for tools that talk to a guest.</summary>
/// <param name="post">Runs an action on the machine's thread, or null when <see cref="Inject(ReadOnlySpan{byte})"/> is called there.</param>
public sealed class MemoryCharacterDevice(Action<Action>? post = null) : CharacterDevice(post)
{
    private readonly Lock _outputGate = new();
    private readonly MemoryStream _output = new();

    /// <summary>Called on the machine's thread after each write.</summary>
    public event Action? Written;

    /// <summary>True while the guest sends a break.</summary>
    public bool Break { get; private set; }

    /// <summary>Everything written so far, one character a byte.</summary>
    public string Text => Encoding.Latin1.GetString(ToArray());

    /// <summary>Everything written so far.</summary>
    public byte[] ToArray()
    {
        lock (_outputGate)
            return _output.ToArray();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
        lock (_outputGate)
            _output.Write(data);
        Written?.Invoke();
    }

    /// <inheritdoc/>
    public override void SetBreak(bool active) => Break = active;

    /// <summary>Sends bytes to the guest.</summary>
    public void Inject(ReadOnlySpan<byte> data) => Enqueue(data);

    /// <summary>Sends text to the guest, one byte a character.</summary>
    public void Inject(string text) => Enqueue(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends an event to the guest.</summary>
    public void Inject(CharacterEvent signal) => Enqueue(signal);
}

/// <summary>Writes output to a file; there is no input.</summary>
public sealed class FileCharacterDevice : CharacterDevice
{
    private readonly FileStream _file;
    private bool _hasFailed;

    /// <summary>Creates or truncates the file, or appends to it.</summary>
    /// <exception cref="CharacterDeviceException">The file cannot be opened.</exception>
    public FileCharacterDevice(string path, bool append = false)
        : base(null)
    {
        try
        {
            // Without a buffer nothing is left that could fail again when the file is closed.
            _file = new FileStream(path, append ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CharacterDeviceException($"Cannot write to '{path}': {error.Message}", error);
        }
    }

    /// <summary>Raised with a line for the user at the first write that fails (a full disk); later output is dropped.</summary>
    public event Action<string>? Failed;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
        if (_hasFailed || IsDisposed)
            return;
        try
        {
            _file.Write(data);
        }
        catch (IOException error)
        {
            _hasFailed = true;
            Failed?.Invoke($"Cannot write to '{_file.Name}' any more: {error.Message}");
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _file.Dispose();
}

/// <summary>A line on a pair of byte streams, such as standard input and output.</summary>
public sealed class StreamCharacterDevice : CharacterDevice
{
    private readonly Stream _output;
    private readonly bool _leaveOpen;

    /// <summary>Starts reading <paramref name="input"/> on a thread of its own.</summary>
    /// <param name="input">Source of input, or null for none.</param>
    /// <param name="output">Sink of output; flushed after each write.</param>
    /// <param name="post">Runs an action on the machine's thread.</param>
    /// <param name="leaveOpen">True when the caller closes the streams.</param>
    public StreamCharacterDevice(Stream? input, Stream output, Action<Action> post, bool leaveOpen = true)
        : base(post)
    {
        _output = output;
        _leaveOpen = leaveOpen;
        if (input is not null)
            StartReading(input);
    }

    /// <summary>The process's standard input and output, byte for byte, past the console's line editing.</summary>
    public static StreamCharacterDevice Standard(Action<Action> post)
        => new(
            new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 0),
            // A file stream would write at a position of its own, over what others write to the same file.
            Console.OpenStandardOutput(),
            post);

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
        try
        {
            _output.Write(data);
            _output.Flush();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The reader of a pipe has gone; a serial line does not care whether anyone listens.
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_leaveOpen)
            _output.Dispose();
    }
}
