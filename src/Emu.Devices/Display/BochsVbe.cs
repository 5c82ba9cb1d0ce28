using Emu.Mmu;

namespace Emu.Devices.Display;

/// <summary>
/// Bochs display interface: index and data registers for linear modes of 4 to 32 bits a pixel (Bochs VBE documentation, ids B0C0h
/// to B0C5h), at ports 1CEh and 1CFh and in the adapter's register BAR.
/// </summary>
public sealed class BochsVbe : IPortDevice, ISnapshotable, IResettable
{
    /// <summary>Port of the index register.</summary>
    public const ushort FirstPort = 0x1CE;

    /// <summary>Ports: index, data, and data again where the ports must be even.</summary>
    public const int PortCount = 4;

    /// <summary>Largest width in pixels.</summary>
    public const int MaxWidth = 16000;

    /// <summary>Largest height in pixels.</summary>
    public const int MaxHeight = 12000;

    internal const int RegisterCount = 11;

    private const ushort FirstId = 0xB0C0;
    private const ushort LatestId = 0xB0C5;

    private readonly VgaCore _vga;
    private readonly GuestRam _vram;
    private readonly ushort[] _registers = new ushort[RegisterCount];
    private ushort _index;

    internal BochsVbe(VgaCore vga, GuestRam vram)
    {
        _vga = vga;
        _vram = vram;
        Clear();
    }

    private enum Register
    {
        Id,
        Width,
        Height,
        BitsPerPixel,
        Enable,
        Bank,
        VirtualWidth,
        VirtualHeight,
        OffsetX,
        OffsetY,
        Memory64K,
    }

    [Flags]
    private enum EnableBits : ushort
    {
        Enabled = 0x01,
        GetCapabilities = 0x02,
        EightBitDac = 0x20,
        LinearFrameBuffer = 0x40,
        NoClear = 0x80,
        All = Enabled | GetCapabilities | EightBitDac | LinearFrameBuffer | NoClear,
    }

    /// <inheritdoc/>
    public int MaxPortAccessSize => 2;

    /// <summary>An extended mode is set.</summary>
    public bool IsEnabled => (Enable & EnableBits.Enabled) != 0;

    /// <summary>Pixels a row that are shown.</summary>
    public int Width => _registers[(int)Register.Width];

    /// <summary>Rows that are shown.</summary>
    public int Height => _registers[(int)Register.Height];

    /// <summary>4 (planar), 8, 15, 16, 24 or 32.</summary>
    public int BitsPerPixel => _registers[(int)Register.BitsPerPixel];

    /// <summary>64 KiB bank of video memory in the window at A0000h.</summary>
    public int Bank => _registers[(int)Register.Bank];

    /// <summary>Palette entries have eight bits a colour.</summary>
    public bool EightBitDac => (Enable & EnableBits.EightBitDac) != 0;

    /// <summary>A mode with whole pixels in consecutive bytes is set.</summary>
    internal bool IsLinear => IsEnabled && BitsPerPixel != 4;

    /// <summary>Bytes from a row to the next (in planar modes, in each plane).</summary>
    public int Pitch => BitsPerPixel == 4 ? VirtualWidth / 8 : VirtualWidth * BytesPerPixel;

    /// <summary>First byte shown (in planar modes, in each plane).</summary>
    public int StartAddress => BitsPerPixel == 4
        ? _registers[(int)Register.OffsetY] * Pitch + _registers[(int)Register.OffsetX] / 8
        : _registers[(int)Register.OffsetY] * Pitch + _registers[(int)Register.OffsetX] * BytesPerPixel;

    private int VirtualWidth => _registers[(int)Register.VirtualWidth];

    private int BytesPerPixel => (BitsPerPixel + 7) / 8;

