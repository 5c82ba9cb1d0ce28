using Emu.Devices;
using Emu.Devices.Serial;

namespace Emu.Machine;

/// <summary>
/// Stands between a serial port and its host side on a machine that records its inputs. What arrives becomes an input at a moment of the guest's time and
/// then waits here, as part of the machine, until the port takes it. What the port sends is kept from the host while history is repeated.
/// </summary>
internal sealed class RecordedLine : ICharacterDevice, ICharacterReceiver, ISnapshotable
{
    private const int Capacity = 4096;

    private readonly ICharacterDevice host;
    private readonly int number;
    private readonly Machine machine;
    private readonly Queue<short> arrived = new();
    private ICharacterReceiver? receiver;

    /// <summary>Wraps a line.</summary>
    /// <param name="host">The host side, owned from now on.</param>
    /// <param name="number">Index among the machine's recorded lines.</param>
    /// <param name="machine">The machine.</param>
    public RecordedLine(ICharacterDevice host, int number, Machine machine)
    {
        this.host = host;
        this.number = number;
        this.machine = machine;
        host.Receiver = this;
    }

    /// <inheritdoc/>
    public ICharacterReceiver? Receiver
    {
        get => receiver;
        set
        {
            receiver = value;
            AcceptInput();
        }
    }

    /// <inheritdoc/>
    public int ReceiveCapacity => Math.Max(0, Capacity - arrived.Count);

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        byte[] bytes = data.ToArray();
        if (machine.AdmitInput(new MachineInput.SerialDataInput(number, bytes))) Deliver(bytes);
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        if (machine.AdmitInput(new MachineInput.SerialSignalInput(number, signal))) Deliver(signal);
    }

    /// <summary>Bytes have arrived, at this moment of the guest's time.</summary>
    public void Deliver(byte[] data)
    {
        foreach (byte value in data) arrived.Enqueue(value);
        AcceptInput();
    }

    /// <summary>An event has arrived.</summary>
    public void Deliver(CharacterEvent signal)
    {
        arrived.Enqueue((short)(-1 - (int)signal));
        AcceptInput();
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (!machine.RepeatsHistory) host.Write(data);
    }

    /// <inheritdoc/>
    public void SetBreak(bool active)
    {
        if (!machine.RepeatsHistory) host.SetBreak(active);
    }

    /// <inheritdoc/>
    public void AcceptInput()
    {
        while (receiver is { } port && arrived.TryPeek(out short next))
        {
            if (next < 0)
            {
                arrived.Dequeue();
                port.Signal((CharacterEvent)(-1 - next));
                continue;
            }

            if (port.ReceiveCapacity == 0) return;
            arrived.Dequeue();
            port.Receive([(byte)next]);
        }
    }

    /// <summary>Lets the host side send what it has kept back for lack of room. On the machine's thread, between instructions.</summary>
    public void AcceptFromHost()
    {
        if (ReceiveCapacity > 0) host.AcceptInput();
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(arrived.Count);
        foreach (short item in arrived) writer.Write(item);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        arrived.Clear();
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++) arrived.Enqueue(reader.ReadInt16());
    }

    /// <inheritdoc/>
    public void Dispose() => host.Dispose();
}
