using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Bench;

/// <summary>A guest that draws, and counts its pictures.</summary>
internal static class DrawingGuest
{
    /// <summary>Physical address of the number of pictures drawn, 32 bits.</summary>
    public const ulong Counter = 0x180000;

    /// <summary>Dots in a row of the picture.</summary>
    public const int Width = 1920;

    /// <summary>Rows of the picture.</summary>
    public const int Height = 1080;

    /// <summary>A Multiboot kernel that fills the frame buffer without end, with one REP STOSD a picture or a loop of four stores.</summary>
    /// <param name="stores">The loop.</param>
    /// <param name="computing">Turns of an empty loop behind each picture.</param>
    public static byte[] Kernel(bool stores, int computing)
    {
        const uint load = 0x100000, headerSize = 32, flags = 1 << 16, magic = 0x1BADB002;
        Assembler a = new(32);
        foreach ((int register, int value) in (ReadOnlySpan<(int, int)>)[(4, 0), (1, Width), (2, Height), (3, 32), (4, 0x41)])
        {
            a.mov(dx, 0x1CE);
            a.mov(ax, (short)register);
            a.@out(dx, ax);
            a.mov(dx, 0x1CF);
            a.mov(ax, (short)value);
            a.@out(dx, ax);
        }

        a.mov(dx, 0x3DA);
        a.@in(al, dx);
        a.mov(dx, 0x3C0);
        a.mov(al, 0x20);
        a.@out(dx, al);
        a.mov(dx, 0xCF8);
        a.mov(eax, 0x80001010);
        a.@out(dx, eax);
        a.mov(dx, 0xCFC);
        a.@in(eax, dx);
        a.and(eax, -16);
        a.mov(ebx, eax);
        a.xor(eax, eax);
        a.cld();
        Label picture = a.CreateLabel();
        a.Label(ref picture);
        a.mov(edi, ebx);
        a.mov(ecx, stores ? Width * Height / 4 : Width * Height);
        if (stores)
        {
            Label dots = a.CreateLabel();
            a.Label(ref dots);
            for (int i = 0; i < 4; i++)
            {
                a.mov(__dword_ptr[edi + (4 * i)], eax);
                a.add(eax, 0x0103);
            }

            a.add(edi, 16);
            a.dec(ecx);
            a.jnz(dots);
        }
        else
        {
            a.rep.stosd();
        }

        a.add(eax, 0x010203);
        a.inc(__dword_ptr[(int)Counter]);
        if (computing != 0)
        {
            Label compute = a.CreateLabel();
            a.mov(ecx, computing);
            a.Label(ref compute);
            a.dec(ecx);
            a.jnz(compute);
        }

        a.jmp(picture);
        using MemoryStream body = new();
        a.Assemble(new StreamCodeWriter(body), load + headerSize);
        using MemoryStream file = new();
        using BinaryWriter writer = new(file);
        foreach (uint field in (ReadOnlySpan<uint>)[magic, flags, unchecked(0u - magic - flags), load, load, 0, 0, load + headerSize]) writer.Write(field);
        writer.Write(body.ToArray());
        writer.Flush();
        return file.ToArray();
    }
}
