using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Machine.Loaders;

/// <summary>
/// The option ROM that boots a kernel given with <c>-kernel</c> after the BIOS: a PnP ROM with a bootstrap entry vector
/// that collects the E820 map and then writes to <see cref="Port"/>, upon which the machine loads the kernel and moves
/// the processor to its entry point.
/// </summary>
public static class BootRom
{
    /// <summary>Port the ROM writes when the BIOS has handed over to it; any value.</summary>
    public const ushort Port = 0x8903;

    /// <summary>Name in the fw_cfg directory "genroms".</summary>
    public const string Name = "emu-boot.bin";

    /// <summary>Real-mode segment of the table the ROM fills: a word with the number of entries, then entries of 24 bytes at 16.</summary>
    public const ushort MapSegment = 0x0900;

    /// <summary>Bytes between entries.</summary>
    public const int MapEntrySize = 24;

    private const int HeaderSize = 0x40, PnpHeader = 0x20, SizeInBytes = 512;

    /// <summary>Builds the ROM.</summary>
    public static byte[] Build()
    {
        byte[] rom = new byte[SizeInBytes];
        rom[0] = 0x55;
        rom[1] = 0xAA;
        rom[2] = SizeInBytes / 512;
        // Initialisation: nothing to do (far return).
        rom[3] = 0xCB;
        rom[0x1A] = PnpHeader;
        "$PnP"u8.CopyTo(rom.AsSpan(PnpHeader));
        rom[PnpHeader + 4] = 1;
        rom[PnpHeader + 5] = 2;
        rom[PnpHeader + 0x1A] = HeaderSize;
        byte[] code = Assemble();
        if (code.Length > SizeInBytes - HeaderSize - 1) throw new InvalidOperationException("The boot ROM has outgrown its 512 bytes.");
        code.CopyTo(rom.AsSpan(HeaderSize));
        SetChecksum(rom.AsSpan(PnpHeader, 0x20), 9);
        SetChecksum(rom, SizeInBytes - 1);
        return rom;
    }

    private static byte[] Assemble()
    {
        Assembler a = new(16);
        Label next = a.CreateLabel(), done = a.CreateLabel(), halt = a.CreateLabel();
        a.cld();
        a.mov(ax, MapSegment);
        a.mov(es, ax);
        a.mov(di, 16);
        a.xor(ebx, ebx);
        a.xor(bp, bp);
        a.Label(ref next);
        a.mov(eax, 0xE820);
        a.mov(edx, 0x534D4150);
        a.mov(ecx, 20);
        a.@int(0x15);
        a.jc(done);
        a.inc(bp);
        a.add(di, MapEntrySize);
        a.test(ebx, ebx);
        a.jne(next);
        a.Label(ref done);
        a.mov(__word_ptr.es[0], bp);
        a.mov(dx, Port);
        a.@out(dx, al);
        a.Label(ref halt);
        a.hlt();
        a.jmp(halt);
        using MemoryStream stream = new();
        a.Assemble(new StreamCodeWriter(stream), HeaderSize);
        return stream.ToArray();
    }

    private static void SetChecksum(Span<byte> bytes, int at)
    {
        bytes[at] = 0;
        byte sum = 0;
        foreach (byte b in bytes) sum += b;
        bytes[at] = (byte)-sum;
    }
}
