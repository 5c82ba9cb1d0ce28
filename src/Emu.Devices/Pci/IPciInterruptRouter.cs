namespace Emu.Devices.Pci;

/// <summary>Routes the four INTx# nets of the root bus to the board's interrupt controllers.</summary>
public interface IPciInterruptRouter
{
    /// <summary>The wired-OR of all functions on net <paramref name="pirq"/> (0-3 for PIRQA#-PIRQD#) changed.</summary>
    void SetPirq(int pirq, bool asserted);
}
