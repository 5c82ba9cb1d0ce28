using Emu.Cpu;
using Emu.Devices.Input;

namespace Emu.Machine;

/// <summary>The processor whose instruction the machine is carrying out, for devices that answer in its registers.</summary>
internal sealed class PortCaller(Func<Vcpu> current) : IPortCaller
{
    /// <inheritdoc/>
    public unsafe uint this[int register]
    {
        get => (uint)current().State->Gpr[register];
        set => current().State->Gpr[register] = value;
    }
}
