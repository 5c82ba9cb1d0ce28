using Emu.Cpu;
using Emu.Devices.Isa;
using Emu.Mmu;

namespace Emu.Devices.Storage.Floppy;

/// <summary>
/// The floppy disk controller of the PC: an 82077AA in AT mode (Intel data sheet 290166) at 3F0h-3F5h and 3F7h, interrupt request 6, DMA
/// channel 2. This part holds the registers and the phases of a command.
/// </summary>
public sealed partial class FloppyController : ISnapshotable, IResettable, IDescribable, IDisposable
{
    /// <summary>First port, and how many follow it before the IDE channel's 3F6h.</summary>
    public const ushort FirstPort = 0x3F0;
    public const int PortCount = 6;

    /// <summary>Digital input / configuration control register.</summary>
    public const ushort DirPort = 0x3F7;

    public const int Irq = 6, DmaChannelNumber = 2, DriveCount = 4;

    private const int SectorSize = BlockImage.SectorSize;
    private const byte SoftwareReset = 1 << 7, RateMask = 3;
    private const byte DiskChange = 1 << 7;
    private const byte ImpliedSeek = 1 << 6, NoFifo = 1 << 5, NoPolling = 1 << 4;

    private enum Phase : byte
    {
        Command,
        Execution,
        Result,
    }

    private readonly IInterruptLine _line;
    private readonly IDmaChannel _dma;
    private readonly FloppyDrive?[] _drives = new FloppyDrive?[DriveCount];
    private readonly byte[] _bytes = new byte[16]; // command or result
    private int _count, _expected; // bytes of it transferred, bytes it has

    private Phase _phase;
    private FloppyOutput _output;
    private byte _dataRateSelect, _tape, _specify1, _specify2, _configuration, _preTrack, _perpendicular, _lastEot;
    private bool _interrupt, _lineHigh, _locked;
    private int _resetSenses; // drives whose change of state after a reset is still to be reported
    private int _seekDone; // bit a drive: SENSE INTERRUPT STATUS will tell
    private readonly byte[] _seekStatus = new byte[DriveCount];

    /// <param name="isa">Interrupt request 6 and DMA channel 2.</param>
    public FloppyController(IIsaBus isa)
    {
        _line = isa.ConnectInterrupt(Irq);
        _dma = isa.GetDmaChannel(DmaChannelNumber);
        _dma.BecameReady += ContinueTransfer;
        Registers = new RegisterPorts(this);
        InputRegister = new DirPorts(this);
        Reset();
    }

    /// <summary>The ports from 3F0h to 3F5h.</summary>
    public IPortDevice Registers { get; }

    /// <summary>Port 3F7h.</summary>
    public IPortDevice InputRegister { get; }

    /// <summary>The drives; A: and B: are the first two.</summary>
    public IReadOnlyList<FloppyDrive?> Drives => _drives;

    private bool UsesDma => (_specify2 & 1) == 0;

    private FloppyRate Rate => (FloppyRate)(_dataRateSelect & RateMask);

