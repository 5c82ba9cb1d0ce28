using Emu.Cpu;

namespace Emu.Devices.Interrupts;

/// <summary>Small adapters on <see cref="IInterruptLine"/>.</summary>
public static class InterruptLines
{
    /// <summary>A wire that leads nowhere.</summary>
    public static IInterruptLine Unconnected { get; } = new ActionLine(static _ => { });

    /// <summary>A wire that calls <paramref name="changed"/> with each new level; it starts low.</summary>
    public static IInterruptLine From(Action<bool> changed) => new ActionLine(changed);

    /// <summary>One driver, several receivers.</summary>
    public static IInterruptLine Split(params IInterruptLine[] receivers) => new Splitter([.. receivers]);

    private sealed class ActionLine(Action<bool> changed) : IInterruptLine
    {
        private bool _level;

        public void Set(bool level)
        {
            if (level == _level)
                return;
            _level = level;
            changed(level);
        }
    }

    private sealed class Splitter(IInterruptLine[] receivers) : IInterruptLine
    {
        public void Set(bool level)
        {
            foreach (IInterruptLine receiver in receivers)
                receiver.Set(level);
        }
    }
}
