using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Regions;
using Emu.Jit.X87;
using Iced.Intel;

namespace Emu.Jit.Emit;

/// <summary>
/// Emits a region as one method with the signature of an operation's handler. Guest registers live in IL locals; what cannot be done in
/// place (a TLB miss, a fault, a device) leaves for the interpreter at that very instruction, which is why nothing of an instruction is
/// stored before all its checks have passed.
/// </summary>
internal sealed unsafe partial class RegionEmitter
{
    private static readonly Type[] HandlerParameters = [typeof(Vcpu), typeof(CpuState*), typeof(Op*)];

    private readonly RegionGraph graph;
    private readonly RegionMemory memory;
    private readonly CompareBranchFusion fusion;
    private readonly DynamicMethod method;
    private readonly IlWriter il;
    private readonly Label leave;
    private readonly Label follow;
    private readonly Label dispatch;
    private readonly Label[] blockLabels;
    private readonly Queue<Action> stubs = new();
    private readonly Dictionary<(nint Op, bool AddBack), Label> exits = [];

    private readonly LocalBuilder rip;
    private readonly LocalBuilder remaining;
    private readonly LocalBuilder tlb;
    private readonly LocalBuilder foldShift;
    private readonly LocalBuilder exitOp;
    private readonly LocalBuilder exitRip;

    private bool follows;
    private bool dispatches;
    private readonly HashSet<System.Reflection.MethodInfo> callees = [StoreFlagsMethod];

    private readonly Dictionary<Mnemonic, int> called = [];

    private RegionBlock block;
    private RegionInstruction current;

    /// <summary>Prepares a region for emission.</summary>
    public RegionEmitter(RegionGraph graph, RegionMemory memory, CompareBranchFusion fusion, IlListing? listing = null)
    {
        this.graph = graph;
        this.memory = memory;
        this.fusion = fusion;
        method = new DynamicMethod($"Region_{graph.Plan.Linear:x}", typeof(void), HandlerParameters, typeof(RegionEmitter).Module, skipVisibility: true) { InitLocals = false };
        il = new IlWriter(method.GetILGenerator(4096), listing);
        rip = il.DeclareLocal(typeof(long), nameof(rip));
        remaining = il.DeclareLocal(typeof(long), nameof(remaining));
        tlb = il.DeclareLocal(typeof(nint), nameof(tlb));
        foldShift = il.DeclareLocal(typeof(int), nameof(foldShift));
        exitOp = il.DeclareLocal(typeof(nint), nameof(exitOp));
        exitRip = il.DeclareLocal(typeof(long), nameof(exitRip));
        flagsX = il.DeclareLocal(typeof(long), nameof(flagsX));
        flagsY = il.DeclareLocal(typeof(long), nameof(flagsY));
        flagsKind = il.DeclareLocal(typeof(int), nameof(flagsKind));
        leave = il.DefineLabel();
        follow = il.DefineLabel();
        dispatch = il.DefineLabel();
        blockLabels = [.. graph.Blocks.Select(_ => il.DefineLabel())];
        block = graph.Entries[0];
        current = block.Instructions[0];
    }

    /// <summary>Instructions performed in place, after <see cref="Emit"/>.</summary>
    public int NativeInstructions { get; private set; }

    /// <summary>Instructions left to the interpreter, by mnemonic, after <see cref="Emit"/>.</summary>
    public IReadOnlyDictionary<Mnemonic, int> CalledInstructions => called;

    /// <summary>Functions that code with floating point may call, after <see cref="Emit"/>; empty for other code.</summary>
    public IReadOnlyCollection<System.Reflection.MethodInfo> FloatCallees => usesFloat || x87Loaded != null ? callees : [];

    /// <summary>Size of the IL in bytes, after <see cref="Emit"/>.</summary>
    public int IlSize => il.ILOffset;

    private bool Is64 => graph.Is64;