    /// <summary>Plugs a drive in.</summary>
    public void Attach(int index, FloppyDrive drive)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, DriveCount);
        _drives[index] = drive;
    }

    /// <summary>Puts another diskette (or none) into a drive. A command that is using the old one ends with an error.</summary>
    /// <returns>The diskette that was in it, for the caller to dispose.</returns>
    /// <exception cref="DiskImageException">The image is too large for a diskette; the drive keeps its own.</exception>
    /// <exception cref="ArgumentException">There is no such drive.</exception>
    public IBlockBackend? ExchangeMedium(int index, IBlockBackend? medium)
    {
        if ((uint)index >= DriveCount || _drives[index] is not { } drive) throw new ArgumentException($"there is no floppy drive {index}", nameof(index));
        IBlockBackend? old = drive.Exchange(medium);
        if (_phase == Phase.Execution && _drive == index) FinishTransfer(FloppySt0.Abnormal, FloppySt1.MissingAddressMark, FloppySt2.None);
        return old;
    }

    /// <summary>Hardware reset.</summary>
    public void Reset()
    {
        _output = FloppyOutput.None;
        _dataRateSelect = 2;
        _tape = 0;
        _locked = false;
        ResetChip();
        foreach (FloppyDrive? drive in _drives)
            if (drive is not null) drive.Track = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FloppyDrive? drive in _drives) drive?.Dispose();
    }

    /// <inheritdoc/>
    public void Describe(TextWriter writer)
    {
        writer.WriteLine($"fdc: phase={_phase} msr={(byte)MainStatus():x2} dor={(byte)_output:x2} rate={Rate} interrupt={(_interrupt ? 1 : 0)}"
            + (_phase == Phase.Execution ? $" command={_command:x2} transfer={_transfer} {_position}/{_length} at {_cylinder}/{_head}/{_sector} pending={_pending?.Operation}:{_pending?.Status}" : ""));
        for (int i = 0; i < DriveCount; i++)
        {
            if (_drives[i] is not { } drive) continue;
            string medium = drive.Medium is { } backend ? $"{backend.Image.FileName} ({ImageSize.Format(backend.Image.Length)}{(drive.IsWriteProtected ? ", read-only" : "")})" : "no medium";
            writer.WriteLine($"floppy{i}: {drive.Type}, track {drive.Track}, {medium}");
        }
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_bytes);
        writer.Write(_count);
        writer.Write(_expected);
        writer.Write((byte)_phase);
        writer.Write((byte)_output);
        writer.Write([_dataRateSelect, _tape, _specify1, _specify2, _configuration, _preTrack, _perpendicular, _lastEot]);
        writer.Write(_interrupt);
        writer.Write(_locked);
        writer.Write(_resetSenses);
        writer.Write(_seekDone);
        writer.Write(_seekStatus);
        SaveTransfer(writer);
        foreach (FloppyDrive? drive in _drives) drive?.Save(writer);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        reader.BaseStream.ReadExactly(_bytes);
        _count = reader.ReadInt32();
        _expected = reader.ReadInt32();
        _phase = (Phase)reader.ReadByte();
        _output = (FloppyOutput)reader.ReadByte();
        _dataRateSelect = reader.ReadByte();
        _tape = reader.ReadByte();
        _specify1 = reader.ReadByte();
        _specify2 = reader.ReadByte();
        _configuration = reader.ReadByte();
        _preTrack = reader.ReadByte();
        _perpendicular = reader.ReadByte();
        _lastEot = reader.ReadByte();
        _interrupt = reader.ReadBoolean();
        _locked = reader.ReadBoolean();
        _resetSenses = reader.ReadInt32();
        _seekDone = reader.ReadInt32();
        reader.BaseStream.ReadExactly(_seekStatus);
        if (_count < 0 || _count > _bytes.Length || _expected < 0 || _expected > _bytes.Length) throw new InvalidDataException("floppy controller state is damaged");
        LoadTransfer(reader);
        foreach (FloppyDrive? drive in _drives) drive?.Load(reader);
        _lineHigh = !LineLevel;
        DriveLine();
    }

    private bool LineLevel => _interrupt && (_output & FloppyOutput.DmaGate) != 0;

    private void SetInterrupt(bool level)
    {
        _interrupt = level;
        DriveLine();
    }

    private void DriveLine()
    {
        bool level = LineLevel;
        if (level == _lineHigh) return;
        _lineHigh = level;
        _line.Set(level);
    }

    /// <summary>What reset does to the chip, by pin, DOR or DSR (2.1.3, 4.0). LOCK keeps FIFO settings except for the pin.</summary>
    private void ResetChip()
    {
        AbortTransfer();
        _phase = Phase.Command;
        _count = 0;
        _specify1 = _specify2 = 0;
        _perpendicular = 0;
        _seekDone = 0;
        _resetSenses = 0;
        if (!_locked)
        {
            _configuration = NoFifo;
            _preTrack = 0;
        }
        SetInterrupt(false);
    }

    /// <summary>The end of reset: with drive polling on, each drive reports that it became ready (5.2.4).</summary>
    private void LeaveReset()
    {
        _resetSenses = (_configuration & NoPolling) == 0 ? DriveCount : 0;
        if (_resetSenses != 0) SetInterrupt(true);
    }

    private void WriteOutput(FloppyOutput value)
    {
        FloppyOutput old = _output;
        _output = value;
        if ((old & ~value & FloppyOutput.NotReset) != 0) ResetChip();
        else if ((value & ~old & FloppyOutput.NotReset) != 0) LeaveReset();
        DriveLine();
    }

    private void WriteDataRateSelect(byte value)
    {
        _dataRateSelect = (byte)(value & ~SoftwareReset);
        if ((value & SoftwareReset) == 0 || (_output & FloppyOutput.NotReset) == 0) return;
        ResetChip();
        LeaveReset();
    }

    private FloppyMainStatus MainStatus()
    {
        if ((_output & FloppyOutput.NotReset) == 0) return FloppyMainStatus.None;
        var seeking = (FloppyMainStatus)(_seekDone & 0x0F);
        return seeking | _phase switch
        {
            Phase.Command => FloppyMainStatus.RequestForMaster | (_count != 0 ? FloppyMainStatus.CommandBusy : 0),
            Phase.Result => FloppyMainStatus.RequestForMaster | FloppyMainStatus.DataInput | FloppyMainStatus.CommandBusy,
            _ => FloppyMainStatus.CommandBusy | TransferStatus(),
        };
    }

    private byte ReadFifo()
    {
        if (_phase == Phase.Execution) return ReadTransferByte();
        if (_phase != Phase.Result) return 0xFF;
        SetInterrupt(false);
        byte value = _bytes[_count++];
        if (_count < _expected) return value;
        _phase = Phase.Command;
        _count = 0;
        return value;
    }

    private void WriteFifo(byte value)
    {
        if ((_output & FloppyOutput.NotReset) == 0) return;
        if (_phase == Phase.Execution) WriteTransferByte(value);
        if (_phase != Phase.Command) return;
        if (_count == 0)
        {
            _expected = FloppyCommand.LengthOf(value);
            if (value != FloppyCommand.SenseInterruptStatus && _resetSenses == 0 && _seekDone == 0) SetInterrupt(false);
        }
        _bytes[_count++] = value;
        if (_count < _expected) return;
        _count = 0;
        Execute();
    }

    /// <summary>Starts the result phase.</summary>
    private void Return(bool interrupt, params ReadOnlySpan<byte> result)
    {
        result.CopyTo(_bytes);
        _expected = result.Length;
        _count = 0;
        _phase = Phase.Result;
        if (interrupt) SetInterrupt(true);
    }

    /// <summary>Ends a command that has no result phase.</summary>
    private void Done() => _phase = Phase.Command;

    private sealed class RegisterPorts(FloppyController controller) : IPortDevice
    {
        private const int StatusA = 0, StatusB = 1, Output = 2, Tape = 3, MainStatusOrRate = 4, Fifo = 5;

        public uint ReadPort(ushort offset, int size) => offset switch
        {
            StatusA or StatusB => 0xFF, // not driven in AT mode
            Output => (byte)controller._output,
            Tape => controller._tape,
            MainStatusOrRate => (byte)controller.MainStatus(),
            Fifo => controller.ReadFifo(),
            _ => 0xFF,
        };

        public void WritePort(ushort offset, int size, uint value)
        {
            switch (offset)
            {
                case Output: controller.WriteOutput((FloppyOutput)value); break;
                case Tape: controller._tape = (byte)(value & 3); break;
                case MainStatusOrRate: controller.WriteDataRateSelect((byte)value); break;
                case Fifo: controller.WriteFifo((byte)value); break;
            }
        }
    }

    private sealed class DirPorts(FloppyController controller) : IPortDevice
    {
        /// <summary>Bit 7 is the disk change line of the selected drive.</summary>
        public uint ReadPort(ushort offset, int size)
        {
            FloppyDrive? drive = controller._drives[(int)(controller._output & FloppyOutput.DriveMask)];
            bool changed = drive is { IsChanged: true } or { Medium: null };
            return changed ? DiskChange : 0u;
        }

        public void WritePort(ushort offset, int size, uint value) =>
            controller._dataRateSelect = (byte)((controller._dataRateSelect & ~RateMask) | ((byte)value & RateMask));
    }
}
