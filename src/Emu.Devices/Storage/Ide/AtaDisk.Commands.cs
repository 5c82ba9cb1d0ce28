namespace Emu.Devices.Storage.Ide;

/// <summary>The command set.</summary>
public sealed partial class AtaDisk
{
    /// <inheritdoc/>
    protected override void Execute(byte command)
    {
        _phase = Phase.None;
        _is48 = false;
        _flushAfter = !_writeCache;
        switch (command)
        {
            case AtaCommand.ReadSectors or AtaCommand.ReadSectorsNoRetry: StartRead(false, 1); break;
            case AtaCommand.ReadSectorsExt: StartRead(true, 1); break;
            case AtaCommand.ReadMultiple: StartRead(false, _multiple); break;
            case AtaCommand.ReadMultipleExt: StartRead(true, _multiple); break;
            case AtaCommand.WriteSectors or AtaCommand.WriteSectorsNoRetry or AtaCommand.WriteVerify: StartWrite(false, 1); break;
            case AtaCommand.WriteSectorsExt: StartWrite(true, 1); break;
            case AtaCommand.WriteMultiple: StartWrite(false, _multiple); break;
            case AtaCommand.WriteMultipleExt: StartWrite(true, _multiple); break;
            case AtaCommand.WriteMultipleFuaExt: _flushAfter = true; StartWrite(true, _multiple); break;
            case AtaCommand.ReadDma or AtaCommand.ReadDmaNoRetry: StartDma(false, Phase.DmaRead); break;
            case AtaCommand.ReadDmaExt: StartDma(true, Phase.DmaRead); break;
            case AtaCommand.WriteDma or AtaCommand.WriteDmaNoRetry: StartDma(false, Phase.DmaWrite); break;
            case AtaCommand.WriteDmaExt: StartDma(true, Phase.DmaWrite); break;
            case AtaCommand.WriteDmaFuaExt: _flushAfter = true; StartDma(true, Phase.DmaWrite); break;
            case AtaCommand.VerifySectors or AtaCommand.VerifySectorsNoRetry: StartVerify(false); break;
            case AtaCommand.VerifySectorsExt: StartVerify(true); break;
            case AtaCommand.DataSetManagement: StartTrim(); break;
            case AtaCommand.FlushCache or AtaCommand.FlushCacheExt:
                _phase = Phase.Flush;
                Submit(PlainRequest(BlockOperation.Flush, 0, 0));
                break;
            case AtaCommand.Identify: OfferFixed(Identify()); break;
            case AtaCommand.ReadBuffer: OfferFixed(_scratch); break;
            case AtaCommand.WriteBuffer:
                _phase = Phase.WriteBuffer;
                AskForData(SectorSize, interrupt: false);
                break;
            case AtaCommand.SetMultiple: SetMultiple(); break;
            case AtaCommand.InitializeParameters: InitializeParameters(); break;
            case AtaCommand.SetFeatures: SetFeatures(); break;
            case AtaCommand.ReadNativeMax: ReadNativeMax(false); break;
            case AtaCommand.ReadNativeMaxExt: ReadNativeMax(true); break;
            case AtaCommand.Smart: Smart(); break;
            case AtaCommand.CheckPowerMode or AtaCommand.CheckPowerModeOld:
                SectorCount = 0xFF; // active
                Succeed();
                break;
            case AtaCommand.IdentifyPacket or AtaCommand.Packet:
                AbortWithSignature();
                break;
            case AtaCommand.StandbyImmediate or AtaCommand.StandbyImmediateOld or AtaCommand.Standby or AtaCommand.StandbyOld
                or AtaCommand.IdleImmediate or AtaCommand.IdleImmediateOld or AtaCommand.Idle or AtaCommand.IdleOld
                or AtaCommand.Sleep or AtaCommand.SleepOld:
                Succeed(); // a disk without a motor
                break;
            case >= AtaCommand.Recalibrate and <= 0x1F or >= AtaCommand.Seek and <= 0x7F:
                Succeed();
                break;
            default:
                Fail(AtaError.Aborted); // NOP ends so too
                break;
        }
    }

