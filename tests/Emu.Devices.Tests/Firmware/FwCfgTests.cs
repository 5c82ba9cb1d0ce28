using System.Buffers.Binary;
using System.Text;

using Emu.Devices.Firmware;
using Xunit;

namespace Emu.Devices.Tests.Firmware;

public class FwCfgTests
{
    private const ushort Selector = 0, Data = 1, DmaHigh = 4, DmaLow = 8;
    private readonly TestBusMemory _memory = new(0x10000);
    private readonly FwCfg _fwCfg;

    public FwCfgTests() => _fwCfg = new FwCfg(_memory);

    [Fact]
    public void Signature_reads_QEMU_then_zeros()
    {
        Assert.Equal("QEMU\0\0", Encoding.ASCII.GetString(ReadItem(FwCfgKey.Signature, 6)));
    }

    [Fact]
    public void Feature_word_announces_the_dma_interface_and_the_dma_register_reads_its_signature()
    {
        Assert.Equal([3, 0, 0, 0], ReadItem(FwCfgKey.Id, 4));
        Assert.Equal(0x554D4551u, _fwCfg.ReadPort(DmaHigh, 4));
        Assert.Equal(0x47464320u, _fwCfg.ReadPort(DmaLow, 4));
        Assert.Equal((uint)'E', _fwCfg.ReadPort(DmaHigh + 1, 1));
    }

    [Fact]
    public void Directory_is_sorted_by_name_and_gives_each_file_its_selector()
    {
        _fwCfg.AddFile("etc/b", [1, 2, 3]);
        _fwCfg.AddFile("bootorder", [9]);
        _fwCfg.AddFile("etc/a", [7, 7]);
        byte[] directory = ReadItem(FwCfgKey.FileDirectory, 4 + 3 * 64);
        Assert.Equal(3, BinaryPrimitives.ReadInt32BigEndian(directory));
        (string, int, int)[] entries = [.. Enumerable.Range(0, 3).Select(i => directory.AsSpan(4 + 64 * i, 64).ToArray()).Select(e => (
            Encoding.ASCII.GetString(e, 8, 56).TrimEnd('\0'), BinaryPrimitives.ReadInt32BigEndian(e), (int)BinaryPrimitives.ReadUInt16BigEndian(e.AsSpan(4))))];
        Assert.Equal([("bootorder", 1, 0x20), ("etc/a", 2, 0x21), ("etc/b", 3, 0x22)], entries);
        Assert.Equal([1, 2, 3, 0], ReadItem(0x22, 4));
    }

    [Fact]
    public void Dma_selects_skips_and_reads_and_fills_with_zeros_past_the_end()
    {
        _fwCfg.AddFile("f", [1, 2, 3, 4]);
        Assert.Equal(0u, Dma(0x20u << 16 | 8 | 4, 1, 0));
        _memory.Bytes.AsSpan(0x800, 8).Fill(0xEE);
        Assert.Equal(0u, Dma(2, 6, 0x800));
        Assert.Equal([2, 3, 4, 0, 0, 0, 0xEE, 0xEE], _memory.Bytes[0x800..0x808]);
    }

    [Fact]
    public void Dma_writes_a_writable_file_and_tells_its_owner()
    {
        byte[]? seen = null;
        _fwCfg.AddFile("f", [1, 2, 3, 4], writable: true, written: b => seen = b);
        _memory.Bytes[0x800] = 0x55;
        Assert.Equal(0u, Dma(0x20u << 16 | 8 | 16, 1, 0x800));
        Assert.Equal([0x55, 2, 3, 4], seen ?? []);
        Assert.Equal([0x55, 2, 3, 4], ReadItem(0x20, 4));
    }

    [Fact]
    public void Dma_write_reports_an_error_on_read_only_files_and_past_the_end()
    {
        _fwCfg.AddFile("a", [1, 2], writable: false);
        _fwCfg.AddFile("b", [1, 2], writable: true);
        Assert.Equal(1u, Dma(0x20u << 16 | 8 | 16, 1, 0x800));
        Assert.Equal(1u, Dma(0x21u << 16 | 8 | 16, 3, 0x800));
        Assert.Equal([1, 2], ReadItem(0x21, 2));
    }

    [Fact]
    public void Items_that_do_not_exist_read_as_zero()
    {
        Assert.Equal([0, 0], ReadItem(0x3FFF, 2));
        Assert.Equal(0u, Dma(0x3FFFu << 16 | 8 | 2, 4, 0x800));
    }

    [Fact]
    public void Lazily_built_files_are_made_when_selected()
    {
        byte value = 1;
        _fwCfg.AddFile("f", () => [value]);
        value = 5;
        Assert.Equal([5], ReadItem(0x20, 1));
    }

