using System.Buffers.Binary;
using System.Text;
using Emu.Cpu;
using Emu.Devices.Firmware;

namespace Emu.Machine.Loaders;

/// <summary>A boot module: bytes and the string that goes with them.</summary>
public sealed record BootModule(byte[] Bytes, string CommandLine);

/// <summary>A kernel with a Multiboot 1 header (Multiboot Specification 0.6.96).</summary>
public sealed class MultibootImage
{
    private const uint Magic = 0x1BADB002, BootloaderMagic = 0x2BADB002;
    private const uint PageAlignModules = 1, HasAddresses = 1 << 16;
    private readonly byte[] file;
    private readonly int header;
    private readonly uint flags;
    private readonly IReadOnlyList<BootModule> modules;
    private readonly string commandLine;
    private readonly string name;

    private MultibootImage(byte[] file, int header, IReadOnlyList<BootModule> modules, string commandLine, string name)
    {
        this.file = file;
        this.header = header;
        this.modules = modules;
        this.commandLine = commandLine;
        this.name = name;
        flags = Field(4);
    }

    /// <summary>Offset of the header, or -1.</summary>
    public static int FindHeader(ReadOnlySpan<byte> file)
    {
        for (int i = 0; i + 12 <= Math.Min(file.Length, 8192); i += 4)
        {
            uint magic = BinaryPrimitives.ReadUInt32LittleEndian(file[i..]);
            if (magic != Magic) continue;
            uint sum = magic + BinaryPrimitives.ReadUInt32LittleEndian(file[(i + 4)..]) + BinaryPrimitives.ReadUInt32LittleEndian(file[(i + 8)..]);
            if (sum == 0) return i;
        }

        return -1;
    }

    /// <summary>Checks the header.</summary>
    /// <exception cref="LoaderException">There is none, or it asks for what is not offered.</exception>
    public static MultibootImage Parse(byte[] file, IReadOnlyList<BootModule> modules, string commandLine, string name)
    {
        int header = FindHeader(file);
        if (header < 0) throw new LoaderException($"{name}: no Multiboot header");
        MultibootImage image = new(file, header, modules, commandLine, name);
        uint required = image.flags & 0xFFF8;
        if (required != 0) throw new LoaderException($"{name}: the Multiboot header requires unknown features (flags {image.flags:x})");
        return image;
    }

    private uint Field(int offset) =>
        header + offset + 4 <= file.Length ? BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(header + offset)) : 0;

    /// <summary>Loads kernel and modules, builds the information block and enters the kernel.</summary>
    public void Enter(Vcpu cpu, GuestImageWriter writer, IReadOnlyList<E820Entry> memoryMap)
    {
        ulong end = LoadKernel(writer, out uint entry);
        uint next = Align((uint)end, 0x1000);
        List<(uint Start, uint End, string CommandLine)> placed = [];
        foreach (BootModule module in modules)
        {
            writer.Write(next, module.Bytes, $"module {module.CommandLine}");
            placed.Add((next, next + (uint)module.Bytes.Length, module.CommandLine));
            next = Align(next + (uint)module.Bytes.Length, (flags & PageAlignModules) != 0 ? 0x1000u : 16u);
        }

        uint information = WriteInformation(writer, Align(next, 0x1000), placed, memoryMap);
        BootState.EnterFlat32(cpu, entry);
        unsafe
        {
            cpu.State->Gpr[0] = BootloaderMagic;
            cpu.State->Gpr[3] = information;
        }
    }

    private ulong LoadKernel(GuestImageWriter writer, out uint entry)
    {
        if ((flags & HasAddresses) != 0)
        {
            uint headerAddress = Field(12), load = Field(16), loadEnd = Field(20), bssEnd = Field(24);
            entry = Field(28);
            long start = header - (long)(headerAddress - load);
            long length = loadEnd == 0 ? file.Length - start : loadEnd - load;
            if (start < 0 || length < 0 || start + length > file.Length) throw new LoaderException($"{name}: the Multiboot address fields reach outside the file");
            writer.Write(load, file.AsSpan((int)start, (int)length), name);
            ulong end = load + (ulong)length;
            if (bssEnd > end)
            {
                writer.Write(end, new byte[bssEnd - end], name);
                end = bssEnd;
            }

            return end;
        }

        ElfImage elf = ElfImage.Parse(file, name);
        if (elf.Is64) throw new LoaderException($"{name}: a 64-bit ELF kernel without Multiboot address fields cannot be entered in 32-bit mode");
        entry = (uint)elf.Entry;
        return writer.Write(elf, name);
    }

    private uint WriteInformation(GuestImageWriter writer, uint at, List<(uint Start, uint End, string CommandLine)> placed, IReadOnlyList<E820Entry> memoryMap)
    {
        const int informationSize = 120;
        const uint memory = 1, bootDevice = 2, hasCommandLine = 4, hasModules = 8, hasMap = 64, hasName = 512;
        List<byte> strings = [];
        uint moduleTable = at + informationSize, mapTable = moduleTable + (16 * (uint)placed.Count), stringTable = mapTable + (24 * (uint)memoryMap.Count);
        uint Intern(string text)
        {
            uint address = stringTable + (uint)strings.Count;
            strings.AddRange(Encoding.UTF8.GetBytes(text));
            strings.Add(0);
            return address;
        }

        byte[] block = new byte[stringTable - at];
        void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(offset), value);
        Set(0, memory | bootDevice | hasCommandLine | (placed.Count > 0 ? hasModules : 0) | hasMap | hasName);
        Set(4, 639);
        Set(8, (uint)((writer.LowMemory >> 10) - 1024));
        Set(12, 0x8000FFFF);
        Set(16, Intern(commandLine));
        Set(20, (uint)placed.Count);
        Set(24, moduleTable);
        Set(44, 24 * (uint)memoryMap.Count);
        Set(48, mapTable);
        Set(64, Intern("emu"));
        for (int i = 0; i < placed.Count; i++)
        {
            int offset = informationSize + (16 * i);
            Set(offset, placed[i].Start);
            Set(offset + 4, placed[i].End);
            Set(offset + 8, Intern(placed[i].CommandLine));
        }

        for (int i = 0; i < memoryMap.Count; i++)
        {
            int offset = (int)(mapTable - at) + (24 * i);
            Set(offset, 20);
            E820Entry.Encode([memoryMap[i]]).CopyTo(block.AsSpan(offset + 4));
        }

        writer.Write(at, block, "the Multiboot information");
        writer.Write(stringTable, strings.ToArray(), "the Multiboot information");
        return at;
    }

    private static uint Align(uint value, uint to) => (value + to - 1) & ~(to - 1);
}
