using System.Runtime.CompilerServices;

using Emu.Mmu;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <content>
/// Video memory as the processor sees it in the window at A0000h to BFFFFh. The four planes are interleaved: byte p of 32-bit word n is
/// plane p at address n. Chain-4 and odd/even addressing pick consecutive words, so that chain-4 memory is linear in
/// host memory and can be mapped as RAM.
/// </content>
public sealed unsafe partial class VgaCore : IMemoryDevice
{
    /// <summary>Bytes of the window.</summary>
    public const ulong WindowSize = 0x20000;

    private readonly GuestRam _vram;
    private readonly byte* _bytes;
    private readonly uint _size;
    private uint _latch;

    // Derived from the graphics controller whenever it changes.
    private uint _mapMask32;
    private uint _setReset32;
    private uint _enableSetReset32;
    private uint _bitMask32;
    private int _writeMode;
    private int _rotate;
    private int _function;

    /// <inheritdoc/>
    public int MaxAccessSize => 8;

    /// <summary>
    /// Where the window shows consecutive bytes of video memory that reads and writes reach unchanged: offset and length in the window, and first
    /// byte of video memory. Null while the planar logic has a part in accesses.
    /// </summary>
    internal (ulong Offset, ulong Length, ulong Address)? LinearWindow
    {
        get
        {
            if ((_miscellaneous & MiscellaneousOutput.RamEnable) == 0 && !Vbe.IsEnabled)
                return null;
            if (Vbe.IsLinear)
                return (0, 0x10000, Math.Min((ulong)Vbe.Bank << 16, _size - 0x10000u));
            bool plain = (_sequencer[Sequencer.MemoryMode] & Sequencer.Chain4) != 0
                && _sequencer[Sequencer.MapMask] == AllPlanes
                && (_graphics[Graphics.Mode] & (Graphics.WriteModeMask | Graphics.ReadMode1)) == 0
                && _graphics[Graphics.EnableSetReset] == 0 && _graphics[Graphics.DataRotate] == 0 && _graphics[Graphics.BitMask] == 0xFF;
            if (!plain)
                return null;
            (uint start, uint length) = Window;
            return (start, length, (ulong)Vbe.Bank << 16);
        }
    }

    /// <summary>The part of A0000h to BFFFFh that is decoded.</summary>
    private (uint Start, uint Length) Window => ((_graphics[Graphics.Miscellaneous] & Graphics.MemoryMapMask) >> 2) switch
    {
        0 => (0, 0x20000),
        1 => (0, 0x10000),
        2 => (0x10000, 0x8000),
        _ => (0x18000, 0x8000),
    };

    /// <inheritdoc/>
    public ulong ReadMemory(ulong offset, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
            value |= (ulong)ReadByte((uint)offset + (uint)i) << (8 * i);
        return value;
    }

    /// <inheritdoc/>
    public bool TryPeekMemory(ulong offset, int size, out ulong value)
    {
        uint latch = _latch;
        value = ReadMemory(offset, size);
        _latch = latch;
        return true;
    }

    /// <inheritdoc/>
    public void WriteMemory(ulong offset, int size, ulong value)
    {
        for (int i = 0; i < size; i++)
            WriteByte((uint)offset + (uint)i, (byte)(value >> (8 * i)));
    }

    /// <summary>Window offset to offset in the bank, or a value beyond every window when it is not decoded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Decode(uint offset, out uint address)
    {
        (uint start, uint length) = Window;
        address = offset - start;
        if (address >= length || ((_miscellaneous & MiscellaneousOutput.RamEnable) == 0 && !Vbe.IsEnabled))
            return false;
        address += (uint)Vbe.Bank << 16;
        return true;
    }

