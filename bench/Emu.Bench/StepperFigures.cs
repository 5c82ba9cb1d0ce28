using System.Diagnostics;
using System.Globalization;
using Emu.Machine;
using Emu.Stepper;
using Emu.Stepper.Session;
using Emu.Stepper.Terminal;

namespace Emu.Bench;

/// <summary>
/// How long the stepping tool takes to answer, on a PC that boots a kernel (or only its firmware): a step with the whole screen drawn, a step back, and far
/// jumps back. The usual time by the clock, the slowest by processor time. <c>bench/stepper [KERNEL]</c>.
/// </summary>
internal static class StepperFigures
{
    private const ulong Run = 60_000_000, Memory = 256 << 20;
    private const int Width = 160, Height = 50, Steps = 300, BackSteps = 30, Jumps = 5;

    /// <summary>What the project has promised, in milliseconds.</summary>
    private const double StepLimit = 50, BackLimit = 100, FarLimit = 2000;

    /// <summary>Measures and prints; whether everything is within its limit.</summary>
    public static bool Measure(string? kernel)
    {
        bool good = true;
        foreach (Accelerator accelerator in (Accelerator[])[Accelerator.Interpreter, Accelerator.Translator])
        {
            GuestProgram program = GuestProgram.FromMachine(
                new MachineConfiguration
                {
                    Memory = Memory,
                    Accelerator = accelerator,
                    Kernel = kernel == null ? null : new KernelConfiguration { Path = kernel, CommandLine = "console=ttyS0" },
                },
                "pc");
            using StepperSession session = new(program);
            StepperScreen screen = new(new NoTerminal(), session);
            Stopwatch watch = Stopwatch.StartNew();
            session.Continue(Run);
            Console.WriteLine(Invariant($"{(kernel == null ? "firmware" : Path.GetFileName(kernel))}, {accelerator.ToString().ToLowerInvariant()}: {session.Position / 1e6:0} million instructions with history in {watch.Elapsed.TotalSeconds:0.0} s"));
            // The first of all waits for .NET to compile what it runs.
            Report("the very first step", Times(1, () => Press(screen, 's')), double.PositiveInfinity);
            good &= Report("a step, all panes drawn anew", Times(Steps, () => Press(screen, 's')), StepLimit);
            good &= Report("the same with the page tables", Times(Steps, () => Press(screen, 's'), before: () => Press(screen, '6')), StepLimit);
            session.Continue(1_000_000);
            good &= Report("the first step back after a run", Times(1, () => Press(screen, 'b')), BackLimit);
            good &= Report("further steps back", Times(BackSteps, () => Press(screen, 'b')), BackLimit);
            good &= Report("10 million instructions back", Times(Jumps, () => Back(session, 10_000_000)), FarLimit);
            good &= Report("a step back from there", Times(1, () => Press(screen, 'b')), BackLimit);
            session.GoTo(session.Machine.History!.End.Instructions.ToString(CultureInfo.InvariantCulture));
            good &= Report("40 million instructions back", Times(1, () => Back(session, 40_000_000)), double.PositiveInfinity);
        }

        return good;
    }

    private static void Press(StepperScreen screen, char key)
    {
        screen.Handle(new KeyPress(Key.Character, key));
        screen.Draw();
    }

    private static void Back(StepperSession session, ulong distance)
    {
        ulong target = session.Position - distance;
        session.GoTo(target.ToString(CultureInfo.InvariantCulture));
        if (session.Position != target) throw new InvalidOperationException($"went to instruction {session.Position} in place of {target}");
    }

    private static (double Clock, double Processor)[] Times(int count, Action action, Action? before = null)
    {
        before?.Invoke();
        (double, double)[] times = new (double, double)[count];
        for (int i = 0; i < count; i++)
        {
            long started = Stopwatch.GetTimestamp();
            double spent = ThreadTime.Seconds;
            action();
            times[i] = (Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1000 * (ThreadTime.Seconds - spent));
        }

        return times;
    }

    /// <summary>Everything happens on one thread, so its processor time is what a host with nothing else to do takes.</summary>
    private static bool Report(string what, (double Clock, double Processor)[] times, double limit)
    {
        double worst = times.Max(t => t.Processor), usual = times.Select(t => t.Clock).Order().ElementAt(times.Length / 2);
        string allowed = double.IsPositiveInfinity(limit) ? "" : Invariant($", allowed {limit:0} ms{(worst <= limit ? "" : ": TOO SLOW")}");
        string slowest = times.Length == 1 ? "of processor time" : $"the slowest of {times.Length}";
        Console.WriteLine(Invariant($"  {what,-32} {usual,6:0.0} ms by the clock, {worst,5:0.0} ms {slowest}{allowed}"));
        return worst <= limit;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A terminal that nobody looks at.</summary>
    private sealed class NoTerminal : ITerminal
    {
        public int Width => StepperFigures.Width;

        public int Height => StepperFigures.Height;

        public void Write(string text)
        {
        }

        public int Read(Span<byte> buffer, TimeSpan patience) => 0;
    }
}
