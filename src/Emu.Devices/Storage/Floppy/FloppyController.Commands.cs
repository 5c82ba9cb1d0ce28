namespace Emu.Devices.Storage.Floppy;

/// <summary>The commands (82077AA data sheet, section 5).</summary>
public sealed partial class FloppyController
{
    private const byte VersionEnhanced = 0x90; // 82077AA
    private const byte PartStepping = 0x41;
    private const byte RelativeSeek = 0x80, SeekInward = 0x40;

    private void Execute()
    {
        byte command = _bytes[0];
        switch (command & FloppyCommand.CodeMask)
        {
            case FloppyCommand.Specify:
                _specify1 = _bytes[1];
                _specify2 = _bytes[2];
                Done();
                break;
            case FloppyCommand.SenseDriveStatus: SenseDriveStatus(); break;
            case FloppyCommand.Recalibrate: SeekTo(_bytes[1] & 3, 0); break;
            case FloppyCommand.Seek: Seek(command); break;
            case FloppyCommand.SenseInterruptStatus when command == FloppyCommand.SenseInterruptStatus: SenseInterruptStatus(); break;
            case FloppyCommand.Version when command == FloppyCommand.Version: Return(false, VersionEnhanced); break;
            case FloppyCommand.PartId when command == FloppyCommand.PartId: Return(false, PartStepping); break;
            case FloppyCommand.DumpRegisters when command == FloppyCommand.DumpRegisters: DumpRegisters(); break;
            case FloppyCommand.Configure when command == FloppyCommand.Configure:
                _configuration = _bytes[2];
                _preTrack = _bytes[3];
                Done();
                break;
            case FloppyCommand.PerpendicularMode when command == FloppyCommand.PerpendicularMode:
                // OW (bit 7) allows the drive bits to change; GAP and WGATE always do (5.2.7).
                _perpendicular = (byte)((_bytes[1] & 0x80) != 0 ? _bytes[1] & 0x3F : (_perpendicular & 0x3C) | (_bytes[1] & 3));
                Done();
                break;
            case FloppyCommand.Lock when (command & 0x60) == 0:
                _locked = (command & 0x80) != 0;
                Return(false, (byte)(_locked ? 0x10 : 0));
                break;
            case FloppyCommand.ReadId when (command & 0xA0) == 0: ReadId(); break;
            case FloppyCommand.FormatTrack when (command & 0xA0) == 0: StartFormat(); break;
            case FloppyCommand.ReadTrack or FloppyCommand.ReadData or FloppyCommand.ReadDeletedData or FloppyCommand.WriteData
                or FloppyCommand.WriteDeletedData or FloppyCommand.Verify or FloppyCommand.ScanEqual or FloppyCommand.ScanLowOrEqual
                or FloppyCommand.ScanHighOrEqual:
                StartTransfer();
                break;
            default:
                Return(false, (byte)FloppySt0.Invalid);
                break;
        }
    }

    private void SenseDriveStatus()
    {
        FloppyDrive? drive = _drives[_bytes[1] & 3];
        FloppySt3 status = FloppySt3.Ready | FloppySt3.TwoSide; // both are always 1 in this chip
        if (drive is { Track: 0 }) status |= FloppySt3.Track0;
        if (drive is { IsWriteProtected: true }) status |= FloppySt3.WriteProtected;
        Return(false, (byte)((byte)status | (_bytes[1] & 7)));
    }

    private void Seek(byte command)
    {
        int index = _bytes[1] & 3;
        if ((command & RelativeSeek) == 0) SeekTo(index, _bytes[2]);
        else SeekTo(index, (_drives[index]?.Track ?? 0) + ((command & SeekInward) != 0 ? _bytes[2] : -_bytes[2]));
    }

    /// <summary>RECALIBRATE and SEEK have no result phase: an interrupt, and SENSE INTERRUPT STATUS tells (5.2.1, 5.2.2).</summary>
    private void SeekTo(int index, int track)
    {
        FloppyDrive? drive = _drives[index];
        drive?.Seek(track);
        FloppySt0 status = FloppySt0.SeekEnd;
        if (drive is null && track == 0) status |= FloppySt0.EquipmentCheck | FloppySt0.Abnormal; // track 0 never shows
        _seekStatus[index] = (byte)((byte)status | index); // the head bit returns 0 after a seek
        _seekDone |= 1 << index;
        Done();
        SetInterrupt(true);
    }

    private void SenseInterruptStatus()
    {
        if (_resetSenses > 0)
        {
            int index = DriveCount - _resetSenses--;
            SetInterrupt(false);
            Return(false, (byte)((byte)FloppySt0.PollingChange | index), TrackOf(index));
            return;
        }
        if (_seekDone == 0)
        {
            SetInterrupt(false);
            Return(false, (byte)FloppySt0.Invalid);
            return;
        }
        int done = System.Numerics.BitOperations.TrailingZeroCount(_seekDone);
        _seekDone &= ~(1 << done);
        SetInterrupt(false);
        Return(false, _seekStatus[done], TrackOf(done));
    }

    private byte TrackOf(int index) => (byte)(_drives[index]?.Track ?? 0);

    private void DumpRegisters() => Return(false,
        TrackOf(0), TrackOf(1), TrackOf(2), TrackOf(3), _specify1, _specify2, _lastEot,
        (byte)((_locked ? 0x80 : 0) | (_perpendicular & 0x3F)), _configuration, _preTrack);

    /// <summary>READ ID: the next sector header that passes under the head.</summary>
    private void ReadId()
    {
        TakeDrive();
        if (Locate() is not { } format)
        {
            FinishTransfer(FloppySt0.Abnormal, FloppySt1.MissingAddressMark, FloppySt2.None);
            return;
        }
        _passing = _passing % format.Sectors + 1;
        (_cylinder, _head, _sector, _sizeCode) = ((byte)(_drives[_drive]?.Track ?? 0), (byte)_side, (byte)_passing, 2);
        FinishTransfer(FloppySt0.Normal, FloppySt1.None, FloppySt2.None);
    }
}
