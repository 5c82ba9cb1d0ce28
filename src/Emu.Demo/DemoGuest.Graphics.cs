using System.Buffers.Binary;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Demo;

// The two graphics screens: mode 13h, and the linear frame buffer of the Bochs display interface.
public sealed partial class DemoGuest
{
    private const int VgaWidth = 320, VgaHeight = 200;
    private const int VbeWidth = 640, VbeHeight = 480, Iterations = 64;
    private const ushort VbeIndexPort = 0x1CE;
    private const short VbeEnable = 4;

    private uint vgaScreen;
    private uint vbeScreen;

    private void BuildVga()
    {
        uint mode = image.Data(DemoTables.GraphicsMode), palette = image.Data(DemoTables.HuePalette()), sine = image.Data(DemoTables.Sine());
        vgaScreen = image.Code(a =>
        {
            Label turn = a.CreateLabel(), line = a.CreateLabel(), dot = a.CreateLabel();
            a.mov(__dword_ptr[(long)textShown], 0);
            a.mov(dx, (short)VbeIndexPort);
            a.mov(ax, VbeEnable);
            a.@out(dx, ax);
            a.inc(edx);
            a.xor(eax, eax);
            a.@out(dx, ax);
            a.mov(esi, mode);
            a.call(setMode);
            a.mov(esi, palette);
            a.mov(ecx, 256 * 3);
            a.call(setPalette);
            // Three waves that move at different speeds; EBP is the line, ECX the column, ESI the time.
            a.Label(ref turn);
            a.mov(esi, __dword_ptr[(long)ticks]);
            a.mov(edi, PlaneMemory);
            a.xor(ebp, ebp);
            a.Label(ref line);
            a.xor(ecx, ecx);
            a.Label(ref dot);
            a.lea(eax, __[ecx + esi]);
            a.movzx(eax, al);
            a.mov(bl, __byte_ptr[eax + (int)sine]);
            a.lea(eax, __[esi + esi]);
            a.add(eax, ebp);
            a.movzx(eax, al);
            a.add(bl, __byte_ptr[eax + (int)sine]);
            a.lea(eax, __[ecx + ebp]);
            a.sub(eax, esi);
            a.movzx(eax, al);
            a.add(bl, __byte_ptr[eax + (int)sine]);
            a.mov(__byte_ptr[edi], bl);
            a.inc(edi);
            a.inc(ecx);
            a.cmp(ecx, VgaWidth);
            a.jb(dot);
            a.inc(ebp);
            a.cmp(ebp, VgaHeight);
            a.jb(line);
            a.hlt();
            EndTurn(a, turn, '2', (byte)'3');
        });
    }

    private void BuildVbe()
    {
        uint frameBuffer = image.Reserve(4), lineNumber = image.Reserve(4);
        uint findAdapter = BuildFindAdapter(frameBuffer);
        uint computeLine = BuildComputeLine(frameBuffer);
        uint print = BuildPrintDots(frameBuffer);
        uint title = image.Text("640x480, 32 bits a dot: the Mandelbrot set in SSE2");
        vbeScreen = image.Code(a =>
        {
            Label turn = a.CreateLabel(), idle = a.CreateLabel(), next = a.CreateLabel();
            a.mov(__dword_ptr[(long)textShown], 0);
            a.call(findAdapter);
            // Disable, width, height, bits, enable with the linear frame buffer.
            foreach ((short index, short value) in ((short, short)[])[(VbeEnable, 0), (1, VbeWidth), (2, VbeHeight), (3, 32), (VbeEnable, 0x41)])
            {
                a.mov(dx, (short)VbeIndexPort);
                a.mov(ax, index);
                a.@out(dx, ax);
                a.inc(edx);
                a.mov(ax, value);
                a.@out(dx, ax);
            }

            a.mov(__dword_ptr[(long)lineNumber], 0);
            a.Label(ref turn);
            a.mov(eax, __dword_ptr[(long)lineNumber]);
            a.cmp(eax, VbeHeight);
            a.jae(idle);
            a.call(computeLine);
            a.inc(__dword_ptr[(long)lineNumber]);
            a.jmp(next);
            a.Label(ref idle);
            a.hlt();
            a.Label(ref next);
            a.mov(esi, title);
            a.mov(ebx, 16);
            a.mov(ebp, 16);
            a.call(print);
            a.call(formatTime);
            a.mov(esi, timeText);
            a.mov(ebx, VbeWidth - 80);
            a.mov(ebp, 16);
            a.call(print);
            // A tour leaves when the picture is complete as well.
            if (tour)
            {
                a.cmp(__dword_ptr[(long)lineNumber], VbeHeight);
                a.jb(turn);
            }

            EndTurn(a, turn, '3', EscapeKey);
        });
    }

