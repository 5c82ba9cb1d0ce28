using System.Buffers.Binary;
using System.Text;

using Emu.Mmu;

namespace Emu.Devices.Firmware;

/// <summary>
/// The firmware configuration device (fw_cfg) at I/O ports 0x510 to 0x51B: how SeaBIOS, OVMF, GRUB and Linux learn what
/// the board is made of, and where they fetch ACPI and SMBIOS tables, option ROMs and a kernel to boot.
/// </summary>
/// <remarks>
/// Offset 0 is the 16-bit selector, offset 1 the 8-bit data port, offsets 4 to 11 the big-endian DMA address register
/// (fw_cfg specification, "Register Locations" and "Guest-side DMA Interface").
/// </remarks>
public sealed class FwCfg : IPortDevice, ISnapshotable, IResettable
{
    /// <summary>First I/O port.</summary>
    public const ushort FirstPort = 0x510;

    /// <summary>Number of I/O ports.</summary>
    public const ushort PortCount = 12;

    /// <summary>Longest file name in bytes, its NUL included.</summary>
    public const int MaxFileName = 56;

    private const int SelectorOffset = 0;
    private const int DataOffset = 1;
    private const int DmaAddressHigh = 4;
    private const int DmaAddressLow = 8;
    private const ulong DmaSignature = 0x51454D5520434647; // "QEMU CFG"
    private const uint FeatureTraditional = 1;
    private const uint FeatureDma = 2;

    private const uint DmaError = 1;
    private const uint DmaRead = 2;
    private const uint DmaSkip = 4;
    private const uint DmaSelect = 8;
    private const uint DmaWrite = 16;
    private const int DmaDescriptorSize = 16;
    private const int DmaChunk = 64 * 1024;
    private const ulong HighestTarget = (1ul << 52) - 1;

    private readonly IBusMemory _memory;
    private readonly Dictionary<ushort, FwCfgItem> _items = [];
    private readonly SortedDictionary<string, FwCfgItem> _files = new(StringComparer.Ordinal);
    private ushort _selector = FwCfgKey.Invalid;
    private uint _position;
    private uint _dmaHigh;

    /// <summary>Makes the device with its signature and feature entries.</summary>
    /// <param name="memory">The memory that DMA reaches.</param>
    public FwCfg(IBusMemory memory)
    {
        _memory = memory;
        AddBytes(FwCfgKey.Signature, "QEMU"u8.ToArray());
        AddUInt32(FwCfgKey.Id, FeatureTraditional | FeatureDma);
        RebuildDirectory();
    }

    /// <inheritdoc/>
    public int MaxPortAccessSize => 4;

    /// <summary>Names of the files, in directory order.</summary>
    public IReadOnlyCollection<string> FileNames => _files.Keys;

    /// <summary>Sets the bytes of a numbered entry.</summary>
    public void AddBytes(ushort key, byte[] data) => _items[Normalize(key)] = new FwCfgItem(data, false, null, null);

    /// <summary>Sets a numbered entry to a little-endian 16-bit value.</summary>
    public void AddUInt16(ushort key, ushort value) => AddBytes(key, LittleEndian(value, 2));

    /// <summary>Sets a numbered entry to a little-endian 32-bit value.</summary>
    public void AddUInt32(ushort key, uint value) => AddBytes(key, LittleEndian(value, 4));

    /// <summary>Sets a numbered entry to a little-endian 64-bit value.</summary>
    public void AddUInt64(ushort key, ulong value) => AddBytes(key, LittleEndian(value, 8));

    /// <summary>Sets a numbered entry to a NUL-terminated string.</summary>
    public void AddString(ushort key, string value) => AddBytes(key, Encoding.UTF8.GetBytes(value + "\0"));

    /// <summary>Adds or replaces a named file. Selectors follow the names' ordinal order from 0x20 on.</summary>
    /// <param name="name">Path such as <c>etc/e820</c>, at most 55 bytes of ASCII.</param>
    /// <param name="data">The content.</param>
    /// <param name="writable">True lets the guest overwrite the content by DMA (its length stays).</param>
    /// <param name="written">Called with the content after the guest wrote a writable file.</param>
    /// <exception cref="ArgumentException">The name is empty, too long or not ASCII.</exception>
    public void AddFile(string name, byte[] data, bool writable = false, Action<byte[]>? written = null)
        => AddFile(name, new FwCfgItem(writable ? [.. data] : data, writable, null, written));