    /// <summary>Emits the method.</summary>
    public DynamicMethod Emit()
    {
        FlagLiveness.Analyze(graph, static i => !IsNative(i) || MayLeave(i));
        DemandedBits.Analyze(graph, static i => !IsNative(i) || MayLeave(i));
        AccessGrouping.Analyze(graph, IsNative);
        ZeroExtension.Analyze(graph, IsNative);
        CollectRegisters();
        CollectSegments();
        PreparePageCaches();
        PrepareX87();
        if (usesFloat) ResultLiveness.Analyze(graph, IsNative, DependsOnEnvironment);
        EmitPrologue();
        foreach (RegionBlock b in graph.Blocks) EmitBlock(b);
        while (stubs.TryDequeue(out Action? stub)) stub();
        il.Begin(null, RegionPart.Epilogue);
        EmitLeave();
        EmitFollow();
        EmitDispatch();
        return method;
    }

    private void EmitPrologue()
    {
        il.Begin(null, RegionPart.Prologue);
        LoadState(StateLayout.Rip, OpCodes.Ldind_I8);
        if (graph.Entries.Count > 1)
        {
            il.Emit(OpCodes.Ldarg_2);
            LoadAt(StateLayout.Immediate, OpCodes.Ldind_I8);
            il.Emit(OpCodes.Sub);
        }

        il.Emit(OpCodes.Stloc, rip);
        LoadTlb();
        EmitEntryChecks();
        EmitVectorPrologue();
        SetX87Loaded(false);
        LoadState(StateLayout.Remaining, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Stloc, remaining);
        ReloadState();
        if (graph.Entries.Count > 1)
        {
            il.Emit(OpCodes.Ldarg_2);
            LoadAt(StateLayout.Displacement, OpCodes.Ldind_I4);
            il.Emit(OpCodes.Switch, [.. graph.Entries.Select(e => blockLabels[e.Index])]);
        }

        il.Emit(OpCodes.Br, blockLabels[graph.Entries[0].Index]);
    }

    /// <summary>
    /// Code on other pages than that of the block it is entered at counts only while those are mapped as they were, segmented code only within its segment.
    /// </summary>
    private void EmitEntryChecks()
    {
        RegionPlan plan = graph.Plan;
        if (plan.Pages.Count == 0 && !IsSegmented) return;
        Label refuse = il.DefineLabel(), accept = il.DefineLabel();
        if (IsSegmented) EmitCodeSegment(refuse);
        if (plan.Pages.Count > 0)
        {
            LocalBuilder page = il.DeclareLocal(typeof(long)), entry = il.DeclareLocal(typeof(nint));
            if (plan.EntersElsewhere) EmitPageCheck(new RegionPage(0, plan.Host & ~(nint)0xFFF, HasEntry: true), page, entry, refuse);
            foreach (RegionPage other in plan.Pages) EmitPageCheck(other, page, entry, refuse);
        }

        il.Emit(OpCodes.Br, accept);
        il.MarkLabel(refuse);
        EmitRefuse();
        il.MarkLabel(accept);
    }

