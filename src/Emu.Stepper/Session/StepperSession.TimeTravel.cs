namespace Emu.Stepper.Session;

// Going back.
public sealed unsafe partial class StepperSession
{
    /// <summary>Changes a register or flag; false if there is none of that name that can be changed.</summary>
    public bool Write(string name, ulong value) => Scope.TryWrite(name, value);

    /// <summary>Changes memory; false where there is none.</summary>
    public bool WriteMemory(ulong linear, ReadOnlySpan<byte> bytes) => Debugging.GuestView.WriteLinear(cpu, linear, bytes);

    /// <summary>Goes back by one step.</summary>
    public Stop StepBack() => throw new StepperException("this machine keeps no history");

    /// <summary>Runs back to the last breakpoint or watchpoint.</summary>
    public Stop ReverseContinue() => throw new StepperException("this machine keeps no history");

    /// <summary>Goes to the last write of a register or of memory.</summary>
    public Stop LastWriter(string what) => throw new StepperException($"this machine keeps no history, so who wrote {what} is not known");

    /// <summary>Goes to a bookmark or a number of instructions since power-on.</summary>
    public Stop GoTo(string place) => throw new StepperException($"this machine keeps no history, so it cannot go to {place}");
}
