using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Chipset;

/// <summary>
/// The PC/AT's external reporting of x87 errors (PIIX3 data sheet 2.5.6.4; SDM Vol. 1 appendix D): FERR# raises IRQ 13; a write to port F0h ends the
/// request and asserts IGNNE# until FERR# goes away.
/// </summary>
public sealed class CoprocessorError(IInterruptLine irq13) : IPortDevice, ISnapshotable, IResettable
{
    public const ushort Port = 0xF0;

    private bool _error;
    private bool _ignore;

    /// <summary>IGNNE#: the processor goes on in spite of the pending error.</summary>
    public bool IgnoreNumericError
    {
        get => _ignore;
        private set
        {
            if (value == _ignore)
                return;
            _ignore = value;
            IgnoreNumericErrorChanged?.Invoke(value);
        }
    }

    /// <summary>Raised when IGNNE# changes.</summary>
    public event Action<bool>? IgnoreNumericErrorChanged;

    /// <summary>FERR# (<see cref="ICpuBus.SetFloatingPointError"/>).</summary>
    public void SetError(bool asserted)
    {
        _error = asserted;
        if (!asserted)
            IgnoreNumericError = false;
        irq13.Set(asserted && !IgnoreNumericError);
    }

    public uint ReadPort(ushort offset, int size) => 0xFF;

    public void WritePort(ushort offset, int size, uint value)
    {
        irq13.Set(false);
        if (_error)
            IgnoreNumericError = true;
    }

    public void Reset()
    {
        _error = false;
        IgnoreNumericError = false;
        irq13.Set(false);
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_error);
        writer.Write(_ignore);
    }

    public void LoadState(BinaryReader reader)
    {
        _error = reader.ReadBoolean();
        IgnoreNumericError = reader.ReadBoolean();
        irq13.Set(_error && !_ignore);
    }
}
