namespace Emu.Devices.Display;

/// <summary>Registers of the VGA by index, and their bits (IBM VGA technical reference; FreeVGA names them alike).</summary>
internal static class VgaRegister
{
    /// <summary>Sequencer (3C4h/3C5h).</summary>
    public static class Sequencer
    {
        public const int Reset = 0, ClockingMode = 1, MapMask = 2, CharacterMap = 3, MemoryMode = 4, Count = 8;
        public const byte EightDots = 0x01, HalfDotClock = 0x08, ScreenOff = 0x20;
        public const byte SequentialAddressing = 0x04, Chain4 = 0x08;
    }

    /// <summary>Graphics controller (3CEh/3CFh).</summary>
    public static class Graphics
    {
        public const int SetReset = 0, EnableSetReset = 1, ColourCompare = 2, DataRotate = 3, ReadMap = 4, Mode = 5, Miscellaneous = 6,
            ColourDontCare = 7, BitMask = 8, Count = 16;
        public const byte WriteModeMask = 0x03, ReadMode1 = 0x08, OddEvenRead = 0x10, ShiftInterleave = 0x20, Shift256 = 0x40;
        public const byte GraphicsMode = 0x01, MemoryMapMask = 0x0C;
    }

    /// <summary>Attribute controller (3C0h/3C1h).</summary>
    public static class Attribute
    {
        public const int Mode = 0x10, Overscan = 0x11, PlaneEnable = 0x12, PelPanning = 0x13, ColourSelect = 0x14, Count = 0x15;
        public const byte Monochrome = 0x02, LineGraphics = 0x04, Blink = 0x08, SplitIgnoresPanning = 0x20, EightBitColour = 0x40, PaletteBits54 = 0x80;
        public const byte PaletteAddressSource = 0x20;
    }

    /// <summary>CRT controller (3D4h/3D5h or 3B4h/3B5h).</summary>
    public static class Crtc
    {
        public const int HorizontalTotal = 0x00, HorizontalDisplayEnd = 0x01, HorizontalBlankStart = 0x02, HorizontalRetraceStart = 0x04,
            VerticalTotal = 0x06, Overflow = 0x07, PresetRowScan = 0x08, MaximumScanLine = 0x09, CursorStart = 0x0A, CursorEnd = 0x0B,
            StartHigh = 0x0C, StartLow = 0x0D, CursorHigh = 0x0E, CursorLow = 0x0F, VerticalRetraceStart = 0x10, VerticalRetraceEnd = 0x11,
            VerticalDisplayEnd = 0x12, Offset = 0x13, Underline = 0x14, ModeControl = 0x17, LineCompare = 0x18, Count = 0x19;
        public const byte Protect = 0x80, DoubleScan = 0x80, CursorOff = 0x20;
        public const byte MapDisplayAddress13 = 0x01, MapDisplayAddress14 = 0x02, HalfLineClock = 0x04, ByteMode = 0x40;
    }

    /// <summary>Miscellaneous output register (written at 3C2h).</summary>
    public static class MiscellaneousOutput
    {
        public const byte ColourAddresses = 0x01, RamEnable = 0x02, ClockSelectMask = 0x0C;
    }

    /// <summary>Input status register 1 (3DAh or 3BAh).</summary>
    public static class InputStatus1
    {
        public const byte DisplayDisabled = 0x01, VerticalRetrace = 0x08;
    }
}
