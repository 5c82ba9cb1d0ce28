using Emu.Cpu;

namespace Emu.Devices.Tests.Chipset;

/// <summary>A wire a test watches.</summary>
internal sealed class Wire : IInterruptLine
{
    public bool Level { get; private set; }

    public int RisingEdges { get; private set; }

    public void Set(bool level)
    {
        if (level && !Level)
            RisingEdges++;
        Level = level;
    }
}
