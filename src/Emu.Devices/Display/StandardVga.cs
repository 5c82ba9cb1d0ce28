using System.Buffers.Binary;

using Emu.Cpu;
using Emu.Devices.Pci;
using Emu.Mmu;

namespace Emu.Devices.Display;

/// <summary>
/// The standard display adapter (<c>-vga std</c>): a VGA with the Bochs display interface on PCI. BAR 0 is video memory, BAR 2 the
/// registers as memory, the expansion ROM holds the video BIOS.
/// </summary>
public sealed class StandardVga : PciDevice, IDisplaySource
{
    /// <summary>Bytes of video memory unless chosen otherwise.</summary>
    public const ulong DefaultMemorySize = 16ul << 20;

    /// <summary>Where <see cref="LegacyWindow"/> belongs in the physical address space.</summary>
    public const ulong LegacyWindowAddress = 0xA0000;

    /// <summary>File name of SeaBIOS's video BIOS for this adapter.</summary>
    public const string BiosFileName = "vgabios-stdvga.bin";

    private const ulong RegisterBarSize = 4096;

    private readonly GuestRam _vram;
    private readonly MemoryRegion _linearWindow;
    private readonly VgaRenderer _renderer;

    /// <summary>Makes the adapter and its video memory.</summary>
    /// <param name="memory">Memory of the machine, from which video memory is taken.</param>
    /// <param name="clock">Times retrace and blinking.</param>
    /// <param name="bios">Video BIOS for the expansion ROM, or empty for none.</param>
    /// <param name="memorySize">Bytes of video memory: a power of two from 1 MiB to 256 MiB.</param>
    /// <param name="preferredWidth">Width that the monitor's EDID prefers.</param>
    /// <param name="preferredHeight">Height that the monitor's EDID prefers.</param>
    /// <exception cref="ArgumentOutOfRangeException">The memory size is not one the adapter can have.</exception>
    public StandardVga(
        GuestMemory memory, IClock clock, ReadOnlyMemory<byte> bios, ulong memorySize = DefaultMemorySize,
        int preferredWidth = 1280, int preferredHeight = 800)
        : base("VGA", new PciIdentity(0x1234, 0x1111, 0x030000, RevisionId: 2))
    {
        if (memorySize is < 1 << 20 or > 256 << 20 || !ulong.IsPow2(memorySize))
            throw new ArgumentOutOfRangeException(nameof(memorySize), $"Video memory is a power of two from 1 to 256 MiB, not {memorySize} bytes.");
        _vram = memory.AllocateRam("vga.vram", memorySize);
        Core = new VgaCore(_vram, clock);
        _renderer = new VgaRenderer(Core, _vram, clock);
        MemoryRegion frameBuffer = MemoryRegion.CreateRam("vga.vram", _vram);
        AddMemoryBar(0, frameBuffer, prefetchable: true);
        AddMemoryBar(2, RegisterBarSize, new RegisterBar(Core, Edid.Build(preferredWidth, preferredHeight)));
        if (!bios.IsEmpty)
            AddExpansionRom(bios);

        LegacyWindow = MemoryRegion.CreateContainer("vga.window", VgaCore.WindowSize);
        LegacyWindow.AddSubregion(0, MemoryRegion.CreateDevice("vga.planes", VgaCore.WindowSize, Core));
        _linearWindow = MemoryRegion.CreateAlias("vga.linear", frameBuffer, 0, 0x10000);
        _linearWindow.Enabled = false;
        LegacyWindow.AddSubregion(0, _linearWindow, priority: 1);
        Core.MemoryMapChanged += UpdateLinearWindow;
    }

    /// <summary>Register file and planar memory.</summary>
    public VgaCore Core { get; }

    /// <summary>What the machine shows at <see cref="LegacyWindowAddress"/>; 128 KiB.</summary>
    public MemoryRegion LegacyWindow { get; }

    /// <summary>Finds the video BIOS where Linux distributions put it, or null.</summary>
    public static string? FindBios()
        => new[] { "/usr/share/seabios", "/usr/share/qemu", "/usr/local/share/qemu", "/usr/share/vgabios", "/usr/share/qemu-kvm" }
            .Select(directory => Path.Combine(directory, BiosFileName))
            .FirstOrDefault(File.Exists);

