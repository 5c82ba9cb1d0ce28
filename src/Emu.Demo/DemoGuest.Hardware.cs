using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Demo;

// Interrupt controller, timer, keyboard, serial port, VGA registers.
public sealed partial class DemoGuest
{
    private const ushort SerialPort = 0x3F8;
    private const ushort Pic1 = 0x20, Pic2 = 0xA0, PitCounter = 0x40, PitControl = 0x43, KeyboardData = 0x60;
    private const byte FirstVector = 0x20;
    private const int PitFrequency = 1_193_182;
    private const uint StackSize = 0x10000;

    private uint stackTop;
    private uint memoryKilobytes;
    private uint serialPut;
    private uint serialPrint;
    private uint initialise;
    private uint getKey;
    private uint echoKey;
    private uint setMode;
    private uint setPalette;
    private uint formatTime;

    private void BuildHardware()
    {
        stackTop = image.Reserve(StackSize) + StackSize;
        memoryKilobytes = image.Reserve(4);
        BuildSerial();
        BuildKeys();
        BuildInitialise();
        BuildVgaRegisters();
        BuildFormatTime();
    }

    private void BuildSerial()
    {
        // AL to the first serial port; all registers kept.
        serialPut = image.Code(a =>
        {
            Label wait = a.CreateLabel();
            a.pushad();
            a.mov(bl, al);
            a.mov(dx, (short)(SerialPort + 5));
            a.Label(ref wait);
            a.@in(al, dx);
            a.test(al, 0x20);
            a.je(wait);
            a.mov(dx, (short)SerialPort);
            a.mov(al, bl);
            a.@out(dx, al);
            a.popad();
            a.ret();
        });
        // The text at ESI to the serial port.
        serialPrint = image.Code(a =>
        {
            Label next = a.CreateLabel(), done = a.CreateLabel();
            a.Label(ref next);
            a.lodsb();
            a.test(al, al);
            a.je(done);
            a.call(serialPut);
            a.jmp(next);
            a.Label(ref done);
            a.ret();
        });
    }

    private void BuildKeys()
    {
        // AL into the buffer of keys; EBX is lost.
        uint putKey = image.Code(a =>
        {
            a.mov(ebx, __dword_ptr[(long)keyHead]);
            a.mov(__byte_ptr[ebx + (int)keyBuffer], al);
            a.inc(bl);
            a.mov(__dword_ptr[(long)keyHead], ebx);
            a.ret();
        });
        // The next key in AL, or 0. Keys come from the keyboard's interrupt and from the serial port.
        getKey = image.Code(a =>
        {
            Label noSerial = a.CreateLabel(), none = a.CreateLabel();
            a.mov(dx, (short)(SerialPort + 5));
            a.@in(al, dx);
            // All ones: there is no such port.
            a.cmp(al, -1);
            a.je(noSerial);
            a.test(al, 1);
            a.je(noSerial);
            a.mov(dx, (short)SerialPort);
            a.@in(al, dx);
            a.cli();
            a.call(putKey);
            a.sti();
            a.Label(ref noSerial);
            a.mov(ebx, __dword_ptr[(long)keyTail]);
            a.xor(eax, eax);
            a.cmp(bl, __byte_ptr[(long)keyHead]);
            a.je(none);
            a.mov(al, __byte_ptr[ebx + (int)keyBuffer]);
            a.inc(bl);
            a.mov(__dword_ptr[(long)keyTail], ebx);
            a.Label(ref none);
            a.ret();
        });
        uint keys = image.Data(DemoTables.Keys());
        keyboardHandler = image.Code(a =>
        {
            Label done = a.CreateLabel();
            a.pushad();
            a.@in(al, (byte)KeyboardData);
            a.test(al, 0x80);
            a.jne(done);
            a.movzx(eax, al);
            a.mov(al, __byte_ptr[eax + (int)keys]);
            a.test(al, al);
            a.je(done);
            a.call(putKey);
            a.Label(ref done);
            a.mov(al, 0x20);
            a.@out((byte)Pic1, al);
            a.popad();
            a.iretd();
        });
        timerHandler = image.Code(a =>
        {
            a.push(eax);
            a.inc(__dword_ptr[(long)ticks]);
            a.mov(al, 0x20);
            a.@out((byte)Pic1, al);
            a.pop(eax);
            a.iretd();
        });
    }

    private uint keyboardHandler;
    private uint timerHandler;

