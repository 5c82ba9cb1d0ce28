using Emu.Cpu;
using Emu.Mmu;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <summary>
/// The register file of a VGA, at ports 3B0h to 3DFh, and its palette. Memory access is in the other half of this class; the
/// picture is made by <see cref="VgaRenderer"/>.
/// </summary>
public sealed unsafe partial class VgaCore : IPortDevice, IResettable, ISnapshotable
{
    /// <summary>First I/O port.</summary>
    public const ushort FirstPort = 0x3B0;

    /// <summary>Number of I/O ports.</summary>
    public const int PortCount = 0x30;

    internal const int PaletteSize = 256;

    private const byte AllPlanes = 0x0F;

    // Bits of the sequencer and graphics registers that exist; the rest read as zero.
    private static readonly byte[] SequencerMasks = [0x03, 0x3D, 0x0F, 0x3F, 0x0E, 0x00, 0x00, 0xFF];
    private static readonly byte[] GraphicsMasks = [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF, 0, 0, 0, 0, 0, 0, 0];

    private readonly byte[] _sequencer = new byte[Sequencer.Count];
    private readonly byte[] _graphics = new byte[Graphics.Count];
    private readonly byte[] _attribute = new byte[VgaRegister.Attribute.Count];
    private readonly byte[] _crtc = new byte[Crtc.Count];
    private readonly byte[] _palette = new byte[3 * PaletteSize];
    private readonly byte[] _dacLatch = new byte[3];
    private readonly VgaTiming _timing;
    private byte _sequencerIndex;
    private byte _graphicsIndex;
    private byte _attributeIndex;
    private byte _crtcIndex;
    private byte _miscellaneous;
    private byte _featureControl;
    private byte _pelMask;
    private byte _dacReadIndex;
    private byte _dacWriteIndex;
    private byte _dacComponent;
    private bool _dacReading;
    private bool _attributeData;

    /// <param name="vram">Video memory, at least 256 KiB.</param>
    /// <param name="clock">Source of the retrace timing.</param>
    public VgaCore(GuestRam vram, IClock clock)
    {
        _vram = vram;
        _bytes = vram.Base;
        _size = (uint)vram.Size;
        _timing = new VgaTiming(clock);
        Vbe = new BochsVbe(this, vram);
        ResetRegisters();
    }

    /// <summary>Raised when a register write may change where CPU accesses to video memory go.</summary>
    internal event Action? MemoryMapChanged;

    /// <summary>The extended (linear frame buffer) modes.</summary>
    public BochsVbe Vbe { get; }

    /// <summary>Changes with every register write that can change the picture.</summary>
    internal uint Version { get; private set; }

    internal ReadOnlySpan<byte> SequencerRegisters => _sequencer;

    internal ReadOnlySpan<byte> GraphicsRegisters => _graphics;

    internal ReadOnlySpan<byte> AttributeRegisters => _attribute;

    internal ReadOnlySpan<byte> CrtcRegisters => _crtc;

    /// <summary>Red, green and blue of each colour, 6 or 8 bits each.</summary>
    internal ReadOnlySpan<byte> Palette => _palette;

    internal byte PelMask => _pelMask;

    internal byte AttributeIndex => _attributeIndex;

    /// <summary>The screen shows nothing: switched off, or the palette is being loaded.</summary>
    internal bool IsBlanked =>
        (_sequencer[Sequencer.ClockingMode] & Sequencer.ScreenOff) != 0 || (_attributeIndex & VgaRegister.Attribute.PaletteAddressSource) == 0;

    /// <summary>Whether a graphics mode (rather than text) is set.</summary>
    internal bool IsGraphics => (_graphics[Graphics.Miscellaneous] & Graphics.GraphicsMode) != 0;

