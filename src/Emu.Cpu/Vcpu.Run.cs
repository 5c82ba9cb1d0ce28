using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// The dispatcher: finds or builds the block at RIP, runs it, delivers what went wrong, looks at events between blocks.
public sealed unsafe partial class Vcpu
{
    /// <summary>
    /// <see cref="CpuState.Remaining"/> is kept this much below the true budget, so a chain of blocks stops at zero with
    /// room for the rest of the block it is in; the last instructions of a budget run one by one.
    /// </summary>
    private const long Bias = BlockBuilder.MaxInstructions + 1;

    private readonly BlockBuilder builder;
    private readonly byte[] deviceCode = GC.AllocateArray<byte>(32, pinned: true);
    private Block? temporary;

    /// <summary>
    /// Most instructions given out at once: translated code looks at requests for attention when these are used up, so they bound how long it takes
    /// to be heard.
    /// </summary>
    private const long Portion = 100_000;

    private long budget;

    /// <summary>What of the budget has not been given out.</summary>
    private long reserve;

    /// <summary>Instructions retired since power-on, up to the last return of <see cref="Run"/>.</summary>
    public ulong InstructionCount { get; private set; }

    /// <summary>Instructions retired since power-on, exact at block boundaries even while <see cref="Run"/> is on the stack.</summary>
    public ulong RetiredInstructions => InstructionCount + (ulong)(budget - BudgetLeft);

    /// <summary>
    /// Exceptions and other events delivered since power-on. Together with <see cref="InstructionCount"/> it names every moment of a
    /// processor between two steps, for a delivery retires no instruction.
    /// </summary>
    public ulong DeliveryCount { get; private set; }

    /// <summary>The last <see cref="Run"/> came back because of PAUSE or MWAIT: it is another processor's turn.</summary>
    public bool HasYielded { get; private set; }

    /// <summary>
    /// Instructions that reach devices are run alone, so that a device sees the exact count of instructions (<see cref="RetiredInstructions"/>), and
    /// what it raises is taken right behind the instruction, however the code around it was cut into blocks.
    /// </summary>
    public bool CountsExactly { get; set; }

    /// <summary>Ends the turn of this processor.</summary>
    internal void Yield()
    {
        HasYielded = true;
        RequestExit();
    }

    /// <summary>
    /// Runs at most <paramref name="maxInstructions"/> instructions; returns how many were retired. Comes back early on
    /// HLT and other inactive states, shutdown, <see cref="RequestExit"/>, and at a debugger's breakpoint or watchpoint
    /// (<see cref="DebugHit"/>).
    /// </summary>
    public long Run(long maxInstructions) => Run(maxInstructions, exact: true);

    /// <summary>
    /// As <see cref="Run(long)"/>, but comes back when no whole block fits into what is left, rather than go on instruction by instruction: for slices
    /// whose exact length does not matter.
    /// </summary>
    public long RunSlice(long maxInstructions) => Run(maxInstructions, exact: maxInstructions < 2 * Bias);

    /// <summary>Runs whole blocks, as few as retire more than <paramref name="instructions"/>: never one by one at the end, as <see cref="Run(long)"/> does.</summary>
    public long RunBlocks(long instructions) => Run(instructions + Bias, exact: false);

    private long Run(long maxInstructions, bool exact)
    {
        long stop = exact ? -Bias : -1;
        CpuState* s = State;
        budget = maxInstructions;
        reserve = Math.Max(0, maxInstructions - Portion);
        s->Remaining = maxInstructions - reserve - Bias;
        debugHit = null;
        HasYielded = false;
        if (Apic.Bus != null) Apic.Bus.Running = Apic;
        while (true)
        {
            if (hasPendingException)
            {
                // The code a branch led to could not be fetched: its link must not lead to the handler.
                s->LinkSlot = null;
                DeliverPendingException();
                if (steps) break;
                continue;
            }

            if (debugHit != null && ConfirmDebugHit()) break;
            if (reserve > 0 && s->Remaining < 0)
            {
                long portion = Math.Min(reserve, Portion);
                reserve -= portion;
                s->Remaining += portion;
            }

            // Before events are looked at: what the caller does between two instructions, such as running timers, comes first wherever
            // a budget happens to end.
            if (s->Remaining <= -Bias) break;
            if (s->ExitRequest != 0 && (s->Shadow & InterruptShadow.MovSs) == 0)
            {
                s->LinkSlot = null;
                s->ExitRequest = 0;
                if (Interlocked.Exchange(ref exitRequested, 0) != 0 && !steps)
                {
                    s->ExitRequest = 1;
                    break;
                }

                bool takesEvent = steps && (debugTraps != 0 || TakableEvents != PendingEvents.None);
                ServiceEvents();
                if (takesEvent) break;
                continue;
            }

            if (s->Activity != ActivityState.Active || s->Remaining <= stop) break;
            RunBlock();
        }

        s->LinkSlot = null;
        long retired = budget - BudgetLeft;
        InstructionCount += (ulong)retired;
        budget = reserve = 0;
        s->Remaining = -Bias;
        return retired;
    }

