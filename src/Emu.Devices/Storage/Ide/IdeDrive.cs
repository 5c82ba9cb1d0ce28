namespace Emu.Devices.Storage.Ide;

/// <summary>
/// One drive on an IDE cable: the command block registers, the data buffer behind the data port, and the hand-over of DMA data. What the
/// commands do is up to <see cref="AtaDisk"/> and <see cref="AtapiCdRom"/>. Registers: ATA/ATAPI-6 clause 7.
/// </summary>
/// <remarks>
/// Both drives of a channel latch every register write; each register keeps its previous value too, for 48-bit commands
/// (ATA/ATAPI-6 6.20). A write while the drive is busy or transfers data is ignored.
/// </remarks>
public abstract class IdeDrive : ISnapshotable
{
    /// <summary>Most sectors (of 512 bytes) a drive buffers.</summary>
    protected const int MaxBuffer = 1 << 20;

    private byte[] _buffer = [];

    /// <summary>What the drive's buffer is used for.</summary>
    public IdeTransfer Transfer { get; private set; }

    /// <summary>The status register as a read sees it; reading it this way has no side effect.</summary>
    public AtaStatus Status { get; protected set; }

    /// <summary>The error register.</summary>
    public byte Error { get; protected set; }

    /// <summary>Model name for the monitor.</summary>
    public abstract string Model { get; }

    /// <summary>The media, if any.</summary>
    public abstract IBlockBackend? Backend { get; }

    /// <summary>The channel it is attached to.</summary>
    protected IdeChannel? Channel { get; private set; }

    /// <summary>0 or 1.</summary>
    protected int Unit { get; private set; }

    /// <summary>Features register; bits 15-8 are its previous content, and so for the others.</summary>
    protected ushort Features { get; private set; }

    /// <summary>Sector count (interrupt reason in packet commands).</summary>
    protected ushort SectorCount { get; set; }

    /// <summary>LBA bits 7-0 / sector number.</summary>
    protected ushort LbaLow { get; set; }

    /// <summary>LBA bits 15-8 / cylinder low / byte count low.</summary>
    protected ushort LbaMid { get; set; }

    /// <summary>LBA bits 23-16 / cylinder high / byte count high.</summary>
    protected ushort LbaHigh { get; set; }

    /// <summary>Device register.</summary>
    protected AtaDevice Device { get; set; }

    /// <summary>Next byte of the buffer to transfer.</summary>
    protected int Position { get; set; }

    /// <summary>End of the data in the buffer for the transfer under way.</summary>
    protected int End { get; set; }

    /// <summary>The buffer.</summary>
    protected byte[] Buffer => _buffer;

    /// <summary>The request the drive waits for.</summary>
    protected BlockRequest? Pending { get; private set; }

    /// <summary>Whether the drive wants the bus master to move data.</summary>
    internal bool WantsDma { get; private set; }

    private bool IsOccupied => (Status & (AtaStatus.Busy | AtaStatus.DataRequest)) != 0;

    internal void Attach(IdeChannel channel, int unit)
    {
        Channel = channel;
        Unit = unit;
        PowerOn();
    }

    /// <summary>Power-on reset.</summary>
    public void PowerOn()
    {
        ResetSettings();
        CompleteReset();
    }

    /// <summary>What SRST or a power-on reset leaves: the signature that tells what the drive is, and no error.</summary>
    public void CompleteReset()
    {
        AbandonRequest();
        EndTransfer();
        AfterReset();
        Features = 0;
        Device = AtaDevice.None;
        SetSignature();
        Error = 0x01; // diagnostic passed
    }

    /// <summary>Holds the drive busy while SRST is asserted.</summary>
    internal void EnterReset()
    {
        AbandonRequest();
        EndTransfer();
        Status = AtaStatus.Busy;
    }

    /// <summary>Reads command block register 1-7. Does not acknowledge the interrupt; the channel does.</summary>
    internal byte ReadRegister(int register, bool previous)
    {
        int shift = previous ? 8 : 0;
        return register switch
        {
            1 => Error,
            2 => (byte)(SectorCount >> shift),
            3 => (byte)(LbaLow >> shift),
            4 => (byte)(LbaMid >> shift),
            5 => (byte)(LbaHigh >> shift),
            6 => (byte)(Device | AtaDevice.Obsolete),
            _ => (byte)Status,
        };
    }

