namespace Emu.Frontend.Run;

/// <summary>
/// Exit statuses of <c>emu</c>. isa-debug-exit gives odd ones ((value &lt;&lt; 1) | 1), so all failures of the emulator's own are even.
/// </summary>
internal static class ExitStatus
{
    /// <summary>The guest switched itself off, or the user quit.</summary>
    public const int Success = 0;

    /// <summary>The command line, a file or an image is wrong.</summary>
    public const int BadInput = 2;

    /// <summary>A triple fault ended the machine (<c>-no-reboot</c>).</summary>
    public const int TripleFault = 4;

    /// <summary>Translated code did something else than tier 0 (<c>-accel lockstep</c>).</summary>
    public const int LockstepDifference = 6;

    /// <summary>A bug of the emulator.</summary>
    public const int InternalError = 70;
}