    /// <summary>Instructions left of the budget given to <see cref="Run"/>, at block granularity.</summary>
    public long BudgetLeft => State->Remaining + Bias + reserve;

    /// <summary>
    /// Runs one instruction, or one iteration of a repeated one that an event interrupts, or delivers one pending event. An instruction that
    /// faults leaves RIP at the first instruction of the handler. Returns the number of instructions retired (0 or 1).
    /// </summary>
    public long Step()
    {
        steps = true;
        try
        {
            return Run(1);
        }
        finally
        {
            steps = false;
        }
    }

    /// <summary>Runs until <paramref name="predicate"/> holds before an instruction, or the limit is reached. One instruction at a time.</summary>
    public bool RunUntil(Func<Vcpu, bool> predicate, long maxInstructions)
    {
        for (long done = 0; done < maxInstructions;)
        {
            if (predicate(this)) return true;
            long ran = Step();
            if (ran == 0 && State->Activity != ActivityState.Active) return predicate(this);
            done += Math.Max(ran, 1);
        }

        return predicate(this);
    }

    /// <summary>At the end of a block: the dispatcher has nothing to do but find the next one.</summary>
    private bool CanGoOn
    {
        get
        {
            CpuState* s = State;
            return s->ExitRequest == 0 && s->Remaining >= 0 && s->Shadow == InterruptShadow.None && (s->SystemFlags & (Eflags.Tf | Eflags.Rf)) == 0
                && s->Activity == ActivityState.Active && !IsSegmented(s->Mode)
                && !hasPendingException && !retryAlone && !runsAlone && instructionBreakpoints == 0 && debugHit == null;
        }
    }

    private void RunBlock()
    {
        CpuState* s = State;
        Code.Collect(s);
        Code.Translator?.BetweenBlocks(this);
        if (Mmu.Thrashes)
        {
            Mmu.Rehash();
            UpdateTlb();
        }

        if (s->Remaining < 0 || NeedsSingleStep)
        {
            RunAlone();
            return;
        }

        Op* first = FindRecent(s);
        if (first == null)
        {
            if (hasPendingException) return;
            Block? block = FindBlock(s->Mode);
            if (block == null) return;
            first = block.Ops;
            // A block that had to be made for one instruction is for this occasion only.
            if (block.Mode != s->Mode) s->LinkSlot = null;
            else if (s->LinkSlot == null) Code.Remember(block);
        }

        if (s->LinkSlot != null)
        {
            *s->LinkSlot = (nint)first;
            s->LinkSlot = null;
        }

        if (s->Shadow != InterruptShadow.None || (s->SystemFlags & Eflags.Rf) != 0) RunUnshadowed(first);
        else first->Handler(this, s, first);
    }

    /// <summary>Runs one instruction that must be run alone.</summary>
    private void RunAlone()
    {
        if (HitsInstructionBreakpoint()) return;
        Block? block = FindBlock(State->Mode | CodeMode.SingleStep);
        if (block == null) return;
        State->LinkSlot = null;
        RunSingle(block);
    }

    /// <summary>
    /// Runs on behind STI, MOV SS or an IRET that set RF. What they hold off ends with the next instruction; as nothing is held off, that needs no
    /// stop behind it.
    /// </summary>
    private void RunUnshadowed(Op* first)
    {
        CpuState* s = State;
        long left = s->Remaining;
        InterruptShadow shadow = s->Shadow;
        uint resume = s->SystemFlags & Eflags.Rf;
        s->Shadow = InterruptShadow.None;
        s->SystemFlags &= ~Eflags.Rf;
        first->Handler(this, s, first);
        if (s->Remaining != left || hasPendingException) return;
        // Not even that one was done.
        s->Shadow = shadow;
        s->SystemFlags |= resume;
    }

