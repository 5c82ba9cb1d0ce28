using Emu.Frontend.Linux;
using Xunit;

namespace Emu.Guests.Tests;

/// <summary>A fact about a Debian kernel that <c>emu linux</c> has fetched; skipped, with the reason, where it has not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KernelFactAttribute : FactAttribute
{
    /// <summary>Marks a fact.</summary>
    /// <param name="variant">As in <c>emu linux --variant</c>.</param>
    /// <param name="isLong">It takes minutes.</param>
    public KernelFactAttribute(string variant, bool isLong = false)
    {
        if (isLong && Environment.GetEnvironmentVariable(GuestFactAttribute.LongRunVariable) is null or "") Skip = "takes minutes: run ./test --guests";
        else if (!File.Exists(GuestFiles.CachedKernel(variant))) Skip = $"needs the {variant} kernel: run ./emu linux --variant {variant} once";
    }
}