    /// <summary>Looks for the display adapter on PCI bus 0 (mechanism 1); its first base address is the frame buffer.</summary>
    private uint BuildFindAdapter(uint frameBuffer) => image.Code(a =>
    {
        const uint adapter = 0x1111_1234, enable = 0x8000_0000;
        Label next = a.CreateLabel(), found = a.CreateLabel(), done = a.CreateLabel();
        a.mov(ecx, enable);
        a.Label(ref next);
        a.mov(dx, 0xCF8);
        a.mov(eax, ecx);
        a.@out(dx, eax);
        a.mov(dx, 0xCFC);
        a.@in(eax, dx);
        a.cmp(eax, adapter);
        a.je(found);
        a.add(ecx, 0x800);
        a.cmp(ecx, enable + 0x10000);
        a.jb(next);
        a.jmp(done);
        a.Label(ref found);
        a.mov(dx, 0xCF8);
        a.lea(eax, __[ecx + 0x10]);
        a.@out(dx, eax);
        a.mov(dx, 0xCFC);
        a.@in(eax, dx);
        a.and(eax, ~0xF);
        a.mov(__dword_ptr[(long)frameBuffer], eax);
        a.Label(ref done);
        a.ret();
    });

    /// <summary>Computes the line EAX of the picture.</summary>
    private uint BuildComputeLine(uint frameBuffer)
    {
        Span<byte> constants = stackalloc byte[40];
        double[] values = [-2.2, 3.2 / VbeWidth, -1.2, 2.4 / VbeHeight, 4];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteDoubleLittleEndian(constants[(8 * i)..], values[i]);
        uint at = image.Data(constants), colours = image.Data(DemoTables.IterationColours(Iterations));
        return image.Code(a =>
        {
            Label dot = a.CreateLabel(), iterate = a.CreateLabel(), store = a.CreateLabel();
            a.imul(edi, eax, VbeWidth * 4);
            a.add(edi, __dword_ptr[(long)frameBuffer]);
            // XMM6: the imaginary part of the line; XMM5: the real part of the dot.
            a.cvtsi2sd(xmm6, eax);
            a.mulsd(xmm6, __qword_ptr[(long)(at + 24)]);
            a.addsd(xmm6, __qword_ptr[(long)(at + 16)]);
            a.xor(ecx, ecx);
            a.Label(ref dot);
            a.cvtsi2sd(xmm5, ecx);
            a.mulsd(xmm5, __qword_ptr[(long)(at + 8)]);
            a.addsd(xmm5, __qword_ptr[(long)at]);
            a.xorpd(xmm0, xmm0);
            a.xorpd(xmm1, xmm1);
            a.xor(eax, eax);
            a.Label(ref iterate);
            a.movapd(xmm2, xmm0);
            a.mulsd(xmm2, xmm0);
            a.movapd(xmm3, xmm1);
            a.mulsd(xmm3, xmm1);
            a.movapd(xmm4, xmm2);
            a.addsd(xmm4, xmm3);
            a.ucomisd(xmm4, __qword_ptr[(long)(at + 32)]);
            a.ja(store);
            a.mulsd(xmm1, xmm0);
            a.addsd(xmm1, xmm1);
            a.addsd(xmm1, xmm6);
            a.subsd(xmm2, xmm3);
            a.addsd(xmm2, xmm5);
            a.movapd(xmm0, xmm2);
            a.inc(eax);
            a.cmp(eax, Iterations);
            a.jb(iterate);
            a.Label(ref store);
            a.mov(eax, __dword_ptr[eax * 4 + (int)colours]);
            a.stosd();
            a.inc(ecx);
            a.cmp(ecx, VbeWidth);
            a.jb(dot);
            a.ret();
        });
    }

    /// <summary>Draws the text at ESI white on black, from the dot EBX of the line EBP on.</summary>
    private uint BuildPrintDots(uint frameBuffer) => image.Code(a =>
    {
        Label character = a.CreateLabel(), line = a.CreateLabel(), dot = a.CreateLabel(), done = a.CreateLabel();
        a.imul(edi, ebp, VbeWidth * 4);
        a.lea(edi, __[edi + ebx * 4]);
        a.add(edi, __dword_ptr[(long)frameBuffer]);
        a.Label(ref character);
        a.xor(eax, eax);
        a.lodsb();
        a.test(eax, eax);
        a.je(done);
        a.shl(eax, 4);
        a.lea(ebp, __[eax + (int)font]);
        a.push(edi);
        a.mov(ch, DemoFont.BytesPerCharacter);
        a.Label(ref line);
        a.mov(dl, __byte_ptr[ebp]);
        a.mov(cl, 8);
        a.Label(ref dot);
        a.add(dl, dl);
        a.sbb(eax, eax);
        a.and(eax, 0xFFFFFF);
        a.stosd();
        a.dec(cl);
        a.jne(dot);
        a.add(edi, (VbeWidth - 8) * 4);
        a.inc(ebp);
        a.dec(ch);
        a.jne(line);
        a.pop(edi);
        a.add(edi, 8 * 4);
        a.jmp(character);
        a.Label(ref done);
        a.ret();
    });
}
