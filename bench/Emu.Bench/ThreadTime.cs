using System.Runtime.InteropServices;

namespace Emu.Bench;

/// <summary>Processor time of the calling thread: what other programs on a busy host take is left out.</summary>
internal static partial class ThreadTime
{
    /// <summary>Seconds since some moment; where the host does not tell, by the clock.</summary>
    public static double Seconds
    {
        get
        {
            const int threadTime = 3;
            return OperatingSystem.IsLinux() && clock_gettime(threadTime, out TimeSpec now) == 0 ? now.Seconds + (now.Nanoseconds / 1e9) : Environment.TickCount64 / 1e3;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out TimeSpec time);
}
