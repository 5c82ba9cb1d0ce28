using System.Runtime.InteropServices;
using Emu.Cpu;
using Emu.Jit.Runtime;

namespace Emu.Jit.Emit;

/// <summary>Operations that belong to one region: where it leaves, and copies of what it has the interpreter perform.</summary>
internal sealed unsafe class RegionMemory : IDisposable
{
    private readonly List<nint> chunks = [];
    private readonly List<nint> completions = [];
    private readonly List<(long Block, nint Counter)> crossings = [];
    private nint code;
    private int codeLength;

    /// <summary>Size of what it holds, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>An operation that goes on at the RIP the region has stored, with a link.</summary>
    public Op* MakeExit(bool is64)
    {
        Op* op = Allocate(1);
        op->Handler = is64 ? &Handlers.FallThrough<Rip64> : &Handlers.FallThrough<RipFlat32>;
        op->Flags |= OpFlags.Linkable;
        return op;
    }

    /// <summary>A copy of one operation that returns to its caller, with <see cref="CpuState.Completed"/> set if all went well.</summary>
    /// <param name="original">The operation.</param>
    /// <param name="handler">What performs it.</param>
    /// <param name="next">The operation behind it in its block.</param>
    public Op* MakeCall(in Op original, delegate*<Vcpu, CpuState*, Op*, void> handler, Op* next)
    {
        Op* op = Allocate(2);
        op[0] = original;
        op[0].Handler = handler;
        op[0].Flags &= ~OpFlags.Fusible;
        op[1].Handler = &Handlers.Completed;
        op[1].Aux = (nint)next;
        op[1].Offset = (ushort)original.NextOffset;
        op[1].Index = (byte)(original.Index + 1);
        completions.Add((nint)(op + 1));
        return op;
    }

    /// <summary>Makes host code that lives as long as the region; at most once. Its address, or 0 if the host does not allow it.</summary>
    public nint MakeCode(ReadOnlySpan<byte> bytes)
    {
        code = ExecutableMemory.Allocate(bytes);
        codeLength = bytes.Length;
        if (code != 0) Bytes += (long)ExecutableMemory.SizeOf(codeLength);
        return code;
    }

    /// <summary>Makes a counter, of 32 bits, of how often accesses of a block that share a check lie across two pages.</summary>
    /// <param name="block">Distance of the block from the region's entry.</param>
    public nint MakeCrossings(long block)
    {
        nint counter = (nint)NativeMemory.AllocZeroed(sizeof(uint));
        Bytes += sizeof(uint);
        chunks.Add(counter);
        crossings.Add((block, counter));
        return counter;
    }

    /// <summary>Blocks whose accesses have crossed pages at least so many times since the last call.</summary>
    public IReadOnlyCollection<long> TakeCrossing(uint atLeast)
    {
        HashSet<long> found = [];
        foreach ((long block, nint counter) in crossings)
        {
            if (*(uint*)counter >= atLeast) found.Add(block);
            *(uint*)counter = 0;
        }

        return found;
    }

    /// <summary>The code has changed: what returns from the interpreter leaves for the dispatcher instead of going on.</summary>
    public void Retire()
    {
        foreach (nint completion in completions) ((Op*)completion)->Handler = &Handlers.Stale;
    }

    private Op* Allocate(int count)
    {
        Op* op = (Op*)NativeMemory.AllocZeroed((nuint)count, Op.SizeInBytes);
        for (int i = 0; i < count; i++) op[i].Base = op[i].IndexRegister = RegisterOffset.Zero;
        Bytes += count * Op.SizeInBytes;
        chunks.Add((nint)op);
        return op;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint chunk in chunks) NativeMemory.Free((void*)chunk);
        chunks.Clear();
        completions.Clear();
        crossings.Clear();
        if (code != 0) ExecutableMemory.Free(code, codeLength);
        code = 0;
    }
}
