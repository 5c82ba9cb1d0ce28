using System.Diagnostics;
using System.Globalization;
using Emu.Display;
using Emu.Display.Keyboard;
using Emu.Display.Screens;
using Emu.Display.Sdl;
using Emu.Machine;
using Emu.Mmu;

namespace Emu.Bench;

/// <summary>
/// What a window costs a guest that draws 1920 by 1080 dots all the time: pictures the guest draws a second with a window at sixty pictures a second, compared with
/// the moments before and after without one, so that a busy host disturbs both alike. By the clock, and (on Linux) by the processor time of the machine's
/// thread, which leaves out what other programs take. Beside it, what any work on another processor costs the guest on this host, for want of caches,
/// memory and execution units of its own. <c>dotnet run -c Release --project bench/Emu.Bench -- display</c>, with DISPLAY set.
/// </summary>
internal sealed class DisplayCost : IDisposable
{
    private const string VideoMemory = "vga.vram";
    private const int Rounds = 7, PicturesPerSecond = 60;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1), Settle = TimeSpan.FromMilliseconds(300), WarmUp = TimeSpan.FromSeconds(2);

    private readonly string kernel = Path.GetTempFileName();
    private readonly Machine.Machine machine;
    private readonly GuestScreen screen;
    private readonly Thread thread;

    private DisplayCost(bool stores, int computing)
    {
        File.WriteAllBytes(kernel, DrawingGuest.Kernel(stores, computing));
        machine = new Machine.Machine(new MachineConfiguration { Memory = 32 << 20, Kernel = new KernelConfiguration { Path = kernel, Boot = KernelBoot.Direct } });
        screen = new GuestScreen(machine);
        thread = new Thread(() => machine.Run());
        thread.Start();
        Thread.Sleep(WarmUp);
    }

    /// <summary>Measures and prints.</summary>
    public static void Run()
    {
        // Some sixty pictures a second, as a guest draws that waits for the screen, and two that draw as fast as they can.
        const int BetweenPictures = 10_000_000;
        ReadOnlySpan<(string, bool, int)> guests =
            [("a guest that computes between its pictures", true, BetweenPictures), ("rep stosd over the whole screen", false, 0), ("a loop of stores with arithmetic", true, 0)];
        foreach ((string name, bool stores, int computing) in guests)
        {
            using DisplayCost cost = new(stores, computing);
            Console.WriteLine(Invariant($"{name}: {cost.Speed(Turn).Processor:0.0} pictures in a second of processor time; slower by the clock, by processor time"));
            double shown = 0;
            cost.Compare("a window", () => cost.WithWindow(out shown));
            Console.WriteLine(Invariant($"    which shows {shown:0} pictures/s"));
            cost.Compare("a thread that only computes", () => cost.WithThread(Compute));
            cost.Compare("one that copies 60 pictures/s of its own", () => cost.WithThread(CopyPictures));
            cost.Compare("one that reads 60 of the guest's pictures/s", () => cost.WithThread(cost.ReadPictures));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        machine.Events.Post(() => machine.Quit(StopReason.UserQuit));
        thread.Join();
        screen.Dispose();
        machine.Dispose();
        File.Delete(kernel);
    }

    private void Compare(string name, Func<(double Clock, double Processor)> together)
    {
        List<double> clock = [], processor = [];
        for (int round = 0; round < Rounds; round++)
        {
            (double Clock, double Processor) before = Speed(Turn / 2), with = together(), after = Speed(Turn / 2);
            clock.Add(1 - (2 * with.Clock / (before.Clock + after.Clock)));
            processor.Add(1 - (2 * with.Processor / (before.Processor + after.Processor)));
        }

        string byProcessor = OperatingSystem.IsLinux() ? Invariant($", {100 * Median(processor),5:0.0} %") : "";
        Console.WriteLine(Invariant($"  beside {name,-44} {100 * Median(clock),5:0.0} %{byProcessor}"));
    }

    private (double Clock, double Processor) WithWindow(out double shown)
    {
        using SdlWindow window = new(new WindowOptions(), [screen], new GuestCommands(machine), KeyboardLayout.UsEnglish);
        Task<((double, double) Speed, double Pictures)> measured = Task.Run(() =>
        {
            Thread.Sleep(Settle);
            long before = screen.Painted;
            (double, double) speed = Speed(Turn);
            double rate = (screen.Painted - before) / Turn.TotalSeconds;
            window.End();
            return (speed, rate);
        });
        window.Run();
        shown = measured.Result.Pictures;
        return measured.Result.Speed;
    }

    private (double Clock, double Processor) WithThread(Action<CancellationToken> work)
    {
        using CancellationTokenSource done = new();
        Thread other = new(() => work(done.Token));
        other.Start();
        Thread.Sleep(Settle);
        (double, double) speed = Speed(Turn);
        done.Cancel();
        other.Join();
        return speed;
    }

    /// <summary>Keeps the execution units of a processor busy.</summary>
    private static void Compute(CancellationToken done)
    {
        ulong sum = 0;
        while (!done.IsCancellationRequested)
        {
            for (int i = 0; i < 1_000_000; i++) sum = (sum * 3) + (ulong)i;
        }

        GC.KeepAlive(sum);
    }

    /// <summary>Copies memory that is no guest's, as much as a window's pictures are.</summary>
    private static void CopyPictures(CancellationToken done)
    {
        uint[] from = new uint[DrawingGuest.Width * DrawingGuest.Height], to = new uint[from.Length];
        while (!done.WaitHandle.WaitOne(1000 / PicturesPerSecond)) from.CopyTo(to, 0);
    }

    /// <summary>Reads what the guest draws and does nothing with it: the least that anything that shows it has to do.</summary>
    private void ReadPictures(CancellationToken done)
    {
        GuestRam video = machine.Board.Memory.Space.Memory.Blocks.First(b => b.Name == VideoMemory);
        int size = DrawingGuest.Width * DrawingGuest.Height * sizeof(uint);
        while (!done.WaitHandle.WaitOne(1000 / PicturesPerSecond)) GC.KeepAlive(video.Bytes[..size].IndexOf("no picture has this in it"u8));
    }

    /// <summary>Pictures that the guest draws a second, by the clock and by the processor time of its thread.</summary>
    private (double Clock, double Processor) Speed(TimeSpan time)
    {
        (ulong before, double spent) = machine.Invoke(Now);
        long started = Stopwatch.GetTimestamp();
        Thread.Sleep(time);
        (ulong after, double spentThen) = machine.Invoke(Now);
        return ((after - before) / Stopwatch.GetElapsedTime(started).TotalSeconds, (after - before) / (spentThen - spent));

        (ulong, double) Now() => (machine.Board.Memory.Space.Read(DrawingGuest.Counter, 4), ThreadTime.Seconds);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