    /// <inheritdoc/>
    public void Reset()
    {
        ResetRegisters();
        Vbe.Reset();
        MemoryMapChanged?.Invoke();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size)
    {
        int port = FirstPort + offset;
        if (!Decodes(port))
            return 0xFF;
        switch (port)
        {
            case 0x3C0:
                return _attributeData ? (byte)0 : _attributeIndex;
            case 0x3C1:
                int index = _attributeIndex & 0x1F;
                return index < _attribute.Length ? _attribute[index] : (byte)0;
            case 0x3C2:
                // Switch sense: a colour monitor answers whatever the DAC drives.
                return 0x10;
            case 0x3C4:
                return _sequencerIndex;
            case 0x3C5:
                return _sequencer[_sequencerIndex];
            case 0x3C6:
                return _pelMask;
            case 0x3C7:
                return _dacReading ? 3u : 0u;
            case 0x3C8:
                return _dacWriteIndex;
            case 0x3C9:
                return ReadDac();
            case 0x3CA:
                return _featureControl;
            case 0x3CC:
                return _miscellaneous;
            case 0x3CE:
                return _graphicsIndex;
            case 0x3CF:
                return _graphics[_graphicsIndex];
            case 0x3B4 or 0x3D4:
                return _crtcIndex;
            case 0x3B5 or 0x3D5:
                return _crtcIndex < _crtc.Length ? _crtc[_crtcIndex] : (byte)0;
            case 0x3BA or 0x3DA:
                _attributeData = false;
                return _timing.Status;
            default:
                return 0xFF;
        }
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        int port = FirstPort + offset;
        byte data = (byte)value;
        if (!Decodes(port))
            return;
        switch (port)
        {
            case 0x3C0:
                WriteAttribute(data);
                break;
            case 0x3C2:
                _miscellaneous = (byte)(data & 0xEF);
                UpdateTiming();
                MemoryMapChanged?.Invoke();
                break;
            case 0x3C4:
                _sequencerIndex = (byte)(data & 7);
                break;
            case 0x3C5:
                WriteSequencer(_sequencerIndex, data);
                break;
            case 0x3C6:
                Change(ref _pelMask, data);
                break;
            case 0x3C7:
                _dacReadIndex = data;
                _dacComponent = 0;
                _dacReading = true;
                break;
            case 0x3C8:
                _dacWriteIndex = data;
                _dacComponent = 0;
                _dacReading = false;
                break;
            case 0x3C9:
                WriteDac(data);
                break;
            case 0x3CE:
                _graphicsIndex = (byte)(data & 0x0F);
                break;
            case 0x3CF:
                WriteGraphics(_graphicsIndex, data);
                break;
            case 0x3B4 or 0x3D4:
                _crtcIndex = data;
                break;
            case 0x3B5 or 0x3D5:
                WriteCrtc(_crtcIndex, data);
                break;
            case 0x3BA or 0x3DA:
                _featureControl = (byte)(data & 0x10);
                break;
        }
    }

    /// <summary>The addresses of CRTC and status 1 follow bit 0 of the miscellaneous output register; the other set is not decoded.</summary>
    private bool Decodes(int port)
    {
        bool colour = (_miscellaneous & MiscellaneousOutput.ColourAddresses) != 0;
        return port switch
        {
            < 0x3C0 => !colour,
            >= 0x3D0 => colour,
            _ => true,
        };
    }

    private void Change(ref byte register, byte value)
    {
        if (register == value)
            return;
        register = value;
        Version++;
    }

    /// <summary>Notes a change of the picture that another part of the adapter made.</summary>
    internal void PictureChanged() => Version++;

    /// <summary>Tells whoever maps video memory to look again.</summary>
    internal void NotifyMemoryMap() => MemoryMapChanged?.Invoke();

    private void WriteAttribute(byte data)
    {
        if (!_attributeData)
        {
            Change(ref _attributeIndex, (byte)(data & 0x3F));
        }
        else
        {
            int index = _attributeIndex & 0x1F;
            byte mask = index switch
            {
                < 0x10 => 0x3F,
                VgaRegister.Attribute.Mode => 0xEF,
                VgaRegister.Attribute.Overscan => 0xFF,
                VgaRegister.Attribute.PlaneEnable => 0x3F,
                VgaRegister.Attribute.PelPanning or VgaRegister.Attribute.ColourSelect => 0x0F,
                _ => 0,
            };
            if (mask != 0)
                Change(ref _attribute[index], (byte)(data & mask));
        }
        _attributeData = !_attributeData;
    }

    private void WriteSequencer(int index, byte data)
    {
        byte value = (byte)(data & SequencerMasks[index]);
        if (index == Sequencer.MapMask)
        {
            // By far the most frequent write of planar code; it changes no picture, and the map only in chain-4 modes.
            bool linear = _sequencer[index] == AllPlanes ^ value == AllPlanes;
            _sequencer[index] = value;
            _mapMask32 = Expand(value);
            if (linear && (_sequencer[Sequencer.MemoryMode] & Sequencer.Chain4) != 0)
                MemoryMapChanged?.Invoke();
            return;
        }
        Change(ref _sequencer[index], value);
        if (index == Sequencer.ClockingMode)
            UpdateTiming();
        else if (index == Sequencer.MemoryMode)
            MemoryMapChanged?.Invoke();
    }