    /// <summary>Claims the VGA's and the Bochs display interface's ports.</summary>
    public void MapPorts(PortSpace ports)
    {
        ports.Map(VgaCore.FirstPort, VgaCore.PortCount, Core, "vga");
        ports.Map(BochsVbe.FirstPort, BochsVbe.PortCount, Core.Vbe, "vbe");
    }

    /// <inheritdoc/>
    public bool Latch() => _renderer.Latch();

    /// <inheritdoc/>
    public DisplayFrame Paint() => _renderer.Paint();

    /// <inheritdoc/>
    public DisplayFrame Update() => _renderer.Update();

    /// <inheritdoc/>
    public DisplayFrame Capture() => _renderer.Capture();

    /// <inheritdoc/>
    public string[] ReadText() => _renderer.ReadText();

    /// <summary>Column and row of the cursor in a text mode, or null.</summary>
    public (int Column, int Row)? ReadCursor() => _renderer.ReadCursor();

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        Core.Reset();
    }

    /// <inheritdoc/>
    /// <remarks>Without the video memory, which is guest memory and saved as such.</remarks>
    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        Core.SaveState(writer);
    }

    /// <inheritdoc/>
    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        Core.LoadState(reader);
    }

    private void UpdateLinearWindow()
    {
        if (Core.LinearWindow is not { } window)
        {
            _linearWindow.Enabled = false;
            return;
        }
        _linearWindow.Size = window.Length;
        _linearWindow.Offset = window.Offset;
        _linearWindow.AliasOffset = window.Address;
        _linearWindow.Enabled = true;
    }

    /// <summary>
    /// BAR 2: EDID at 0, VGA ports 3C0h to 3DFh at 400h, Bochs display registers (16-bit) at 500h, byte order at 604h.
    /// </summary>
    private sealed class RegisterBar(VgaCore core, byte[] edid) : IMemoryDevice
    {
        private const int VgaStart = 0x400, VgaEnd = 0x420, VbeStart = 0x500, VbeEnd = VbeStart + 2 * BochsVbe.RegisterCount;
        private const int ExtensionStart = 0x600, ByteOrder = 0x604;
        private const int PortsBelow3C0 = 0x10;
        private const uint ExtensionSize = 8, LittleEndian = 0x1E1E1E1E;

        public ulong ReadMemory(ulong offset, int size)
        {
            int at = (int)offset;
            switch (at)
            {
                case < Edid.Size:
                    Span<byte> bytes = stackalloc byte[8];
                    bytes.Clear();
                    edid.AsSpan(at, Math.Min(size, Edid.Size - at)).CopyTo(bytes);
                    return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
                case >= VgaStart and < VgaEnd:
                    ulong value = 0;
                    for (int i = 0; i < size && at + i < VgaEnd; i++)
                        value |= (ulong)core.ReadPort((ushort)(at + i - VgaStart + PortsBelow3C0), 1) << (8 * i);
                    return value;
                case >= VbeStart and < VbeEnd:
                    uint low = core.Vbe.Read((at - VbeStart) / 2);
                    uint high = size == 4 && at + 2 < VbeEnd ? core.Vbe.Read((at - VbeStart) / 2 + 1) : 0u;
                    return (high << 16 | low) >> (8 * (at & 1));
                case ExtensionStart:
                    return ExtensionSize;
                case ByteOrder:
                    return LittleEndian;
                default:
                    return 0;
            }
        }

        public void WriteMemory(ulong offset, int size, ulong value)
        {
            int at = (int)offset;
            if (at is >= VgaStart and < VgaEnd)
            {
                for (int i = 0; i < size && at + i < VgaEnd; i++)
                    core.WritePort((ushort)(at + i - VgaStart + PortsBelow3C0), 1, (byte)(value >> (8 * i)));
            }
            else if (at is >= VbeStart and < VbeEnd && size >= 2)
            {
                core.Vbe.Write((at - VbeStart) / 2, (ushort)value);
                if (size == 4 && at + 2 < VbeEnd)
                    core.Vbe.Write((at - VbeStart) / 2 + 1, (ushort)(value >> 16));
            }
        }
    }
}
