using Emu.Cpu;
using Emu.Devices.Interrupts;

namespace Emu.Devices.Isa;

/// <summary>
/// The board's interrupt and DMA wires. Each ISA interrupt request reaches the 8259A pair and the I/O APIC input of the same number; IRQ 0
/// reaches input 2 (the MADT's interrupt source override says so), since input 2 would be the cascade.
/// </summary>
public sealed class IsaBus : IIsaBus
{
    public const int InterruptCount = 16;
    private const int TimerIrq = 0;
    private const int TimerGlobalInterrupt = 2;

    private readonly SharedInterruptLine[] _requests = new SharedInterruptLine[InterruptCount];
    private readonly SharedInterruptLine[] _globals = [];
    private readonly Func<int, IDmaChannel> _dma;

    /// <param name="pic">Receives every request.</param>
    /// <param name="ioApic">Receives every request, or null on a board without one.</param>
    /// <param name="dma">Channel look-up of the DMA controllers.</param>
    public IsaBus(PicPair pic, IoApic? ioApic, Func<int, IDmaChannel> dma)
    {
        _dma = dma;
        if (ioApic is not null)
            _globals = [.. Enumerable.Range(0, IoApic.InputCount).Select(pin => new SharedInterruptLine(ioApic.Input(pin)))];
        for (int irq = 0; irq < InterruptCount; irq++)
        {
            IInterruptLine toPic = pic.Input(irq);
            _requests[irq] = new SharedInterruptLine(ioApic is null
                ? toPic
                : InterruptLines.Split(toPic, _globals[GlobalInterruptOf(irq)].CreateInput()));
        }
    }

    /// <summary>ACPI global system interrupt of an ISA interrupt request.</summary>
    public static int GlobalInterruptOf(int irq) => irq == TimerIrq ? TimerGlobalInterrupt : irq;

    /// <inheritdoc/>
    public IInterruptLine ConnectInterrupt(int irq)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(irq);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(irq, InterruptCount);
        ArgumentOutOfRangeException.ThrowIfEqual(irq, PicPair.CascadeInput);
        return _requests[irq].CreateInput();
    }

    /// <summary>A driver of its own on an I/O APIC input alone (0-23): a wire that no 8259A sees. Leads nowhere without an I/O APIC.</summary>
    public IInterruptLine ConnectGlobalInterrupt(int input) =>
        _globals.Length == 0 ? InterruptLines.Unconnected : _globals[input].CreateInput();

    /// <inheritdoc/>
    public IDmaChannel GetDmaChannel(int channel) => _dma(channel);
}
