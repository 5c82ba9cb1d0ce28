namespace Emu.Devices.Storage.Floppy;

/// <summary>Commands that move sectors: the execution phase, by DMA or byte by byte.</summary>
public sealed partial class FloppyController
{
    private const byte SizeCode512 = 2;
    private const int FormatEntry = 4; // C, H, R, N

    private enum Transfer : byte
    {
        None,

        /// <summary>Waiting for the disk.</summary>
        Disk,

        /// <summary>Disk to host.</summary>
        ToHost,

        /// <summary>Host to disk.</summary>
        FromHost,
    }

    private readonly byte[] _data = new byte[SectorSize];
    private Transfer _transfer;
    private int _position, _length;
    private bool _terminalCount;
    private byte _command;
    private int _drive, _side, _passing;
    private byte _cylinder, _head, _sector, _sizeCode, _endOfTrack;
    private int _formatLeft;
    private byte _filler;
    private BlockRequest? _pending;

    private int Code => _command & FloppyCommand.CodeMask;

    private bool IsScan => Code is FloppyCommand.ScanEqual or FloppyCommand.ScanLowOrEqual or FloppyCommand.ScanHighOrEqual;

    private bool Writes => Code is FloppyCommand.WriteData or FloppyCommand.WriteDeletedData;

    private void TakeDrive()
    {
        _command = _bytes[0];
        _drive = _bytes[1] & 3;
        _side = _bytes[1] >> 2 & 1;
    }

    /// <summary>The diskette under the head, if the current rate can read it and it has that track and side.</summary>
    private FloppyFormat? Locate() =>
        _drives[_drive] is { Format: { } format, Track: var track } && format.IsReadableAt(Rate) && track < format.Tracks && _side < format.Heads ? format : null;

