namespace Emu.Devices.Storage.Ide;

/// <summary>Packet commands that describe the disc and the drive.</summary>
public sealed partial class AtapiCdRom
{
    /// <summary>The longest CD: 80 minutes. Larger images are DVDs.</summary>
    private const long MaxCdSectors = 80 * 60 * 75;

    private const byte DataTrack = 0x14; // ADR 1, data track, digital copy prohibited
    private const byte LeadOut = 0xAA;
    private const ushort ProfileCdRom = 0x0008, ProfileDvdRom = 0x0010;

    private bool IsDvd => MediumSectors > MaxCdSectors;

    private ushort Profile => !HasMedium ? (ushort)0 : IsDvd ? ProfileDvdRom : ProfileCdRom;

    /// <summary>READ TOC/PMA/ATIP formats 0, 1 and 2 of a disc with one data track (MMC-3 6.30).</summary>
    private void ReadToc()
    {
        bool msf = (_packet[1] & 2) != 0;
        int format = _packet[2] & 0x0F;
        if (format == 0) format = _packet[9] >> 6; // where SFF-8020 drives had it
        int allocated = Packet16(7);
        Span<byte> data = stackalloc byte[4 + 4 * 11];
        data.Clear();
        data[2] = data[3] = 1; // first and last track or session
        int length = 4;
        switch (format)
        {
            case 0 when _packet[6] is <= 1 or LeadOut:
                if (_packet[6] <= 1) length = AddTocEntry(data, length, 1, 0, msf);
                length = AddTocEntry(data, length, LeadOut, MediumSectors, msf);
                break;
            case 1:
                length = AddTocEntry(data, length, 1, 0, msf);
                break;
            case 2:
                length = AddRawEntry(data, length, 0xA0, (1, 0, 0)); // first track; CD-ROM
                length = AddRawEntry(data, length, 0xA1, (1, 0, 0)); // last track
                length = AddRawEntry(data, length, 0xA2, CdSector.ToMsf(MediumSectors));
                length = AddRawEntry(data, length, 1, CdSector.ToMsf(0));
                break;
            default:
                Check(ScsiSense.InvalidField);
                return;
        }
        Put16(data, 0, length - 2);
        Reply(data[..length], allocated);
    }

    private static int AddTocEntry(Span<byte> data, int at, byte track, long lba, bool msf)
    {
        data[at + 1] = DataTrack;
        data[at + 2] = track;
        PutAddress(data, at + 4, lba, msf);
        return at + 8;
    }

    private static int AddRawEntry(Span<byte> data, int at, byte point, (byte Minute, byte Second, byte Frame) position)
    {
        data[at] = 1; // session
        data[at + 1] = DataTrack;
        data[at + 3] = point;
        data[at + 8] = position.Minute;
        data[at + 9] = position.Second;
        data[at + 10] = position.Frame;
        return at + 11;
    }

    private static void PutAddress(Span<byte> data, int at, long lba, bool msf)
    {
        if (!msf)
        {
            Put32(data, at, lba);
            return;
        }
        (data[at + 1], data[at + 2], data[at + 3]) = CdSector.ToMsf(lba);
    }

    /// <summary>READ SUB-CHANNEL (MMC-3 6.28): no audio plays; format 1 tells the position, which is the start.</summary>
    private void ReadSubChannel()
    {
        bool msf = (_packet[1] & 2) != 0, subQ = (_packet[2] & 0x40) != 0;
        Span<byte> data = stackalloc byte[16];
        data.Clear();
        data[1] = 0x15; // no audio status
        if (!subQ)
        {
            Reply(data[..4], Packet16(7));
            return;
        }
        if (_packet[3] != 1)
        {
            Check(ScsiSense.InvalidField);
            return;
        }
        Put16(data, 2, 12);
        data[4] = 1;
        data[5] = DataTrack;
        data[6] = data[7] = 1; // track, index
        PutAddress(data, 8, 0, msf);
        PutAddress(data, 12, 0, msf);
        Reply(data, Packet16(7));
    }

    private void ReadDiscInformation()
    {
        Span<byte> data = stackalloc byte[34];
        data.Clear();
        Put16(data, 0, data.Length - 2);
        data[2] = 0x0E; // not erasable, last session complete, disc complete
        data[3] = 1; // first track
        data[4] = 1; // sessions
        data[5] = data[6] = 1; // first and last track of the last session
        data[7] = 0x20; // unrestricted use
        data[16] = data[17] = data[18] = data[19] = 0xFF; // no lead-in start of a next session
        data[20] = data[21] = data[22] = data[23] = 0xFF;
        Reply(data, Packet16(7));
    }

    private void ReadTrackInformation()
    {
        int kind = _packet[1] & 3; // 0 address, 1 track number, 2 session number
        uint value = Packet32(2);
        bool exists = kind switch { 0 => value < MediumSectors, 1 or 2 => value is 1 or 0xFF, _ => false };
        if (!exists)
        {
            Check(ScsiSense.InvalidField);
            return;
        }
        Span<byte> data = stackalloc byte[36];
        data.Clear();
        Put16(data, 0, data.Length - 2);
        data[2] = data[3] = 1; // track and session
        data[5] = 4; // data track
        data[6] = 1; // mode 1
        Put32(data, 24, MediumSectors);
        Reply(data, Packet16(7));
    }

