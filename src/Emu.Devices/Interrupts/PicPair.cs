using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Interrupts;

/// <summary>
/// The PC's cascaded pair of 8259A controllers: master at ports 20h/21h (IRQ 0-7), slave at A0h/A1h (IRQ 8-15) on the master's
/// IR2, and the edge/level control registers at 4D0h/4D1h (PIIX3 data sheet 2.5.4).
/// </summary>
public sealed class PicPair : ISnapshotable, IResettable, IDescribable
{
    public const ushort MasterPort = 0x20;
    public const ushort SlavePort = 0xA0;
    public const ushort EdgeLevelPort = 0x4D0;
    public const int CascadeInput = 2;

    // IRQ 0, 1, 2, 8 and 13 are edge-triggered by design; their bits read 0.
    private const byte MasterLevelMask = 0xF8;
    private const byte SlaveLevelMask = 0xDE;

    private readonly IInterruptLine[] _inputs = new IInterruptLine[16];

    /// <param name="output">INTR: to the processor, or to LINT0 of the bootstrap processor's local APIC.</param>
    public PicPair(IInterruptLine output)
    {
        Master = new Pic8259("pic0", true, output);
        Slave = new Pic8259("pic1", false, InterruptLines.From(level => Master.SetInput(CascadeInput, level)));
        for (int i = 0; i < _inputs.Length; i++)
        {
            int irq = i;
            Pic8259 pic = irq < 8 ? Master : Slave;
            _inputs[i] = irq == CascadeInput ? InterruptLines.Unconnected : InterruptLines.From(level => pic.SetInput(irq & 7, level));
        }
        EdgeLevelControl = new EdgeLevelPorts(this);
    }

    public Pic8259 Master { get; }

    public Pic8259 Slave { get; }

    /// <summary>Ports 4D0h and 4D1h.</summary>
    public IPortDevice EdgeLevelControl { get; }

    /// <summary>Input of interrupt request 0-15; 2 leads nowhere.</summary>
    public IInterruptLine Input(int irq) => _inputs[irq];

    /// <summary>
    /// Interrupt-acknowledge cycle (<see cref="ICpuBus.AcknowledgeExternalInterrupt"/>). A request that vanished meanwhile yields IR7 of the
    /// controller that was asked: IRQ 7, or IRQ 15 with the master's IR2 left in service.
    /// </summary>
    public byte AcknowledgeInterrupt()
    {
        int level = Master.Acknowledge();
        return level == CascadeInput ? Slave.VectorOf(Slave.Acknowledge()) : Master.VectorOf(level);
    }

    /// <summary>Times interrupt request <paramref name="irq"/> (0-15) was acknowledged.</summary>
    public long AcknowledgeCount(int irq) => irq < 8 ? Master.AcknowledgeCounts[irq] : Slave.AcknowledgeCounts[irq - 8];

    public void Reset()
    {
        Slave.Reset();
        Master.Reset();
    }

    public void SaveState(BinaryWriter writer)
    {
        Master.SaveState(writer);
        Slave.SaveState(writer);
    }

    public void LoadState(BinaryReader reader)
    {
        Master.LoadState(reader);
        Slave.LoadState(reader);
    }

    /// <summary>Monitor "info pic".</summary>
    public void Describe(TextWriter writer)
    {
        Slave.Describe(writer);
        Master.Describe(writer);
    }

    /// <summary>Monitor "info irq": inputs that were acknowledged at least once.</summary>
    public void DescribeStatistics(TextWriter writer)
    {
        for (int irq = 0; irq < 16; irq++)
        {
            if (irq != CascadeInput && AcknowledgeCount(irq) != 0)
                writer.WriteLine($"{irq,2}: {AcknowledgeCount(irq)}");
        }
    }

    private sealed class EdgeLevelPorts(PicPair pair) : IPortDevice
    {
        public uint ReadPort(ushort offset, int size) => (offset & 1) == 0 ? pair.Master.EdgeLevelControl : pair.Slave.EdgeLevelControl;

        public void WritePort(ushort offset, int size, uint value)
        {
            if ((offset & 1) == 0)
                pair.Master.EdgeLevelControl = (byte)(value & MasterLevelMask);
            else
                pair.Slave.EdgeLevelControl = (byte)(value & SlaveLevelMask);
        }
    }
}
