using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>
/// One logical processor: registers, memory as it sees it, and the means to run it. Not thread-safe, except for
/// <see cref="RequestExit"/>.
/// </summary>
public sealed unsafe partial class Vcpu : IDisposable
{
    /// <summary>The architectural state. Valid until <see cref="Dispose"/>.</summary>
    public CpuState* State { get; private set; }

    /// <summary>The paging unit.</summary>
    public SoftMmu Mmu { get; }

    /// <summary>The physical address space in use: the machine's, or in SMM <see cref="ManagementMemory"/>.</summary>
    public AddressSpace Memory { get; private set; }

    /// <summary>The board.</summary>
    public ICpuBus Bus { get; }

    /// <summary>The predecoded code, shared by the processors of a machine.</summary>
    public CodeCache Code { get; }

    /// <summary>What CPUID reports and which instructions exist.</summary>
    public CpuModel Model { get; }

    /// <summary>Makes a processor in its state after power-on (SDM Vol. 3A table 9-1).</summary>
    /// <param name="model">CPUID model.</param>
    /// <param name="memory">Physical address space.</param>
    /// <param name="bus">The board.</param>
    /// <param name="code">Cache of predecoded code; one per machine.</param>
    /// <param name="apicId">Initial local APIC id; 0 is the bootstrap processor.</param>
    public Vcpu(CpuModel model, AddressSpace memory, ICpuBus bus, CodeCache code, uint apicId = 0)
    {
        Model = model;
        Memory = memory;
        Bus = bus;
        Code = code;
        ApicId = apicId;
        normalMemory = memory;
        Mmu = new SoftMmu(memory, model.Paging);
        State = (CpuState*)NativeMemory.AlignedAlloc((nuint)sizeof(CpuState), 64);
        NativeMemory.Clear(State, (nuint)sizeof(CpuState));
        State->JumpCache = code.JumpCache;
        State->X87Area = (byte*)NativeMemory.AlignedAlloc(CpuState.X87AreaSize, 64);
        NativeMemory.Clear(State->X87Area, CpuState.X87AreaSize);
        State->BranchHistory = (BranchRecord*)NativeMemory.AllocZeroed(BranchRecord.Count, (nuint)sizeof(BranchRecord));
        State->Remaining = -Bias;
        builder = new BlockBuilder(model, code);
        code.DebugPoints.WatchpointsChanged += UpdateBreakpoints;
        clock = new RetirementClock(this);
        Apic = new LocalApic(this, clock);
        Reset();
    }

    /// <summary>Initial local APIC id.</summary>
    public uint ApicId { get; }

    /// <summary>The local APIC.</summary>
    public LocalApic Apic { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (State != null)
        {
            Code.DebugPoints.WatchpointsChanged -= UpdateBreakpoints;
            NativeMemory.Free(State->BranchHistory);
            NativeMemory.AlignedFree(State->X87Area);
            NativeMemory.AlignedFree(State);
            State = null;
            NativeMemory.AlignedFree(emptyTlb);
            FreeTemporary();
            builder.Free();
            Mmu.Dispose();
        }
    }
}
