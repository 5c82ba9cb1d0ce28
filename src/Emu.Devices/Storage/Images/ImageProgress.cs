namespace Emu.Devices.Storage;

/// <summary>How far a long operation has come, in units of its own.</summary>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all; 0 if there is nothing to do.</param>
public readonly record struct ImageProgress(long Done, long Total)
{
    /// <summary>0 to 1.</summary>
    public double Fraction => Total <= 0 ? 1 : Math.Clamp((double)Done / Total, 0, 1);
}
