using System.Buffers.Binary;
using System.Text;
using Emu.Cpu;

namespace Emu.Stepper.Linux;

/// <summary>What the kernel does for the program: the basic system calls, on the terminal and memory only. There are no files.</summary>
internal sealed unsafe class SystemCalls(LinuxProcess process)
{
    private const int NoSuchFile = 2, BadFile = 9, NoMemory = 12, Fault = 14, Invalid = 22, NotATerminal = 25, IllegalSeek = 29, NotImplemented = 38;
    private const int MostAtOnce = 1 << 20;
    private const int StandardInput = 0, StandardOutput = 1, StandardError = 2;

    /// <summary>The calls made, newest last, for the log.</summary>
    public event Action<string>? Served;

    /// <summary>One call as text: name, arguments with their values.</summary>
    public string Describe(in CpuState state, bool legacy)
    {
        long number = legacy ? (int)state.Gpr[0] : (long)state.Gpr[0];
        if (SystemCallTable.Find(number, legacy) is not { } call) return $"system call {number}, which does not exist here";
        StringBuilder text = new(call.Name + "(");
        for (int i = 0; i < call.Arguments.Length; i++)
        {
            ulong value = Argument(state, i, legacy);
            text.Append(i == 0 ? "" : ", ").Append(call.Arguments[i]).Append(" = ").Append(value < 1000 ? $"{value}" : $"{value:x}h");
            if (call.Name == "write" && i == 1) text.Append(Quote(value, Argument(state, 2, legacy)));
        }

        return text.Append(')').ToString();
    }

    /// <summary>Carries out the call in the registers and leaves its result in RAX.</summary>
    public void Serve(bool legacy)
    {
        CpuState* s = process.Cpu.State;
        long number = legacy ? (int)s->Gpr[0] : (long)s->Gpr[0];
        ulong a = Argument(*s, 0, legacy), b = Argument(*s, 1, legacy), c = Argument(*s, 2, legacy), d = Argument(*s, 3, legacy);
        string description = Describe(*s, legacy);
        string name = SystemCallTable.Find(number, legacy)?.Name ?? "";
        long result = name switch
        {
            "read" => Read((int)a, b, c),
            "write" => Write((int)a, b, c),
            "writev" => WriteVector((int)a, b, c, legacy ? 4 : 8),
            "close" => IsOpen((int)a) ? 0 : -BadFile,
            "fstat" => IsOpen((int)a) ? Status(b, legacy) : -BadFile,
            "newfstatat" => IsOpen((int)a) && IsEmptyText(b) ? Status(c, legacy) : -NoSuchFile,
            "open" or "openat" or "stat" or "access" or "readlink" or "readlinkat" or "statx" => -NoSuchFile,
            "lseek" => IsOpen((int)a) ? -IllegalSeek : -BadFile,
            "ioctl" => IsOpen((int)a) ? -NotATerminal : -BadFile,
            "mmap" => Map(a, b, c, Argument(*s, 3, legacy)),
            "mprotect" => process.Memory.Protect(a, b, (c & 2) != 0, (c & 4) != 0, c != 0) ? 0 : -NoMemory,
            "munmap" => Unmap(a, b),
            "brk" => Break(a),
            "exit" or "exit_group" => Exit((int)a),
            "kill" => Exit(128 + (int)b),
            "tgkill" => Exit(128 + (int)c),
            "uname" => Name(a),
            "arch_prctl" => SetBase(a, b),
            "set_thread_area" => SetThreadArea(a),
            "getpid" or "gettid" or "set_tid_address" => 1,
            "getuid" or "getgid" or "geteuid" or "getegid" => 1000,
            "rt_sigaction" or "rt_sigprocmask" or "set_robust_list" or "sched_yield" or "nanosleep" or "clock_nanosleep" or "futex" => 0,
            "time" => Time(a),
            "clock_gettime" => Clock(b, legacy ? 4 : 8, 1),
            "gettimeofday" => Clock(a, legacy ? 4 : 8, 1000),
            "getcwd" => process.Memory.Write(a, "/\0"u8) ? 2 : -Fault,
            "getrandom" => Random(a, b),
            "prlimit64" => Limits(d),
            _ => -NotImplemented,
        };
        if (process.ExitStatus == null) s->Gpr[0] = legacy ? (uint)result : (ulong)result;
        Served?.Invoke($"{description} = {(result < 0 ? $"{result} ({ErrorName((int)-result)})" : result < 1000 ? $"{result}" : $"{result:x}h")}");
    }

