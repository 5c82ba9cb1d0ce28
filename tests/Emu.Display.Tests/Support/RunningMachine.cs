using Emu.Devices.Serial;
using Emu.Display.Screens;
using Emu.Machine;

namespace Emu.Display.Tests.Support;

/// <summary>A machine that runs on a thread of its own, with its screen.</summary>
internal sealed class RunningMachine : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly Thread thread;

    public RunningMachine(TestKernel kernel)
    {
        Machine = new Machine.Machine(kernel.Configuration(Serial));
        Screen = new GuestScreen(Machine);
        Commands = new GuestCommands(Machine) { Name = "test" };
        thread = new Thread(() => Machine.Run());
        thread.Start();
    }

    public MemoryCharacterDevice Serial { get; } = new();

    public Machine.Machine Machine { get; }

    public GuestScreen Screen { get; }

    public GuestCommands Commands { get; }

    /// <summary>Waits, without a claim about how long things take.</summary>
    public static void WaitFor(Func<bool> done, Func<string> otherwise)
    {
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!done())
        {
            Assert.True(Environment.TickCount64 < end, otherwise());
            Thread.Sleep(5);
        }
    }

    /// <summary>Waits until the guest has said something on the serial port.</summary>
    public void WaitForSerial(string text) => WaitFor(() => Serial.Text.Contains(text, StringComparison.Ordinal), () => $"the guest has not said '{text}' but '{Serial.Text}'");

    public void Dispose()
    {
        Machine.Events.Post(() => Machine.Quit(StopReason.UserQuit));
        thread.Join();
        Screen.Dispose();
        Machine.Dispose();
    }
}
