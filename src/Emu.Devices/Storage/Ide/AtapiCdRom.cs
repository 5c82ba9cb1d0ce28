using System.Buffers.Binary;

namespace Emu.Devices.Storage.Ide;

/// <summary>How a CD/DVD drive introduces itself.</summary>
public sealed record AtapiCdRomOptions
{
    /// <summary>Model, at most 40 ASCII characters.</summary>
    public string Model { get; init; } = "EMU DVD-ROM";

    /// <summary>Serial number, at most 20 ASCII characters.</summary>
    public string Serial { get; init; } = "EM00003";

    /// <summary>Firmware revision, at most 8 ASCII characters (4 in INQUIRY).</summary>
    public string Firmware { get; init; } = "1.0";
}

/// <summary>
/// A CD/DVD-ROM drive with the packet interface (ATA/ATAPI-6 9.8, MMC-3, SPC-2): the protocol. The commands are in the other parts.
/// </summary>
public sealed partial class AtapiCdRom : IdeDrive, IDisposable
{
    private const int PacketSize = 12;

    /// <summary>Sectors read in one go; raw ones must fit the buffer too.</summary>
    private const int ChunkSectors = 128;

    private const byte ReasonCommand = 1, ReasonToHost = 2; // C/D and I/O bits of the interrupt reason register

    private enum Phase : byte
    {
        None,
        Packet,
        Reply,
        Sectors,
        ParameterList,
        Fixed,
    }

    private readonly AtapiCdRomOptions _options;
    private readonly byte[] _packet = new byte[PacketSize];
    private IBlockBackend? _medium;
    private bool _trayOpen, _locked, _unitAttention;
    private byte _event, _mode;
    private ScsiSense _sense;

    private Phase _phase;
    private bool _dma;
    private int _limit; // bytes a DRQ block may have
    private int _chunk; // valid bytes in the buffer
    private long _lba, _blocks; // sectors still to fetch
    private CdSectorParts _parts;

    /// <param name="medium">The disc in the drive, or null.</param>
    /// <param name="options">Identification.</param>
    public AtapiCdRom(IBlockBackend? medium = null, AtapiCdRomOptions? options = null)
    {
        _medium = medium;
        _options = options ?? new AtapiCdRomOptions();
    }

    /// <inheritdoc/>
    public override string Model => _options.Model;

    /// <inheritdoc/>
    public override IBlockBackend? Backend => _medium;

    /// <summary>Whether the tray is out. A disc on it cannot be read.</summary>
    public bool IsTrayOpen => _trayOpen;

    /// <summary>Whether the guest has locked the door (PREVENT ALLOW MEDIUM REMOVAL).</summary>
    public bool IsLocked => _locked;

    private bool HasMedium => _medium is not null && !_trayOpen;

    /// <summary>Sectors of 2048 bytes on the disc.</summary>
    private long MediumSectors => (_medium?.Image.Length ?? 0) / CdSector.UserSize;

    /// <summary>
    /// The user presses the eject button (monitor command <c>eject</c>). A locked door only tells the guest that the user wants it open, and
    /// false is returned; <paramref name="force"/> opens it anyway.
    /// </summary>
    public bool TryOpenTray(bool force)
    {
        if (_locked && !force)
        {
            _event = EventEjectRequest;
            return false;
        }
        if (_trayOpen) return true;
        _trayOpen = true;
        _locked = false;
        _event = EventMediaRemoval;
        StopReading();
        return true;
    }

    /// <summary>Puts another disc (or none) into the drive and closes the tray.</summary>
    /// <returns>The disc that was in it, for the caller to dispose.</returns>
    public IBlockBackend? ExchangeMedium(IBlockBackend? medium)
    {
        StopReading();
        IBlockBackend? old = _medium;
        _medium = medium;
        _trayOpen = false;
        _locked = false;
        _unitAttention = medium is not null;
        _event = medium is not null ? EventNewMedia : EventMediaRemoval;
        return old;
    }