    /// <summary>Name and meaning of an error number.</summary>
    public static string ErrorName(int error) => error switch
    {
        NoSuchFile => "ENOENT: no such file",
        BadFile => "EBADF: no such file descriptor",
        NoMemory => "ENOMEM: no memory",
        Fault => "EFAULT: bad address",
        Invalid => "EINVAL: invalid argument",
        NotATerminal => "ENOTTY: not a terminal",
        IllegalSeek => "ESPIPE: cannot seek",
        NotImplemented => "ENOSYS: no such system call here",
        _ => $"error {error}",
    };

    /// <summary>Argument number <paramref name="index"/>: RDI RSI RDX R10 R8 R9, or EBX ECX EDX ESI EDI EBP.</summary>
    private static ulong Argument(in CpuState state, int index, bool legacy)
    {
        ReadOnlySpan<int> wide = [7, 6, 2, 10, 8, 9], narrow = [3, 1, 2, 6, 7, 5];
        return legacy ? (uint)state.Gpr[narrow[index]] : state.Gpr[wide[index]];
    }

    private string Quote(ulong address, ulong count)
    {
        byte[] bytes = new byte[Math.Min(count, 40)];
        int read = process.Memory.Read(address, bytes);
        string text = Encoding.Latin1.GetString(bytes, 0, read).Replace("\n", "\\n", StringComparison.Ordinal);
        return $" \"{text}\"{(count > 40 ? "..." : "")}";
    }

    private static bool IsOpen(int file) => file is StandardInput or StandardOutput or StandardError;

    private bool IsEmptyText(ulong address)
    {
        Span<byte> first = stackalloc byte[1];
        return process.Memory.Read(address, first) == 1 && first[0] == 0;
    }

    private long Read(int file, ulong buffer, ulong count)
    {
        if (file != StandardInput) return -BadFile;
        ReadOnlySpan<byte> data = process.Consume((int)Math.Min(count, MostAtOnce));
        return process.Memory.Write(buffer, data) ? data.Length : -Fault;
    }

    private long Write(int file, ulong buffer, ulong count)
    {
        if (file is not (StandardOutput or StandardError)) return -BadFile;
        byte[] data = new byte[Math.Min(count, MostAtOnce)];
        int read = process.Memory.Read(buffer, data);
        if (read == 0 && data.Length > 0) return -Fault;
        process.Print(data.AsSpan(0, read));
        return read;
    }