    private void WriteGraphics(int index, byte data)
    {
        byte value = (byte)(data & GraphicsMasks[index]);
        if (value == _graphics[index])
            return;
        _graphics[index] = value;
        if (index is Graphics.Mode or Graphics.Miscellaneous)
            Version++;
        UpdateWriteLogic();
        if (index == Graphics.Miscellaneous || (_sequencer[Sequencer.MemoryMode] & Sequencer.Chain4) != 0)
            MemoryMapChanged?.Invoke();
    }

    private void WriteCrtc(int index, byte data)
    {
        if (index >= _crtc.Length)
            return;
        if (index <= Crtc.Overflow && (_crtc[Crtc.VerticalRetraceEnd] & Crtc.Protect) != 0)
        {
            // Of the protected registers only line compare bit 8 can be written.
            const byte lineCompare8 = 0x10;
            if (index == Crtc.Overflow)
                Change(ref _crtc[index], (byte)(_crtc[index] & ~lineCompare8 | data & lineCompare8));
            return;
        }
        Change(ref _crtc[index], data);
        if (index is <= Crtc.Overflow or Crtc.VerticalRetraceStart or Crtc.VerticalRetraceEnd or Crtc.VerticalDisplayEnd or Crtc.ModeControl)
            UpdateTiming();
    }

    private byte ReadDac()
    {
        byte value = _palette[3 * _dacReadIndex + _dacComponent];
        if (++_dacComponent == 3)
        {
            _dacComponent = 0;
            _dacReadIndex++;
        }
        return value;
    }

    private void WriteDac(byte data)
    {
        _dacLatch[_dacComponent] = (byte)(Vbe.EightBitDac ? data : data & 0x3F);
        if (++_dacComponent < 3)
            return;
        _dacComponent = 0;
        for (int i = 0; i < 3; i++)
            Change(ref _palette[3 * _dacWriteIndex + i], _dacLatch[i]);
        _dacWriteIndex++;
    }

    /// <summary>Switching the DAC between 6 and 8 bits keeps the colours.</summary>
    internal void ConvertPalette(bool eightBits)
    {
        for (int i = 0; i < _palette.Length; i++)
            _palette[i] = (byte)(eightBits ? _palette[i] << 2 | _palette[i] >> 4 & 3 : _palette[i] >> 2);
        Version++;
    }

    private void UpdateTiming() => _timing.Program(_crtc, _sequencer[Sequencer.ClockingMode], _miscellaneous);

    private void ResetRegisters()
    {
        Array.Clear(_sequencer);
        Array.Clear(_graphics);
        Array.Clear(_attribute);
        Array.Clear(_crtc);
        Array.Clear(_palette);
        Array.Clear(_dacLatch);
        _sequencerIndex = _graphicsIndex = _attributeIndex = _crtcIndex = 0;
        _miscellaneous = _featureControl = 0;
        _pelMask = 0xFF;
        _dacReadIndex = _dacWriteIndex = _dacComponent = 0;
        _dacReading = _attributeData = false;
        _latch = 0;
        UpdateWriteLogic();
        UpdateTiming();
        Version++;
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_sequencer);
        writer.Write(_graphics);
        writer.Write(_attribute);
        writer.Write(_crtc);
        writer.Write(_palette);
        writer.Write(_dacLatch);
        writer.Write([_sequencerIndex, _graphicsIndex, _attributeIndex, _crtcIndex, _miscellaneous, _featureControl, _pelMask,
            _dacReadIndex, _dacWriteIndex, _dacComponent]);
        writer.Write(_dacReading);
        writer.Write(_attributeData);
        writer.Write(_latch);
        Vbe.SaveState(writer);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        foreach (byte[] registers in (byte[][])[_sequencer, _graphics, _attribute, _crtc, _palette, _dacLatch])
            reader.BaseStream.ReadExactly(registers);
        _sequencerIndex = (byte)(reader.ReadByte() & 7);
        _graphicsIndex = (byte)(reader.ReadByte() & 0x0F);
        _attributeIndex = (byte)(reader.ReadByte() & 0x3F);
        _crtcIndex = reader.ReadByte();
        _miscellaneous = reader.ReadByte();
        _featureControl = reader.ReadByte();
        _pelMask = reader.ReadByte();
        _dacReadIndex = reader.ReadByte();
        _dacWriteIndex = reader.ReadByte();
        _dacComponent = (byte)(reader.ReadByte() % 3);
        _dacReading = reader.ReadBoolean();
        _attributeData = reader.ReadBoolean();
        _latch = reader.ReadUInt32();
        Vbe.LoadState(reader);
        UpdateWriteLogic();
        UpdateTiming();
        Version++;
        MemoryMapChanged?.Invoke();
    }
}
