using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Storage.Ide;

/// <summary>
/// An IDE channel: two drives that share the command block (1F0h or 170h), the control block (3F6h or 376h), one interrupt and one bus
/// master. ATA/ATAPI-6 clauses 6 and 7.
/// </summary>
public sealed class IdeChannel : ISnapshotable, IResettable
{
    private readonly IInterruptLine _line;
    private readonly IdeDrive?[] _drives = new IdeDrive?[2];
    private AtaControl _control;
    private int _selected;
    private bool _interrupt, _lineHigh;

    /// <param name="line">INTRQ: IRQ 14 or 15.</param>
    /// <param name="memory">Memory as the bus master sees it.</param>
    public IdeChannel(IInterruptLine line, IBusMemory memory)
    {
        _line = line;
        BusMaster = new BusMasterChannel(memory, ServiceDma);
        CommandBlock = new CommandPorts(this);
        ControlBlock = new ControlPort(this);
    }

    /// <summary>The bus master's registers.</summary>
    public BusMasterChannel BusMaster { get; }

    /// <summary>The eight command block ports.</summary>
    public IPortDevice CommandBlock { get; }

    /// <summary>The alternate status / device control port.</summary>
    public IPortDevice ControlBlock { get; }

    /// <summary>The drives, master first.</summary>
    public IReadOnlyList<IdeDrive?> Drives => _drives;

    private IdeDrive? Selected => _drives[_selected];

    /// <summary>Plugs a drive in as master (0) or slave (1).</summary>
    public void Attach(int unit, IdeDrive drive)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(unit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unit, 1);
        _drives[unit] = drive;
        drive.Attach(this, unit);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _control = AtaControl.None;
        _selected = 0;
        _interrupt = false;
        foreach (IdeDrive? drive in _drives) drive?.PowerOn();
        BusMaster.Reset();
        DriveLine();
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write((byte)_control);
        writer.Write((byte)_selected);
        writer.Write(_interrupt);
        BusMaster.SaveState(writer);
        foreach (IdeDrive? drive in _drives) drive?.SaveState(writer);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _control = (AtaControl)reader.ReadByte();
        _selected = reader.ReadByte() & 1;
        _interrupt = reader.ReadBoolean();
        BusMaster.LoadState(reader);
        foreach (IdeDrive? drive in _drives) drive?.LoadState(reader);
        _lineHigh = _interrupt && (_control & AtaControl.InterruptDisable) == 0;
        _line.Set(_lineHigh);
    }

    /// <summary>A drive asserts INTRQ; only the selected one reaches the cable.</summary>
    internal void RaiseInterrupt(IdeDrive drive)
    {
        if (drive != Selected) return;
        if (_interrupt && _lineHigh)
        {
            // The next event before the last was acknowledged: a new edge, as the drive releases INTRQ in between.
            _interrupt = false;
            DriveLine();
        }
        _interrupt = true;
        DriveLine();
    }

    /// <summary>A drive asserts DMARQ.</summary>
    internal void DmaRequested(IdeDrive drive)
    {
        if (BusMaster.IsActive) drive.ServiceDma();
    }

    private void ServiceDma()
    {
        foreach (IdeDrive? drive in _drives) drive?.ServiceDma();
    }

    private void Acknowledge()
    {
        _interrupt = false;
        DriveLine();
    }

    private void DriveLine()
    {
        bool level = _interrupt && (_control & AtaControl.InterruptDisable) == 0;
        if (level == _lineHigh) return;
        _lineHigh = level;
        if (level) BusMaster.LatchInterrupt();
        _line.Set(level);
    }

    private byte ReadRegister(int register)
    {
        // Nobody drives the bus: the pull-down on DD7 and, without a drive, nothing else. Drivers take 0 for "not there".
        if (Selected is not { } drive) return 0;
        byte value = drive.ReadRegister(register, (_control & AtaControl.HighOrderByte) != 0);
        if (register == 7) Acknowledge();
        return value;
    }

    private void WriteRegister(int register, byte value)
    {
        if ((_control & AtaControl.SoftwareReset) != 0) return;
        _control &= ~AtaControl.HighOrderByte; // ATA/ATAPI-6 7.9: any command block write clears HOB
        if (register == 7)
        {
            Acknowledge();
            if (value == AtaCommand.ExecuteDiagnostic) Diagnose();
            else Selected?.WriteCommand(value);
            return;
        }
        if (register == 6) _selected = (value & (byte)AtaDevice.Drive1) != 0 ? 1 : 0;
        foreach (IdeDrive? drive in _drives) drive?.WriteRegister(register, value);
    }

    /// <summary>EXECUTE DEVICE DIAGNOSTIC addresses both drives whatever DEV says (ATA/ATAPI-6 8.11).</summary>
    private void Diagnose()
    {
        foreach (IdeDrive? drive in _drives) drive?.CompleteReset();
        _selected = 0;
        if (_drives[0] is { } first) RaiseInterrupt(first);
    }

    private void WriteControl(AtaControl value)
    {
        AtaControl old = _control;
        _control = value;
        if ((value & ~old & AtaControl.SoftwareReset) != 0)
        {
            _interrupt = false;
            foreach (IdeDrive? drive in _drives) drive?.EnterReset();
        }
        else if ((old & ~value & AtaControl.SoftwareReset) != 0)
        {
            _selected = 0;
            foreach (IdeDrive? drive in _drives) drive?.CompleteReset();
        }
        DriveLine();
    }

    private sealed class CommandPorts(IdeChannel channel) : IPortDevice
    {
        public int MaxPortAccessSize => 4;

        public uint ReadPort(ushort offset, int size)
        {
            if (offset == 0) return channel.Selected?.ReadData(size) ?? uint.MaxValue;
            uint value = 0;
            for (int i = 0; i < size && offset + i < 8; i++) value |= (uint)channel.ReadRegister(offset + i) << (8 * i);
            return value;
        }

        public void WritePort(ushort offset, int size, uint value)
        {
            if (offset == 0)
            {
                channel.Selected?.WriteData(value, size);
                return;
            }
            for (int i = 0; i < size && offset + i < 8; i++) channel.WriteRegister(offset + i, (byte)(value >> (8 * i)));
        }
    }

    private sealed class ControlPort(IdeChannel channel) : IPortDevice
    {
        public uint ReadPort(ushort offset, int size) =>
            offset != 0 ? uint.MaxValue : channel.Selected?.ReadRegister(7, previous: false) ?? 0u;

        public void WritePort(ushort offset, int size, uint value)
        {
            if (offset == 0) channel.WriteControl((AtaControl)value & (AtaControl.InterruptDisable | AtaControl.SoftwareReset | AtaControl.HighOrderByte));
        }
    }
}
