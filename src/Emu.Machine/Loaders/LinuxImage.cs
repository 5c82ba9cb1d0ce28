using System.Buffers.Binary;
using System.Text;
using Emu.Cpu;
using Emu.Devices.Firmware;

namespace Emu.Machine.Loaders;

/// <summary>
/// A Linux bzImage with its initial ramdisk and command line, loaded by the x86 boot protocol (Linux
/// Documentation/arch/x86/boot.rst).
/// </summary>
public sealed class LinuxImage
{
    private const int HeaderOffset = 0x1F1, SystemSizeOffset = 0x1F4;
    private const ushort RealModeSegment = (ushort)(RealModeAddress >> 4);
    private const uint RealModeAddress = 0x10000, CommandLineAddress = 0x20000, ProtectedModeAddress = 0x100000;
    private const byte LoadedHigh = 1, CanUseHeap = 0x80, UndefinedLoader = 0xFF;
    private readonly byte[] kernel;
    private readonly byte[] initrd;
    private readonly byte[] commandLine;
    private readonly string name;

    private LinuxImage(byte[] kernel, byte[] initrd, byte[] commandLine, string name)
    {
        this.kernel = kernel;
        this.initrd = initrd;
        this.commandLine = commandLine;
        this.name = name;
    }

    /// <summary>Boot protocol version, for example 0x20F for 2.15.</summary>
    public int Protocol => BinaryPrimitives.ReadUInt16LittleEndian(kernel.AsSpan(0x206));

    private int SetupSize => ((kernel[HeaderOffset] == 0 ? 4 : kernel[HeaderOffset]) + 1) * 512;

    /// <summary>By the header: syssize, units of 16 bytes of which the last need not be full, has all its bits from 2.04 on.</summary>
    private long LeastSize => Protocol < 0x204 ? 0 : SetupSize + Math.Max(0, (BinaryPrimitives.ReadUInt32LittleEndian(kernel.AsSpan(SystemSizeOffset)) * 16L) - 15);

    private ReadOnlySpan<byte> ProtectedModePart => kernel.AsSpan(SetupSize);

    /// <summary>Whether a file is a bzImage.</summary>
    public static bool Is(ReadOnlySpan<byte> file) =>
        file.Length > 0x260 && file.Slice(0x202, 4).SequenceEqual("HdrS"u8) && file[0x1FE] == 0x55 && file[0x1FF] == 0xAA;

    /// <summary>Checks the image.</summary>
    /// <exception cref="LoaderException">Too old, no bzImage, truncated, or the command line is too long.</exception>
    public static LinuxImage Parse(byte[] kernel, byte[]? initrd, string commandLine, string name)
    {
        if (!Is(kernel)) throw new LoaderException($"{name}: not a Linux bzImage");
        LinuxImage image = new(kernel, initrd ?? [], Encoding.UTF8.GetBytes(commandLine + "\0"), name);
        if (image.Protocol < 0x202 || (kernel[0x211] & LoadedHigh) == 0)
        {
            throw new LoaderException($"{name}: boot protocol {image.Protocol >> 8}.{image.Protocol & 0xFF:d2} is too old (2.02 with a high-loaded kernel is needed)");
        }

        if (image.SetupSize >= kernel.Length || image.LeastSize > kernel.Length) throw new LoaderException($"{name}: truncated bzImage ({kernel.Length} bytes, {Math.Max(image.LeastSize, image.SetupSize + 1)} by its header)");
        int limit = image.Protocol >= 0x206 ? BinaryPrimitives.ReadInt32LittleEndian(kernel.AsSpan(0x238)) : 255;
        if (image.commandLine.Length > limit + 1) throw new LoaderException($"the kernel command line has {image.commandLine.Length - 1} characters, {name} takes {limit}");
        return image;
    }

    /// <summary>
    /// Loads everything for the 16-bit entry point, which asks the BIOS for what it needs, and lets the processor
    /// continue there.
    /// </summary>
    public void EnterReal(Vcpu cpu, GuestImageWriter writer)
    {
        byte[] setup = kernel.AsSpan(0, SetupSize).ToArray();
        FillHeader(setup, writer.LowMemory);
        writer.Write(RealModeAddress, setup, name);
        LoadCommon(writer);
        BootState.EnterReal(cpu, segment: RealModeSegment + 0x20, offset: 0, data: RealModeSegment, stack: 0xFFF0);
    }