    /// <summary>Whether segments have bases and limits to be looked at, or RIP or the stack pointer fewer than 32 bits.</summary>
    internal static bool IsSegmented(CodeMode mode)
    {
        const CodeMode Unsegmented = CodeMode.Flat | CodeMode.Code32 | CodeMode.Stack32;
        return (mode & Unsegmented) != Unsegmented;
    }

    /// <summary>The linear address of the instruction at RIP.</summary>
    internal static ulong LinearRip(CpuState* s) => (s->Mode & CodeMode.Flat) != 0 ? s->Rip : (uint)(s->Segment(SegmentIndex.Cs).Base + s->Rip);

    /// <summary>The first operation at RIP if the jump cache knows it; null otherwise, or with an exception recorded.</summary>
    private Op* FindRecent(CpuState* s)
    {
        if (IsSegmented(s->Mode))
        {
            s->Rip = MaskRip(s->Rip);
            // Near the limit FindBlock has to look.
            if (s->Rip + BlockBuilder.MaxBytes > s->Segment(SegmentIndex.Cs).Limit) return null;
        }

        ulong linear = LinearRip(s);
        TlbEntry* entry = s->CodeEntry(linear);
        nint host = (nint)(linear + (ulong)entry->Addend);
        if ((linear & ~0xFFFul) != entry->ExecuteTag)
        {
            // FindBlock has more to check before it fetches.
            if (IsSegmented(s->Mode) || MaskRip(linear) != linear || !IsCanonical(linear)) return null;
            host = (nint)FetchHost(linear, out _, out bool mapped);
            if (host == 0 || !mapped) return null;
        }

        JumpCacheEntry* cached = s->JumpCache + JumpCacheEntry.Index(host);
        ulong key = JumpCacheEntry.KeyOf(host, s->Mode);
        if (cached->Key != key)
        {
            JumpCacheEntry* pair = JumpCacheEntry.PairOf(cached);
            if (pair->Key != key) return null;
            // To where it is looked for first.
            (*cached, *pair) = (*pair, *cached);
        }

        // A block on two pages may have been built for another mapping; FindBlock looks into that.
        return (cached->Entry->Flags & OpFlags.ChecksMapping) == 0 ? cached->Entry : null;
    }

    /// <summary>The block at RIP, built if need be; null with an exception recorded.</summary>
    private Block? FindBlock(CodeMode mode)
    {
        CpuState* s = State;
        ulong rip = s->Rip = MaskRip(s->Rip);
        bool flat = (mode & CodeMode.Flat) != 0;
        ulong limit = ulong.MaxValue;
        ulong linear = rip;
        if (!flat)
        {
            ref SegmentRegister cs = ref s->Segment(SegmentIndex.Cs);
            limit = cs.Limit;
            linear = (uint)(cs.Base + rip);
            if (rip > limit)
            {
                Record(ExceptionVector.GeneralProtection, 0, 0);
                return null;
            }
        }
        else if ((mode & CodeMode.Code64) != 0 && !IsCanonical(linear))
        {
            Record(ExceptionVector.GeneralProtection, 0, 0);
            return null;
        }

        byte* host = FetchHost(linear, out ulong physical, out bool mapped);
        if (!mapped) return null;
        if (host == null) return BuildFromDevice(physical, linear, mode);
        Block? block = Code.Find((nint)host, mode);
        if (block == null || (block.SecondPage != 0 && !SecondPageMatches(block, linear)))
        {
            if (hasPendingException) return null;
            block = BuildBlock(host, linear, mode);
            if (block == null) return null;
        }

        if (flat || rip + (uint)block.ByteLength - 1 <= limit) return block;
        if ((mode & CodeMode.SingleStep) == 0) return FindBlock(mode | CodeMode.SingleStep);
        Record(ExceptionVector.GeneralProtection, 0, 0);
        return null;
    }