    /// <summary>READ DVD STRUCTURE: physical format, manufacturer, copyright (MMC-3 6.27). CDs have none.</summary>
    private void ReadDiscStructure()
    {
        int allocated = Packet16(8);
        Span<byte> data = stackalloc byte[4 + 2048];
        data.Clear();
        int length;
        switch (_packet[7])
        {
            case 0x00 when IsDvd:
                data[4] = 1; // DVD-ROM, version 1
                data[5] = 0x0F; // 120 mm, rate not specified
                data[6] = 0x01; // one layer, read-only
                Put32(data, 8, 0x30000);
                Put32(data, 12, 0x30000 + MediumSectors - 1);
                length = 4 + 2048;
                break;
            case 0x01 when IsDvd: // no copyright protection
                length = 4 + 4;
                break;
            case 0x04 when IsDvd: // nothing from the manufacturer
                length = 4 + 2048;
                break;
            case 0xFF when IsDvd:
                ReadOnlySpan<byte> formats = [0x00, 0x01, 0x04];
                length = 4;
                foreach (byte format in formats)
                {
                    data[length] = format;
                    data[length + 1] = 1 << 6; // readable
                    Put16(data, length + 2, format == 1 ? 6 : 2050);
                    length += 4;
                }
                break;
            default:
                Check(IsDvd ? ScsiSense.InvalidField : new ScsiSense(ScsiSenseKey.IllegalRequest, 0x30, 0x02)); // incompatible format
                return;
        }
        Put16(data, 0, length - 2);
        Reply(data[..length], allocated);
    }

    /// <summary>GET CONFIGURATION: features of a DVD-ROM drive (MMC-3 6.6, clause 5).</summary>
    private void GetConfiguration()
    {
        int request = _packet[1] & 3, start = Packet16(2);
        if (request == 3)
        {
            Check(ScsiSense.InvalidField);
            return;
        }
        ushort profile = Profile;
        var data = new List<byte>(new byte[8]);
        Add(0x0000, 0, true, ProfileDvdRom >> 8, ProfileDvdRom & 0xFF, Flag(profile == ProfileDvdRom), 0, ProfileCdRom >> 8, ProfileCdRom & 0xFF, Flag(profile == ProfileCdRom), 0);
        Add(0x0001, 1, true, 0, 0, 0, 2, 1, 0, 0, 0); // core: ATAPI; event status
        Add(0x0002, 1, true, 2, 0, 0, 0); // morphing: operational change events
        Add(0x0003, 0, true, 1 << 5 | 1 << 3 | 1, 0, 0, 0); // removable: tray, eject, lock
        Add(0x0010, 0, HasMedium, 0, 0, 8, 0, 0, 1, 0, 0); // random readable: 2048-byte blocks, one a packet
        Add(0x001D, 0, profile == ProfileCdRom); // multi-read
        Add(0x001E, 1, profile == ProfileCdRom, 0, 0, 0, 0); // CD read
        Add(0x001F, 0, profile == ProfileDvdRom); // DVD read
        Add(0x0100, 0, true); // power management
        byte[] reply = [.. data];
        Put32(reply, 0, reply.Length - 4);
        Put16(reply, 6, profile);
        Reply(reply, Packet16(7));

        static byte Flag(bool current) => (byte)(current ? 1 : 0);

        void Add(int feature, int version, bool current, params ReadOnlySpan<byte> body)
        {
            bool wanted = request == 2 ? feature == start : feature >= start && (request == 0 || current);
            if (!wanted) return;
            bool persistent = feature is 0x0000 or 0x0001 or 0x0002 or 0x0003 or 0x0100;
            data.AddRange([(byte)(feature >> 8), (byte)feature, (byte)(version << 2 | (persistent ? 2 : 0) | Flag(current)), (byte)body.Length]);
            data.AddRange(body);
        }
    }

    /// <summary>MODE SENSE (10): error recovery, audio control, power condition and capabilities pages (MMC-3 6.14, 6.3).</summary>
    private void ModeSense()
    {
        const int saved = 3, changeable = 1;
        int control = _packet[2] >> 6, code = _packet[2] & 0x3F;
        if (control == saved)
        {
            Check(ScsiSense.SavingNotSupported);
            return;
        }
        var data = new List<byte>(new byte[8]);
        AddPage(0x01, 0, 5, 0, 0, 0, 0); // retries
        AddPage(0x0E, 4, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0); // immediate; 75 blocks a second; both channels full volume
        AddPage(0x1A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        byte loading = (byte)(1 << 5 | 1 << 3 | (_locked ? 1 << 1 : 0) | 1); // tray; eject and lock possible
        // Reads CD-R, CD-RW, method 2, DVD; mode 2 forms and multisession; 5664 KB/s (32x), 2 volume levels, 512 KB buffer.
        AddPage(0x2A, 0x0F, 0, 0x70, 0, loading, 0, 0x16, 0x20, 0, 2, 2, 0, 0x16, 0x20, 0, 0, 0, 0);
        if (data.Count == 8)
        {
            Check(ScsiSense.InvalidField);
            return;
        }
        byte[] reply = [.. data];
        Put16(reply, 0, reply.Length - 2);
        reply[2] = (byte)(_trayOpen ? 0x71 : HasMedium ? 0x01 : 0x70); // door open, 120 mm data disc, no disc
        Reply(reply, Packet16(7));

        void AddPage(byte page, params ReadOnlySpan<byte> body)
        {
            if (code != page && code != 0x3F) return;
            data.Add(page);
            data.Add((byte)body.Length);
            if (control == changeable) data.AddRange(new byte[body.Length]);
            else data.AddRange(body);
        }
    }
}
