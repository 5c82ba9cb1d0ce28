using System.Diagnostics;
using System.Globalization;
using Emu.Display;
using Emu.Display.Keyboard;
using Emu.Display.Screens;
using Emu.Display.Sdl;
using Emu.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Bench;

/// <summary>
/// What a window costs a guest that draws 1920 by 1080 dots all the time: pictures the guest draws a second, without a viewer and with a
/// window at sixty pictures a second, in turns so that a busy host disturbs both alike; by the clock, and (on Linux) by the processor time of
/// the machine's thread, which leaves out what other programs take. <c>dotnet run -c Release --project bench -- display</c>,
/// with DISPLAY set.
/// </summary>
internal static class DisplayCost
{
    private const ulong Counter = 0x180000;
    private const int Width = 1920, Height = 1080, Rounds = 5;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(3), Settle = TimeSpan.FromMilliseconds(500);

    /// <summary>Measures and prints.</summary>
    public static void Run()
    {
        foreach ((string name, bool stores) in (ReadOnlySpan<(string, bool)>)[("rep stosd over the whole screen", false), ("a loop of stores with arithmetic", true)])
        {
            Measure(name, stores);
        }
    }

    private static void Measure(string name, bool stores)
    {
        string kernel = Path.GetTempFileName();
        File.WriteAllBytes(kernel, Kernel(stores));
        using Machine.Machine machine = new(new MachineConfiguration
        {
            Memory = 32 << 20,
            Kernel = new KernelConfiguration { Path = kernel, Boot = KernelBoot.Direct },
        });
        using GuestScreen screen = new(machine);
        Thread thread = new(() => machine.Run());
        thread.Start();
        GuestCommands commands = new(machine);
        List<(double Clock, double Processor)> without = [], with = [];
        double pictures = 0;
        for (int round = 0; round < Rounds; round++)
        {
            without.Add(Speed(machine, Turn));
            using SdlWindow window = new(new WindowOptions(), [screen], commands, KeyboardLayout.UsEnglish);
            Task<((double, double) Speed, double Pictures)> measured = Task.Run(() =>
            {
                Thread.Sleep(Settle);
                long before = screen.Painted;
                (double, double) speed = Speed(machine, Turn);
                double rate = (screen.Painted - before) / Turn.TotalSeconds;
                window.End();
                return (speed, rate);
            });
            window.Run();
            with.Add(measured.Result.Speed);
            pictures += measured.Result.Pictures / Rounds;
        }

        machine.Events.Post(() => machine.Quit(StopReason.UserQuit));
        thread.Join();
        File.Delete(kernel);
        Print($"{name}, by the clock", without.ConvertAll(s => s.Clock), with.ConvertAll(s => s.Clock), pictures);
        if (OperatingSystem.IsLinux()) Print($"{name}, by processor time", without.ConvertAll(s => s.Processor), with.ConvertAll(s => s.Processor), pictures);
    }

    private static void Print(string name, List<double> without, List<double> with, double pictures)
    {
        double plain = Median(without), shown = Median(with);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: the guest draws {plain:0.0} pictures/s without a window, {shown:0.0} with one that shows {pictures:0} pictures/s: {100 * (1 - (shown / plain)):0.0} % slower"));
    }

    /// <summary>Pictures that the guest draws a second, by the clock and by the processor time of its thread.</summary>
    private static (double Clock, double Processor) Speed(Machine.Machine machine, TimeSpan time)
    {
        (ulong before, double spent) = machine.Invoke(() => (machine.Board.Memory.Space.Read(Counter, 4), ThreadTime.Seconds));
        long started = Stopwatch.GetTimestamp();
        Thread.Sleep(time);
        (ulong after, double spentThen) = machine.Invoke(() => (machine.Board.Memory.Space.Read(Counter, 4), ThreadTime.Seconds));
        return ((after - before) / Stopwatch.GetElapsedTime(started).TotalSeconds, (after - before) / (spentThen - spent));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    /// <summary>A Multiboot kernel that fills the frame buffer without end, with one REP STOSD a picture or a loop of four stores.</summary>
    private static byte[] Kernel(bool stores)
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