    /// <summary>Writes command block register 1-6.</summary>
    internal void WriteRegister(int register, byte value)
    {
        if (IsOccupied) return;
        switch (register)
        {
            case 1: Features = Push(Features, value); break;
            case 2: SectorCount = Push(SectorCount, value); break;
            case 3: LbaLow = Push(LbaLow, value); break;
            case 4: LbaMid = Push(LbaMid, value); break;
            case 5: LbaHigh = Push(LbaHigh, value); break;
            default: Device = (AtaDevice)value; break;
        }

        static ushort Push(ushort register, byte value) => (ushort)(register << 8 | value);
    }

    /// <summary>Starts a command. A busy drive takes none but DEVICE RESET, if it has that.</summary>
    internal void WriteCommand(byte command)
    {
        if (IsOccupied && !(command == AtaCommand.DeviceReset && HasDeviceReset)) return;
        AbandonRequest();
        EndTransfer();
        Error = 0;
        Status = AtaStatus.Busy;
        Execute(command);
    }

    /// <summary>Reads the data port, 1, 2 or 4 bytes.</summary>
    internal uint ReadData(int size)
    {
        if (Transfer != IdeTransfer.PioIn || (Status & AtaStatus.DataRequest) == 0) return 0;
        uint value = 0;
        for (int i = 0; i < size && Position + i < End; i++) value |= (uint)_buffer[Position + i] << (8 * i);
        Position += Math.Max(size, 2);
        if (Position >= End) EndBlock();
        return value;
    }

    /// <summary>Writes the data port.</summary>
    internal void WriteData(uint value, int size)
    {
        if (Transfer != IdeTransfer.PioOut || (Status & AtaStatus.DataRequest) == 0) return;
        for (int i = 0; i < size && Position + i < End; i++) _buffer[Position + i] = (byte)(value >> (8 * i));
        Position += Math.Max(size, 2);
        if (Position >= End) EndBlock();
    }

    /// <summary>The bus master runs and this drive asked for it: move data or start the disk access that provides it.</summary>
    internal void ServiceDma()
    {
        if (WantsDma && Pending is null) ContinueDma();
    }

    /// <inheritdoc/>
    public virtual void SaveState(BinaryWriter writer)
    {
        writer.Write((byte)Transfer);
        writer.Write((byte)Status);
        writer.Write(Error);
        writer.Write(Features);
        writer.Write(SectorCount);
        writer.Write(LbaLow);
        writer.Write(LbaMid);
        writer.Write(LbaHigh);
        writer.Write((byte)Device);
        writer.Write(Position);
        writer.Write(End);
        writer.Write(WantsDma);
        writer.Write(_buffer.Length);
        writer.Write(_buffer);
        SavePending(writer);
    }

    /// <inheritdoc/>
    public virtual void LoadState(BinaryReader reader)
    {
        AbandonRequest();
        Transfer = (IdeTransfer)reader.ReadByte();
        Status = (AtaStatus)reader.ReadByte();
        Error = reader.ReadByte();
        Features = reader.ReadUInt16();
        SectorCount = reader.ReadUInt16();
        LbaLow = reader.ReadUInt16();
        LbaMid = reader.ReadUInt16();
        LbaHigh = reader.ReadUInt16();
        Device = (AtaDevice)reader.ReadByte();
        Position = reader.ReadInt32();
        End = reader.ReadInt32();
        WantsDma = reader.ReadBoolean();
        int length = reader.ReadInt32();
        if (length is < 0 or > MaxBuffer || Position < 0 || End < 0 || End > length) throw new InvalidDataException("IDE drive state is damaged");
        _buffer = reader.ReadBytes(length);
        LoadPending(reader);
    }

    /// <summary>Whether the drive implements DEVICE RESET (packet devices do).</summary>
    protected virtual bool HasDeviceReset => false;

    /// <summary>Carries out a command; the status register is BSY.</summary>
    protected abstract void Execute(byte command);

    /// <summary>Writes the signature of the drive's kind into the registers and the status that goes with it (ATA/ATAPI-6 9.12).</summary>
    protected abstract void SetSignature();

    /// <summary>Settings that only a power-on reset restores.</summary>
    protected abstract void ResetSettings();

    /// <summary>What else any reset changes.</summary>
    protected virtual void AfterReset()
    {
    }

    /// <summary>The host has read, or filled, the last byte of the buffer.</summary>
    protected abstract void BlockDone();

    /// <summary>Move DMA data; see <see cref="ServiceDma"/>.</summary>
    protected abstract void ContinueDma();

