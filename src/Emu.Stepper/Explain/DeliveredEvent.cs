namespace Emu.Stepper.Explain;

/// <summary>An exception or interrupt that the processor delivered.</summary>
/// <param name="Vector">Vector, 0 to 255.</param>
/// <param name="ErrorCode">Error code; 0 where there is none.</param>
/// <param name="Software">Caused by INT n, INT3, INTO or INT1.</param>
/// <param name="External">An interrupt from a device.</param>
public readonly record struct DeliveredEvent(byte Vector, uint ErrorCode, bool Software, bool External);