    private long WriteVector(int file, ulong vector, ulong count, int size)
    {
        long total = 0;
        byte[] entry = new byte[2 * size];
        for (ulong i = 0; i < Math.Min(count, 1024); i++)
        {
            if (process.Memory.Read(vector + (i * (ulong)entry.Length), entry) < entry.Length) return total > 0 ? total : -Fault;
            long written = Write(file, Word(entry, 0, size), Word(entry, size, size));
            if (written < 0) return total > 0 ? total : written;
            total += written;
        }

        return total;
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int at, int size) =>
        size == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]) : BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private long Status(ulong buffer, bool legacy)
    {
        const uint characterDevice = 0x2190, terminal = 0x8801;
        byte[] status = new byte[legacy ? 96 : 144];
        BinaryPrimitives.WriteUInt32LittleEndian(status.AsSpan(legacy ? 16 : 24), characterDevice);
        BinaryPrimitives.WriteUInt32LittleEndian(status.AsSpan(legacy ? 32 : 40), terminal);
        BinaryPrimitives.WriteUInt32LittleEndian(status.AsSpan(legacy ? 52 : 56), 1024);
        return process.Memory.Write(buffer, status) ? 0 : -Fault;
    }

    private long Map(ulong address, ulong length, ulong protection, ulong flags)
    {
        const ulong anonymous = 0x20, fixedAddress = 0x10;
        if (length == 0 || (address & 0xFFF) != 0) return -Invalid;
        if ((flags & anonymous) == 0) return -BadFile;
        if (length > LinuxProcess.MemorySize) return -NoMemory;
        length = UserMemory.RoundUp(length);
        if ((flags & fixedAddress) == 0)
        {
            address = process.NextMapping - length;
            process.NextMapping = address;
        }
        else
        {
            process.Memory.Unmap(address, length);
        }

        return process.Memory.Map(address, length, (protection & 2) != 0, (protection & 4) != 0) ? (long)address : -NoMemory;
    }

    private long Unmap(ulong address, ulong length)
    {
        if ((address & 0xFFF) != 0 || length == 0 || address + length < address || address + length > 1ul << 47) return -Invalid;
        if (length <= LinuxProcess.MemorySize) process.Memory.Unmap(address, length);
        return 0;
    }

    private long Break(ulong end)
    {
        ulong old = process.Break;
        if (end < process.BreakStart || end - process.BreakStart > LinuxProcess.MemorySize) return (long)old;
        if (end > old && !process.Memory.Map(old, end - old, write: true, execute: false)) return (long)old;
        process.Break = end;
        return (long)end;
    }

    private long Exit(int status)
    {
        process.Exit(status & 0xFF);
        return 0;
    }

    private long Name(ulong buffer)
    {
        const int field = 65;
        byte[] names = new byte[6 * field];
        string[] texts = ["Linux", "emu", "6.1.0", "#1", process.Is32 ? "i686" : "x86_64", "(none)"];
        for (int i = 0; i < texts.Length; i++) Encoding.ASCII.GetBytes(texts[i], names.AsSpan(i * field));
        return process.Memory.Write(buffer, names) ? 0 : -Fault;
    }

    private long SetBase(ulong code, ulong address)
    {
        const ulong setGs = 0x1001, setFs = 0x1002, getFs = 0x1003, getGs = 0x1004;
        CpuState* s = process.Cpu.State;
        Span<byte> word = stackalloc byte[8];
        switch (code)
        {
            case setFs or setGs:
                if (address >= 1ul << 47) return -Invalid;
                s->Segment(code == setFs ? SegmentIndex.Fs : SegmentIndex.Gs).Base = address;
                return 0;
            case getFs or getGs:
                BinaryPrimitives.WriteUInt64LittleEndian(word, s->Segment(code == getFs ? SegmentIndex.Fs : SegmentIndex.Gs).Base);
                return process.Memory.Write(address, word) ? 0 : -Fault;
            default:
                return -Invalid;
        }
    }

    /// <summary>A 32-bit program's thread pointer: a data segment at GDT entry 12.</summary>
    private long SetThreadArea(ulong address)
    {
        const uint entry = 12, any = uint.MaxValue;
        byte[] descriptor = new byte[16];
        if (process.Memory.Read(address, descriptor) < descriptor.Length) return -Fault;
        if (BinaryPrimitives.ReadUInt32LittleEndian(descriptor) is not (entry or any)) return -Invalid;
        process.SetThreadSegment((int)entry, BinaryPrimitives.ReadUInt32LittleEndian(descriptor.AsSpan(4)));
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor, entry);
        return process.Memory.Write(address, descriptor.AsSpan(0, 4)) ? 0 : -Fault;
    }

    private long Time(ulong result)
    {
        long seconds = Nanoseconds / 1_000_000_000;
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(word, seconds);
        return result == 0 || process.Memory.Write(result, word[..(process.Is32 ? 4 : 8)]) ? seconds : -Fault;
    }

    private long Clock(ulong result, int size, int divisor)
    {
        Span<byte> words = stackalloc byte[16];
        words.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(words, Nanoseconds / 1_000_000_000);
        BinaryPrimitives.WriteInt64LittleEndian(words[size..], Nanoseconds % 1_000_000_000 / divisor);
        return process.Memory.Write(result, words[..(2 * size)]) ? 0 : -Fault;
    }

    private long Nanoseconds => process.Nanoseconds;

    /// <summary>Numbers that only look random: a run can be repeated exactly.</summary>
    private long Random(ulong buffer, ulong count)
    {
        byte[] bytes = new byte[Math.Min(count, 256)];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)((i * 73) + 41);
        return process.Memory.Write(buffer, bytes) ? bytes.Length : -Fault;
    }

    private long Limits(ulong old)
    {
        const long unlimited = -1, stack = 8 << 20;
        if (old == 0) return 0;
        byte[] limits = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(limits, stack);
        BinaryPrimitives.WriteInt64LittleEndian(limits.AsSpan(8), unlimited);
        return process.Memory.Write(old, limits) ? 0 : -Fault;
    }
}