    private void EmitPageCheck(RegionPage other, LocalBuilder page, LocalBuilder entry, Label refuse)
    {
        il.Emit(OpCodes.Ldloc, rip);
        ToLinear();
        Constant(~0xFFFL);
        il.Emit(OpCodes.And);
        if (other.Distance != 0)
        {
            Constant(other.Distance);
            il.Emit(OpCodes.Add);
        }

        if (!Is64) Truncate(4);
        il.Emit(OpCodes.Stloc, page);
        Label here = il.DefineLabel();
        if (graph.Plan.EntersElsewhere)
        {
            LoadState(StateLayout.Rip, OpCodes.Ldind_I8);
            ToLinear();
            Constant(~0xFFFL);
            il.Emit(OpCodes.And);
            il.Emit(OpCodes.Ldloc, page);
            il.Emit(OpCodes.Beq, here);
        }

        LoadState(StateLayout.CodeTlb, OpCodes.Ldind_I);
        EmitTlbOffset(page);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, entry);
        il.Emit(OpCodes.Ldloc, page);
        LoadField(entry, StateLayout.ExecuteTag, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Bne_Un, refuse);
        il.Emit(OpCodes.Ldloc, page);
        LoadField(entry, StateLayout.Addend, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Add);
        Constant(other.Host);
        il.Emit(OpCodes.Bne_Un, refuse);
        il.MarkLabel(here);
    }

    /// <summary>Nothing has been done yet: interprets the block instead.</summary>
    private void EmitRefuse()
    {
        il.Emit(OpCodes.Ldarg_2);
        Constant(Op.SizeInBytes);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, exitOp);
        EmitTailCall();
    }

    private void EmitBlock(RegionBlock b)
    {
        block = b;
        il.Begin(b.Instructions[0], RegionPart.Body);
        il.MarkLabel(blockLabels[b.Index]);
        BeginFlags(b);
        blockLocals.Reset();
        int last = b.Instructions.Count - (b.End == BlockEnd.FallThrough ? 0 : 1);
        for (int i = 0; i < last; i++)
        {
            current = b.Instructions[i];
            il.Begin(current, RegionPart.Body);
            if (x87Runs.TryGetValue(current, out (X87Run Run, nint Code) x87))
            {
                EmitX87Run(x87.Run, x87.Code);
                i += x87.Run.Instructions.Count - 1;
            }
            else
            {
                EmitInstruction();
            }
        }

        current = b.Last;
        il.Begin(current, RegionPart.Body);
        scratch.Reset();
        EmitEnd();
    }

    private void EmitInstruction()
    {
        scratch.Reset();
        if (IsNative(current))
        {
            if (UsesVectors(current.Iced))
            {
                EmitVector();
                if (usesFloat) EmitFloatPrecautions();
            }
            else Emitters[current.Iced.Mnemonic](this);
            NativeInstructions++;
        }
        else
        {
            EmitCallInterpreter();
            CountCalled();
        }
    }

    private void CountCalled() => called[current.Iced.Mnemonic] = called.GetValueOrDefault(current.Iced.Mnemonic) + 1;

    /// <summary>Has the interpreter perform one instruction, all state in memory meanwhile.</summary>
    private void EmitCallInterpreter()
    {
        Op* call = memory.MakeCall(current.Op, fusion.HandlerAlone(current.Op, current.Next), current.Address + 1);
        StoreState();
        LoadStateAddress(StateLayout.Rip);
        PushBlockRip();
        il.Emit(OpCodes.Stind_I8);
        LoadStateAddress(StateLayout.Completed);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stind_I4);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        Constant((nint)call);
        il.Emit(OpCodes.Conv_I);
        Constant((nint)call->Handler);
        il.Emit(OpCodes.Conv_I);
        il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, typeof(void), HandlerParameters, null);
        LoadState(StateLayout.Completed, OpCodes.Ldind_I4);
        Label completed = il.DefineLabel();
        il.Emit(OpCodes.Brtrue, completed);
        il.Emit(OpCodes.Ret);
        il.MarkLabel(completed);
        EmitVectorResume(call + 1);
        ReloadState();
        // A long string instruction counts as several.
        LoadState(StateLayout.Remaining, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Stloc, remaining);
        SetCanonical();
    }

    /// <summary>Where ways out to the interpreter end: stores the state and goes on with the operation in <see cref="exitOp"/> at <see cref="exitRip"/>.</summary>
    private void EmitLeave()
    {
        il.MarkLabel(leave);
        StoreForExit();
        PushFlagArguments();
        il.Emit(OpCodes.Call, StoreFlagsMethod);
        EmitTailCall();
    }

    /// <summary>Where ways out with a link end; the flags are stored. The operation in <see cref="exitOp"/> has the link or gets it.</summary>
    private void EmitFollow()
    {
        if (!follows) return;
        il.MarkLabel(follow);
        StoreForExit();
        Label unlinked = il.DefineLabel();
        LoadField(exitOp, StateLayout.Link, OpCodes.Ldind_I);
        il.Emit(OpCodes.Brfalse, unlinked);
        LoadField(exitOp, StateLayout.Link, OpCodes.Ldind_I);
        il.Emit(OpCodes.Stloc, exitOp);
        il.MarkLabel(unlinked);
        EmitTailCall();
    }

    /// <summary>Where ways out to anywhere end; the flags are stored. What <see cref="Handlers.Dispatch"/> does.</summary>
    private void EmitDispatch()
    {
        if (!dispatches) return;
        il.MarkLabel(dispatch);
        StoreForExit();
        Label unknown = il.DefineLabel();
        LocalBuilder entry = il.DeclareLocal(typeof(nint)), linear = exitRip;
        if (IsSegmented)
        {
            // Near the limit the dispatcher has to look.
            il.Emit(OpCodes.Ldloc, exitRip);
            Constant(BlockBuilder.MaxBytes);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Ldloc, codeLimit!);
            il.Emit(OpCodes.Bgt, unknown);
            il.Emit(OpCodes.Ldloc, exitRip);
            ToLinear();
            linear = PopTemporary();
        }

        LoadState(StateLayout.CodeTlb, OpCodes.Ldind_I);
        EmitTlbOffset(linear);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, entry);
        il.Emit(OpCodes.Ldloc, linear);
        Constant(~0xFFFL);
        il.Emit(OpCodes.And);
        LoadField(entry, StateLayout.ExecuteTag, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Bne_Un, unknown);
        LocalBuilder host = Scratch(typeof(long)), cached = Scratch(typeof(nint));
        il.Emit(OpCodes.Ldloc, linear);
        LoadField(entry, StateLayout.Addend, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, host);
        LoadState(StateLayout.JumpCache, OpCodes.Ldind_I);
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Ldc_I4, JumpCacheEntry.GrainBits);
        il.Emit(OpCodes.Shr_Un);
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Ldc_I4, JumpCacheEntry.FoldBit);
        il.Emit(OpCodes.Shr_Un);
        il.Emit(OpCodes.Xor);
        Constant(JumpCacheEntry.Count - 1);
        il.Emit(OpCodes.And);
        Constant(JumpCacheEntry.SizeInBytes);
        il.Emit(OpCodes.Mul);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, cached);
        LoadField(cached, StateLayout.CachedKey, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Ldloc, host);
        Constant((long)JumpCacheEntry.KeyOf(0, graph.Plan.Mode));
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Bne_Un, unknown);
        LoadField(cached, StateLayout.CachedEntry, OpCodes.Ldind_I);
        il.Emit(OpCodes.Stloc, exitOp);
        EmitTailCall();
        il.MarkLabel(unknown);
        if (!IsSegmented)
        {
            // It may be in the other entry of the pair. Of segmented code, only the dispatcher knows.
            delegate*<Vcpu, CpuState*, Op*, void> elsewhere = &Handlers.Dispatch;
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldarg_2);
            Constant((nint)elsewhere);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Tailcall);
            il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, typeof(void), HandlerParameters, null);
        }

        il.Emit(OpCodes.Ret);
    }

    /// <summary>Stores everything but the flags.</summary>
    private void StoreForExit()
    {
        StoreRegisters();
        LoadStateAddress(StateLayout.Rip);
        il.Emit(OpCodes.Ldloc, exitRip);
        il.Emit(OpCodes.Stind_I8);
    }

    private void EmitTailCall()
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldloc, exitOp);
        il.Emit(OpCodes.Ldloc, exitOp);
        if (StateLayout.Handler != 0)
        {
            Constant(StateLayout.Handler);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Add);
        }

        il.Emit(OpCodes.Ldind_I);
        il.Emit(OpCodes.Tailcall);
        il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, typeof(void), HandlerParameters, null);
        il.Emit(OpCodes.Ret);
    }

    /// <summary>
    /// A label that leaves with the current instruction still to be done, by the interpreter.
    /// </summary>
    private Label ExitHere() => ExitAt((nint)current.Address, false);

    /// <summary>As <see cref="ExitHere"/>, for the last instruction of a block that has been accounted for already.</summary>
    private Label ExitAtEnd() => ExitAt((nint)current.Address, true);

    private Label ExitAt(nint op, bool addBack)
    {
        if (exits.TryGetValue((op, addBack), out Label label)) return label;
        exits[(op, addBack)] = label = il.DefineLabel();
        RegionBlock owner = block;
        Later(() =>
        {
            il.MarkLabel(label);
            if (addBack)
            {
                il.Emit(OpCodes.Ldloc, remaining);
                Constant(owner.Instructions.Count);
                il.Emit(OpCodes.Add);
                il.Emit(OpCodes.Stloc, remaining);
            }

            block = owner;
            PushBlockRip();
            il.Emit(OpCodes.Stloc, exitRip);
            Constant(op);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Stloc, exitOp);
            il.Emit(OpCodes.Br, leave);
        });
        return label;
    }

    /// <summary>Has something emitted behind all blocks, on behalf of the current instruction.</summary>
    private void Later(Action stub)
    {
        RegionInstruction instruction = current;
        stubs.Enqueue(() =>
        {
            il.Begin(instruction, RegionPart.WayOut);
            stub();
        });
    }

    /// <summary>Pushes RIP of the block's first instruction.</summary>
    private void PushBlockRip() => PushRip(block.Start);

    /// <summary>Pushes RIP at a distance from the region's entry.</summary>
    private void PushRip(long distance)
    {
        il.Emit(OpCodes.Ldloc, rip);
        if (distance != 0)
        {
            Constant(distance);
            il.Emit(OpCodes.Add);
        }

        if (!Is64) Truncate(4);
    }

    private void Constant(long value) => il.Emit(OpCodes.Ldc_I8, value);

    /// <summary>Pushes the address of a field of the state.</summary>
    private void LoadStateAddress(int offset)
    {
        il.Emit(OpCodes.Ldarg_1);
        if (offset == 0) return;
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
    }

    private void LoadState(int offset, OpCode load)
    {
        LoadStateAddress(offset);
        il.Emit(load);
    }

    private void LoadField(LocalBuilder pointer, int offset, OpCode load)
    {
        il.Emit(OpCodes.Ldloc, pointer);
        LoadAt(offset, load);
    }

    /// <summary>Pops an address, and pushes what lies at a distance from it.</summary>
    private void LoadAt(int offset, OpCode load)
    {
        if (offset != 0)
        {
            il.Emit(OpCodes.Ldc_I4, offset);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Add);
        }

        il.Emit(load);
    }

    /// <summary>Zero-extends the low <paramref name="size"/> bytes of the 64-bit value on the stack.</summary>
    private void Truncate(int size)
    {
        switch (size)
        {
            case 1: il.Emit(OpCodes.Conv_U1); il.Emit(OpCodes.Conv_U8); break;
            case 2: il.Emit(OpCodes.Conv_U2); il.Emit(OpCodes.Conv_U8); break;
            case 4: il.Emit(OpCodes.Conv_U4); il.Emit(OpCodes.Conv_U8); break;
        }
    }

    /// <summary>Sign-extends the low <paramref name="size"/> bytes of the 64-bit value on the stack.</summary>
    private void SignExtend(int size)
    {
        switch (size)
        {
            case 1: il.Emit(OpCodes.Conv_I1); il.Emit(OpCodes.Conv_I8); break;
            case 2: il.Emit(OpCodes.Conv_I2); il.Emit(OpCodes.Conv_I8); break;
            case 4: il.Emit(OpCodes.Conv_I4); il.Emit(OpCodes.Conv_I8); break;
        }
    }
}
