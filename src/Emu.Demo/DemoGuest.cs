using Emu.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Demo;

/// <summary>
/// A guest that needs neither firmware nor a file: 32-bit code, assembled here, that drives the hardware of the PC itself. It shows VGA text with a
/// running clock and typed characters, a moving picture in mode 13h, and a picture computed in SSE2 in the linear frame buffer. 1, 2 and 3, on the keyboard or the first serial port, go to
/// these; Esc or q switches the machine off. On a tour it goes through them by itself.
/// </summary>
public sealed partial class DemoGuest
{
    /// <summary>Timer interrupts a second.</summary>
    public const int TicksPerSecond = 100;

    /// <summary>How long a tour stays at a screen at least, in ticks.</summary>
    private const int TourTicks = 150;

    private const byte EscapeKey = 27;
    private const ushort DebugPort = 0xE9;

    /// <summary>Power management control: SLP_EN with the sleep type of S5 (ACPI specification 4.8.3.2).</summary>
    private const ushort PowerControlPort = 0x604, PowerOff = 0x2000;

    private readonly GuestImage image = new();
    private readonly bool tour;
    private readonly uint ticks;
    private readonly uint keyHead;
    private readonly uint keyTail;
    private readonly uint keyBuffer;
    private readonly uint idt;
    private readonly uint screenStart;
    private readonly uint timeText;
    private readonly uint font;

    private DemoGuest(bool tour)
    {
        this.tour = tour;
        ticks = image.Reserve(4);
        keyHead = image.Reserve(4);
        keyTail = image.Reserve(4);
        keyBuffer = image.Reserve(256);
        idt = image.Reserve(256 * 8);
        screenStart = image.Reserve(4);
        timeText = image.Reserve(16);
        font = image.Data(DemoFont.Build());
    }

    /// <summary>What the guest writes to port E9h when a screen of the tour is at its best: one character a screen.</summary>
    public static IReadOnlyList<(char Mark, string Name)> Screens { get; } = [('1', "text"), ('2', "vga"), ('3', "vbe")];

    /// <summary>Assembles the guest.</summary>
    /// <param name="tour">Go through the screens without being asked, then switch off.</param>
    public static KernelConfiguration Build(bool tour) => new()
    {
        Path = "demo",
        Image = new DemoGuest(tour).Assemble(),
        Boot = KernelBoot.Direct,
    };

    private byte[] Assemble()
    {
        BuildHardware();
        BuildText();
        BuildVga();
        BuildVbe();
        uint farewell = image.Text("switching off\r\n");
        uint entry = image.Code(a =>
        {
            Label choose = a.CreateLabel(), vga = a.CreateLabel(), vbe = a.CreateLabel(), off = a.CreateLabel();
            a.mov(esp, (int)stackTop);
            a.mov(__dword_ptr[(long)memoryKilobytes], 0);
            // Multiboot: upper memory in KiB at 8 of the information block.
            a.mov(eax, __dword_ptr[ebx + 8]);
            a.mov(__dword_ptr[(long)memoryKilobytes], eax);
            a.call(initialise);
            a.mov(al, (sbyte)'1');
            a.Label(ref choose);
            a.mov(ecx, __dword_ptr[(long)ticks]);
            a.mov(__dword_ptr[(long)screenStart], ecx);
            a.cmp(al, (sbyte)'2');
            a.je(vga);
            a.cmp(al, (sbyte)'3');
            a.je(vbe);
            a.cmp(al, (sbyte)'1');
            a.jne(off);
            a.call(textScreen);
            a.jmp(choose);
            a.Label(ref vga);
            a.call(vgaScreen);
            a.jmp(choose);
            a.Label(ref vbe);
            a.call(vbeScreen);
            a.jmp(choose);
            a.Label(ref off);
            a.mov(esi, farewell);
            a.call(serialPrint);
            a.mov(dx, (short)PowerControlPort);
            a.mov(ax, (short)PowerOff);
            a.@out(dx, ax);
            Label halt = a.CreateLabel();
            a.cli();
            a.Label(ref halt);
            a.hlt();
            a.jmp(halt);
        });
        return image.ToKernel(entry);
    }

    /// <summary>
    /// Ends a turn of a screen's loop: comes back to <paramref name="again"/>, or returns to the main loop with the key in AL. On a tour, the next screen's key comes when the time is up.
    /// </summary>
    private void EndTurn(Assembler a, Label again, char mark, byte next)
    {
        Label leave = a.CreateLabel(), noKey = a.CreateLabel();
        a.call(getKey);
        a.test(al, al);
        a.je(noKey);
        a.call(echoKey);
        a.cmp(al, (sbyte)EscapeKey);
        a.je(leave);
        a.cmp(al, (sbyte)'q');
        a.je(leave);
        a.cmp(al, (sbyte)'1');
        a.jb(again);
        a.cmp(al, (sbyte)'3');
        a.jbe(leave);
        a.jmp(again);
        a.Label(ref noKey);
        if (tour)
        {
            a.mov(eax, __dword_ptr[(long)ticks]);
            a.sub(eax, __dword_ptr[(long)screenStart]);
            a.cmp(eax, TourTicks);
            a.jb(again);
            a.mov(dx, (short)DebugPort);
            a.mov(al, (sbyte)mark);
            a.@out(dx, al);
            a.mov(al, (sbyte)next);
        }
        else
        {
            a.jmp(again);
        }

        a.Label(ref leave);
        a.ret();
    }
}