    private void StartTransfer()
    {
        TakeDrive();
        (_cylinder, _head, _sector, _sizeCode, _endOfTrack) = (_bytes[2], _bytes[3], _bytes[4], _bytes[5], _bytes[6]);
        _lastEot = _endOfTrack;
        if (Code == FloppyCommand.ReadTrack) _sector = 1;
        _phase = Phase.Execution;
        _terminalCount = false;
        if ((_configuration & ImpliedSeek) != 0) _drives[_drive]?.Seek(_cylinder);
        if (Writes && _drives[_drive] is { Medium: not null, IsWriteProtected: true })
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.NotWritable, FloppySt2.None);
        else NextSector();
    }

    private void NextSector()
    {
        if (Locate() is not { } format)
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.MissingAddressMark, FloppySt2.None);
            return;
        }
        int track = _drives[_drive]?.Track ?? 0;
        if (_cylinder != track)
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.NoData, FloppySt2.WrongCylinder);
            return;
        }
        bool deletedWanted = Code == FloppyCommand.ReadDeletedData, skip = (_command & FloppyCommand.Skip) != 0;
        if (_sizeCode != SizeCode512 || _head != _side || format.Offset(track, _side, _sector) is not { } offset || (deletedWanted && skip))
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.NoData, FloppySt2.None);
            return;
        }
        if (Writes) AskHost(SectorSize);
        else ReadDisk(offset);
    }

    private void ReadDisk(long offset)
    {
        _transfer = Transfer.Disk;
        IBlockBackend? medium = _drives[_drive]?.Medium;
        if (medium is null || offset + SectorSize > medium.Image.Length)
        {
            Array.Clear(_data); // the image leaves out the unused end of the diskette
            SectorRead();
            return;
        }
        Submit(medium, new BlockRequest(BlockOperation.Read, offset, new byte[SectorSize], RequestDone));
    }

    private void Submit(IBlockBackend medium, BlockRequest request, long deadline = 0)
    {
        _transfer = Transfer.Disk;
        _pending = request;
        medium.Submit(request, deadline);
    }

    private void RequestDone(BlockRequest request)
    {
        if (request != _pending) return; // a reset came between
        _pending = null;
        if (request.Status == BlockStatus.Failed) FinishTransfer(FloppySt0.Abnormal, FloppySt1.DataError, FloppySt2.DataError);
        else if (request.Operation == BlockOperation.Write) SectorWritten();
        else
        {
            request.Buffer.Span.CopyTo(_data);
            SectorRead();
        }
    }

    private void SectorRead()
    {
        if (Code == FloppyCommand.Verify) SectorFinished();
        else if (IsScan) AskHost(SectorSize); // what to compare with
        else
        {
            _transfer = Transfer.ToHost;
            _position = 0;
            _length = SectorSize;
            MoveData();
        }
    }

    private void AskHost(int length)
    {
        _transfer = Transfer.FromHost;
        _position = 0;
        _length = length;
        MoveData();
    }

    /// <summary>Raises the request that the mode calls for.</summary>
    private void MoveData()
    {
        if (!UsesDma)
        {
            SetInterrupt(false);
            SetInterrupt(true);
            return;
        }
        _dma.SetRequest(true);
        ContinueTransfer();
    }

    /// <summary>Moves what the DMA channel takes now; called again when the guest has programmed it.</summary>
    private void ContinueTransfer()
    {
        if (_phase != Phase.Execution || !UsesDma || _transfer is not (Transfer.ToHost or Transfer.FromHost) || !_dma.IsReady) return;
        bool terminal;
        if (_transfer == Transfer.ToHost) _position += _dma.Write(_data.AsSpan(_position, _length - _position), out terminal);
        else _position += _dma.Read(HostBuffer.AsSpan(_position, _length - _position), out terminal);
        _terminalCount |= terminal;
        if (_position >= _length || terminal) BlockMoved();
    }

    private byte[] HostBuffer => IsScan ? _scanData : _data;

    private readonly byte[] _scanData = new byte[SectorSize];

    private FloppyMainStatus TransferStatus() =>
        UsesDma || _transfer is not (Transfer.ToHost or Transfer.FromHost)
            ? FloppyMainStatus.None
            : FloppyMainStatus.RequestForMaster | FloppyMainStatus.NonDma | (_transfer == Transfer.ToHost ? FloppyMainStatus.DataInput : FloppyMainStatus.None);

    private byte ReadTransferByte()
    {
        if (UsesDma || _transfer != Transfer.ToHost) return 0xFF;
        SetInterrupt(false);
        byte value = _data[_position++];
        if (_position >= _length) BlockMoved();
        else SetInterrupt(true);
        return value;
    }

    private void WriteTransferByte(byte value)
    {
        if (UsesDma || _transfer != Transfer.FromHost) return;
        SetInterrupt(false);
        HostBuffer[_position++] = value;
        if (_position >= _length) BlockMoved();
        else SetInterrupt(true);
    }

    /// <summary>A sector (or a format entry) has passed between host and controller, or terminal count cut it short.</summary>
    private void BlockMoved()
    {
        if (UsesDma) _dma.SetRequest(false);
        if (Code == FloppyCommand.FormatTrack)
        {
            FormatSector();
            return;
        }
        if (IsScan) Compare();
        else if (Writes)
        {
            _data.AsSpan(_position).Clear(); // after terminal count the rest of the sector is filled with zeroes
            WriteDisk();
        }
        else SectorFinished();
    }

    private void WriteDisk()
    {
        FloppyDrive? drive = _drives[_drive];
        if (drive is not { Medium: { } medium, Format: { } format } || format.Offset(drive.Track, _side, _sector) is not { } offset || drive.IsWriteProtected)
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.NotWritable, FloppySt2.None);
            return;
        }
        if (offset + SectorSize > medium.Image.Length)
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.DataError, FloppySt2.DataError); // the image has no such sector
            return;
        }
        Submit(medium, new BlockRequest(BlockOperation.Write, offset, (byte[])_data.Clone(), RequestDone));
    }

    private void SectorWritten()
    {
        if (Code == FloppyCommand.FormatTrack) NextFormatEntry();
        else SectorFinished();
    }

    /// <summary>Advances to the next sector, or ends the command (5.1.1, table 5-4 for the address reported).</summary>
    private void SectorFinished()
    {
        if (Code == FloppyCommand.ReadDeletedData)
        {
            AdvanceAddress();
            FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.ControlMark); // it was a normal sector: stop after it
            return;
        }
        bool lastOfTrack = _sector == _endOfTrack;
        bool secondSide = (_command & FloppyCommand.MultiTrack) != 0 && _side == 0 && Code != FloppyCommand.ReadTrack;
        AdvanceAddress();
        if (_terminalCount) FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.None);
        else if (!lastOfTrack) NextSector();
        else if (secondSide)
        {
            _side = 1;
            NextSector();
        }
        else if (Code == FloppyCommand.Verify) FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.None);
        else if (IsScan) FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.ScanNotSatisfied);
        else FinishTransfer(FloppySt0.Abnormal, FloppySt1.EndOfCylinder, FloppySt2.None);
    }

    private void AdvanceAddress()
    {
        if (_sector != _endOfTrack)
        {
            _sector++;
            return;
        }
        _sector = 1;
        bool multiTrack = (_command & FloppyCommand.MultiTrack) != 0;
        if (!multiTrack || _side == 1) _cylinder++;
        if (multiTrack) _head ^= 1;
    }

    /// <summary>SCAN: FFh from the host matches anything (5.1.6).</summary>
    private void Compare()
    {
        bool equal = true, low = true, high = true;
        for (int i = 0; i < _position; i++)
        {
            if (_scanData[i] == 0xFF || _scanData[i] == _data[i]) continue;
            equal = false;
            if (_data[i] < _scanData[i]) high = false;
            else low = false;
            break;
        }
        bool hit = Code switch { FloppyCommand.ScanEqual => equal, FloppyCommand.ScanLowOrEqual => low, _ => high };
        if (hit) FinishTransfer(FloppySt0.Normal, FloppySt1.None, equal ? FloppySt2.ScanEqual : FloppySt2.None);
        else if (_terminalCount) FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.ScanNotSatisfied);
        else SectorFinished();
    }

    /// <summary>FORMAT TRACK: the host gives C, H, R, N for each sector; its data becomes the filler byte (5.1.7).</summary>
    private void StartFormat()
    {
        TakeDrive();
        _sizeCode = _bytes[2];
        _formatLeft = _bytes[3];
        _filler = _bytes[5];
        _phase = Phase.Execution;
        _terminalCount = false;
        if (Locate() is null) FinishTransfer(FloppySt0.Abnormal, FloppySt1.MissingAddressMark, FloppySt2.None);
        else if (_drives[_drive] is { IsWriteProtected: true }) FinishTransfer(FloppySt0.Abnormal, FloppySt1.NotWritable, FloppySt2.None);
        else NextFormatEntry();
    }

    private void NextFormatEntry()
    {
        if (_formatLeft == 0)
        {
            FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.None);
            return;
        }
        _formatLeft--;
        AskHost(FormatEntry);
    }

    private void FormatSector()
    {
        if (_position < FormatEntry)
        {
            FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.None);
            return;
        }
        (_cylinder, _head, _sector) = (_data[0], _data[1], _data[2]);
        // An image cannot hold sectors of other sizes or numbers than its format has.
        bool fits = _data[3] == SizeCode512 && _sizeCode == SizeCode512 && _drives[_drive] is { Format: { } format } && _sector >= 1 && _sector <= format.Sectors;
        if (!fits)
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.NoData, FloppySt2.None);
            return;
        }
        _data.AsSpan().Fill(_filler);
        WriteDisk();
    }

    private void FinishTransfer(FloppySt0 st0, FloppySt1 st1, FloppySt2 st2)
    {
        AbortTransfer();
        Return(true, (byte)((byte)st0 | _side << 2 | _drive), (byte)st1, (byte)st2, _cylinder, _head, _sector, _sizeCode);
    }

    private void AbortTransfer()
    {
        _dma.SetRequest(false);
        _transfer = Transfer.None;
        AbandonRequest();
    }

    private void AbandonRequest()
    {
        if (_pending is null) return;
        _drives[_drive]?.Medium?.Abandon();
        _pending = null;
    }

    private void SaveTransfer(BinaryWriter writer)
    {
        writer.Write(_data);
        writer.Write(_scanData);
        writer.Write((byte)_transfer);
        writer.Write(_position);
        writer.Write(_length);
        writer.Write(_terminalCount);
        writer.Write(_drive);
        writer.Write(_side);
        writer.Write(_passing);
        writer.Write(_formatLeft);
        writer.Write([_command, _cylinder, _head, _sector, _sizeCode, _endOfTrack, _filler]);
        writer.Write(_pending is not null);
        if (_pending is null) return;
        writer.Write((byte)_pending.Operation);
        writer.Write(_pending.Offset);
        writer.Write(_pending.Deadline);
    }

    private void LoadTransfer(BinaryReader reader)
    {
        AbandonRequest();
        reader.BaseStream.ReadExactly(_data);
        reader.BaseStream.ReadExactly(_scanData);
        _transfer = (Transfer)reader.ReadByte();
        _position = reader.ReadInt32();
        _length = reader.ReadInt32();
        _terminalCount = reader.ReadBoolean();
        _drive = reader.ReadInt32() & 3;
        _side = reader.ReadInt32() & 1;
        _passing = reader.ReadInt32();
        _formatLeft = reader.ReadInt32();
        _command = reader.ReadByte();
        _cylinder = reader.ReadByte();
        _head = reader.ReadByte();
        _sector = reader.ReadByte();
        _sizeCode = reader.ReadByte();
        _endOfTrack = reader.ReadByte();
        _filler = reader.ReadByte();
        if (_position < 0 || _length < 0 || _length > SectorSize || _position > _length) throw new InvalidDataException("floppy controller state is damaged");
        _dma.SetRequest(UsesDma && _transfer is (Transfer.ToHost or Transfer.FromHost));
        if (!reader.ReadBoolean()) return;
        var operation = (BlockOperation)reader.ReadByte();
        long offset = reader.ReadInt64(), deadline = reader.ReadInt64();
        byte[] buffer = operation == BlockOperation.Write ? (byte[])_data.Clone() : new byte[SectorSize];
        if (_drives[_drive]?.Medium is { } medium) Submit(medium, new BlockRequest(operation, offset, buffer, RequestDone), deadline);
    }
}