    /// <inheritdoc/>
    public void Dispose() => _medium?.Dispose();

    /// <inheritdoc/>
    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        writer.Write(_packet);
        writer.Write(_trayOpen);
        writer.Write(_locked);
        writer.Write(_unitAttention);
        writer.Write(_event);
        writer.Write(_mode);
        writer.Write((byte)_sense.Key);
        writer.Write(_sense.Code);
        writer.Write(_sense.Qualifier);
        writer.Write((byte)_phase);
        writer.Write(_dma);
        writer.Write(_limit);
        writer.Write(_chunk);
        writer.Write(_lba);
        writer.Write(_blocks);
        writer.Write(_parts.Bits);
    }

    /// <inheritdoc/>
    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        reader.BaseStream.ReadExactly(_packet);
        _trayOpen = reader.ReadBoolean();
        _locked = reader.ReadBoolean();
        _unitAttention = reader.ReadBoolean();
        _event = reader.ReadByte();
        _mode = reader.ReadByte();
        _sense = new ScsiSense((ScsiSenseKey)reader.ReadByte(), reader.ReadByte(), reader.ReadByte());
        _phase = (Phase)reader.ReadByte();
        _dma = reader.ReadBoolean();
        _limit = reader.ReadInt32();
        _chunk = reader.ReadInt32();
        _lba = reader.ReadInt64();
        _blocks = reader.ReadInt64();
        _parts = new CdSectorParts(reader.ReadByte());
    }

    /// <inheritdoc/>
    protected override bool HasDeviceReset => true;

    /// <inheritdoc/>
    protected override void SetSignature()
    {
        SectorCount = 1;
        LbaLow = 1;
        LbaMid = 0x14;
        LbaHigh = 0xEB;
        Status = AtaStatus.None; // DRDY comes with the first command (ATA/ATAPI-6 9.12)
    }

    /// <inheritdoc/>
    protected override void ResetSettings()
    {
        _mode = 0x20 | 2;
        _locked = false;
        _sense = ScsiSense.None;
        _unitAttention = false;
        _event = 0;
    }

    /// <inheritdoc/>
    protected override void AfterReset() => _phase = Phase.None;

    /// <inheritdoc/>
    protected override void Execute(byte command)
    {
        _phase = Phase.None;
        switch (command)
        {
            case AtaCommand.Packet:
                _dma = (Features & 1) != 0;
                // 0 and FFFFh mean "no limit"; the register holds at most FFFEh (ATA/ATAPI-6 8.23.3).
                _limit = (LbaMid & 0xFF) | (LbaHigh & 0xFF) << 8;
                if (_limit is 0 or 0xFFFF) _limit = 0xFFFE;
                _phase = Phase.Packet;
                SectorCount = ReasonCommand;
                AskForData(PacketSize, interrupt: false);
                break;
            case AtaCommand.IdentifyPacket:
                byte[] identity = Identify();
                Reserve(identity.Length);
                identity.CopyTo(Buffer, 0);
                _phase = Phase.Fixed;
                OfferData(0, identity.Length);
                break;
            case AtaCommand.DeviceReset:
                CompleteReset();
                break;
            case AtaCommand.Identify or AtaCommand.ReadSectors or AtaCommand.ReadSectorsNoRetry:
                SetSignature(); // how a host tells a packet device (ATA/ATAPI-6 8.15.5)
                Fail(AtaError.Aborted);
                break;
            case AtaCommand.SetFeatures:
                SetFeatures();
                break;
            case AtaCommand.CheckPowerMode or AtaCommand.CheckPowerModeOld:
                SectorCount = 0xFF;
                Succeed();
                break;
            case AtaCommand.StandbyImmediate or AtaCommand.StandbyImmediateOld or AtaCommand.IdleImmediate or AtaCommand.IdleImmediateOld
                or AtaCommand.Sleep or AtaCommand.SleepOld or AtaCommand.FlushCache:
                Succeed();
                break;
            default:
                Fail(AtaError.Aborted);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void BlockDone()
    {
        switch (_phase)
        {
            case Phase.Packet:
                Buffer.AsSpan(0, PacketSize).CopyTo(_packet);
                ExecutePacket();
                break;
            case Phase.Reply or Phase.Sectors:
                if (End < _chunk) OfferBlock(End);
                else if (_phase == Phase.Sectors && _blocks > 0) FetchSectors();
                else EndCommand();
                break;
            case Phase.ParameterList:
                EndCommand();
                break;
            default:
                _phase = Phase.None;
                Status = AtaStatus.Ready | AtaStatus.SeekComplete; // IDENTIFY PACKET DEVICE is read: no further interrupt
                break;
        }
    }

    /// <inheritdoc/>
    protected override void RequestDone(BlockRequest request)
    {
        if (request.Status == BlockStatus.Failed)
        {
            Check(ScsiSense.ReadError);
            return;
        }
        int sectors = (int)(request.Length / CdSector.UserSize);
        if (!_parts.IsUserDataOnly) Expand(sectors);
        _chunk = sectors * _parts.Size;
        _lba += sectors;
        _blocks -= sectors;
        Position = 0;
        if (!_dma) OfferBlock(0);
        else if (Channel is { BusMaster.IsActive: true }) ContinueDma();
    }

    /// <inheritdoc/>
    protected override void ContinueDma()
    {
        if (Channel is null) return;
        if (_chunk == 0)
        {
            FetchSectors();
            return;
        }
        bool toMemory = Transfer == IdeTransfer.DmaIn;
        Position += Channel.BusMaster.Move(Buffer.AsSpan(Position, _chunk - Position), toMemory);
        if (Position < _chunk) return;
        _chunk = Position = 0;
        if (_phase == Phase.Sectors && _blocks > 0) FetchSectors();
        else EndCommand();
    }

    /// <summary>Sends the first <paramref name="length"/> bytes of <paramref name="data"/>, cut to what the host allocated.</summary>
    private void Reply(ReadOnlySpan<byte> data, int allocated)
    {
        int length = Math.Min(data.Length, allocated);
        if (length == 0)
        {
            EndCommand();
            return;
        }
        Reserve(length);
        data[..length].CopyTo(Buffer);
        _phase = Phase.Reply;
        _blocks = 0;
        _chunk = length;
        if (_dma) AskForDma(toMemory: true);
        else OfferBlock(0);
    }

    private void SendSectors(long lba, long count, CdSectorParts parts)
    {
        if (lba < 0 || lba + count > MediumSectors)
        {
            Check(ScsiSense.AddressOutOfRange);
            return;
        }
        if (count == 0 || parts.Size == 0)
        {
            EndCommand();
            return;
        }
        _phase = Phase.Sectors;
        _lba = lba;
        _blocks = count;
        _parts = parts;
        _chunk = 0;
        if (_dma) AskForDma(toMemory: true);
        else FetchSectors();
    }

    private void FetchSectors()
    {
        int sectors = (int)Math.Min(_blocks, ChunkSectors);
        _chunk = 0;
        Submit(BufferRequest(BlockOperation.Read, _lba * CdSector.UserSize, sectors * CdSector.UserSize));
    }

    /// <summary>Builds the requested parts of each raw sector from the user data in the buffer.</summary>
    private void Expand(int sectors)
    {
        byte[] user = Buffer.AsSpan(0, sectors * CdSector.UserSize).ToArray();
        Reserve(sectors * _parts.Size);
        byte[] raw = new byte[CdSector.RawSize];
        for (int i = 0; i < sectors; i++)
        {
            user.AsSpan(i * CdSector.UserSize, CdSector.UserSize).CopyTo(raw.AsSpan(CdSector.UserOffset));
            CdSector.Complete(raw, _lba + i);
            _parts.Extract(raw, Buffer.AsSpan(i * _parts.Size, _parts.Size));
        }
    }

    private void OfferBlock(int start)
    {
        // A block that is not the last has an even size (ATA/ATAPI-6 8.23.5).
        int length = _chunk - start <= _limit ? _chunk - start : Math.Max(2, _limit & ~1);
        LbaMid = (byte)length;
        LbaHigh = (byte)(length >> 8);
        SectorCount = ReasonToHost;
        OfferData(start, start + length);
    }

    private void TakeParameterList(int length)
    {
        if (length == 0)
        {
            EndCommand();
            return;
        }
        _phase = Phase.ParameterList;
        _chunk = length;
        Reserve(length);
        if (_dma)
        {
            AskForDma(toMemory: false);
            return;
        }
        LbaMid = (byte)length;
        LbaHigh = (byte)(length >> 8);
        SectorCount = 0;
        AskForData(length, interrupt: true);
    }

    /// <summary>Ends the packet command well.</summary>
    private void EndCommand()
    {
        _phase = Phase.None;
        _sense = ScsiSense.None;
        SectorCount = ReasonCommand | ReasonToHost;
        Succeed();
    }

    /// <summary>Ends the packet command with CHECK CONDITION.</summary>
    private void Check(ScsiSense sense)
    {
        _phase = Phase.None;
        _sense = sense;
        SectorCount = ReasonCommand | ReasonToHost;
        Fail((AtaError)((byte)sense.Key << 4));
    }

    /// <summary>The disc is taken away under a command that reads it.</summary>
    private void StopReading()
    {
        if (_phase != Phase.Sectors) return;
        AbandonRequest();
        Check(ScsiSense.NoMedium);
    }

    private void SetFeatures()
    {
        bool known = (Features & 0xFF) switch
        {
            0x03 => AtaDisk.IsSupportedMode((byte)SectorCount),
            0x66 or 0xCC or 0x55 or 0xAA => true,
            _ => false,
        };
        if (!known)
        {
            Fail(AtaError.Aborted);
            return;
        }
        if ((Features & 0xFF) == 0x03 && (SectorCount & 0xF8) != 0) _mode = (byte)SectorCount;
        Succeed();
    }

    /// <summary>IDENTIFY PACKET DEVICE (ATA/ATAPI-6 8.16).</summary>
    private byte[] Identify()
    {
        var id = new AtaIdentify();
        id[0] = 0x85C0; // packet device, CD-ROM, removable, DRQ within 50 us, 12-byte packets
        id.SetText(10, 10, _options.Serial);
        id[20] = 3;
        id[21] = 512;
        id[22] = 4;
        id.SetText(23, 4, _options.Firmware);
        id.SetText(27, 20, _options.Model);
        id[48] = 1;
        id[49] = 0x0B00; // IORDY, LBA, DMA
        id[53] = 0x0006; // words 64-70 and 88 are valid
        id.SetTransferModes(_mode);
        id[71] = 30; // nanoseconds to release the bus, and after SERVICE
        id[72] = 30;
        id[80] = 0x00F0;
        id[81] = 0x001D;
        id[82] = 1 << 14 | 1 << 9 | 1 << 4; // NOP, DEVICE RESET, PACKET
        id[83] = 1 << 14;
        id[84] = 1 << 14;
        id[85] = 1 << 14 | 1 << 9 | 1 << 4;
        id[87] = 1 << 14;
        id[93] = (ushort)(1 << 14 | 1 << 13 | (Unit == 0 ? 0x000B : 0x0B00));
        return id.ToArray();
    }

    private static void Put16(Span<byte> data, int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(data[at..], (ushort)value);

    private static void Put32(Span<byte> data, int at, long value) => BinaryPrimitives.WriteUInt32BigEndian(data[at..], (uint)value);

    private int Packet16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_packet.AsSpan(at));

    private uint Packet32(int at) => BinaryPrimitives.ReadUInt32BigEndian(_packet.AsSpan(at));
}
