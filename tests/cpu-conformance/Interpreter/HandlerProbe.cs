using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emu.Cpu;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Cpu.Conformance.Interpreter;

/// <summary>
/// Binds one instruction, puts a probe behind its handler (and behind every link and jump-cache entry it could follow), calls the
/// handler and sees how deep the stack is when the probe runs. A handler that tail-calls leaves the stack as it found it.
/// </summary>
internal sealed unsafe class HandlerProbe : IDisposable, ICpuBus
{
    /// <summary>Where every general register points: RAM full of pointers to itself.</summary>
    private const ulong Target = 0x8000;

    private const CodeMode Units = CodeMode.X87 | CodeMode.Sse | CodeMode.Avx;
    private const ulong NotReached = ulong.MaxValue;
    private const int Operations = 3;

    private readonly GuestMemory memory = new(1ul << 32);
    private readonly GuestRam ram;
    private readonly AddressSpace space;
    private readonly CodeCache code;
    private readonly Vcpu cpu;
    private readonly Op* ops;
    private readonly ulong* depth;
    private readonly CodeMode mode;
    private readonly ulong baseline;

    public HandlerProbe(int bits)
    {
        ram = memory.AllocateRam("ram", 1 << 20);
        MemoryRegion root = MemoryRegion.CreateContainer("root");
        root.AddSubregion(0, MemoryRegion.CreateRam("ram", ram));
        space = new AddressSpace("memory", memory, root);
        code = new CodeCache(memory);
        cpu = new Vcpu(CpuModel.Max, space, this, code);
        ops = (Op*)NativeMemory.AllocZeroed(Operations, Op.SizeInBytes);
        depth = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        mode = Units | bits switch
        {
            64 => CodeMode.Code64 | CodeMode.Code32 | CodeMode.Stack32 | CodeMode.Flat,
            32 => CodeMode.Code32 | CodeMode.Stack32 | CodeMode.Flat,
            _ => CodeMode.RealOrVirtual,
        };
        MapTarget();
        PlaceProbe(0);
        baseline = Invoke();
    }

    /// <summary>What one try showed.</summary>
    public enum Outcome
    {
        /// <summary>The instruction has no row, or is a slow function, all of which share their handlers.</summary>
        None,

        /// <summary>The handler came back without calling on: a fault, or a return to the dispatcher.</summary>
        Returned,

        /// <summary>The next handler found the stack as this one had.</summary>
        TailCalled,

        /// <summary>The next handler found more on the stack.</summary>
        Called,
    }

    /// <summary>Binds and runs an instruction whose IP is 0.</summary>
    public Outcome Try(in Instruction instruction)
    {
        if (InstructionTable.Instance[instruction.Code] is not { } row) return Outcome.None;
        Op* op = NewOp(0);
        op->Length = (byte)Math.Max(1, instruction.Length);
        Binder binder = new(instruction, op, mode, cpu.Model, 0);
        row.Bind(ref binder);
        // A slow function may do anything to this machine; one harmless instruction stands for all that go on in their block.
        if (op->Aux != 0 && instruction.Mnemonic != Mnemonic.Stmxcsr) return Outcome.None;
        PlaceProbe(1);
        PlaceProbe(2);
        if (binder.EndsBlock) op->Aux = ops[1].Aux = (nint)(ops + 2);
        SetState();
        ulong found = Invoke();
        return found == NotReached ? Outcome.Returned : found == baseline ? Outcome.TailCalled : Outcome.Called;
    }

    public void Dispose()
    {
        NativeMemory.Free(ops);
        NativeMemory.Free(depth);
        cpu.Dispose();
        code.Dispose();
        space.Dispose();
        memory.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private ulong Invoke()
    {
        byte top;
        *depth = NotReached;
        ops->Handler(cpu, cpu.State, ops);
        return *depth == NotReached ? NotReached : (ulong)&top - *depth;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Probe(Vcpu cpu, CpuState* s, Op* op)
    {
        byte local;
        *(ulong*)op->Immediate = (ulong)&local;
    }

    private void PlaceProbe(int index)
    {
        Op* op = NewOp(index);
        op->Handler = &Probe;
        op->Immediate = (ulong)depth;
    }

    private Op* NewOp(int index)
    {
        Op* op = ops + index;
        *op = default;
        op->Base = op->IndexRegister = RegisterOffset.Zero;
        return op;
    }

    // Code and data at Target are in the TLB, and the jump cache leads from there to the probe.
    private void MapTarget()
    {
        for (ulong address = 0; address < 1 << 20; address += 8) space.Write(address, 8, Target);
        space.Write(Target, 1, 0xF4);
        CpuState* s = cpu.State;
        s->Segment(SegmentIndex.Cs).Base = 0;
        s->Rip = Target;
        cpu.Run(1);
        space.Write(Target, 8, Target);
        TlbEntry* entry = s->CodeEntry(Target);
        nint host = (nint)(Target + (ulong)entry->Addend);
        s->JumpCache[JumpCacheEntry.Index(host)] = new JumpCacheEntry { Key = JumpCacheEntry.KeyOf(host, mode), Entry = ops + 2 };
    }

    private void SetState()
    {
        CpuState* s = cpu.State;
        s->Mode = mode;
        s->Activity = ActivityState.Active;
        for (int i = 0; i < 16; i++) s->Gpr[i] = Target;
        // Small, so that quotients fit.
        s->Gpr[2] = 0;
        s->Rip = 0;
        s->Remaining = 1 << 20;
        s->ExitRequest = 0;
        s->Eflags = 0;
        s->Mxcsr = 0x1FBF;
        s->Fcw = 0x37F;
        s->Fsw = 0;
        s->Ftw = 0xFF;
        new Span<byte>(s->Vector, 32 * 64).Clear();
        new Span<ulong>(ram.Base + Target, 32).Fill(Target);
    }

    uint ICpuBus.ReadPort(ushort port, int size) => uint.MaxValue;

    void ICpuBus.WritePort(ushort port, int size, uint value)
    {
    }

    byte ICpuBus.AcknowledgeExternalInterrupt() => 0xFF;

    void ICpuBus.Shutdown(Vcpu cpu)
    {
    }

    void ICpuBus.SetFloatingPointError(bool asserted)
    {
    }
}
