using Emu.Mmu;

namespace Emu.Devices.Acpi;

/// <summary>General-purpose event block (ACPI 6.5, 4.8.4.1): status bytes, written with 1 to clear, then as many enable bytes.</summary>
public sealed class AcpiGpeBlock : IPortDevice, ISnapshotable, IResettable
{
    private readonly byte[] _status;
    private readonly byte[] _enable;
    private readonly Action _changed;

    /// <param name="length">Bytes of both halves together (GPE0_BLK_LEN of the FADT), even.</param>
    /// <param name="changed">Called when <see cref="EventPending"/> may have changed.</param>
    public AcpiGpeBlock(int length, Action changed)
    {
        _status = new byte[length / 2];
        _enable = new byte[length / 2];
        _changed = changed;
    }

    /// <summary>Some event is both set and enabled.</summary>
    public bool EventPending
    {
        get
        {
            for (int i = 0; i < _status.Length; i++)
            {
                if ((_status[i] & _enable[i]) != 0)
                    return true;
            }
            return false;
        }
    }

    /// <summary>Sets the status bit of an event.</summary>
    public void Raise(int gpe)
    {
        _status[gpe / 8] |= (byte)(1 << gpe % 8);
        _changed();
    }

    public uint ReadPort(ushort offset, int size) =>
        offset < _status.Length ? _status[offset] : offset < 2 * _status.Length ? _enable[offset - _status.Length] : 0xFFu;

    public void WritePort(ushort offset, int size, uint value)
    {
        if (offset < _status.Length)
            _status[offset] &= (byte)~value;
        else if (offset < 2 * _status.Length)
            _enable[offset - _status.Length] = (byte)value;
        _changed();
    }

    public void Reset()
    {
        Array.Clear(_status);
        Array.Clear(_enable);
        _changed();
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_status);
        writer.Write(_enable);
    }

    public void LoadState(BinaryReader reader)
    {
        reader.BaseStream.ReadExactly(_status);
        reader.BaseStream.ReadExactly(_enable);
        _changed();
    }
}
