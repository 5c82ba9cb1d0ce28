using System.Buffers.Binary;
using System.Text;
using Emu.Cpu;
using Emu.Devices.Firmware;

namespace Emu.Machine.Loaders;

/// <summary>An ELF kernel with a PVH entry note (Xen docs/misc/pvh.pandoc), such as an uncompressed vmlinux.</summary>
public sealed class PvhImage
{
    private const uint StartInfoMagic = 0x336EC578;
    private const uint StartInfoAddress = 0x6000, CommandLineAddress = 0x7000;
    private const int StartInfoSize = 56, ModuleSize = 32, MapEntrySize = 24;
    private readonly ElfImage elf;
    private readonly uint entry;
    private readonly byte[]? initrd;
    private readonly string commandLine;
    private readonly string name;

    private PvhImage(ElfImage elf, uint entry, byte[]? initrd, string commandLine, string name)
    {
        this.elf = elf;
        this.entry = entry;
        this.initrd = initrd;
        this.commandLine = commandLine;
        this.name = name;
    }

    /// <summary>Checks the image.</summary>
    /// <exception cref="LoaderException">No ELF file, or without the note.</exception>
    public static PvhImage Parse(byte[] file, byte[]? initrd, string commandLine, string name)
    {
        ElfImage elf = ElfImage.Parse(file, name);
        if (elf.PvhEntry is not uint entry) throw new LoaderException($"{name}: the ELF kernel has neither a Multiboot header nor a PVH entry note");
        return new PvhImage(elf, entry, initrd, commandLine, name);
    }

    /// <summary>Loads the kernel and enters it.</summary>
    public void Enter(Vcpu cpu, GuestImageWriter writer, IReadOnlyList<E820Entry> memoryMap, ulong rootPointer)
    {
        ulong end = writer.Write(elf, name);
        byte[] block = new byte[StartInfoSize + ModuleSize + (MapEntrySize * memoryMap.Count)];
        void Set32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(offset), value);
        void Set64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(offset), value);
        Set32(0, StartInfoMagic);
        Set32(4, 1);
        Set32(12, initrd == null ? 0u : 1u);
        Set64(16, StartInfoAddress + StartInfoSize);
        Set64(24, CommandLineAddress);
        Set64(32, rootPointer);
        Set64(40, StartInfoAddress + StartInfoSize + ModuleSize);
        Set32(48, (uint)memoryMap.Count);
        if (initrd != null)
        {
            ulong at = (end + 0x1FFFFF) & ~0x1FFFFFul;
            writer.Write(at, initrd, "the initrd");
            Set64(StartInfoSize, at);
            Set64(StartInfoSize + 8, (ulong)initrd.Length);
        }

        for (int i = 0; i < memoryMap.Count; i++)
        {
            E820Entry.Encode([memoryMap[i]]).CopyTo(block.AsSpan(StartInfoSize + ModuleSize + (MapEntrySize * i)));
        }

        writer.Write(StartInfoAddress, block, "the start information");
        writer.Write(CommandLineAddress, Encoding.UTF8.GetBytes(commandLine + "\0"), "the kernel command line");
        BootState.EnterFlat32(cpu, entry);
        unsafe
        {
            cpu.State->Gpr[3] = StartInfoAddress;
        }
    }
}
