namespace Emu.Devices;

/// <summary>A device with a hardware reset input.</summary>
public interface IResettable
{
    /// <summary>Power-on or hard reset: registers take the data sheet's reset values, outputs go inactive.</summary>
    void Reset();
}
