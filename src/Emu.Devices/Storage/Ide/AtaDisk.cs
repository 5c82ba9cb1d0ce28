using System.Buffers.Binary;

namespace Emu.Devices.Storage.Ide;

/// <summary>
/// A hard disk on an IDE channel: PIO and DMA transfers by cylinder/head/sector, 28- and 48-bit LBA (ATA/ATAPI-6 and -7, volume 1).
/// </summary>
public sealed partial class AtaDisk : IdeDrive, IDisposable
{
    private const int SectorSize = 512, MaxMultiple = 16;

    /// <summary>Sectors read ahead for the data port. A multiple of every block size.</summary>
    private const int PioChunk = 256;

    private const int DmaChunk = MaxBuffer / SectorSize;

    /// <summary>What the data phase of the current command is for.</summary>
    private enum Phase : byte
    {
        None,
        Read,
        Write,
        DmaRead,
        DmaWrite,
        Trim,
        Verify,
        Flush,
        FixedData,
        WriteBuffer,
    }

    private readonly IBlockBackend _backend;
    private readonly AtaDiskOptions _options;
    private readonly DiskGeometry _native;
    private readonly byte[] _scratch = new byte[SectorSize]; // READ BUFFER and WRITE BUFFER
    private int _heads, _sectorsPerTrack; // as the host set them
    private byte _multiple, _mode;
    private bool _writeCache, _readLookAhead, _smart;

    private Phase _phase;
    private bool _is48, _flushAfter;
    private long _lba, _remaining;
    private int _block; // sectors a DRQ block
    private int _blockStart; // of the DRQ block the host reads, in the buffer
    private int _chunk; // bytes of valid data in the buffer
    private int _trimIndex;

    /// <param name="backend">The disk's content; disposed with the drive.</param>
    /// <param name="options">Identification and geometry.</param>
    public AtaDisk(IBlockBackend backend, AtaDiskOptions? options = null)
    {
        _backend = backend;
        _options = options ?? new AtaDiskOptions();
        _native = _options.Geometry ?? DiskGeometry.Detect(backend.Image);
    }

    /// <inheritdoc/>
    public override string Model => _options.Model;

    /// <inheritdoc/>
    public override IBlockBackend Backend => _backend;

    /// <summary>Geometry the drive reports.</summary>
    public DiskGeometry Geometry => _native;

    private long Sectors => _backend.Image.SectorCount;

    /// <inheritdoc/>
    public void Dispose() => _backend.Dispose();

