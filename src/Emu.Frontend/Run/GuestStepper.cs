using System.Text;
using Emu.Devices.Serial;
using Emu.Display.Consoles;
using Emu.Machine;
using Emu.Stepper;
using Emu.Stepper.Session;
using Emu.Stepper.Terminal;

namespace Emu.Frontend.Run;

/// <summary>
/// The stepping tool on the guest that a window or VNC shows: a console of its own. A key on it stops the guest where it is; leaving lets the guest
/// go on. Everything happens on the machine's thread.
/// </summary>
internal sealed class GuestStepper : ITerminal, ICharacterReceiver, IDisposable
{
    private const int Columns = 132, Lines = 44;
    private const int QueueLimit = 4096;
    private const string Start = "\e[?1000h\e[?1006h\e[?25l";
    private const string Invitation = "\e[?1006l\e[?1000l\e[?25h\e[0m\e[2J\e[HThe stepping tool. A key stops the guest and shows what it is doing.\r\n";

    private static readonly TimeSpan Forever = TimeSpan.FromDays(10_000);

    private readonly Machine.Machine machine;
    private readonly string name;
    private readonly Queue<byte> typed = new();
    private bool wanted;
    private bool active;
    private bool released;

    /// <summary>For a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="name">Its name, for the title line.</param>
    public GuestStepper(Machine.Machine machine, string name)
    {
        this.machine = machine;
        this.name = name;
        Console = new VirtualConsole(VirtualConsole.StepperTitle, machine.Events.Post, Columns, Lines) { Receiver = this };
        Write(Invitation);
    }

    /// <summary>Where it is shown.</summary>
    public VirtualConsole Console { get; }

    /// <summary>Told when it begins (true) or ends to hold the guest.</summary>
    public event Action<bool>? ActiveChanged;

    /// <inheritdoc/>
    public int Width => Columns;

    /// <inheritdoc/>
    public int Height => Lines;

    /// <inheritdoc/>
    public int ReceiveCapacity => QueueLimit - typed.Count;

    /// <summary>Runs the machine to its end, with stops for stepping.</summary>
    public StopReason Run()
    {
        while (machine.RunUntil(() => wanted, Forever) && machine.StopReason == StopReason.None) Step();
        return machine.StopReason;
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        if (!active)
        {
            wanted = true;
            return;
        }

        foreach (byte b in data) typed.Enqueue(b);
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        // A console neither breaks nor hangs up.
    }

    /// <inheritdoc/>
    public void Write(string text) => Console.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Waits for keys; meanwhile the machine's thread does what other threads ask of it. When one of them lets the guest go on or ends the machine, that is the end of
    /// the input.
    /// </summary>
    public int Read(Span<byte> buffer, TimeSpan patience)
    {
        bool paused = machine.IsPaused;
        if (typed.Count == 0 && patience > TimeSpan.Zero) machine.Events.Wait(patience);
        machine.Events.Drain();
        released |= paused && !machine.IsPaused;
        if (released || machine.StopReason == StopReason.UserQuit) return -1;
        int count = 0;
        while (count < buffer.Length && typed.TryDequeue(out byte b)) buffer[count++] = b;
        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => Console.Dispose();

    private void Step()
    {
        bool wasPaused = machine.IsPaused;
        (wanted, active, released) = (false, true, false);
        ActiveChanged?.Invoke(true);
        machine.Pause();
        Write(Start);
        using (StepperSession session = new(GuestProgram.Attach(machine, name)) { Cpu = machine.Debugger.CurrentCpu })
        {
            new StepperScreen(this, session, leaving: "leave, and let the guest go on").Run();
        }

        typed.Clear();
        active = false;
        Write(Invitation);
        if (!wasPaused) machine.Continue();
        ActiveChanged?.Invoke(false);
    }
}
