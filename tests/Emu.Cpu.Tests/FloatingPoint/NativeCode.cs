using System.Runtime.InteropServices;
using Iced.Intel;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>A machine-code function of the host: <c>void f(void* records, nint count)</c>, System V calling convention.</summary>
internal sealed unsafe class NativeCode : IDisposable
{
    private const int Read = 1, Write = 2, Execute = 4, Private = 2, Anonymous = 0x20;
    private const nuint Size = 4096;
    private readonly byte* _code;

    public NativeCode(Action<Assembler> emit)
    {
        var assembler = new Assembler(64);
        emit(assembler);
        void* mapping = Map(null, Size, Read | Write | Execute, Private | Anonymous, -1, 0);
        if ((nint)mapping == -1) throw new InvalidOperationException("no executable memory");
        _code = (byte*)mapping;
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), (ulong)_code);
        stream.ToArray().CopyTo(new Span<byte>(_code, (int)Size));
    }

    /// <summary>Whether this host can run the stubs.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture == Architecture.X64 && OperatingSystem.IsLinux();

    public void Run<T>(Span<T> records)
        where T : unmanaged
    {
        fixed (T* first = records) ((delegate* unmanaged<void*, nint, void>)_code)(first, records.Length);
    }

    public void Dispose() => _ = Unmap(_code, Size);

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(void* address, nuint length);
}
