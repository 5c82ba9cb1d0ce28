namespace Emu.Machine;

/// <summary>A recording could not be written or read; the message is one line for the user.</summary>
public sealed class RecordingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where a run is recorded to, or replayed from (<c>-icount shift=N,rr=record|replay,rrfile=FILE</c>).</summary>
public sealed record RecordingConfiguration
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Replay what the file holds instead of recording.</summary>
    public bool Replays { get; init; }
}

/// <summary>
/// Everything that reached a machine from outside in one run, with the moments at which it did, as a file: with the same configuration and the same disks, the
/// run can be repeated instruction by instruction.
/// </summary>
internal sealed class RunRecording : IDisposable
{
    private const int Version = 1;
    private const byte EndMark = 0, InputMark = 1;

    private readonly BinaryWriter writer;
    private readonly Machine machine;

    private RunRecording(BinaryWriter writer, Machine machine)
    {
        this.writer = writer;
        this.machine = machine;
    }

    private static ReadOnlySpan<byte> Magic => "EMURUN\n\0"u8;

    /// <summary>Begins a recording.</summary>
    /// <exception cref="RecordingException">The file cannot be written.</exception>
    public static RunRecording Create(string path, Machine machine)
    {
        try
        {
            BinaryWriter writer = new(new FileStream(path, FileMode.Create));
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(SnapshotFile.Describe(machine));
            writer.Write(machine.Configuration.Clock.RtcBase.Ticks);
            return new RunRecording(writer, machine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecordingException($"{path}: the recording cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Adds an input.</summary>
    public void Add(Position position, MachineInput input)
    {
        writer.Write(InputMark);
        Write(position);
        input.Write(writer);
    }

    /// <summary>Reads all inputs of a recording; returns where it ends.</summary>
    /// <exception cref="RecordingException">The file is no recording of a machine such as this, or damaged.</exception>
    public static Position Read(string path, Machine machine, InputLog log)
    {
        using BinaryReader reader = Open(path);
        return Guard(path, () =>
        {
            string made = ReadHeader(path, reader).Machine, here = SnapshotFile.Describe(machine);
            if (made != here) throw new RecordingException($"{path}: the recording is of another machine ({made}); this one has {here}");
            while (reader.ReadByte() == InputMark) log.Add(ReadPosition(reader), MachineInput.Read(reader));
            return ReadPosition(reader);
        });
    }

    /// <summary>Ends the recording where the machine is.</summary>
    public void Dispose()
    {
        writer.Write(EndMark);
        Write(machine.Position);
        writer.Dispose();
    }

    internal static BinaryReader Open(string path)
    {
        try
        {
            return new BinaryReader(new FileStream(path, FileMode.Open, FileAccess.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecordingException($"{path}: the recording cannot be read: {e.Message}", e);
        }
    }

    internal static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or FormatException)
        {
            throw new RecordingException($"{path}: the recording is damaged or was not finished", e);
        }
    }

    internal static (string Machine, DateTime RtcBase) ReadHeader(string path, BinaryReader reader)
    {
        if (!reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic)) throw new RecordingException($"{path}: this is no recording of this emulator");
        int version = reader.ReadInt32();
        if (version != Version) throw new RecordingException($"{path}: the recording has version {version}; this emulator reads version {Version}");
        return (reader.ReadString(), new DateTime(reader.ReadInt64(), DateTimeKind.Utc));
    }

    private static Position ReadPosition(BinaryReader reader) => new(reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadInt64());

    private void Write(Position position)
    {
        writer.Write(position.Instructions);
        writer.Write(position.Deliveries);
        writer.Write(position.Nanoseconds);
    }
}