    /// <summary>A packet command on a disk: aborted, with the signature that says it is one (ATA/ATAPI-6 8.16.5).</summary>
    private void AbortWithSignature()
    {
        SetSignature();
        Fail(AtaError.Aborted);
    }

    /// <summary>Takes address and count from the registers; fails the command if they are not on the disk.</summary>
    private bool TakeAddress(bool is48)
    {
        _is48 = is48;
        bool valid = true;
        if (is48)
        {
            uint low = (uint)((LbaLow & 0xFF) | (LbaMid & 0xFF) << 8 | (LbaHigh & 0xFF) << 16), high = (uint)(LbaLow >> 8 | LbaMid >> 8 << 8 | LbaHigh >> 8 << 16);
            _lba = (long)low | (long)high << 24;
            _remaining = SectorCount == 0 ? 65536 : SectorCount;
        }
        else
        {
            uint low = (byte)LbaLow, head = (uint)(Device & AtaDevice.HeadMask), high = (uint)((LbaMid & 0xFF) | (LbaHigh & 0xFF) << 8);
            _remaining = (SectorCount & 0xFF) == 0 ? 256 : SectorCount & 0xFF;
            if ((Device & AtaDevice.Lba) != 0) _lba = low | high << 8 | head << 24;
            else
            {
                valid = low >= 1 && low <= _sectorsPerTrack && head < _heads;
                _lba = ((long)high * _heads + head) * _sectorsPerTrack + (int)low - 1;
            }
        }
        if (valid && _lba + _remaining <= Sectors) return true;
        Fail(AtaError.IdNotFound);
        return false;
    }

    private void StartRead(bool is48, int block)
    {
        if (block == 0) Fail(AtaError.Aborted);
        else if (TakeAddress(is48))
        {
            _phase = Phase.Read;
            _block = block;
            ReadChunk();
        }
    }

    private void StartWrite(bool is48, int block)
    {
        if (block == 0 || _backend.Image.IsReadOnly) Fail(AtaError.Aborted);
        else if (TakeAddress(is48))
        {
            _phase = Phase.Write;
            _block = block;
            AskForData(NextBlock(), interrupt: false);
        }
    }

    private void StartDma(bool is48, Phase phase)
    {
        if (phase == Phase.DmaWrite && _backend.Image.IsReadOnly) Fail(AtaError.Aborted);
        else if (TakeAddress(is48))
        {
            _phase = phase;
            _chunk = 0;
            AskForDma(phase == Phase.DmaRead);
        }
    }

    private void StartVerify(bool is48)
    {
        if (!TakeAddress(is48)) return;
        _phase = Phase.Verify;
        Submit(PlainRequest(BlockOperation.Verify, _lba * SectorSize, _remaining * SectorSize));
    }

    private void StartTrim()
    {
        int blocks = SectorCount;
        if ((Features & 0xFF) != 1 || blocks is 0 or > MaxTrimBlocks || _backend.Image.IsReadOnly)
        {
            Fail(AtaError.Aborted);
            return;
        }
        _phase = Phase.Trim;
        _remaining = blocks;
        _chunk = 0;
        AskForDma(toMemory: false);
    }

    private void OfferFixed(ReadOnlySpan<byte> data)
    {
        _phase = Phase.FixedData;
        Reserve(SectorSize);
        data.CopyTo(Buffer);
        OfferData(0, SectorSize);
    }

    /// <summary>SET MULTIPLE MODE: sectors a block, a power of two; 0 turns READ and WRITE MULTIPLE off (8.38).</summary>
    private void SetMultiple()
    {
        int count = SectorCount & 0xFF;
        if (count > MaxMultiple || (count & (count - 1)) != 0)
        {
            _multiple = 0;
            Fail(AtaError.Aborted);
            return;
        }
        _multiple = (byte)count;
        Succeed();
    }

