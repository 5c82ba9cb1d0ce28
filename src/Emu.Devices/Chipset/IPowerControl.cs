namespace Emu.Devices.Chipset;

/// <summary>What made the board ask for a reset.</summary>
public enum ResetSource
{
    /// <summary>Port CF9h, full or CPU-only reset (PIIX3 data sheet 2.3.4).</summary>
    ResetControlRegister,

    /// <summary>Port 92h bit 0: processor INIT.</summary>
    Port92,

    /// <summary>Keyboard controller command FEh or output-port bit 0.</summary>
    KeyboardController,

    /// <summary>A watchdog or another device.</summary>
    Other,
}

/// <summary>
/// The board's reset and power wires. The machine implements it; a request takes effect after the current
/// instruction, never inside the call.
/// </summary>
public interface IPowerControl
{
    /// <summary>Resets the machine. <paramref name="processorOnly"/> is INIT to the processors; devices keep their state.</summary>
    void RequestReset(ResetSource source, bool processorOnly = false);

    /// <summary>The guest entered ACPI S5 (soft off).</summary>
    void RequestPowerOff();

    /// <summary>The guest entered ACPI S3 (suspend to RAM); a wake event ends it with a reset that keeps memory.</summary>
    void RequestSuspend();
}
