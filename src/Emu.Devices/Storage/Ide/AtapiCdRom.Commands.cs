namespace Emu.Devices.Storage.Ide;

/// <summary>Packet commands: control and reading.</summary>
public sealed partial class AtapiCdRom
{
    private const byte EventEjectRequest = 1, EventNewMedia = 2, EventMediaRemoval = 3;

    private void ExecutePacket()
    {
        byte opcode = _packet[0];
        if (_unitAttention && HasMedium && !PacketCommand.IgnoresUnitAttention(opcode))
        {
            _unitAttention = false;
            Check(ScsiSense.MediumChanged);
            return;
        }
        if (!HasMedium && PacketCommand.NeedsMedium(opcode))
        {
            Check(_trayOpen ? ScsiSense.NoMediumTrayOpen : ScsiSense.NoMedium);
            return;
        }
        switch (opcode)
        {
            case PacketCommand.TestUnitReady or PacketCommand.SynchronizeCache or PacketCommand.SetCdSpeed: EndCommand(); break;
            case PacketCommand.RequestSense: RequestSense(); break;
            case PacketCommand.Inquiry: Inquiry(); break;
            case PacketCommand.StartStopUnit: StartStopUnit(); break;
            case PacketCommand.PreventAllowRemoval:
                _locked = (_packet[4] & 1) != 0;
                EndCommand();
                break;
            case PacketCommand.ReadCapacity: ReadCapacity(); break;
            case PacketCommand.Read10: SendSectors(Packet32(2), Packet16(7), CdSectorParts.UserData); break;
            case PacketCommand.Read12: SendSectors(Packet32(2), Packet32(6), CdSectorParts.UserData); break;
            case PacketCommand.Seek10:
                if (Packet32(2) < MediumSectors) EndCommand();
                else Check(ScsiSense.AddressOutOfRange);
                break;
            case PacketCommand.ReadCd: ReadCd(Packet32(2), _packet[6] << 16 | _packet[7] << 8 | _packet[8]); break;
            case PacketCommand.ReadCdMsf:
                long start = CdSector.FromMsf(_packet[3], _packet[4], _packet[5]);
                ReadCd(start, Math.Max(0, CdSector.FromMsf(_packet[6], _packet[7], _packet[8]) - start));
                break;
            case PacketCommand.ReadToc: ReadToc(); break;
            case PacketCommand.ReadSubChannel: ReadSubChannel(); break;
            case PacketCommand.ReadDiscInformation: ReadDiscInformation(); break;
            case PacketCommand.ReadTrackInformation: ReadTrackInformation(); break;
            case PacketCommand.ReadDiscStructure: ReadDiscStructure(); break;
            case PacketCommand.GetConfiguration: GetConfiguration(); break;
            case PacketCommand.GetEventStatus: GetEventStatus(); break;
            case PacketCommand.MechanismStatus: MechanismStatus(); break;
            case PacketCommand.ModeSense10: ModeSense(); break;
            case PacketCommand.ModeSelect10: TakeParameterList(Packet16(7)); break; // nothing in it changes how an image is read
            default: Check(ScsiSense.InvalidOpcode); break;
        }
    }

    /// <summary>Fixed format sense data (SPC-2 7.23). Reporting it clears it.</summary>
    private void RequestSense()
    {
        ScsiSense sense = _sense;
        if (sense == ScsiSense.None && _unitAttention && HasMedium)
        {
            sense = ScsiSense.MediumChanged;
            _unitAttention = false;
        }
        Span<byte> data = stackalloc byte[18];
        data.Clear();
        data[0] = 0x70; // current
        data[2] = (byte)sense.Key;
        data[7] = (byte)(data.Length - 8);
        data[12] = sense.Code;
        data[13] = sense.Qualifier;
        Reply(data, _packet[4]);
        _sense = ScsiSense.None;
    }

    private void Inquiry()
    {
        if ((_packet[1] & 1) != 0) // vital product data: none
        {
            Check(ScsiSense.InvalidField);
            return;
        }
        Span<byte> data = stackalloc byte[36];
        data.Clear();
        data[0] = 0x05; // CD/DVD
        data[1] = 0x80; // removable
        data[3] = 0x21; // ATAPI, response format 1
        data[4] = (byte)(data.Length - 5);
        PutText(data.Slice(8, 8), "EMU");
        PutText(data.Slice(16, 16), _options.Model);
        PutText(data.Slice(32, 4), _options.Firmware);
        Reply(data, Packet16(3));

        static void PutText(Span<byte> target, string text)
        {
            for (int i = 0; i < target.Length; i++) target[i] = (byte)(i < text.Length && text[i] is >= ' ' and <= '~' ? text[i] : ' ');
        }
    }

    /// <summary>START STOP UNIT: LoEj moves the tray, Start says which way (SPC-2; MMC-3 6.46).</summary>
    private void StartStopUnit()
    {
        bool start = (_packet[4] & 1) != 0, loadEject = (_packet[4] & 2) != 0, powerCondition = (_packet[4] & 0xF0) != 0;
        if (loadEject && !powerCondition && start == _trayOpen)
        {
            if (!start && _locked)
            {
                Check(ScsiSense.RemovalPrevented);
                return;
            }
            _trayOpen = !start;
            _unitAttention = start && _medium is not null;
            _event = !start ? EventMediaRemoval : _medium is not null ? EventNewMedia : (byte)0;
        }
        EndCommand();
    }

    private void ReadCapacity()
    {
        Span<byte> data = stackalloc byte[8];
        Put32(data, 0, Math.Clamp(MediumSectors - 1, 0, uint.MaxValue));
        Put32(data, 4, CdSector.UserSize);
        Reply(data, data.Length);
    }

    /// <summary>READ CD and READ CD MSF (MMC-3 6.23, 6.24). All sectors are mode 1.</summary>
    private void ReadCd(long lba, long count)
    {
        int type = _packet[1] >> 2 & 7; // 0 any, 1 audio, 2 mode 1, 3-5 mode 2
        var parts = new CdSectorParts(_packet[9]);
        if (type is not (0 or 2)) Check(ScsiSense.IllegalModeForTrack);
        else if ((_packet[10] & 7) != 0 || (_packet[9] & 0x06) == 0x06) Check(ScsiSense.InvalidField); // no sub-channel data
        else SendSectors(lba, count, parts);
    }

    /// <summary>GET EVENT STATUS NOTIFICATION, polled, media class (MMC-3 6.7).</summary>
    private void GetEventStatus()
    {
        const byte media = 1 << 4, nothingAvailable = 0x80;
        if ((_packet[1] & 1) == 0) // asynchronous operation is not supported
        {
            Check(ScsiSense.InvalidField);
            return;
        }
        Span<byte> data = stackalloc byte[8];
        data.Clear();
        data[3] = media; // supported classes
        if ((_packet[4] & media) == 0)
        {
            Put16(data, 0, 2);
            data[2] = nothingAvailable;
            Reply(data[..4], Packet16(7));
            return;
        }
        Put16(data, 0, data.Length - 2);
        data[2] = 4; // media class
        data[4] = _event;
        data[5] = (byte)((HasMedium ? 2 : 0) | (_trayOpen ? 1 : 0));
        int allocated = Packet16(7);
        if (allocated > 4) _event = 0;
        Reply(data, allocated);
    }

    private void MechanismStatus()
    {
        Span<byte> data = stackalloc byte[8];
        data.Clear();
        if (_trayOpen) data[1] = 1 << 4;
        data[5] = 1; // slots
        Reply(data, Packet16(8));
    }
}