    /// <summary>INITIALIZE DEVICE PARAMETERS: heads (from the device register) and sectors a track for CHS addresses.</summary>
    private void InitializeParameters()
    {
        int sectors = SectorCount & 0xFF;
        if (sectors == 0)
        {
            Fail(AtaError.Aborted);
            return;
        }
        _heads = (int)(Device & AtaDevice.HeadMask) + 1;
        _sectorsPerTrack = sectors;
        Succeed();
    }

    private void SetFeatures()
    {
        switch (Features & 0xFF)
        {
            case 0x02: _writeCache = true; break;
            case 0x03:
                if (!IsSupportedMode((byte)SectorCount))
                {
                    Fail(AtaError.Aborted);
                    return;
                }
                if ((SectorCount & 0xF8) != 0) _mode = (byte)SectorCount;
                break;
            case 0x55: _readLookAhead = false; break;
            case 0x82: // what is cached becomes durable before the cache is off
                _writeCache = false;
                _phase = Phase.Flush;
                Submit(PlainRequest(BlockOperation.Flush, 0, 0));
                return;
            case 0xAA: _readLookAhead = true; break;
            case 0x66 or 0xCC: break; // settings survive SRST, or not: they do here
            default:
                Fail(AtaError.Aborted);
                return;
        }
        Succeed();
    }

    /// <summary>Transfer mode byte of SET FEATURES 03h (ATA/ATAPI-6 table 44): PIO default, PIO 0-4, multiword DMA 0-2, ultra DMA 0-5.</summary>
    internal static bool IsSupportedMode(byte mode) => (mode >> 3) switch
    {
        0 => (mode & 7) <= 1,
        1 => (mode & 7) <= 4,
        4 => (mode & 7) <= 2,
        8 => (mode & 7) <= 5,
        _ => false,
    };

    private void ReadNativeMax(bool is48)
    {
        if (!is48 && (Device & AtaDevice.Lba) == 0)
        {
            Fail(AtaError.Aborted);
            return;
        }
        _is48 = is48;
        StoreAddress(is48 ? Sectors - 1 : Math.Min(Sectors, MaxLba28) - 1);
        Succeed();
    }

    /// <summary>SMART: enable, disable, status (always "not failing"), and tables with nothing to report (ATA/ATAPI-6 8.41).</summary>
    private void Smart()
    {
        const byte readData = 0xD0, readThresholds = 0xD1, autosave = 0xD2, executeOffline = 0xD4, readLog = 0xD5, enable = 0xD8, disable = 0xD9, returnStatus = 0xDA;
        byte function = (byte)Features;
        if ((LbaMid & 0xFF) != 0x4F || (LbaHigh & 0xFF) != 0xC2 || (!_smart && function != enable))
        {
            Fail(AtaError.Aborted);
            return;
        }
        switch (function)
        {
            case readData:
            case readThresholds:
                byte[] table = new byte[SectorSize];
                table[0] = 0x10; // revision of the structure
                if (function == readData) table[367] = 0x10; // error logging: none; SMART capability: saves on its own
                table[511] = (byte)-table.Sum(b => b);
                OfferFixed(table);
                break;
            case readLog when (LbaLow & 0xFF) is 0 or 1 or 6 && (SectorCount & 0xFF) == 1:
                byte[] log = new byte[SectorSize];
                log[0] = 1; // version
                log[511] = 0xFF;
                OfferFixed(log);
                break;
            case autosave or executeOffline or returnStatus: // the registers keep 4Fh C2h: no threshold exceeded
                Succeed();
                break;
            case enable or disable:
                _smart = function == enable;
                Succeed();
                break;
            default:
                Fail(AtaError.Aborted);
                break;
        }
    }
}
