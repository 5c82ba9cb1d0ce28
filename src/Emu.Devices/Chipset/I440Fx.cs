using Emu.Devices.Pci;

namespace Emu.Devices.Chipset;

/// <summary>
/// Host bridge 82441FX PMC (8086:1237; data sheet 290549): the programmable attribute map over C0000h-FFFFFh and the SMRAM register,
/// both acting on <see cref="I440FxMemory"/>.
/// </summary>
/// <remarks>
/// SMRAM.D_CLS (data accesses in SMM go to PCI, code fetches to RAM) is stored but has no effect: the map does not tell the two apart, nor does QEMU's.
/// </remarks>
public sealed class I440Fx : PciDevice
{
    private const int RamSizeInEightMegabytes = 0x57;
    private const int Pam0 = 0x59;
    private const int PamCount = 7;
    private const int Smram = 0x72;

    private const byte SmramBaseSegment = 0x02;
    private const byte SmramEnable = 1 << 3;
    private const byte SmramLock = 1 << 4;
    private const byte SmramClosed = 1 << 5;
    private const byte SmramOpen = 1 << 6;
    private const byte SmramUnlockedBits = SmramOpen | SmramClosed | SmramLock | SmramEnable;

    private const ulong FirstSegment = 0xC0000;
    private const ulong SegmentSize = 0x4000;
    private const ulong BiosSegment = 0xF0000;
    private const ulong BiosSegmentSize = 0x10000;

    private readonly I440FxMemory _memory;

    // PAM0's high nibble is the 64 KiB at F0000h; then one window a nibble from C0000h up.
    private readonly ShadowWindow _biosWindow;
    private readonly ShadowWindow[] _windows = new ShadowWindow[2 * (PamCount - 1)];

    public I440Fx(I440FxMemory memory)
        : base("i440FX", new PciIdentity(0x8086, 0x1237, 0x060000, 0x02))
    {
        _memory = memory;
        _biosWindow = new ShadowWindow(memory, BiosSegment, BiosSegmentSize);
        for (int i = 0; i < _windows.Length; i++)
            _windows[i] = new ShadowWindow(memory, FirstSegment + (ulong)i * SegmentSize, SegmentSize);

        DefineRegister(PciRegister.LatencyTimer, 1, 0, 0xF8);
        // PMCCFG, DETURBO, DBC, AXC, DRT, DRAMC timing: stored for the BIOS, without effect on memory that needs no timing.
        DefineRegister(0x50, 4, 0, uint.MaxValue);
        DefineRegister(0x54, 3, 0, 0xFF_FFFF);
        // QEMU's board tells coreboot the RAM size where the part has its DRAM control register.
        DefineRegister(RamSizeInEightMegabytes, 1, (uint)Math.Min(memory.Layout.TotalSize >> 23, 255), 0xFF);
        DefineRegister(0x58, 1, 0, 0xFF);
        DefineRegister(Pam0, 1, 0, 0x30);
        for (int i = 1; i < PamCount; i++)
            DefineRegister(Pam0 + i, 1, 0, 0x33);
        for (int offset = 0x60; offset < Smram; offset++)
            DefineRegister(offset, 1, 0, 0xFF);
        DefineRegister(Smram, 1, SmramBaseSegment, SmramUnlockedBits);
        for (int offset = 0x90; offset < 0x98; offset++)
            DefineRegister(offset, 1, 0, 0xFF);
        UpdateMemory();
    }

    protected override void ConfigurationWritten(int offset, int size)
    {
        if (Overlaps(offset, size, Smram, 1) && (ReadByte(Smram) & SmramLock) != 0)
        {
            // Locked until reset: D_OPEN drops, and only D_CLS can still change (3.2.23).
            Configuration[Smram] &= unchecked((byte)~SmramOpen);
            SetWritable(Smram, SmramClosed);
        }
        if (Overlaps(offset, size, Pam0, PamCount) || Overlaps(offset, size, Smram, 1))
            UpdateMemory();
    }

    private void UpdateMemory()
    {
        _biosWindow.Attribute = ReadByte(Pam0) >> 4;
        for (int i = 0; i < _windows.Length; i++)
            _windows[i].Attribute = ReadByte(Pam0 + 1 + i / 2) >> 4 * (i & 1);
        byte smram = ReadByte(Smram);
        _memory.SystemManagementRamEnabled = (smram & SmramEnable) != 0;
        _memory.SystemManagementRamOpen = (smram & SmramEnable) != 0 && (smram & SmramOpen) != 0;
    }

    public override void Reset()
    {
        SetWritable(Smram, SmramUnlockedBits);
        base.Reset();
        UpdateMemory();
    }

    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        SetWritable(Smram, (ReadByte(Smram) & SmramLock) != 0 ? SmramClosed : SmramUnlockedBits);
        UpdateMemory();
    }
}
