using System.Text;

namespace Emu.Devices.Firmware;

/// <summary>
/// Publishes a kernel on the firmware configuration device, for firmware that boots it from there: OVMF, and boot ROMs that know the
/// numbered kernel items.
/// </summary>
public static class FwCfgKernel
{
    private const int SectorSize = 512;
    private const int SetupSectorsOffset = 0x1F1;
    private const int BootSignatureOffset = 0x202;
    private const int DefaultSetupSectors = 4;
    private const uint RealModeAddress = 0x10000;
    private const uint CommandLineAddress = 0x20000;
    private const uint ProtectedModeAddress = 0x100000;
    private const uint InitrdAlignment = 4096;

    /// <summary>Sets the kernel items.</summary>
    /// <param name="fwCfg">The device.</param>
    /// <param name="kernel">A bzImage; its real-mode part is published apart. Anything else is published whole.</param>
    /// <param name="initrd">Initial RAM disk, or empty.</param>
    /// <param name="commandLine">Kernel command line.</param>
    /// <param name="lowRamSize">Bytes of RAM below 4 GiB: the RAM disk's suggested address is at the end of it.</param>
    public static void Add(FwCfg fwCfg, byte[] kernel, byte[] initrd, string commandLine, ulong lowRamSize)
    {
        int setupSize = SetupSize(kernel);
        fwCfg.AddUInt32(FwCfgKey.SetupAddress, RealModeAddress);
        AddSized(fwCfg, FwCfgKey.SetupSize, FwCfgKey.SetupData, kernel[..setupSize]);
        fwCfg.AddUInt32(FwCfgKey.KernelAddress, ProtectedModeAddress);
        fwCfg.AddUInt32(FwCfgKey.KernelEntry, ProtectedModeAddress);
        AddSized(fwCfg, FwCfgKey.KernelSize, FwCfgKey.KernelData, kernel[setupSize..]);
        byte[] text = Encoding.UTF8.GetBytes(commandLine + "\0");
        fwCfg.AddUInt32(FwCfgKey.CommandLineAddress, CommandLineAddress);
        AddSized(fwCfg, FwCfgKey.CommandLineSize, FwCfgKey.CommandLineData, text);
        if (initrd.Length == 0)
            return;
        ulong top = EndOfFreeRam(lowRamSize);
        fwCfg.AddUInt32(FwCfgKey.InitrdAddress, (uint)((top - Math.Min(top, (ulong)initrd.Length)) & ~(ulong)(InitrdAlignment - 1)));
        AddSized(fwCfg, FwCfgKey.InitrdSize, FwCfgKey.InitrdData, initrd);
    }

    /// <summary>Bytes of a bzImage's boot sector and setup (Linux x86 boot protocol, setup_sects), or 0 for other images.</summary>
    public static int SetupSize(ReadOnlySpan<byte> kernel)
    {
        if (kernel.Length < BootSignatureOffset + 4 || !kernel.Slice(BootSignatureOffset, 4).SequenceEqual("HdrS"u8))
            return 0;
        int sectors = kernel[SetupSectorsOffset] == 0 ? DefaultSetupSectors : kernel[SetupSectorsOffset];
        return Math.Min((sectors + 1) * SectorSize, kernel.Length);
    }

    /// <summary>Firmware keeps its tables in the last part of low RAM.</summary>
    private static ulong EndOfFreeRam(ulong lowRamSize)
    {
        const ulong reserve = 0x20000;
        return lowRamSize > reserve ? lowRamSize - reserve : lowRamSize;
    }

    private static void AddSized(FwCfg fwCfg, ushort sizeKey, ushort dataKey, byte[] data)
    {
        fwCfg.AddUInt32(sizeKey, (uint)data.Length);
        fwCfg.AddBytes(dataKey, data);
    }
}