    private EnableBits Enable
    {
        get => (EnableBits)_registers[(int)Register.Enable];
        set => _registers[(int)Register.Enable] = (ushort)value;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Clear();
        _vga.PictureChanged();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size) => offset == 0 ? _index : Read(_index);

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        if (offset == 0)
            _index = (ushort)value;
        else if (offset <= 2)
            Write(_index, (ushort)value);
    }

    /// <summary>Reads a register; unknown ones are 0.</summary>
    internal ushort Read(int index)
    {
        if ((Enable & EnableBits.GetCapabilities) != 0)
        {
            switch ((Register)index)
            {
                case Register.Width:
                    return MaxWidth;
                case Register.Height:
                    return MaxHeight;
                case Register.BitsPerPixel:
                    return 32;
            }
        }
        return index < RegisterCount ? _registers[index] : (ushort)0;
    }

    /// <summary>Writes a register.</summary>
    internal void Write(int index, ushort value)
    {
        switch ((Register)index)
        {
            case Register.Id when value is >= FirstId and <= LatestId:
                _registers[index] = value;
                break;
            case Register.Width or Register.Height or Register.BitsPerPixel when !IsEnabled:
                _registers[index] = value;
                break;
            case Register.Width or Register.Height or Register.BitsPerPixel or Register.VirtualWidth or Register.OffsetX or Register.OffsetY:
                _registers[index] = value;
                Fix();
                break;
            case Register.Bank:
                _registers[index] = (ushort)(value & (uint)(_vram.Size >> 16) - 1);
                _vga.NotifyMemoryMap();
                break;
            case Register.Enable:
                WriteEnable((EnableBits)value & EnableBits.All);
                break;
        }
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_index);
        foreach (ushort register in _registers)
            writer.Write(register);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _index = reader.ReadUInt16();
        for (int i = 0; i < RegisterCount; i++)
            _registers[i] = reader.ReadUInt16();
        _registers[(int)Register.Bank] &= (ushort)((uint)(_vram.Size >> 16) - 1);
        if (IsEnabled)
            Fix();
    }

    private void Clear()
    {
        Array.Clear(_registers);
        _index = 0;
        _registers[(int)Register.Id] = LatestId;
        _registers[(int)Register.Memory64K] = (ushort)(_vram.Size >> 16);
    }

    private void WriteEnable(EnableBits value)
    {
        bool wasEnabled = IsEnabled;
        if (((value ^ Enable) & EnableBits.EightBitDac) != 0)
            _vga.ConvertPalette((value & EnableBits.EightBitDac) != 0);
        Enable = value;
        if (IsEnabled && !wasEnabled)
        {
            _registers[(int)Register.VirtualWidth] = 0;
            _registers[(int)Register.OffsetX] = 0;
            _registers[(int)Register.OffsetY] = 0;
            Fix();
            if ((value & EnableBits.NoClear) == 0)
                ClearScreen();
        }
        _registers[(int)Register.Bank] = 0;
        _vga.PictureChanged();
        _vga.NotifyMemoryMap();
    }

    private void ClearScreen()
    {
        ulong length = Math.Min(_vram.Size, (ulong)Pitch * (ulong)Height * (BitsPerPixel == 4 ? 4u : 1u));
        _vram.Bytes[..(int)length].Clear();
        _vram.NotifyWrite(0, length);
    }

    /// <summary>Makes the registers describe a mode that fits video memory, as a real adapter's limits would.</summary>
    private void Fix()
    {
        if (BitsPerPixel is not (4 or 8 or 15 or 16 or 24 or 32))
            _registers[(int)Register.BitsPerPixel] = 8;
        int width = Math.Clamp(Width & ~7, 8, MaxWidth);
        // Bits of video memory a pixel takes: planar modes spread their four over the planes.
        long perPixel = BitsPerPixel == 4 ? 4 : 8 * BytesPerPixel;
        long memory = 8 * (long)_vram.Size;
        int virtualWidth = (int)Math.Clamp(Math.Max(VirtualWidth & ~7, width), width, memory / perPixel / 8 * 8);
        long rows = memory / (virtualWidth * perPixel);
        int height = (int)Math.Clamp(Math.Clamp(Height, 1, MaxHeight), 1, Math.Max(1, rows));
        _registers[(int)Register.Width] = (ushort)width;
        _registers[(int)Register.Height] = (ushort)height;
        _registers[(int)Register.VirtualWidth] = (ushort)virtualWidth;
        _registers[(int)Register.VirtualHeight] = (ushort)Math.Min(rows, ushort.MaxValue);
        long first = (_registers[(int)Register.OffsetY] * (long)virtualWidth + _registers[(int)Register.OffsetX]) * perPixel;
        if (first + ((height - 1L) * virtualWidth + width) * perPixel > memory)
            _registers[(int)Register.OffsetX] = _registers[(int)Register.OffsetY] = 0;
        _vga.PictureChanged();
        _vga.NotifyMemoryMap();
    }
}
