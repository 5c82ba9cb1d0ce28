using System.Runtime.InteropServices;

namespace Emu.Jit.Runtime;

/// <summary>Pages of machine code for what no managed code can say.</summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ProtRead = 1, ProtWrite = 2, ProtExec = 4;
    private const int MapPrivate = 2, MapAnonymous = 0x20;
    private const uint MemCommitReserve = 0x3000, MemRelease = 0x8000, PageReadWrite = 4, PageExecuteRead = 0x20;

    /// <summary>The host lets memory be executed.</summary>
    public static bool IsSupported { get; } = IsAllowed();

    /// <summary>The address of a copy of <paramref name="code"/> that can be called, on pages of its own; 0 if the host does not allow it.</summary>
    public static nint Allocate(ReadOnlySpan<byte> code)
    {
        nuint size = SizeOf(code.Length);
        if (OperatingSystem.IsWindows())
        {
            void* pages = VirtualAlloc(null, size, MemCommitReserve, PageReadWrite);
            if (pages == null) return 0;
            code.CopyTo(new Span<byte>(pages, code.Length));
            return VirtualProtect(pages, size, PageExecuteRead, out _) ? (nint)pages : 0;
        }

        if (!OperatingSystem.IsLinux()) return 0;
        nint memory = MemoryMap(0, size, ProtRead | ProtWrite, MapPrivate | MapAnonymous, -1, 0);
        if (memory == -1) return 0;
        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        return MemoryProtect(memory, size, ProtRead | ProtExec) == 0 ? memory : 0;
    }

    /// <summary>Bytes of memory that code takes: whole pages.</summary>
    public static nuint SizeOf(int codeLength) => (nuint)((codeLength + Environment.SystemPageSize - 1) & -Environment.SystemPageSize);

    /// <summary>Gives back what <see cref="Allocate"/> returned. Nobody may be executing it.</summary>
    public static void Free(nint address, int codeLength)
    {
        if (OperatingSystem.IsWindows()) VirtualFree((void*)address, 0, MemRelease);
        else _ = MemoryUnmap(address, SizeOf(codeLength));
    }

    private static bool IsAllowed()
    {
        ReadOnlySpan<byte> nothing = [0xC3];
        nint code = Allocate(nothing);
        if (code == 0) return false;
        Free(code, nothing.Length);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MemoryMap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MemoryProtect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MemoryUnmap(nint address, nuint length);

    [LibraryImport("kernel32")]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualProtect(void* address, nuint size, uint protection, out uint old);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(void* address, nuint size, uint type);
}
