using Emu.Cpu;

namespace Emu.Devices.Tests;

/// <summary>An interrupt wire that remembers its level and counts rising edges.</summary>
internal sealed class RecordingLine : IInterruptLine
{
    public bool Level { get; private set; }

    public int Edges { get; private set; }

    public void Set(bool level)
    {
        if (level && !Level)
            Edges++;
        Level = level;
    }
}
