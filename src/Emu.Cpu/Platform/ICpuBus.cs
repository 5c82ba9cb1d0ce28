namespace Emu.Cpu;

/// <summary>What a logical processor needs of the board around it. The machine implements it; tests use a small one.</summary>
public interface ICpuBus
{
    /// <summary>IN: reads <paramref name="size"/> (1, 2, 4) bytes from the I/O port space.</summary>
    uint ReadPort(ushort port, int size);

    /// <summary>OUT: writes <paramref name="size"/> (1, 2, 4) bytes to the I/O port space.</summary>
    void WritePort(ushort port, int size, uint value);

    /// <summary>Interrupt-acknowledge cycle to the external (8259A) controller: the vector it puts on the bus.</summary>
    byte AcknowledgeExternalInterrupt();

    /// <summary>The processor entered shutdown (triple fault): the board resets it or stops the machine.</summary>
    void Shutdown(Vcpu cpu);

    /// <summary>FERR# : an unmasked x87 error with CR0.NE clear (IRQ 13 on a PC).</summary>
    void SetFloatingPointError(bool asserted);
}
