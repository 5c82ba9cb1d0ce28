using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <content>Reads and writes: direct memory, devices with their splitting rules, and addresses nobody decodes.</content>
public sealed unsafe partial class AddressSpace
{
    /// <inheritdoc/>
    public void Read(ulong physical, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int index = Find(physical);
            int length = RunLength(index, physical, destination.Length);
            if (index < 0)
            {
                destination[..length].Fill(0xFF);
            }
            else if (_ranges[index].Host != null)
            {
                ref FlatRange range = ref _ranges[index];
                new ReadOnlySpan<byte>(range.Host + (physical - range.Start), length).CopyTo(destination);
            }
            else
            {
                length = PieceLength(in _ranges[index], physical, length);
                ulong value = ReadDevice(in _ranges[index], physical, length);
                for (int i = 0; i < length; i++)
                {
                    destination[i] = (byte)(value >> (8 * i));
                }
            }

            physical += (ulong)length;
            destination = destination[length..];
        }
    }

    /// <inheritdoc/>
    public void Write(ulong physical, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int index = Find(physical);
            int length = RunLength(index, physical, source.Length);
            if (index >= 0)
            {
                ref FlatRange range = ref _ranges[index];
                if (range.Writable)
                {
                    byte* host = range.Host + (physical - range.Start);
                    source[..length].CopyTo(new Span<byte>(host, length));
                    _memory.NotifyWrite(host, (ulong)length);
                }
                else if (range.Device is not null)
                {
                    length = PieceLength(in range, physical, length);
                    ulong value = 0;
                    for (int i = 0; i < length; i++)
                    {
                        value |= (ulong)source[i] << (8 * i);
                    }

                    WriteDevice(in range, physical, length, value);
                }
            }

            physical += (ulong)length;
            source = source[length..];
        }
    }

    /// <summary>Fills a range with one byte value, as a bus master that clears memory.</summary>
    public void Fill(ulong physical, ulong length, byte value)
    {
        Span<byte> chunk = stackalloc byte[512];
        chunk.Fill(value);
        while (length != 0)
        {
            int here = (int)Math.Min(length, (ulong)chunk.Length);
            Write(physical, chunk[..here]);
            physical += (ulong)here;
            length -= (ulong)here;
        }
    }

    /// <summary>Reads 1-8 bytes, little-endian; the processor's slow path. Bits above the size are 0.</summary>
    public ulong Read(ulong physical, int size)
    {
        int index = Find(physical);
        if (index >= 0)
        {
            ref FlatRange range = ref _ranges[index];
            if ((ulong)size <= range.End - physical)
            {
                if (range.Host != null)
                {
                    return ReadHost(range.Host + (physical - range.Start), size);
                }

                if (PieceLength(in range, physical, size) == size)
                {
                    return ReadDevice(in range, physical, size);
                }
            }
        }

        ulong value = 0;
        Read(physical, new Span<byte>(&value, size));
        return value;
    }

    /// <summary>Writes the low 1-8 bytes of a value, little-endian; the processor's slow path.</summary>
    public void Write(ulong physical, int size, ulong value)
    {
        int index = Find(physical);
        if (index >= 0)
        {
            ref FlatRange range = ref _ranges[index];
            if ((ulong)size <= range.End - physical)
            {
                if (range.Writable)
                {
                    byte* host = range.Host + (physical - range.Start);
                    WriteHost(host, size, value);
                    _memory.NotifyWrite(host, (ulong)size);
                    return;
                }

                if (range.Device is null)
                {
                    return;
                }

                if (PieceLength(in range, physical, size) == size)
                {
                    WriteDevice(in range, physical, size, value);
                    return;
                }
            }
        }

        Write(physical, new ReadOnlySpan<byte>(&value, size));
    }

    /// <summary>
    /// Reads for a debugger: memory, and those devices that can be read without a trace (<see cref="IMemoryDevice.TryPeekMemory"/>). False if any byte is neither.
    /// </summary>
    public bool TryPeek(ulong physical, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int index = Find(physical);
            if (index < 0)
            {
                return false;
            }

            int length = RunLength(index, physical, destination.Length);
            if (_ranges[index].Host == null)
            {
                if (!TryPeekDevice(in _ranges[index], physical, destination[..length]))
                {
                    return false;
                }

                physical += (ulong)length;
                destination = destination[length..];
                continue;
            }

            new ReadOnlySpan<byte>(_ranges[index].Host + (physical - _ranges[index].Start), length).CopyTo(destination);
            physical += (ulong)length;
            destination = destination[length..];
        }

        return true;
    }

    private static bool TryPeekDevice(in FlatRange range, ulong physical, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int piece = PieceLength(in range, physical, destination.Length);
            ulong value = 0;
            if (range.Device?.TryPeekMemory(range.RegionOffset + (physical - range.Start), piece, out value) != true)
            {
                return false;
            }

            for (int i = 0; i < piece; i++)
            {
                destination[i] = (byte)(value >> (8 * i));
            }

            physical += (ulong)piece;
            destination = destination[piece..];
        }

        return true;
    }

    /// <summary>
    /// Loads bytes at power-on or for a debugger: like <see cref="Write(ulong, ReadOnlySpan{byte})"/>, but also into ROM, and never
    /// into a device. False if any byte is not direct memory.
    /// </summary>
    public bool TryPoke(ulong physical, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int index = Find(physical);
            if (index < 0 || _ranges[index].Host == null)
            {
                return false;
            }

            int length = RunLength(index, physical, source.Length);
            byte* host = _ranges[index].Host + (physical - _ranges[index].Start);
            source[..length].CopyTo(new Span<byte>(host, length));
            _memory.NotifyWrite(host, (ulong)length);
            physical += (ulong)length;
            source = source[length..];
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadHost(byte* host, int size) => size switch
    {
        1 => *host,
        2 => Unsafe.ReadUnaligned<ushort>(host),
        4 => Unsafe.ReadUnaligned<uint>(host),
        8 => Unsafe.ReadUnaligned<ulong>(host),
        _ => ReadOddSize(host, size),
    };

    private static ulong ReadOddSize(byte* host, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)host[i] << (8 * i);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteHost(byte* host, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *host = (byte)value;
                break;
            case 2:
                Unsafe.WriteUnaligned(host, (ushort)value);
                break;
            case 4:
                Unsafe.WriteUnaligned(host, (uint)value);
                break;
            case 8:
                Unsafe.WriteUnaligned(host, value);
                break;
            default:
                for (int i = 0; i < size; i++)
                {
                    host[i] = (byte)(value >> (8 * i));
                }

                break;
        }
    }

    /// <summary>How many bytes from an address on the same range (or the same hole) answers.</summary>
    private int RunLength(int index, ulong physical, int wanted)
    {
        ulong left;
        if (index >= 0)
        {
            left = _ranges[index].End - physical;
        }
        else if (physical >= MaxSize)
        {
            // Past the end of the space nothing answers up to the wrap to address 0.
            left = ulong.MaxValue - physical;
            left = left == ulong.MaxValue ? left : left + 1;
        }
        else
        {
            int next = ~index;
            left = (next < _ranges.Length ? _ranges[next].Start : MaxSize) - physical;
        }

        return (int)Math.Min((ulong)wanted, left);
    }

    /// <summary>Bytes of the next access to a device: the largest power of two that is aligned, decoded as one, and not too long.</summary>
    private static int PieceLength(in FlatRange range, ulong physical, int length)
    {
        if (range.Device is null)
        {
            return length;
        }

        ulong offset = range.RegionOffset + (physical - range.Start);
        int limit = Math.Min(range.MaxAccess, length);
        int piece = 1 << BitOperations.Log2((uint)limit);
        int aligned = offset == 0 ? piece : 1 << Math.Min(3, BitOperations.TrailingZeroCount(offset));
        return Math.Min(piece, aligned);
    }

    private ulong ReadDevice(in FlatRange range, ulong physical, int size)
    {
        ulong all = size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;
        ulong value = range.Device is { } device
            ? device.ReadMemory(range.RegionOffset + (physical - range.Start), size) & all
            : all;
        DeviceObserver?.Invoke(range.Region.Name, physical, size, value, isWrite: false);
        return value;
    }

    private void WriteDevice(in FlatRange range, ulong physical, int size, ulong value)
    {
        ulong all = size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;
        DeviceObserver?.Invoke(range.Region.Name, physical, size, value & all, isWrite: true);
        range.Device?.WriteMemory(range.RegionOffset + (physical - range.Start), size, value & all);
    }
}
