namespace Emu.Debugging.Gdb;

/// <summary>What a <see cref="PacketReader"/> has found.</summary>
internal enum PacketEvent
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>A whole packet with the right checksum: <see cref="PacketReader.Packet"/>.</summary>
    Packet,

    /// <summary>A packet that was damaged on the way or is too long.</summary>
    Damaged,

    /// <summary>Ctrl-C.</summary>
    Interrupt,

    /// <summary>A packet of ours was not understood and is wanted again.</summary>
    Resend,
}

/// <summary>Takes the bytes of gdb's remote protocol apart: <c>$data#checksum</c>, acknowledgements, Ctrl-C (gdb manual, E.1).</summary>
/// <param name="limit">Bytes of a packet's data.</param>
internal sealed class PacketReader(int limit)
{
    private const byte Escape = 0x7D, EscapeMask = 0x20;

    private readonly List<byte> data = [];
    private State state;
    private byte sum;
    private int expected;
    private bool escaped;

    private enum State
    {
        Idle,
        Data,
        FirstDigit,
        SecondDigit,
    }

    /// <summary>The data of the last packet, escapes resolved.</summary>
    public byte[] Packet { get; private set; } = [];

    /// <summary>Forgets an unfinished packet.</summary>
    public void Clear() => state = State.Idle;

    /// <summary>Takes a byte.</summary>
    public PacketEvent Feed(byte value)
    {
        switch (state)
        {
            case State.Idle:
                if (value == '$') Begin();
                return value switch { 0x03 => PacketEvent.Interrupt, (byte)'-' => PacketEvent.Resend, _ => PacketEvent.None };
            case State.Data when value == '#':
                state = State.FirstDigit;
                return PacketEvent.None;
            case State.Data when value == '$':
                // The end of the packet before was lost.
                Begin();
                return PacketEvent.None;
            case State.Data:
                Take(value);
                return PacketEvent.None;
            case State.FirstDigit:
                expected = HexText.Digit((char)value) << 4;
                state = State.SecondDigit;
                return PacketEvent.None;
            default:
                state = State.Idle;
                expected |= HexText.Digit((char)value);
                if (expected != sum || data.Count > limit) return PacketEvent.Damaged;
                Packet = [.. data];
                return PacketEvent.Packet;
        }
    }

    private void Begin()
    {
        data.Clear();
        sum = 0;
        escaped = false;
        state = State.Data;
    }

    private void Take(byte value)
    {
        sum += value;
        if (!escaped && value == Escape)
        {
            escaped = true;
            return;
        }

        if (data.Count <= limit) data.Add(escaped ? (byte)(value ^ EscapeMask) : value);
        escaped = false;
    }
}
