using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Emu.Conformance.Cases;

namespace Emu.Conformance.Native;

/// <summary>The host cannot run native cases, or its runner failed; the message says why in one line.</summary>
public sealed class NativeHostException(string message) : Exception(message);

/// <summary>
/// Runs cases on the host processor, in a child process of its own that is restarted when a case kills or hangs it.
/// </summary>
/// <remarks>Not thread-safe: one instance a thread. Inputs and results live in memory shared with the child.</remarks>
public sealed unsafe class NativeHost : IDisposable
{
    private readonly TimeSpan _timeout = TimeSpan.FromSeconds(3);
    private readonly byte* _shared;
    private readonly long _sharedSize;
    private readonly int _programFile;
    private readonly int _sharedFile;
    private Process? _process;
    private bool _timedOut;

    /// <summary>Starts the runner.</summary>
    /// <param name="slots">Cases a batch can hold.</param>
    /// <exception cref="NativeHostException">The host cannot do it; see <see cref="UnsupportedReason"/>.</exception>
    public NativeHost(int slots = 256)
    {
        if (UnsupportedReason is { } reason) throw new NativeHostException(reason);
        Slots = slots;
        uint mask = 7;
        byte[] text = NativeProgram.Assemble(slots, mask, HasFsGsBase);
        byte[] image = ElfImage.Build(text, NativeProgram.TextBase, NativeProgram.DataBase, NativeProgram.DataSize);

        _programFile = CreateMemoryFile("emu-native-runner");
        fixed (byte* bytes = image)
        {
            if (LibC.Write(_programFile, bytes, (nuint)image.Length) != image.Length) throw Failure("writing the native runner");
        }
        _sharedSize = NativeProgram.SharedSize(slots);
        _sharedFile = CreateMemoryFile("emu-native-cases");
        if (LibC.Truncate(_sharedFile, _sharedSize) != 0) throw Failure("ftruncate");
        void* shared = LibC.Map(null, (nuint)_sharedSize, LibC.ProtRead | LibC.ProtWrite, LibC.MapShared, _sharedFile, 0);
        if ((nint)shared == -1) throw Failure("mmap");
        _shared = (byte*)shared;
        WriteLdt();
        Start();
    }

    /// <summary>Why a runner need not be tried on this host, or null; <see cref="HostModes"/> tries.</summary>
    public static string? UnsupportedReason
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return "native cases need Linux";
            if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return "native cases need an x86-64 host";
            if (!Avx.IsSupported) return "native cases need a host processor with XSAVE and AVX";
            return null;
        }
    }

    /// <summary>Whether user mode may use the FSGSBASE instructions (HWCAP2_FSGSBASE).</summary>
    public static bool HasFsGsBase => (LibC.AuxiliaryValue(LibC.AtHwcap2) & 2) != 0;

    /// <summary>Cases a batch can hold.</summary>
    public int Slots { get; }

    /// <summary>How often the child had to be started anew.</summary>
    public int Restarts { get; private set; }

    /// <summary>Input number <paramref name="slot"/> of the batch.</summary>
    public ref CaseInput Input(int slot) => ref ((CaseInput*)(_shared + NativeProgram.HeaderSize))[Checked(slot)];

    /// <summary>Result number <paramref name="slot"/> of the batch.</summary>
    public ref CaseResult Result(int slot) =>
        ref ((CaseResult*)(_shared + NativeProgram.HeaderSize + (long)Slots * CaseInput.SizeInBytes))[Checked(slot)];

    /// <summary>Lets the child run the first <paramref name="count"/> inputs; <see cref="Finish"/> waits for it.</summary>
    public void Begin(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Slots);
        Count = (ulong)count;
        Current = 0;
        Signal();
    }

    /// <summary>Waits for the batch, and turns landing-pad traps into completed branches.</summary>
    public void Finish()
    {
        while (!WaitForByte())
        {
            int slot = (int)Current;
            if (slot >= (int)Count) throw new NativeHostException("the native runner ended between cases");
            ref CaseResult result = ref Result(slot);
            result.State = Input(slot).State;
            result.Outcome = _timedOut ? CaseOutcome.Hung : CaseOutcome.Crashed;
            Current++;
            Restarts++;
            Start();
            Signal();
        }
        for (int i = 0; i < (int)Count; i++) NativeResults.Normalize(in Input(i), ref Result(i));
    }

    /// <summary>Runs the first <paramref name="count"/> inputs.</summary>
    public void Run(int count)
    {
        Begin(count);
        Finish();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        StopProcess();
        if (_shared != null) _ = LibC.Unmap(_shared, (nuint)_sharedSize);
        _ = LibC.Close(_programFile);
        _ = LibC.Close(_sharedFile);
    }

    private ref ulong Current => ref *(ulong*)(_shared + NativeProgram.CurrentOffset);

    private ref ulong Count => ref *(ulong*)(_shared + NativeProgram.CountOffset);

    private int Checked(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)Slots);
        return slot;
    }

    private static NativeHostException Failure(string what) =>
        new($"{what} failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    private static int CreateMemoryFile(string name)
    {
        const uint CloseOnExec = 1;
        int fd = LibC.MemfdCreate(name, CloseOnExec);
        return fd >= 0 ? fd : throw Failure("memfd_create");
    }

    // struct user_desc: entry number, base, limit, flag bits (arch/x86/include/uapi/asm/ldt.h).
    private void WriteLdt()
    {
        *(ulong*)(_shared + NativeProgram.LdtCountOffset) = (ulong)TestMap.Ldt.Count;
        for (int i = 0; i < TestMap.Ldt.Count; i++)
        {
            LdtSegment segment = TestMap.Ldt[i];
            uint* entry = (uint*)(_shared + NativeProgram.LdtOffset + i * 16);
            entry[0] = (uint)i;
            entry[1] = segment.Base;
            entry[2] = segment.Limit;
            entry[3] = (segment.Is32Bit ? 1u : 0) | (uint)segment.Contents << 1 | (segment.ReadOnly ? 8u : 0)
                | (segment.LimitInPages ? 16u : 0) | (segment.NotPresent ? 32u : 0);
        }
    }

    private void Start()
    {
        StopProcess();
        _timedOut = false;
        ulong count = Count, current = Current;
        Count = 0;
        int pid = Environment.ProcessId;
        var start = new ProcessStartInfo($"/proc/{pid}/fd/{_programFile}", [$"/proc/{pid}/fd/{_sharedFile}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        _process = Process.Start(start) ?? throw new NativeHostException("the native runner could not be started");
        if (!WaitForByte())
        {
            ulong step = *(ulong*)(_shared + NativeProgram.FailedStepOffset);
            throw new NativeHostException(step == 0
                ? "the native runner died at start-up"
                : $"the kernel refused start-up step {step} of the native runner (memory mappings, then signals)");
        }
        Count = count;
        Current = current;
    }

    private void StopProcess()
    {
        if (_process is null) return;
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    private void Signal()
    {
        if (_process is null) return;
        Stream pipe = _process.StandardInput.BaseStream;
        pipe.WriteByte(1);
        pipe.Flush();
    }

    private bool WaitForByte()
    {
        if (_process is not { } process) return false;
        using var watchdog = new Timer(_ => { _timedOut = true; process.Kill(); }, null, _timeout, Timeout.InfiniteTimeSpan);
        return process.StandardOutput.BaseStream.ReadByte() >= 0;
    }
}