    /// <summary>Loads everything for the 32-bit entry point; no BIOS is needed.</summary>
    public void EnterProtected(Vcpu cpu, GuestImageWriter writer, IReadOnlyList<E820Entry> memoryMap, ulong rootPointer)
    {
        byte[] parameters = new byte[0x1000];
        int headerEnd = Math.Min(0x202 + kernel[0x201], Math.Min(0x290, kernel.Length));
        kernel.AsSpan(HeaderOffset, headerEnd - HeaderOffset).CopyTo(parameters.AsSpan(HeaderOffset));
        FillHeader(parameters, writer.LowMemory);
        int count = Math.Min(memoryMap.Count, 128);
        parameters[0x1E8] = (byte)count;
        E820Entry.Encode([.. memoryMap.Take(count)]).CopyTo(parameters.AsSpan(0x2D0));
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.AsSpan(0x70), rootPointer);
        // Screen information: 80x25 colour text, as the BIOS would leave it.
        parameters[0x06] = 3;
        parameters[0x07] = 80;
        parameters[0x0E] = 25;
        parameters[0x0F] = 0x22;
        parameters[0x10] = 16;
        writer.Write(RealModeAddress, parameters, name);
        LoadCommon(writer);
        WriteDescriptors(writer);
        BootState.EnterFlat32(cpu, ProtectedModeAddress);
        unsafe
        {
            cpu.State->Gpr[6] = RealModeAddress;
            cpu.State->GdtBase = DescriptorAddress;
            cpu.State->GdtLimit = 31;
        }
    }

    private const uint DescriptorAddress = 0x9000;

    private static void WriteDescriptors(GuestImageWriter writer)
    {
        Span<byte> table = stackalloc byte[32];
        table.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(table[0x10..], 0x00CF_9B00_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(table[0x18..], 0x00CF_9300_0000_FFFF);
        writer.Write(DescriptorAddress, table, "the descriptor table");
    }

    private void FillHeader(byte[] setup, ulong lowMemory)
    {
        setup[0x210] = UndefinedLoader;
        setup[0x211] |= CanUseHeap;
        BinaryPrimitives.WriteUInt16LittleEndian(setup.AsSpan(0x224), (ushort)(CommandLineAddress - RealModeAddress - 0x200));
        BinaryPrimitives.WriteUInt32LittleEndian(setup.AsSpan(0x228), CommandLineAddress);
        if (initrd.Length == 0) return;
        BinaryPrimitives.WriteUInt32LittleEndian(setup.AsSpan(0x218), InitrdAddress(lowMemory));
        BinaryPrimitives.WriteUInt32LittleEndian(setup.AsSpan(0x21C), (uint)initrd.Length);
    }

    /// <summary>As high as the kernel allows, below what firmware may have reserved at the top of memory.</summary>
    private uint InitrdAddress(ulong lowMemory)
    {
        ulong limit = Protocol >= 0x203 ? BinaryPrimitives.ReadUInt32LittleEndian(kernel.AsSpan(0x22C)) : 0x37FF_FFFF;
        ulong top = Math.Min(limit + 1, lowMemory - (4 << 20));
        ulong minimum = ProtectedModeAddress + (ulong)kernel.Length;
        if (Protocol >= 0x20A)
        {
            // init_size bytes from the preferred address are used while the kernel decompresses itself.
            minimum = Math.Max(minimum, BinaryPrimitives.ReadUInt64LittleEndian(kernel.AsSpan(0x258)) + BinaryPrimitives.ReadUInt32LittleEndian(kernel.AsSpan(0x260)));
        }

        if (lowMemory < (8 << 20) || top < minimum + (ulong)initrd.Length)
        {
            throw new LoaderException($"{name} and its initrd need {(minimum + (ulong)initrd.Length >> 20) + 5} MiB of memory, the guest has {lowMemory >> 20} (use a larger -m)");
        }

        return (uint)((top - (ulong)initrd.Length) & ~0xFFFul);
    }

    private void LoadCommon(GuestImageWriter writer)
    {
        writer.Write(ProtectedModeAddress, ProtectedModePart, name);
        writer.Write(CommandLineAddress, commandLine, "the kernel command line");
        if (initrd.Length > 0) writer.Write(InitrdAddress(writer.LowMemory), initrd, "the initrd");
    }
}
