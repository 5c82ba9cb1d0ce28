using Emu.Devices.Serial;
using Emu.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Display.Tests.Support;

/// <summary>Small Multiboot kernels, as files that disappear with the object.</summary>
internal sealed class TestKernel : IDisposable
{
    public const int Width = 320, Height = 200;

    private TestKernel(Action<Assembler> code)
    {
        const uint load = 0x100000, headerSize = 32, flags = 1 << 16, magic = 0x1BADB002;
        Assembler a = new(32);
        code(a);
        using MemoryStream body = new();
        a.Assemble(new StreamCodeWriter(body), load + headerSize);
        using FileStream file = File.Create(FileName);
        using BinaryWriter writer = new(file);
        foreach (uint field in (ReadOnlySpan<uint>)[magic, flags, unchecked(0u - magic - flags), load, load, 0, 0, load + headerSize]) writer.Write(field);
        writer.Write(body.ToArray());
    }

    public string FileName { get; } = Path.Combine(Path.GetTempPath(), $"emu-display-test-{Guid.NewGuid():n}");

    /// <summary>The pixel that <see cref="Picture"/> draws, without the top byte.</summary>
    public static uint Pixel(int x, int y) => unchecked((uint)((y * Width) + x) * 2654435761u) & 0xFFFFFF;

    /// <summary>Draws 320 by 200 pixels of 32 bits, each another colour, then reports every key and pointer word on the serial port.</summary>
    public static TestKernel Picture() => new(a =>
    {
        SetMode(a, Width, Height);
        FrameBuffer(a);
        a.mov(edi, eax);
        a.xor(ecx, ecx);
        Label pixel = a.CreateLabel();
        a.Label(ref pixel);
        a.imul(eax, ecx, unchecked((int)2654435761u));
        a.mov(__dword_ptr[edi + (ecx * 4)], eax);
        a.inc(ecx);
        a.cmp(ecx, Width * Height);
        a.jb(pixel);
        ReportInput(a);
    });

    /// <summary>Turns the VMware pointer on and reports its words on the serial port: W and four words in hexadecimal.</summary>
    public static TestKernel Pointer() => new(a =>
    {
        SetMode(a, Width, Height);
        Backdoor(a, 41, 0x45414552);
        Backdoor(a, 40, 0);
        Backdoor(a, 39, 1);
        a.cmp(eax, 0x3442554A);
        Label good = a.CreateLabel(), loop = a.CreateLabel();
        a.je(good);
        Send(a, 'X');
        a.Label(ref good);
        Backdoor(a, 41, 0x53424152);
        Send(a, 'R');
        Send(a, '\n');
        a.Label(ref loop);
        Backdoor(a, 40, 0);
        a.test(eax, 0xFFFF);
        a.jz(loop);
        Backdoor(a, 39, 4);
        foreach (AssemblerRegister32 register in (AssemblerRegister32[])[edx, ecx, ebx, eax]) a.push(register);
        Send(a, 'W');
        for (int i = 0; i < 4; i++)
        {
            Send(a, ' ');
            a.pop(ebx);
            SendHexadecimal(a);
        }

        Send(a, '\n');
        a.jmp(loop);
    });

    /// <summary>Fills 1920 by 1080 pixels again and again, each time another colour.</summary>
    public static TestKernel Painter() => new(a =>
    {
        SetMode(a, 1920, 1080);
        FrameBuffer(a);
        a.mov(ebx, eax);
        Label frame = a.CreateLabel();
        a.xor(eax, eax);
        a.cld();
        a.Label(ref frame);
        a.mov(edi, ebx);
        a.mov(ecx, 1920 * 1080);
        a.rep.stosd();
        a.add(eax, 0x010203);
        a.jmp(frame);
    });

    public void Dispose() => File.Delete(FileName);

    /// <summary>A machine that boots it without a BIOS.</summary>
    public MachineConfiguration Configuration(ICharacterDevice? serial = null) => new()
    {
        Memory = 32 << 20,
        Serial = serial == null ? [] : [_ => serial],
        Kernel = new KernelConfiguration { Path = FileName, Boot = KernelBoot.Direct },
    };

    private static void SetMode(Assembler a, int width, int height)
    {
        foreach ((int register, int value) in ((int, int)[])[(4, 0), (1, width), (2, height), (3, 32), (4, 0x41)])
        {
            Out16(a, 0x1CE, register);
            Out16(a, 0x1CF, value);
        }

        // The attribute controller shows the picture.
        a.mov(dx, 0x3DA);
        a.@in(al, dx);
        a.mov(dx, 0x3C0);
        a.mov(al, 0x20);
        a.@out(dx, al);
        // Keyboard controller: keys translated to set 1, no interrupts; serial port: FIFO, 8 bits.
        a.mov(al, 0x60);
        a.@out(0x64, al);
        a.mov(al, 0x40);
        a.@out(0x60, al);
        a.mov(dx, 0x3FB);
        a.mov(al, 3);
        a.@out(dx, al);
    }

    private static void Out16(Assembler a, int port, int value)
    {
        a.mov(dx, (short)port);
        a.mov(ax, (short)value);
        a.@out(dx, ax);
    }

    /// <summary>EAX = base address register 0 of the display adapter, device 2.</summary>
    private static void FrameBuffer(Assembler a)
    {
        a.mov(dx, 0xCF8);
        a.mov(eax, 0x80001010);
        a.@out(dx, eax);
        a.mov(dx, 0xCFC);
        a.@in(eax, dx);
        a.and(eax, -16);
    }

    private static void ReportInput(Assembler a)
    {
        Label loop = a.CreateLabel();
        Send(a, 'R');
        Send(a, '\n');
        a.Label(ref loop);
        a.@in(al, 0x64);
        a.test(al, 1);
        a.jz(loop);
        a.@in(al, 0x60);
        a.movzx(ebx, al);
        a.shl(ebx, 24);
        SendHexadecimal(a, digits: 2);
        Send(a, ' ');
        a.jmp(loop);
    }

    /// <summary>A call through VMware's backdoor.</summary>
    private static void Backdoor(Assembler a, int command, uint argument)
    {
        a.mov(eax, 0x564D5868);
        a.mov(ebx, argument);
        a.mov(ecx, command);
        a.mov(edx, 0x5658);
        a.@in(eax, dx);
    }

    private static void Send(Assembler a, char character)
    {
        a.push(eax);
        a.mov(al, (sbyte)character);
        SendAl(a);
        a.pop(eax);
    }

    /// <summary>Sends the upper digits of EBX.</summary>
    private static void SendHexadecimal(Assembler a, int digits = 8)
    {
        for (int i = 0; i < digits; i++)
        {
            Label letter = a.CreateLabel();
            a.rol(ebx, 4);
            a.mov(al, bl);
            a.and(al, 15);
            a.add(al, (sbyte)'0');
            a.cmp(al, (sbyte)'9');
            a.jbe(letter);
            a.add(al, 7);
            a.Label(ref letter);
            SendAl(a);
        }
    }

    private static void SendAl(Assembler a)
    {
        Label wait = a.CreateLabel();
        a.push(edx);
        a.mov(ah, al);
        a.mov(dx, 0x3FD);
        a.Label(ref wait);
        a.@in(al, dx);
        a.test(al, 0x20);
        a.jz(wait);
        a.mov(al, ah);
        a.mov(dx, 0x3F8);
        a.@out(dx, al);
        a.pop(edx);
    }
}
