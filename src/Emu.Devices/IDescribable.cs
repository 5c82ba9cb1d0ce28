namespace Emu.Devices;

/// <summary>A device whose state a monitor command can show.</summary>
public interface IDescribable
{
    /// <summary>Writes a few human-readable lines.</summary>
    void Describe(TextWriter writer);
}
