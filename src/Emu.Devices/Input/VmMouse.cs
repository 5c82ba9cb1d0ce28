using Emu.Cpu;

namespace Emu.Devices.Input;

/// <summary>A pointing device that is placed rather than moved.</summary>
public interface IAbsolutePointer
{
    /// <summary>The guest's driver is listening; else the PS/2 mouse is what the guest uses.</summary>
    bool IsInUse { get; }

    /// <summary>Places it: 0 to 1 from left to right and from top to bottom.</summary>
    void Place(double x, double y);

    /// <summary>Turns the wheel, in notches towards the user.</summary>
    void Turn(int wheel);

    /// <summary>Sets which buttons are down.</summary>
    void SetButtons(PointerButtons buttons);
}

/// <summary>
/// The absolute pointing device that VMware's and QEMU's machines offer through the backdoor port (open-vm-tools, <c>backdoor_def.h</c>;
/// Linux, <c>drivers/input/mouse/vmmouse.c</c>). Reports wait in a queue of words; an interrupt of the PS/2 mouse tells the driver to look.
/// </summary>
public sealed class VmMouse : IAbsolutePointer, ISnapshotable, IResettable
{
    /// <summary>What a driver finds first in the queue: the protocol's version.</summary>
    public const uint Version = 0x3442554A;

    private const uint Disable = 0xF5, ReadId = 0x45414552, RequestRelative = 0x4C455252, RequestAbsolute = 0x53424152;
    private const uint Failed = 0xFFFF0000;
    private const uint RelativeFlag = 0x00010000;
    private const uint ButtonLeft = 0x20, ButtonRight = 0x10, ButtonMiddle = 0x08;
    private const int WordsOfReport = 4, LargestRead = 6, QueueLimit = 1024;
    private const double Range = 0xFFFF;

    private readonly IPointer _interrupt;
    private readonly Queue<uint> _words = new();
    private bool _enabled;
    private bool _absolute;
    private bool _error;
    private PointerButtons _buttons;
    private uint _x;
    private uint _y;

    /// <param name="mouse">The PS/2 mouse, whose packets carry the news that a report waits.</param>
    public VmMouse(IPointer mouse) => _interrupt = mouse;

    /// <inheritdoc/>
    public bool IsInUse => _enabled && _absolute;

    /// <summary>Words waiting in the low half, FFFFh in the high half when the device is off or a driver misused it (ABSPOINTER_STATUS).</summary>
    public uint Status => _enabled && !_error ? (uint)_words.Count : Failed;

    /// <inheritdoc/>
    public void Reset()
    {
        _words.Clear();
        _enabled = _absolute = _error = false;
        _buttons = PointerButtons.None;
    }

    /// <summary>Takes a command (ABSPOINTER_COMMAND).</summary>
    public void Command(uint command)
    {
        switch (command)
        {
            case Disable:
                Reset();
                break;
            case ReadId:
                _words.Clear();
                _enabled = true;
                _error = false;
                _words.Enqueue(Version);
                break;
            case RequestRelative:
                _absolute = false;
                break;
            case RequestAbsolute:
                _absolute = true;
                break;
        }
    }

    /// <summary>Takes words off the queue (ABSPOINTER_DATA). A driver that asks for what is not there has to start anew.</summary>
    /// <param name="words">Filled from the front.</param>
    /// <param name="count">Words asked for: 1 to 6.</param>
    public void Read(Span<uint> words, uint count)
    {
        if (count is 0 or > LargestRead || count > _words.Count)
        {
            _error = true;
            _words.Clear();
            return;
        }
        for (int i = 0; i < count; i++)
            words[i] = _words.Dequeue();
    }

    /// <inheritdoc/>
    public void Place(double x, double y)
    {
        _x = (uint)(Math.Clamp(x, 0, 1) * Range);
        _y = (uint)(Math.Clamp(y, 0, 1) * Range);
        Report(0);
    }

    /// <inheritdoc/>
    public void Turn(int wheel) => Report(wheel);

    /// <inheritdoc/>
    public void SetButtons(PointerButtons buttons)
    {
        if (buttons == _buttons)
            return;
        _buttons = buttons;
        Report(0);
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_enabled);
        writer.Write(_absolute);
        writer.Write(_error);
        writer.Write((byte)_buttons);
        writer.Write(_x);
        writer.Write(_y);
        writer.Write(_words.Count);
        foreach (uint word in _words)
            writer.Write(word);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _enabled = reader.ReadBoolean();
        _absolute = reader.ReadBoolean();
        _error = reader.ReadBoolean();
        _buttons = (PointerButtons)(reader.ReadByte() & 0x1F);
        _x = reader.ReadUInt32();
        _y = reader.ReadUInt32();
        int count = reader.ReadInt32();
        if (count is < 0 or > QueueLimit)
            throw new InvalidDataException("The snapshot's VMware mouse has more reports waiting than its queue holds.");
        _words.Clear();
        for (int i = 0; i < count; i++)
            _words.Enqueue(reader.ReadUInt32());
    }

    private void Report(int wheel)
    {
        if (!IsInUse || _words.Count + WordsOfReport > QueueLimit)
            return;
        uint buttons = 0;
        if ((_buttons & PointerButtons.Left) != 0)
            buttons |= ButtonLeft;
        if ((_buttons & PointerButtons.Right) != 0)
            buttons |= ButtonRight;
        if ((_buttons & PointerButtons.Middle) != 0)
            buttons |= ButtonMiddle;
        _words.Enqueue(buttons & ~RelativeFlag);
        _words.Enqueue(_x);
        _words.Enqueue(_y);
        _words.Enqueue((uint)wheel);
        // A packet that moves nothing.
        _interrupt.Move(0, 0, 0);
    }
}
