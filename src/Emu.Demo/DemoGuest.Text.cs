using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Demo;

// The text screen.
public sealed partial class DemoGuest
{
    private const int Columns = 80, Rows = 25;
    private const int TextMemory = 0xB8000, PlaneMemory = 0xA0000;
    private const int EchoRow = 20, TimeRow = 9, TitleAttribute = 0x1F, TextAttribute = 0x07, ValueAttribute = 0x0E, HintAttribute = 0x0B;

    private uint textScreen;
    private uint echoColumn;
    private uint textShown;

    private static int Cell(int row, int column) => TextMemory + (2 * ((row * Columns) + column));

    private void BuildText()
    {
        echoColumn = image.Reserve(4);
        textShown = image.Reserve(4);
        // The text at ESI to the cells at EDI with the attribute AH.
        uint print = image.Code(a =>
        {
            Label next = a.CreateLabel(), done = a.CreateLabel();
            a.Label(ref next);
            a.lodsb();
            a.test(al, al);
            a.je(done);
            a.stosw();
            a.jmp(next);
            a.Label(ref done);
            a.ret();
        });
        BuildEcho();
        uint loadFont = BuildLoadFont();
        uint enter = BuildEnterText(loadFont);
        uint draw = BuildDrawText(print);
        textScreen = image.Code(a =>
        {
            Label turn = a.CreateLabel();
            a.call(enter);
            a.call(draw);
            a.mov(__dword_ptr[(long)textShown], 1);
            a.Label(ref turn);
            a.hlt();
            a.call(formatTime);
            a.mov(esi, timeText);
            a.mov(edi, Cell(TimeRow, 20));
            a.mov(ah, ValueAttribute);
            a.call(print);
            EndTurn(a, turn, '1', (byte)'2');
        });
    }

    private void BuildEcho()
    {
        // The key in AL to the serial port, and to the screen when that shows text; AL is kept.
        echoKey = image.Code(a =>
        {
            Label done = a.CreateLabel(), place = a.CreateLabel();
            a.pushad();
            a.cmp(al, 0x20);
            a.jb(done);
            a.call(serialPut);
            a.cmp(__dword_ptr[(long)textShown], 0);
            a.je(done);
            a.mov(ecx, __dword_ptr[(long)echoColumn]);
            a.cmp(ecx, 70);
            a.jb(place);
            a.xor(ecx, ecx);
            a.Label(ref place);
            a.mov(ah, ValueAttribute);
            a.mov(__word_ptr[ecx * 2 + Cell(EchoRow, 5)], ax);
            a.inc(ecx);
            a.mov(__dword_ptr[(long)echoColumn], ecx);
            a.Label(ref done);
            a.popad();
            a.ret();
        });
    }

    private uint BuildLoadFont() => image.Code(a =>
    {
        // Each character has 32 bytes in plane 2, of which a font of 16 lines uses the first half.
        Label next = a.CreateLabel();
        foreach ((ushort port, byte index, byte value) in DemoTables.FontAccess)
        {
            a.mov(dx, (short)port);
            a.mov(ax, (short)((value << 8) | index));
            a.@out(dx, ax);
        }

        a.mov(esi, font);
        a.mov(edi, PlaneMemory);
        a.mov(ebx, 256);
        a.Label(ref next);
        a.mov(ecx, DemoFont.BytesPerCharacter);
        a.rep.movsb();
        a.add(edi, 32 - DemoFont.BytesPerCharacter);
        a.dec(ebx);
        a.jne(next);
        a.ret();
    });

