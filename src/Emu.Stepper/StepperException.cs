namespace Emu.Stepper;

/// <summary>Something the user asked for cannot be done; the message says in plain words what and why.</summary>
public sealed class StepperException(string message) : Exception(message);
