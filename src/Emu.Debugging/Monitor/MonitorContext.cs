using Emu.Cpu;
using Emu.Debugging.Tracing;

namespace Emu.Debugging.Monitor;

/// <summary>What the monitors of a machine share.</summary>
public sealed class MonitorContext
{
    private readonly ulong[] delivered = new ulong[256];

    /// <summary>For a machine; call on its thread or before it runs.</summary>
    public MonitorContext(Machine.Machine machine)
    {
        Machine = machine;
        Media = new MediaChanger(machine);
        Keys = new KeySequencer(machine.Board.Keyboard, machine.Clock);
        foreach (Vcpu cpu in machine.Board.Processors) cpu.EventDelivered += (_, vector, _) => delivered[vector]++;
    }

    /// <summary>The machine.</summary>
    public Machine.Machine Machine { get; }

    /// <summary>Types on the keyboard.</summary>
    public KeySequencer Keys { get; }

    /// <summary>Name of the machine (<c>-name</c>), or null.</summary>
    public string? Name { get; init; }

    /// <summary>Exceptions and interrupts delivered since the start, by vector.</summary>
    public IReadOnlyList<ulong> Delivered => delivered;

    /// <summary>The log of <c>-d</c>, or null.</summary>
    public MachineLog? Log { get; set; }

    /// <summary>Changes the media of drives.</summary>
    public MediaChanger Media { get; }

    /// <summary>The guest has been told to press the power button.</summary>
    public event Action? PoweringDown;

    /// <summary>Presses the power button.</summary>
    public void PowerDown()
    {
        Machine.PressPowerButton();
        PoweringDown?.Invoke();
    }
}