    private byte ReadByte(uint offset)
    {
        if (!Decode(offset, out uint address))
            return 0xFF;
        uint word;
        int plane;
        if ((_sequencer[Sequencer.MemoryMode] & Sequencer.Chain4) != 0)
        {
            plane = (int)(address & 3);
            word = address >> 2;
        }
        else if ((_graphics[Graphics.Mode] & Graphics.OddEvenRead) != 0)
        {
            plane = _graphics[Graphics.ReadMap] & 2 | (int)(address & 1);
            word = address >> 1;
        }
        else
        {
            plane = _graphics[Graphics.ReadMap];
            word = address;
        }
        _latch = ReadWord(word);
        return (_graphics[Graphics.Mode] & Graphics.ReadMode1) != 0 ? CompareColours() : (byte)(_latch >> (8 * plane));
    }

    /// <summary>Read mode 1: a bit is 1 where all planes that matter hold the colour compared with.</summary>
    private byte CompareColours()
    {
        uint different = (_latch ^ Expand(_graphics[Graphics.ColourCompare])) & Expand(_graphics[Graphics.ColourDontCare]);
        different |= different >> 16;
        different |= different >> 8;
        return (byte)~different;
    }

    private void WriteByte(uint offset, byte data)
    {
        if (!Decode(offset, out uint address))
            return;
        uint word = address;
        uint planes = _mapMask32;
        byte memoryMode = _sequencer[Sequencer.MemoryMode];
        if ((memoryMode & Sequencer.Chain4) != 0)
        {
            planes &= 0xFFu << (int)(8 * (address & 3));
            word = address >> 2;
        }
        else if ((memoryMode & Sequencer.SequentialAddressing) == 0)
        {
            planes &= (address & 1) != 0 ? 0xFF00FF00 : 0x00FF00FF;
            word = address >> 1;
        }
        if (planes == 0)
            return;
        uint value = _writeMode switch
        {
            0 => Combine(Replicate(Rotate(data)) & ~_enableSetReset32 | _setReset32 & _enableSetReset32, _bitMask32),
            1 => _latch,
            2 => Combine(Expand((byte)(data & AllPlanes)), _bitMask32),
            _ => Combine(_setReset32, _bitMask32 & Replicate(Rotate(data))),
        };
        WriteWord(word, planes, value);
    }

    private byte Rotate(byte data) => (byte)(data >> _rotate | data << (8 - _rotate));

    /// <summary>Function select with the latches, then the bit mask lets the latches through where it is 0.</summary>
    private uint Combine(uint value, uint mask)
    {
        value = _function switch
        {
            1 => value & _latch,
            2 => value | _latch,
            3 => value ^ _latch,
            _ => value,
        };
        return value & mask | _latch & ~mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint ReadWord(uint word)
    {
        ulong at = (ulong)word * 4;
        return at < _size ? *(uint*)(_bytes + at) : uint.MaxValue;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteWord(uint word, uint planes, uint value)
    {
        ulong at = (ulong)word * 4;
        if (at >= _size)
            return;
        uint* target = (uint*)(_bytes + at);
        *target = *target & ~planes | value & planes;
        _vram.Memory.NotifyWrite(_bytes + at, 4);
    }

    private void UpdateWriteLogic()
    {
        _mapMask32 = Expand(_sequencer[Sequencer.MapMask]);
        _setReset32 = Expand(_graphics[Graphics.SetReset]);
        _enableSetReset32 = Expand(_graphics[Graphics.EnableSetReset]);
        _bitMask32 = Replicate(_graphics[Graphics.BitMask]);
        _writeMode = _graphics[Graphics.Mode] & Graphics.WriteModeMask;
        _rotate = _graphics[Graphics.DataRotate] & 7;
        _function = _graphics[Graphics.DataRotate] >> 3 & 3;
    }

    /// <summary>A byte in each plane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Replicate(byte value) => value * 0x01010101u;

    /// <summary>One bit a plane becomes all ones or all zeros in that plane's byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Expand(byte planes)
        => ((uint)planes & 1 | ((uint)planes & 2) << 7 | ((uint)planes & 4) << 14 | ((uint)planes & 8) << 21) * 0xFF;
}
