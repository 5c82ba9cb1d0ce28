using Xunit;

namespace Emu.Debugging.Tests.Gdb;

/// <summary>A fact that gdb itself drives; skipped, with the reason, where it is not installed.</summary>
public sealed class GdbFactAttribute : FactAttribute
{
    public GdbFactAttribute()
    {
        if (!GdbClient.IsInstalled) Skip = "needs gdb: install the package gdb";
    }
}