    /// <inheritdoc/>
    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        writer.Write(_scratch);
        writer.Write(_heads);
        writer.Write(_sectorsPerTrack);
        writer.Write(_multiple);
        writer.Write(_mode);
        writer.Write(_writeCache);
        writer.Write(_readLookAhead);
        writer.Write(_smart);
        writer.Write((byte)_phase);
        writer.Write(_is48);
        writer.Write(_flushAfter);
        writer.Write(_lba);
        writer.Write(_remaining);
        writer.Write(_block);
        writer.Write(_blockStart);
        writer.Write(_chunk);
        writer.Write(_trimIndex);
    }

    /// <inheritdoc/>
    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        reader.BaseStream.ReadExactly(_scratch);
        _heads = reader.ReadInt32();
        _sectorsPerTrack = reader.ReadInt32();
        _multiple = reader.ReadByte();
        _mode = reader.ReadByte();
        _writeCache = reader.ReadBoolean();
        _readLookAhead = reader.ReadBoolean();
        _smart = reader.ReadBoolean();
        _phase = (Phase)reader.ReadByte();
        _is48 = reader.ReadBoolean();
        _flushAfter = reader.ReadBoolean();
        _lba = reader.ReadInt64();
        _remaining = reader.ReadInt64();
        _block = reader.ReadInt32();
        _blockStart = reader.ReadInt32();
        _chunk = reader.ReadInt32();
        _trimIndex = reader.ReadInt32();
    }

    /// <inheritdoc/>
    protected override void SetSignature()
    {
        SectorCount = 1;
        LbaLow = 1;
        LbaMid = 0;
        LbaHigh = 0;
        Status = AtaStatus.Ready | AtaStatus.SeekComplete;
    }

    /// <inheritdoc/>
    protected override void ResetSettings()
    {
        _heads = _native.Heads;
        _sectorsPerTrack = _native.Sectors;
        _multiple = MaxMultiple;
        _mode = 0x20 | 2; // multiword DMA 2, the fastest a PIIX3 has
        _writeCache = true;
        _readLookAhead = true;
        _smart = true;
        Array.Clear(_scratch);
    }

    /// <inheritdoc/>
    protected override void AfterReset() => _phase = Phase.None;

    /// <inheritdoc/>
    protected override void BlockDone()
    {
        switch (_phase)
        {
            case Phase.Read:
                Advance((End - _blockStart) / SectorSize);
                if (End < _chunk) OfferBlock(End);
                else if (_remaining > 0) ReadChunk();
                else Finish();
                break;
            case Phase.Write:
                Submit(BufferRequest(BlockOperation.Write, _lba * SectorSize, End, _flushAfter));
                break;
            case Phase.WriteBuffer:
                Buffer.AsSpan(0, SectorSize).CopyTo(_scratch);
                Succeed();
                break;
            default:
                Finish();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void RequestDone(BlockRequest request)
    {
        if (request.Status == BlockStatus.Failed)
        {
            StoreAddress(_lba);
            // A write that fails (full or failing host disk) is no fault of the medium: ABRT, so that nobody remaps sectors.
            Fail(request.Operation is BlockOperation.Read or BlockOperation.Verify ? AtaError.Uncorrectable : AtaError.Aborted);
            return;
        }
        switch (_phase)
        {
            case Phase.Read:
                _chunk = (int)request.Length;
                OfferBlock(0);
                break;
            case Phase.Write:
                Advance((int)request.Length / SectorSize);
                if (_remaining > 0) AskForData(NextBlock(), interrupt: true);
                else SucceedAt();
                break;
            case Phase.DmaRead:
                _chunk = (int)request.Length;
                Position = 0;
                if (Channel is { BusMaster.IsActive: true }) ContinueDma();
                break;
            case Phase.DmaWrite:
                Advance((int)request.Length / SectorSize);
                _chunk = Position = 0;
                if (_remaining == 0) SucceedAt();
                else if (Channel is { BusMaster.IsActive: true }) ContinueDma();
                break;
            case Phase.Verify:
                Advance((int)(request.Length / SectorSize));
                SucceedAt();
                break;
            case Phase.Trim:
                TrimNext();
                break;
            default:
                Succeed();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void ContinueDma()
    {
        if (Channel is null) return;
        if (_phase == Phase.DmaRead) ContinueDmaRead(Channel.BusMaster);
        else ContinueDmaWrite(Channel.BusMaster);
    }

    private void ContinueDmaRead(BusMasterChannel master)
    {
        if (_chunk == 0)
        {
            Submit(BufferRequest(BlockOperation.Read, _lba * SectorSize, (int)Math.Min(_remaining, DmaChunk) * SectorSize));
            return;
        }
        Position += master.Move(Buffer.AsSpan(Position, _chunk - Position), toMemory: true);
        if (Position < _chunk) return; // too few descriptors: the drive waits for more
        Advance(_chunk / SectorSize);
        _chunk = Position = 0;
        if (_remaining == 0) SucceedAt();
        else ContinueDmaRead(master);
    }

    private void ContinueDmaWrite(BusMasterChannel master)
    {
        if (_chunk == 0)
        {
            _chunk = (int)Math.Min(_remaining, DmaChunk) * SectorSize;
            Reserve(_chunk);
        }
        Position += master.Move(Buffer.AsSpan(Position, _chunk - Position), toMemory: false);
        if (Position < _chunk) return;
        if (_phase == Phase.Trim)
        {
            _trimIndex = 0;
            TrimNext();
        }
        else Submit(BufferRequest(BlockOperation.Write, _lba * SectorSize, _chunk, _flushAfter));
    }

    private void ReadChunk() =>
        Submit(BufferRequest(BlockOperation.Read, _lba * SectorSize, (int)Math.Min(_remaining, PioChunk) * SectorSize));

    private void OfferBlock(int start)
    {
        _blockStart = start;
        OfferData(start, Math.Min(start + _block * SectorSize, _chunk));
    }

    private int NextBlock() => (int)Math.Min(_remaining, _block) * SectorSize;

    private void Advance(int sectors)
    {
        _lba += sectors;
        _remaining -= sectors;
    }

    /// <summary>DATA SET MANAGEMENT, TRIM: 8-byte ranges, bits 47-0 LBA, 63-48 sectors; zero sectors is an empty entry (ATA8-ACS 7.7).</summary>
    private void TrimNext()
    {
        while (_trimIndex < _chunk)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(Buffer.AsSpan(_trimIndex));
            _trimIndex += 8;
            long lba = (long)(entry & 0xFFFF_FFFF_FFFF), count = (long)(entry >> 48);
            if (count == 0) continue;
            if (lba + count > Sectors)
            {
                Fail(AtaError.IdNotFound);
                return;
            }
            Submit(PlainRequest(BlockOperation.Discard, lba * SectorSize, count * SectorSize));
            return;
        }
        Succeed();
    }

    /// <summary>Ends a data-in command: the host has everything, there is no further interrupt.</summary>
    private void Finish()
    {
        if (_phase == Phase.Read) StoreEnd();
        _phase = Phase.None;
        Status = AtaStatus.Ready | AtaStatus.SeekComplete;
    }

    private void SucceedAt()
    {
        StoreEnd();
        _phase = Phase.None;
        Succeed();
    }

    /// <summary>The registers tell the last sector transferred, and that none is left.</summary>
    private void StoreEnd()
    {
        SectorCount = 0;
        StoreAddress(_lba - 1);
    }

    private void StoreAddress(long lba)
    {
        if (_is48)
        {
            LbaLow = (ushort)((lba & 0xFF) | (lba >> 24 & 0xFF) << 8);
            LbaMid = (ushort)((lba >> 8 & 0xFF) | (lba >> 32 & 0xFF) << 8);
            LbaHigh = (ushort)((lba >> 16 & 0xFF) | (lba >> 40 & 0xFF) << 8);
        }
        else if ((Device & AtaDevice.Lba) != 0)
        {
            LbaLow = (byte)lba;
            LbaMid = (byte)(lba >> 8);
            LbaHigh = (byte)(lba >> 16);
            Device = (Device & ~AtaDevice.HeadMask) | (AtaDevice)(lba >> 24 & 0xF);
        }
        else
        {
            long cylinder = lba / (_heads * _sectorsPerTrack);
            LbaLow = (byte)(lba % _sectorsPerTrack + 1);
            LbaMid = (byte)cylinder;
            LbaHigh = (byte)(cylinder >> 8);
            Device = (Device & ~AtaDevice.HeadMask) | (AtaDevice)(lba / _sectorsPerTrack % _heads);
        }
    }
}
