using Emu.Cpu;

namespace Emu.Devices.Interrupts;

/// <summary>
/// A wired-OR net: several drivers, one receiver. The receiver sees the wire high while at least one driver holds it high,
/// as PCI INTx# (inverted) and shared ISA interrupt requests behave.
/// </summary>
public sealed class SharedInterruptLine(IInterruptLine receiver)
{
    private int _asserted;

    /// <summary>Makes a driver of its own for one more device on the net, initially low.</summary>
    public IInterruptLine CreateInput() => new Input(this);

    private void Change(int delta)
    {
        _asserted += delta;
        receiver.Set(_asserted > 0);
    }

    private sealed class Input(SharedInterruptLine net) : IInterruptLine
    {
        private bool _level;

        public void Set(bool level)
        {
            if (level == _level)
                return;
            _level = level;
            net.Change(level ? 1 : -1);
        }
    }
}