    /// <summary>Adds a file whose content is made anew each time the guest selects it.</summary>
    /// <param name="name">Path, at most 55 bytes of ASCII.</param>
    /// <param name="build">Makes the content; its length must not change, for the directory announces it.</param>
    public void AddFile(string name, Func<byte[]> build) => AddFile(name, new FwCfgItem(build(), false, build, null));

    /// <summary>Adds a file that holds a little-endian integer of <paramref name="size"/> bytes, as SeaBIOS's settings are kept.</summary>
    public void AddFileInteger(string name, ulong value, int size = 4) => AddFile(name, LittleEndian(value, size));

    /// <summary>Adds a file that holds a NUL-terminated string.</summary>
    public void AddFileString(string name, string value) => AddFile(name, Encoding.UTF8.GetBytes(value + "\0"));

    /// <summary>The current content of a file (for the host side and tests), or null when there is none of that name.</summary>
    public byte[]? ReadFile(string name) => _files.TryGetValue(name, out FwCfgItem? item) ? item.Data : null;

    /// <summary>The current content of a numbered entry, or null when it is empty.</summary>
    public byte[]? ReadItem(ushort key) => _items.TryGetValue(Normalize(key), out FwCfgItem? item) ? item.Data : null;

    /// <summary>Deselects every entry. Contents stay: writable files survive a reset as the firmware expects.</summary>
    public void Reset()
    {
        Select(FwCfgKey.Signature);
        _dmaHigh = 0;
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size)
    {
        if (offset == DataOffset && size == 1)
            return ReadDataByte();
        if (offset == SelectorOffset && size > 1)
            return (uint)ReadDataByte() << 8;
        if (offset >= DmaAddressHigh && offset + size <= PortCount)
        {
            uint value = 0;
            for (int i = 0; i < size; i++)
                value |= (uint)(byte)(DmaSignature >> (8 * (7 - (offset - DmaAddressHigh + i)))) << (8 * i);
            return value;
        }
        return 0;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        switch (offset)
        {
            case SelectorOffset when size == 2:
                Select((ushort)value);
                break;
            case DmaAddressHigh when size == 4:
                _dmaHigh = BinaryPrimitives.ReverseEndianness(value);
                break;
            case DmaAddressLow when size == 4:
                ulong address = (ulong)_dmaHigh << 32 | BinaryPrimitives.ReverseEndianness(value);
                _dmaHigh = 0;
                RunDma(address);
                break;
        }
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_selector);
        writer.Write(_position);
        writer.Write(_dmaHigh);
        KeyValuePair<string, FwCfgItem>[] changing = [.. _files.Where(f => f.Value.Volatile)];
        writer.Write(changing.Length);
        foreach ((string name, FwCfgItem item) in changing)
        {
            writer.Write(name);
            writer.Write(item.Data.Length);
            writer.Write(item.Data);
        }
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _selector = reader.ReadUInt16();
        _position = reader.ReadUInt32();
        _dmaHigh = reader.ReadUInt32();
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            int length = reader.ReadInt32();
            if (!_files.TryGetValue(name, out FwCfgItem? item) || !item.Volatile || length != item.Data.Length)
                throw new InvalidDataException($"The snapshot holds a fw_cfg file '{name}' of {length} bytes that this machine does not have.");
            byte[] data = reader.ReadBytes(length);
            if (data.Length != length)
                throw new EndOfStreamException();
            item.Restore(data);
        }
    }

    private static ushort Normalize(ushort key) => (ushort)(key & ~FwCfgKey.WriteChannel);

    private static byte[] LittleEndian(ulong value, int size)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes[..size];
    }

    private void AddFile(string name, FwCfgItem item)
    {
        if (name.Length == 0 || name.Length >= MaxFileName || !Ascii.IsValid(name))
            throw new ArgumentException($"fw_cfg file name '{name}' must be 1 to {MaxFileName - 1} ASCII characters.", nameof(name));
        _files[name] = item;
        RebuildDirectory();
    }

    /// <summary>The directory: big-endian count, then 64 bytes a file: size (32), selector (16), reserved (16), name.</summary>
    private void RebuildDirectory()
    {
        const int entrySize = 64;
        byte[] directory = new byte[4 + _files.Count * entrySize];
        BinaryPrimitives.WriteInt32BigEndian(directory, _files.Count);
        int index = 0;
        foreach ((string name, FwCfgItem item) in _files)
        {
            ushort key = (ushort)(FwCfgKey.FileFirst + index);
            Span<byte> entry = directory.AsSpan(4 + index * entrySize, entrySize);
            BinaryPrimitives.WriteInt32BigEndian(entry, item.Data.Length);
            BinaryPrimitives.WriteUInt16BigEndian(entry[4..], key);
            Encoding.ASCII.GetBytes(name, entry[8..]);
            _items[key] = item;
            index++;
        }
        AddBytes(FwCfgKey.FileDirectory, directory);
    }

    private void Select(ushort key)
    {
        _selector = Normalize(key);
        _position = 0;
        if (_items.TryGetValue(_selector, out FwCfgItem? item))
            item.Refresh();
        else
            _selector = FwCfgKey.Invalid;
    }

    private byte ReadDataByte()
    {
        if (!_items.TryGetValue(_selector, out FwCfgItem? item) || _position >= item.Data.Length)
            return 0;
        return item.Data[_position++];
    }

    /// <summary>
    /// Performs the operation that the descriptor at <paramref name="address"/> (control, length, address; big-endian) asks
    /// for, and writes control back: 0, or the error bit.
    /// </summary>
    private void RunDma(ulong address)
    {
        Span<byte> descriptor = stackalloc byte[DmaDescriptorSize];
        Span<byte> result = stackalloc byte[4];
        result.Clear();
        _memory.Read(address, descriptor);
        uint control = BinaryPrimitives.ReadUInt32BigEndian(descriptor);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(descriptor[4..]);
        ulong target = BinaryPrimitives.ReadUInt64BigEndian(descriptor[8..]);
        if ((control & DmaSelect) != 0)
            Select((ushort)(control >> 16));
        bool good = true;
        if ((control & DmaRead) != 0)
            good = DmaReadItem(target, length);
        else if ((control & DmaWrite) != 0)
            good = DmaWriteItem(target, length);
        else if ((control & DmaSkip) != 0)
            Advance(length);
        BinaryPrimitives.WriteUInt32BigEndian(result, good ? 0 : DmaError);
        _memory.Write(address, result);
    }

    private bool DmaReadItem(ulong target, uint length)
    {
        byte[] data = _items.TryGetValue(_selector, out FwCfgItem? item) ? item.Data : [];
        uint available = Math.Min(length, _position < data.Length ? (uint)data.Length - _position : 0);
        if (target > HighestTarget)
            return false;
        _memory.Write(target, data.AsSpan((int)Math.Min(_position, data.Length), (int)available));
        Advance(available);
        ReadOnlySpan<byte> zeros = new byte[Math.Min(length - available, DmaChunk)];
        for (uint done = available; done < length;)
        {
            int count = (int)Math.Min(length - done, DmaChunk);
            _memory.Write(target + done, zeros[..count]);
            done += (uint)count;
        }
        return true;
    }

    private bool DmaWriteItem(ulong target, uint length)
    {
        if (!_items.TryGetValue(_selector, out FwCfgItem? item) || !item.Writable
            || _position >= item.Data.Length || length > item.Data.Length - _position)
            return false;
        _memory.Read(target, item.Data.AsSpan((int)_position, (int)length));
        Advance(length);
        item.NotifyWritten();
        return true;
    }

    private void Advance(uint length)
    {
        int size = _items.TryGetValue(_selector, out FwCfgItem? item) ? item.Data.Length : 0;
        _position = (uint)Math.Min((ulong)_position + length, (ulong)size);
    }
}