    private void BuildInitialise()
    {
        uint hello = image.Text("emu demo: 1 text, 2 VGA, 3 VBE, Esc or q switches off\r\n");
        // An interrupt gate (SDM Vol. 3A 6.11) for vector ECX to the handler at EAX.
        uint setGate = image.Code(a =>
        {
            a.mov(edx, eax);
            a.mov(__word_ptr[ecx * 8 + (int)idt], ax);
            a.mov(ax, cs);
            a.mov(__word_ptr[ecx * 8 + (int)(idt + 2)], ax);
            a.mov(dx, unchecked((short)0x8E00));
            a.mov(__dword_ptr[ecx * 8 + (int)(idt + 4)], edx);
            a.ret();
        });
        // The segments the Multiboot loader has entered with, at the same selectors: it leaves no table behind (specification 3.2).
        uint segments = image.Data([.. new byte[16], 0xFF, 0xFF, 0, 0, 0, 0x9B, 0xCF, 0, 0xFF, 0xFF, 0, 0, 0, 0x93, 0xCF, 0]);
        uint segmentDescriptor = image.Data([0x1F, 0, (byte)segments, (byte)(segments >> 8), (byte)(segments >> 16), (byte)(segments >> 24)]);
        uint descriptor = image.Data([0xFF, 0x07, (byte)idt, (byte)(idt >> 8), (byte)(idt >> 16), (byte)(idt >> 24)]);
        initialise = image.Code(a =>
        {
            void Out(ushort port, byte value)
            {
                a.mov(dx, (short)port);
                a.mov(al, unchecked((sbyte)value));
                a.@out(dx, al);
            }

            a.cli();
            // 115200 baud, 8 data bits, FIFOs on.
            foreach ((int register, byte value) in ((int, byte)[])[(3, 0x80), (0, 1), (1, 0), (3, 3), (2, 7), (4, 3), (1, 0)]) Out((ushort)(SerialPort + register), value);
            a.mov(esi, hello);
            a.call(serialPrint);
            a.mov(ecx, FirstVector);
            a.mov(eax, timerHandler);
            a.call(setGate);
            a.mov(ecx, FirstVector + 1);
            a.mov(eax, keyboardHandler);
            a.call(setGate);
            a.lgdt(__fword_ptr[(long)segmentDescriptor]);
            a.lidt(__fword_ptr[(long)descriptor]);
            // The 8259As: cascade, vectors 20h and 28h, only timer and keyboard let through.
            foreach ((ushort port, byte value) in ((ushort, byte)[])[
                (Pic1, 0x11), (Pic2, 0x11), (Pic1 + 1, FirstVector), (Pic2 + 1, FirstVector + 8), (Pic1 + 1, 4), (Pic2 + 1, 2), (Pic1 + 1, 1), (Pic2 + 1, 1), (Pic1 + 1, 0xFC), (Pic2 + 1, 0xFF)])
            {
                Out(port, value);
            }

            const int divisor = PitFrequency / TicksPerSecond;
            Out(PitControl, 0x34);
            Out(PitCounter, divisor & 0xFF);
            Out(PitCounter, divisor >> 8);
            // SSE needs OSFXSR and neither EM nor TS.
            a.mov(eax, cr0);
            a.and(eax, ~0xC);
            a.or(eax, 2);
            a.mov(cr0, eax);
            a.mov(eax, cr4);
            a.or(eax, 0x600);
            a.mov(cr4, eax);
            // The keyboard controller translates to scan code set 1 and interrupts; the keyboard scans.
            Out(0x64, 0x60);
            Out(KeyboardData, 0x65);
            Out(0x64, 0xAE);
            a.@in(al, (byte)KeyboardData);
            a.sti();
            a.ret();
        });
    }

    private void BuildVgaRegisters()
    {
        // The table at ESI into the registers, in the order of DemoTables.
        setMode = image.Code(a =>
        {
            void Indexed(ushort port, int count)
            {
                Label next = a.CreateLabel();
                a.xor(ecx, ecx);
                a.mov(dx, (short)port);
                a.Label(ref next);
                a.lodsb();
                a.mov(ah, al);
                a.mov(al, cl);
                a.@out(dx, ax);
                a.inc(ecx);
                a.cmp(ecx, count);
                a.jb(next);
            }

            a.mov(dx, 0x3C2);
            a.lodsb();
            a.@out(dx, al);
            Indexed(0x3C4, 5);
            // Registers 0-7 of the CRT controller are locked by bit 7 of register 11h.
            a.mov(dx, 0x3D4);
            a.mov(ax, 0x0E11);
            a.@out(dx, ax);
            Indexed(0x3D4, 25);
            Indexed(0x3CE, 9);
            Label attribute = a.CreateLabel();
            a.mov(dx, 0x3DA);
            a.@in(al, dx);
            a.mov(dx, 0x3C0);
            a.xor(ecx, ecx);
            a.Label(ref attribute);
            a.mov(al, cl);
            a.@out(dx, al);
            a.lodsb();
            a.@out(dx, al);
            a.inc(ecx);
            a.cmp(ecx, 21);
            a.jb(attribute);
            a.mov(al, 0x20);
            a.@out(dx, al);
            a.ret();
        });
        // ECX bytes of the palette at ESI into the DAC, from colour 0.
        setPalette = image.Code(a =>
        {
            a.mov(dx, 0x3C8);
            a.xor(eax, eax);
            a.@out(dx, al);
            a.inc(edx);
            a.rep.outsb();
            a.ret();
        });
    }

    private void BuildFormatTime()
    {
        // Seconds since the start with one decimal, as 8 characters at timeText.
        formatTime = image.Code(a =>
        {
            Label next = a.CreateLabel(), done = a.CreateLabel();
            a.pushad();
            a.mov(edi, (int)timeText);
            a.mov(eax, 0x20202020);
            a.mov(__dword_ptr[edi], eax);
            a.mov(__dword_ptr[edi + 4], eax);
            a.mov(__byte_ptr[edi + 8], 0);
            a.mov(eax, __dword_ptr[(long)ticks]);
            a.xor(edx, edx);
            a.mov(ecx, 10);
            a.div(ecx);
            a.xor(edx, edx);
            a.div(ecx);
            a.add(dl, (sbyte)'0');
            a.mov(__byte_ptr[edi + 7], dl);
            a.mov(__byte_ptr[edi + 6], (sbyte)'.');
            a.add(edi, 5);
            a.Label(ref next);
            a.xor(edx, edx);
            a.div(ecx);
            a.add(dl, (sbyte)'0');
            a.mov(__byte_ptr[edi], dl);
            a.dec(edi);
            a.test(eax, eax);
            a.je(done);
            a.cmp(edi, (int)timeText);
            a.jae(next);
            a.Label(ref done);
            a.popad();
            a.ret();
        });
    }
}
