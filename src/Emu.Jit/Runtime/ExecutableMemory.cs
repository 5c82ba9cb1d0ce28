using System.Runtime.InteropServices;

namespace Emu.Jit.Runtime;

/// <summary>A page of machine code for what no managed code can say. It lives as long as the process.</summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ProtRead = 1, ProtWrite = 2, ProtExec = 4;
    private const int MapPrivate = 2, MapAnonymous = 0x20;
    private const uint MemCommitReserve = 0x3000, PageReadWrite = 4, PageExecuteRead = 0x20;

    /// <summary>The address of a copy of <paramref name="code"/> that can be called; 0 if the host does not allow it.</summary>
    public static nint Allocate(ReadOnlySpan<byte> code)
    {
        nuint size = (nuint)Environment.SystemPageSize;
        if (OperatingSystem.IsWindows())
        {
            void* page = VirtualAlloc(null, size, MemCommitReserve, PageReadWrite);
            if (page == null) return 0;
            code.CopyTo(new Span<byte>(page, (int)size));
            return VirtualProtect(page, size, PageExecuteRead, out _) ? (nint)page : 0;
        }

        if (!OperatingSystem.IsLinux()) return 0;
        nint memory = MemoryMap(0, size, ProtRead | ProtWrite, MapPrivate | MapAnonymous, -1, 0);
        if (memory == -1) return 0;
        code.CopyTo(new Span<byte>((void*)memory, (int)size));
        return MemoryProtect(memory, size, ProtRead | ProtExec) == 0 ? memory : 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MemoryMap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MemoryProtect(nint address, nuint length, int protection);

    [LibraryImport("kernel32")]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualProtect(void* address, nuint size, uint protection, out uint old);
}
