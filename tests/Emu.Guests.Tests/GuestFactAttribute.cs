using Xunit;

namespace Emu.Guests.Tests;

/// <summary>
/// A fact about an operating system or boot loader that nobody wrote for the emulator. It is skipped, with the reason, where the file it needs
/// is not installed, and when it takes minutes and nobody asked for that (<c>./test --guests</c>).
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GuestFactAttribute : FactAttribute
{
    /// <summary>Set by <c>./test --guests</c>.</summary>
    public const string LongRunVariable = "EMU_TEST_GUESTS";

    /// <summary>Marks a fact.</summary>
    /// <param name="package">Debian package that holds the guest.</param>
    /// <param name="path">A file of it.</param>
    /// <param name="isLong">It takes minutes.</param>
    public GuestFactAttribute(string package, string path, bool isLong = false)
    {
        if (!File.Exists(path)) Skip = $"needs {path}: install the package {package}";
        else if (isLong && Environment.GetEnvironmentVariable(LongRunVariable) is null or "") Skip = "takes minutes: run ./test --guests";
    }
}
