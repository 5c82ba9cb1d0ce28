using System.Text;
using Emu.Debugging.Monitor;
using Emu.Devices.Serial;

namespace Emu.Debugging.Gdb;

/// <summary>
/// A gdb remote stub on a character line: one client at a time, packets with or without acknowledgements. The machine stops when a
/// client connects and goes on when it detaches.
/// </summary>
public sealed class GdbServer : ICharacterReceiver
{
    /// <summary>Bytes of a packet's data, either way.</summary>
    internal const int MaxPacket = 0x4000;

    private const byte Escape = (byte)'}', EscapeMask = 0x20;

    private readonly ICharacterDevice line;
    private readonly PacketReader reader = new(MaxPacket);
    private readonly GdbSession session;
    private byte[] lastReply = [];
    private bool acknowledges = true;

    /// <summary>Offers the stub on a line; call on the machine's thread or before it runs.</summary>
    /// <param name="context">The machine and its monitors.</param>
    /// <param name="line">The line.</param>
    /// <param name="architecture">What to describe the processors as.</param>
    public GdbServer(MonitorContext context, ICharacterDevice line, GdbArchitecture architecture = GdbArchitecture.Auto)
    {
        this.line = line;
        session = new GdbSession(context, architecture, Send);
        line.Receiver = this;
    }

    /// <inheritdoc/>
    public int ReceiveCapacity => MaxPacket;

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            switch (reader.Feed(value))
            {
                case PacketEvent.Packet:
                    Acknowledge('+');
                    Handle(reader.Packet);
                    break;
                case PacketEvent.Damaged:
                    Acknowledge('-');
                    break;
                case PacketEvent.Interrupt:
                    session.Interrupt();
                    break;
                case PacketEvent.Resend when acknowledges:
                    line.Write(lastReply);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        if (signal == CharacterEvent.Opened)
        {
            reader.Clear();
            acknowledges = true;
            session.Begin();
        }
        else if (signal == CharacterEvent.Closed)
        {
            session.End();
        }
    }

    private void Acknowledge(char sign)
    {
        if (acknowledges) line.Write([(byte)sign]);
    }

    private void Handle(byte[] packet)
    {
        if (packet.AsSpan().SequenceEqual("QStartNoAckMode"u8))
        {
            Send("OK");
            acknowledges = false;
            return;
        }

        if (session.Handle(packet) is { } reply) Send(reply);
    }

    private void Send(string reply)
    {
        List<byte> bytes = [(byte)'$'];
        byte sum = 0;
        void Put(byte value)
        {
            bytes.Add(value);
            sum += value;
        }

        // One character is one byte: binary replies come as Latin-1.
        foreach (byte value in Encoding.Latin1.GetBytes(reply))
        {
            if (value is (byte)'$' or (byte)'#' or (byte)'*' or Escape)
            {
                Put(Escape);
                Put((byte)(value ^ EscapeMask));
            }
            else
            {
                Put(value);
            }
        }

        bytes.AddRange(Encoding.ASCII.GetBytes($"#{sum:x2}"));
        lastReply = [.. bytes];
        line.Write(lastReply);
    }
}