    private uint BuildEnterText(uint loadFont)
    {
        uint mode = image.Data(DemoTables.TextMode), palette = image.Data(DemoTables.TextPalette());
        return image.Code(a =>
        {
            // Out of the linear frame buffer's modes first: register 4 of the display interface.
            a.mov(dx, (short)VbeIndexPort);
            a.mov(ax, VbeEnable);
            a.@out(dx, ax);
            a.inc(edx);
            a.xor(eax, eax);
            a.@out(dx, ax);
            a.mov(esi, mode);
            a.call(setMode);
            a.call(loadFont);
            a.mov(esi, mode);
            a.call(setMode);
            a.mov(esi, palette);
            a.mov(ecx, 16 * 3);
            a.call(setPalette);
            a.mov(edi, TextMemory);
            a.mov(eax, (TextAttribute << 24) | (' ' << 16) | (TextAttribute << 8) | ' ');
            a.mov(ecx, Columns * Rows / 2);
            a.rep.stosd();
            a.mov(__dword_ptr[(long)echoColumn], 0);
            a.ret();
        });
    }

    private uint BuildDrawText(uint print)
    {
        uint brand = image.Reserve(64), number = image.Reserve(16);
        uint title = image.Text(" A PC in software".PadRight(Columns));
        (int Row, int Column, int Attribute, uint Text)[] texts =
        [
            (0, 0, TitleAttribute, title),
            (3, 4, TextAttribute, image.Text("Processor")),
            (3, 20, ValueAttribute, brand),
            (5, 4, TextAttribute, image.Text("Memory")),
            (5, 20, ValueAttribute, number),
            (5, 29, ValueAttribute, image.Text("MiB")),
            (7, 4, TextAttribute, image.Text("Timer")),
            (7, 20, ValueAttribute, image.Text($"PIT, {TicksPerSecond} interrupts a second")),
            (TimeRow, 4, TextAttribute, image.Text("Running for")),
            (TimeRow, 29, TextAttribute, image.Text("seconds")),
            (12, 4, TextAttribute, image.Text("Colours")),
            (EchoRow - 2, 4, TextAttribute, image.Text("Type something:")),
            (EchoRow, 3, TextAttribute, image.Text(">")),
            (Rows - 1, 0, HintAttribute, image.Text(" 1 text   2 VGA 320x200   3 VBE 640x480   Esc switches off")),
        ];
        return image.Code(a =>
        {
            Label digits = a.CreateLabel(), bars = a.CreateLabel(), bar = a.CreateLabel();
            // The brand string: CPUID 80000002h-80000004h.
            a.mov(edi, brand);
            for (int leaf = 2; leaf <= 4; leaf++)
            {
                a.mov(eax, unchecked((int)(0x80000000u + (uint)leaf)));
                a.cpuid();
                a.stosd();
                foreach (AssemblerRegister32 register in (AssemblerRegister32[])[ebx, ecx, edx])
                {
                    a.mov(eax, register);
                    a.stosd();
                }
            }

            a.mov(__byte_ptr[(long)(brand + 48)], 0);
            // Memory above 1 MiB, and that MiB.
            a.mov(eax, __dword_ptr[(long)memoryKilobytes]);
            a.shr(eax, 10);
            a.inc(eax);
            a.mov(edi, (int)(number + 8));
            a.mov(__byte_ptr[edi], 0);
            a.mov(__dword_ptr[(long)number], 0x20202020);
            a.mov(__dword_ptr[(long)(number + 4)], 0x20202020);
            a.mov(ecx, 10);
            a.Label(ref digits);
            a.xor(edx, edx);
            a.div(ecx);
            a.add(dl, (sbyte)'0');
            a.dec(edi);
            a.mov(__byte_ptr[edi], dl);
            a.test(eax, eax);
            a.jne(digits);
            foreach ((int row, int column, int attribute, uint text) in texts)
            {
                a.mov(esi, text);
                a.mov(edi, Cell(row, column));
                a.mov(ah, (sbyte)attribute);
                a.call(print);
            }

            // Sixteen bars of four blocks.
            a.mov(edi, Cell(13, 4));
            a.mov(ax, DemoFont.Block);
            a.Label(ref bars);
            a.mov(ecx, 4);
            a.Label(ref bar);
            a.mov(__word_ptr[edi + (2 * Columns)], ax);
            a.stosw();
            a.dec(ecx);
            a.jne(bar);
            a.inc(ah);
            a.cmp(ah, 16);
            a.jb(bars);
            a.ret();
        });
    }
}
