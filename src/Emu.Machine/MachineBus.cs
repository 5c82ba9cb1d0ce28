using Emu.Cpu;
using Emu.Devices.Chipset;

namespace Emu.Machine;

/// <summary>An access to the I/O port space by a processor.</summary>
/// <param name="Port">First port.</param>
/// <param name="Size">1, 2 or 4 bytes.</param>
/// <param name="Value">What was read or written.</param>
/// <param name="IsWrite">OUT rather than IN.</param>
public readonly record struct PortAccess(ushort Port, int Size, uint Value, bool IsWrite);

/// <summary>What a processor sees of the board.</summary>
internal sealed class MachineBus(PcBoard board, Machine machine) : ICpuBus
{
    private PcChipset? chipset;

    public void Connect(PcChipset connected) => chipset = connected;

    public uint ReadPort(ushort port, int size)
    {
        uint value = board.Ports.Read(port, size);
        board.PortAccessed?.Invoke(new PortAccess(port, size, value, IsWrite: false));
        return value;
    }

    public void WritePort(ushort port, int size, uint value)
    {
        board.PortAccessed?.Invoke(new PortAccess(port, size, value, IsWrite: true));
        board.Ports.Write(port, size, value);
    }

    public byte AcknowledgeExternalInterrupt() => chipset == null ? (byte)0 : chipset.Pic.AcknowledgeInterrupt();

    public void Shutdown(Vcpu cpu) => machine.OnShutdown(cpu);

    public void SetFloatingPointError(bool asserted) => chipset?.Coprocessor.SetError(asserted);
}
