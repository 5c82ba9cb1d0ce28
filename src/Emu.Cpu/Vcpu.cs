namespace Emu.Cpu;

/// <summary>One logical processor.</summary>
public sealed unsafe partial class Vcpu
{
}
