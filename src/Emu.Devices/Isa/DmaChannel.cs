using Emu.Mmu;

namespace Emu.Devices.Isa;

/// <summary>One channel of an 8237A: base and current registers, and the cycles it runs for its device.</summary>
internal sealed class DmaChannel : IDmaChannel
{
    // Mode register (8237A data sheet, order 231466, "Mode Register").
    private const int TransferShift = 2;
    private const int TransferVerify = 0;
    private const int TransferWrite = 1;
    private const int TransferRead = 2;
    private const byte AutoInitialize = 1 << 4;
    private const byte Decrement = 1 << 5;
    private const int ServiceShift = 6;
    private const int ServiceCascade = 3;

    private readonly DmaController _controller;
    private readonly IBusMemory _memory;
    private readonly int _index;
    private ushort _baseAddress;
    private ushort _baseCount;
    private ushort _address;
    private ushort _count;
    private byte _mode;

    public DmaChannel(DmaController controller, IBusMemory memory, int number, int cycleSize)
    {
        _controller = controller;
        _memory = memory;
        _index = number & 3;
        Number = number;
        CycleSize = cycleSize;
    }

    public event Action? BecameReady;

    public int Number { get; }

    public int CycleSize { get; }

    /// <summary>Address bits above the channel's own 16 (port 81h-8Fh).</summary>
    public byte Page { get; set; }

    public bool IsReady => _controller.IsOpen(_index) && _mode >> ServiceShift != ServiceCascade;

    public ushort CurrentAddress => _address;

    public ushort CurrentCount => _count;

    public byte Mode
    {
        get => _mode;
        set => _mode = value;
    }

    public void SetRequest(bool asserted) => _controller.SetRequest(_index, asserted);

    public void NotifyReady() => BecameReady?.Invoke();

    /// <summary>Half a register, as the first/last flip-flop selects. Writes go to base and current register alike.</summary>
    public void WriteAddress(byte value, bool high)
    {
        _baseAddress = Replace(_baseAddress, value, high);
        _address = Replace(_address, value, high);
    }

    public void WriteCount(byte value, bool high)
    {
        _baseCount = Replace(_baseCount, value, high);
        _count = Replace(_count, value, high);
    }

    private static ushort Replace(ushort word, byte value, bool high) => (ushort)(high ? word & 0x00FF | value << 8 : word & 0xFF00 | value);

    public int Write(ReadOnlySpan<byte> data, out bool terminalCount)
    {
        int kind = _mode >> TransferShift & 3;
        int done = 0;
        terminalCount = false;
        if (kind is not (TransferWrite or TransferVerify))
            return 0;
        while (!terminalCount && NextRun(data.Length - done, out ulong address, out int length))
        {
            if (kind == TransferWrite)
                _memory.Write(address, data.Slice(done, length));
            done += length;
            terminalCount = Step(length);
        }
        return done;
    }

    public int Read(Span<byte> buffer, out bool terminalCount)
    {
        int kind = _mode >> TransferShift & 3;
        int done = 0;
        terminalCount = false;
        if (kind is not (TransferRead or TransferVerify))
            return 0;
        while (!terminalCount && NextRun(buffer.Length - done, out ulong address, out int length))
        {
            if (kind == TransferRead)
                _memory.Read(address, buffer.Slice(done, length));
            done += length;
            terminalCount = Step(length);
        }
        return done;
    }

    /// <summary>Longest run of cycles that neither wraps the 16-bit address register nor passes terminal count; single cycles downwards.</summary>
    private bool NextRun(int wanted, out ulong address, out int length)
    {
        address = CycleSize == 1
            ? (ulong)Page << 16 | _address
            : (ulong)(Page & 0xFE) << 16 | (ulong)_address << 1;
        int cycles = Math.Min(wanted / CycleSize, Math.Min(_count + 1, 0x10000 - _address));
        if ((_mode & Decrement) != 0)
            cycles = Math.Min(cycles, 1);
        length = cycles * CycleSize;
        return length > 0 && IsReady;
    }

    private bool Step(int bytes)
    {
        int cycles = bytes / CycleSize;
        _address = (ushort)(_address + ((_mode & Decrement) != 0 ? -cycles : cycles));
        bool terminal = cycles > _count;
        _count = (ushort)(_count - cycles);
        if (!terminal)
            return false;
        if ((_mode & AutoInitialize) != 0)
        {
            _address = _baseAddress;
            _count = _baseCount;
        }
        _controller.TerminalCount(_index, (_mode & AutoInitialize) == 0);
        return true;
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_baseAddress);
        writer.Write(_baseCount);
        writer.Write(_address);
        writer.Write(_count);
        writer.Write(_mode);
        writer.Write(Page);
    }

    public void LoadState(BinaryReader reader)
    {
        _baseAddress = reader.ReadUInt16();
        _baseCount = reader.ReadUInt16();
        _address = reader.ReadUInt16();
        _count = reader.ReadUInt16();
        _mode = reader.ReadByte();
        Page = reader.ReadByte();
    }
}
