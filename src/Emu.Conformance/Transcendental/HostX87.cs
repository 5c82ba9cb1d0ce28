using System.Runtime.InteropServices;
using Emu.Conformance.Native;

namespace Emu.Conformance.Transcendental;

/// <summary>The x87 unit of the host: what the reference says of it shows whether the reference can be trusted.</summary>
public sealed unsafe class HostX87 : IX87Unit
{
    private const nuint Size = 4096;
    private readonly byte* _code;

    /// <summary>Prepares memory for code.</summary>
    /// <exception cref="NativeHostException">The host is no x86-64 Linux, or allows no such memory.</exception>
    public HostX87()
    {
        if (!IsSupported) throw new NativeHostException("the host's x87 unit can be used on Linux on x86-64 alone");
        void* mapping = LibC.Map(null, Size, LibC.ProtRead | LibC.ProtWrite | LibC.ProtExecute, LibC.MapPrivate | LibC.MapAnonymous, -1, 0);
        if ((nint)mapping == -1) throw new NativeHostException("the host allows no memory that is writable and executable");
        _code = (byte*)mapping;
    }

    /// <summary>Whether this host has one that can be used.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture == Architecture.X64 && OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public void Run(TranscendentalFunction function, Span<X87Case> cases)
    {
        X87Case.Loop(function.Emit, c => c.ret(), (ulong)_code).CopyTo(new Span<byte>(_code, (int)Size));
        // Its arguments arrive in RDI and RSI (System V ABI 3.2.3).
        fixed (X87Case* first = cases) ((delegate* unmanaged<X87Case*, nint, void>)_code)(first, cases.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => _ = LibC.Unmap(_code, Size);
}
