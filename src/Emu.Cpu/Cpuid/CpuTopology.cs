namespace Emu.Cpu;

/// <summary>How the processors of a machine are arranged; APIC IDs number threads within cores within sockets.</summary>
/// <param name="Sockets">Packages, at least 1.</param>
/// <param name="Cores">Cores a package, at least 1.</param>
/// <param name="Threads">Threads a core, at least 1.</param>
public readonly record struct CpuTopology(int Sockets, int Cores, int Threads)
{
    /// <summary>One processor.</summary>
    public static CpuTopology Single => new(1, 1, 1);

    /// <summary>Logical processors a package.</summary>
    public int ThreadsPerSocket => Cores * Threads;

    /// <summary>Bits of the APIC ID that number threads in a core.</summary>
    public int ThreadBits => Width(Threads);

    /// <summary>Bits of the APIC ID that number logical processors in a package.</summary>
    public int SocketBits => ThreadBits + Width(Cores);

    /// <summary>APIC ID of the n-th logical processor of the machine.</summary>
    public uint ApicId(int index)
    {
        int thread = index % Threads;
        int core = index / Threads % Cores;
        int socket = index / ThreadsPerSocket;
        return (uint)(thread | (core << ThreadBits) | (socket << SocketBits));
    }

    private static int Width(int count) => count <= 1 ? 0 : System.Numerics.BitOperations.Log2((uint)count - 1) + 1;
}

/// <summary>What CPUID returns.</summary>
public readonly record struct CpuidResult(uint Eax, uint Ebx, uint Ecx, uint Edx);