    /// <summary>A request restored from a snapshot, or just submitted, has ended.</summary>
    protected abstract void RequestDone(BlockRequest request);

    /// <summary>Ends a command well.</summary>
    protected void Succeed()
    {
        EndTransfer();
        Error = 0;
        Status = AtaStatus.Ready | AtaStatus.SeekComplete;
        Channel?.RaiseInterrupt(this);
    }

    /// <summary>Ends a command with an error.</summary>
    protected void Fail(AtaError error)
    {
        EndTransfer();
        Error = (byte)error;
        Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.Error;
        Channel?.RaiseInterrupt(this);
    }

    /// <summary>Offers [position, end) of the buffer to the data port.</summary>
    protected void OfferData(int position, int end)
    {
        Transfer = IdeTransfer.PioIn;
        Position = position;
        End = end;
        Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.DataRequest;
        Channel?.RaiseInterrupt(this);
    }

    /// <summary>Asks the host for <paramref name="length"/> bytes through the data port.</summary>
    protected void AskForData(int length, bool interrupt)
    {
        Reserve(length);
        Transfer = IdeTransfer.PioOut;
        Position = 0;
        End = length;
        Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.DataRequest;
        if (interrupt) Channel?.RaiseInterrupt(this);
    }

    /// <summary>Asks the bus master to move data.</summary>
    protected void AskForDma(bool toMemory)
    {
        Transfer = toMemory ? IdeTransfer.DmaIn : IdeTransfer.DmaOut;
        Position = End = 0;
        Status = AtaStatus.Busy | AtaStatus.Ready | AtaStatus.SeekComplete;
        WantsDma = true;
        Channel?.DmaRequested(this);
    }

    /// <summary>Makes the buffer at least this long.</summary>
    protected void Reserve(int length)
    {
        if (_buffer.Length < length) Array.Resize(ref _buffer, length);
    }

    /// <summary>Starts a disk access; BSY stays set until it ends.</summary>
    protected void Submit(BlockRequest request, long deadline = 0)
    {
        Status = AtaStatus.Busy | AtaStatus.Ready | AtaStatus.SeekComplete;
        Pending = request;
        if (Backend is { } backend) backend.Submit(request, deadline);
        else Pending = null;
    }

    /// <summary>Makes a request on the first <paramref name="length"/> bytes of the buffer.</summary>
    protected BlockRequest BufferRequest(BlockOperation operation, long offset, int length, bool flushAfter = false)
    {
        Reserve(length);
        return new BlockRequest(operation, offset, _buffer.AsMemory(0, length), OnRequestDone, flushAfter);
    }

    /// <summary>Makes a request without data.</summary>
    protected BlockRequest PlainRequest(BlockOperation operation, long offset, long length) => new(operation, offset, length, OnRequestDone);

    private void OnRequestDone(BlockRequest request)
    {
        if (request != Pending) return; // a reset came between
        Pending = null;
        RequestDone(request);
    }

    private void EndBlock()
    {
        Status = AtaStatus.Busy;
        BlockDone();
    }

    private void EndTransfer()
    {
        Transfer = IdeTransfer.None;
        WantsDma = false;
        Position = End = 0;
    }

    /// <summary>Forgets a request under way. The backend may still use the buffer, so the drive takes another.</summary>
    protected void AbandonRequest()
    {
        if (Pending is null) return;
        Backend?.Abandon();
        Pending = null;
        _buffer = [];
    }

    private void SavePending(BinaryWriter writer)
    {
        writer.Write(Pending is not null);
        if (Pending is null) return;
        writer.Write((byte)Pending.Operation);
        writer.Write(Pending.Offset);
        writer.Write(Pending.Length);
        writer.Write(Pending.FlushAfter);
        writer.Write(Pending.Deadline);
    }

    /// <summary>Starts the saved request again; it reads or writes the same data.</summary>
    private void LoadPending(BinaryReader reader)
    {
        if (!reader.ReadBoolean()) return;
        var operation = (BlockOperation)reader.ReadByte();
        long offset = reader.ReadInt64(), length = reader.ReadInt64();
        bool flushAfter = reader.ReadBoolean();
        long deadline = reader.ReadInt64();
        if (operation is BlockOperation.Read or BlockOperation.Write)
        {
            if (length < 0 || length > _buffer.Length) throw new InvalidDataException("IDE drive state is damaged");
            Submit(BufferRequest(operation, offset, (int)length, flushAfter), deadline);
        }
        else Submit(PlainRequest(operation, offset, length), deadline);
    }
}
