using Emu.Cpu;
using Emu.Devices.Chipset;

namespace Emu.Machine;

/// <summary>What a processor sees of the board.</summary>
internal sealed class MachineBus(PcBoard board, Machine machine) : ICpuBus
{
    private PcChipset? chipset;

    public void Connect(PcChipset connected) => chipset = connected;

    public uint ReadPort(ushort port, int size) => board.Ports.Read(port, size);

    public void WritePort(ushort port, int size, uint value) => board.Ports.Write(port, size, value);

    public byte AcknowledgeExternalInterrupt() => chipset == null ? (byte)0 : chipset.Pic.AcknowledgeInterrupt();

    public void Shutdown(Vcpu cpu) => machine.OnShutdown(cpu);

    public void SetFloatingPointError(bool asserted) => chipset?.Coprocessor.SetError(asserted);
}
