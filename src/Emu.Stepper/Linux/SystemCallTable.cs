namespace Emu.Stepper.Linux;

/// <summary>A system call by name.</summary>
/// <param name="Number64">Number in a 64-bit program, or -1.</param>
/// <param name="Number32">Number in a 32-bit program, or -1.</param>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">Names of its arguments.</param>
internal sealed record SystemCallName(int Number64, int Number32, string Name, params string[] Arguments);

/// <summary>The system calls that programs here may make (Linux, arch/x86/entry/syscalls).</summary>
internal static class SystemCallTable
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SystemCallName> All { get; } =
    [
        new(0, 3, "read", "fd", "buffer", "count"),
        new(1, 4, "write", "fd", "buffer", "count"),
        new(2, 5, "open", "path", "flags", "mode"),
        new(3, 6, "close", "fd"),
        new(4, 195, "stat", "path", "buffer"),
        new(5, 197, "fstat", "fd", "buffer"),
        new(8, 19, "lseek", "fd", "offset", "whence"),
        new(9, 192, "mmap", "address", "length", "protection", "flags", "fd", "offset"),
        new(10, 125, "mprotect", "address", "length", "protection"),
        new(11, 91, "munmap", "address", "length"),
        new(12, 45, "brk", "end"),
        new(13, 174, "rt_sigaction", "signal", "action", "old", "size"),
        new(14, 175, "rt_sigprocmask", "how", "set", "old", "size"),
        new(16, 54, "ioctl", "fd", "request", "argument"),
        new(20, 146, "writev", "fd", "vector", "count"),
        new(21, 33, "access", "path", "mode"),
        new(24, 158, "sched_yield"),
        new(35, 162, "nanosleep", "time", "remaining"),
        new(39, 20, "getpid"),
        new(60, 1, "exit", "status"),
        new(62, 37, "kill", "process", "signal"),
        new(63, 122, "uname", "buffer"),
        new(79, 183, "getcwd", "buffer", "size"),
        new(89, 85, "readlink", "path", "buffer", "size"),
        new(96, 78, "gettimeofday", "time", "zone"),
        new(102, 199, "getuid"),
        new(104, 200, "getgid"),
        new(107, 201, "geteuid"),
        new(108, 202, "getegid"),
        new(158, -1, "arch_prctl", "code", "address"),
        new(186, 224, "gettid"),
        new(201, 13, "time", "result"),
        new(202, 240, "futex", "address", "operation", "value"),
        new(218, 258, "set_tid_address", "address"),
        new(228, 265, "clock_gettime", "clock", "time"),
        new(230, 267, "clock_nanosleep", "clock", "flags", "time", "remaining"),
        new(231, 252, "exit_group", "status"),
        new(234, 270, "tgkill", "group", "thread", "signal"),
        new(-1, 243, "set_thread_area", "descriptor"),
        new(257, 295, "openat", "directory", "path", "flags", "mode"),
        new(262, 300, "newfstatat", "directory", "path", "buffer", "flags"),
        new(267, 305, "readlinkat", "directory", "path", "buffer", "size"),
        new(273, 311, "set_robust_list", "head", "size"),
        new(302, 340, "prlimit64", "process", "resource", "new", "old"),
        new(318, 355, "getrandom", "buffer", "count", "flags"),
        new(332, 383, "statx", "directory", "path", "flags", "mask", "buffer"),
        new(334, 386, "rseq", "area", "size", "flags", "signature"),
    ];

    /// <summary>A call by its number; null for one that does not exist here.</summary>
    public static SystemCallName? Find(long number, bool legacy)
    {
        foreach (SystemCallName call in All)
        {
            if ((legacy ? call.Number32 : call.Number64) == number) return call;
        }

        return null;
    }
}
