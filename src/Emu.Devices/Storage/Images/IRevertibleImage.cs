namespace Emu.Devices.Storage;

/// <summary>An image that keeps its changes apart from the image below it, and can forget them.</summary>
public interface IRevertibleImage
{
    /// <summary>Forgets all changes: the image below shows through everywhere.</summary>
    void Revert();
}