    /// <summary>
    /// Offers the block at RIP, whose first operation is <paramref name="entry"/>, to the translator. If that does not take it now, the block counts on.
    /// </summary>
    internal void ReportHot(Op* entry)
    {
        CpuState* s = State;
        ulong linear = LinearRip(s);
        TlbEntry* tlb = s->CodeEntry(linear);
        // The translation may have gone while the block ran its first operation; its time will come again.
        Block? block = (linear & ~0xFFFul) == tlb->ExecuteTag ? Code.Find((nint)(linear + (ulong)tlb->Addend), s->Mode) : null;
        if (block == null || block.Ops != entry)
        {
            entry->Immediate = Code.Translator!.Threshold;
            return;
        }

        ulong now = RetiredInstructions, since = block.CountedSince;
        ulong executions = block.StopCounting();
        block.CountedSince = now;
        // Where several processors run it, they may not be abreast.
        uint again = Code.Translator!.OnHot(this, block, executions, now > since ? now - since : 0);
        if (again != 0) block.Count(again);
    }

    private Block? BuildBlock(byte* host, ulong linear, CodeMode mode)
    {
        int pageOffset = (int)(linear & 0xFFF);
        bool stops = Code.DebugPoints.IsPrepared(pageOffset);
        Block? block = builder.Build(host, pageOffset, mode, null, stops);
        if (block == null)
        {
            byte* second = FetchHost(WrapLinear((linear & ~0xFFFul) + 0x1000), out ulong physical, out bool mapped);
            if (!mapped) return null;
            if (second == null)
            {
                // RAM followed by a device: decode a copy, keep nothing.
                int first = 0x1000 - pageOffset;
                new Span<byte>(host, first).CopyTo(deviceCode);
                Memory.Read(physical, deviceCode.AsSpan(first, 15 - Math.Min(first, 14)));
                return BuildTemporary(mode, (int)(linear & 0xFFF));
            }

            block = builder.Build(host, pageOffset, mode, second, stops);
            if (block == null) throw new InvalidOperationException("An instruction spans more than two pages.");
        }

        block.CountedSince = RetiredInstructions;
        Code.Add(block);
        CodeDecoded?.Invoke(this, linear, block.ByteLength);
        return block;
    }

    private Block? BuildFromDevice(ulong physical, ulong linear, CodeMode mode)
    {
        int first = Math.Min(15, 0x1000 - (int)(linear & 0xFFF));
        Memory.Read(physical, deviceCode.AsSpan(0, first));
        if (first < 15)
        {
            FetchHost(WrapLinear((linear & ~0xFFFul) + 0x1000), out ulong next, out bool mapped);
            if (!mapped)
            {
                // The fault counts only if the instruction really reaches that far; 0x90s never do.
                hasPendingException = false;
                deviceCode.AsSpan(first).Fill(0x90);
            }
            else
            {
                Memory.Read(next, deviceCode.AsSpan(first, 15 - first));
            }
        }

        return BuildTemporary(mode, (int)(linear & 0xFFF));
    }

    private Block? BuildTemporary(CodeMode mode, int pageOffset)
    {
        FreeTemporary();
        fixed (byte* copy = deviceCode)
        {
            temporary = builder.Build(copy, 0, mode | CodeMode.SingleStep, null, Code.DebugPoints.IsPrepared(pageOffset));
        }

        return temporary;
    }

    private void FreeTemporary()
    {
        if (temporary == null) return;
        System.Runtime.InteropServices.NativeMemory.Free(temporary.Ops);
        temporary = null;
    }

    /// <summary>Host address of code; null for a device. <paramref name="mapped"/> is false with a fault recorded.</summary>
    private byte* FetchHost(ulong linear, out ulong physical, out bool mapped)
    {
        TlbEntry* entry = State->CodeEntry(linear);
        mapped = true;
        physical = 0;
        if ((linear & ~0xFFFul) == entry->ExecuteTag) return (byte*)(linear + (ulong)entry->Addend);
        AccessClass accessClass = State->Cpl == 3 ? AccessClass.User : CurrentAccessClass;
        mapped = Translate(linear, AccessKind.Execute, accessClass, out Translation translation);
        physical = translation.Physical;
        return translation.Host;
    }

    private bool SecondPageMatches(Block block, ulong linear)
    {
        byte* second = FetchHost(WrapLinear((linear & ~0xFFFul) + 0x1000), out _, out bool mapped);
        return mapped && (nint)second == block.SecondPage;
    }

    /// <summary>For <see cref="Handlers.CheckSecondPage"/>: false when the dispatcher must look again.</summary>
    internal bool IsMappedTo(Op* op)
    {
        ulong linear = LinearRip(State);
        byte* second = FetchHost(WrapLinear((linear & ~0xFFFul) + 0x1000), out _, out bool mapped);
        return mapped && (ulong)second == op->Immediate;
    }
}