    [Fact]
    public void Snapshot_keeps_position_and_written_files()
    {
        _fwCfg.AddFile("f", [1, 2, 3, 4], writable: true);
        _memory.Bytes[0x800] = 0x55;
        Dma(0x20u << 16 | 8 | 16, 1, 0x800);
        using MemoryStream stream = new();
        _fwCfg.SaveState(new BinaryWriter(stream));
        FwCfg other = new(_memory);
        other.AddFile("f", [1, 2, 3, 4], writable: true);
        stream.Position = 0;
        other.LoadState(new BinaryReader(stream));
        Assert.Equal(2u, other.ReadPort(Data, 1));
        Assert.Equal([0x55, 2, 3, 4], other.ReadFile("f") ?? []);
    }

    [Fact]
    public void Random_accesses_never_throw()
    {
        new FirmwareConfiguration { Acpi = new(), Smbios = new(), CpuCount = 4 }.AddTo(_fwCfg);
        Random random = new(3);
        random.NextBytes(_memory.Bytes);
        PortFuzz.Run(_fwCfg, FwCfg.PortCount, 20_000);
    }

    [Fact]
    public void A_file_name_that_does_not_fit_the_directory_is_refused()
    {
        Assert.Throws<ArgumentException>(() => _fwCfg.AddFile(new string('a', 56), [1]));
        Assert.Throws<ArgumentException>(() => _fwCfg.AddFile("", [1]));
    }

    [Fact]
    public void Configuration_publishes_the_items_that_seabios_reads()
    {
        new FirmwareConfiguration
        {
            LowRamSize = 0xC0000000, HighRamSize = 0x40000000, CpuCount = 2, BootOrder = ["/pci@i0cf8/ide@1,1/drive@0/disk@0"],
            FeatureControl = 5, BootFailWait = -1, Acpi = new() { CpuCount = 2 }, Smbios = new(),
        }.AddTo(_fwCfg);
        Assert.Equal(0x1_0000_0000ul, BinaryPrimitives.ReadUInt64LittleEndian(_fwCfg.ReadItem(FwCfgKey.RamSize)));
        Assert.Equal([2, 0], _fwCfg.ReadItem(FwCfgKey.CpuCount) ?? []);
        Assert.Equal(
            ["bootorder", "etc/acpi/rsdp", "etc/acpi/tables", "etc/boot-fail-wait", "etc/e820", "etc/msr_feature_control", "etc/screen-and-debug",
                "etc/show-boot-menu", "etc/smbios/smbios-anchor", "etc/smbios/smbios-tables", "etc/system-states", "etc/table-loader"],
            _fwCfg.FileNames);
        Assert.Equal(40, _fwCfg.ReadFile("etc/e820")?.Length);
        Assert.Equal([0x80, 0, 0, 0x81, 0x82, 0x80], _fwCfg.ReadFile("etc/system-states") ?? []);
    }

    [Fact]
    public void Kernel_is_split_into_its_real_mode_and_protected_mode_parts()
    {
        byte[] kernel = new byte[8192];
        kernel[0x1F1] = 3;
        "HdrS"u8.CopyTo(kernel.AsSpan(0x202));
        kernel[2048] = 0xEE;
        FwCfgKernel.Add(_fwCfg, kernel, new byte[5000], "console=ttyS0", 64 << 20);
        Assert.Equal([0x00, 0x08, 0, 0], ReadItem(FwCfgKey.SetupSize, 4));
        Assert.Equal([0x00, 0x18, 0, 0], ReadItem(FwCfgKey.KernelSize, 4));
        Assert.Equal([0xEE, 0], ReadItem(FwCfgKey.KernelData, 2));
        Assert.Equal("console=ttyS0\0", Encoding.ASCII.GetString(ReadItem(FwCfgKey.CommandLineData, 14)));
        uint initrd = BinaryPrimitives.ReadUInt32LittleEndian(ReadItem(FwCfgKey.InitrdAddress, 4));
        Assert.Equal(0u, initrd & 0xFFF);
        Assert.InRange(initrd + 5000, 0u, (64u << 20) - 0x20000);
        FwCfgKernel.Add(_fwCfg, new byte[100], [], "", 64 << 20);
        Assert.Equal([100, 0, 0, 0], ReadItem(FwCfgKey.KernelSize, 4));
    }

    private byte[] ReadItem(ushort key, int count)
    {
        _fwCfg.WritePort(Selector, 2, key);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)_fwCfg.ReadPort(Data, 1))];
    }

    private uint Dma(uint control, uint length, ulong address)
    {
        const int descriptor = 0x400;
        BinaryPrimitives.WriteUInt32BigEndian(_memory.Bytes.AsSpan(descriptor), control);
        BinaryPrimitives.WriteUInt32BigEndian(_memory.Bytes.AsSpan(descriptor + 4), length);
        BinaryPrimitives.WriteUInt64BigEndian(_memory.Bytes.AsSpan(descriptor + 8), address);
        _fwCfg.WritePort(DmaHigh, 4, 0);
        _fwCfg.WritePort(DmaLow, 4, BinaryPrimitives.ReverseEndianness((uint)descriptor));
        return BinaryPrimitives.ReadUInt32BigEndian(_memory.Bytes.AsSpan(descriptor));
    }
}
