using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Regions;
using Emu.Jit.Runtime;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Code with segments: 16-bit code, and 32-bit code whose segments have bases or limits. Bases and limits are in locals for as long as the interpreter is not
// called; what does not pass is the interpreter's to raise a fault for.
internal sealed unsafe partial class RegionEmitter
{
    private readonly Dictionary<SegmentIndex, LocalBuilder> segmentBases = [];
    private readonly Dictionary<(SegmentIndex Segment, bool Write), LocalBuilder> segmentLimits = [];
    private LocalBuilder? codeBase;
    private LocalBuilder? codeLimit;

    private bool IsSegmented => graph.IsSegmented;

    /// <summary>Whether accesses through a segment have to be checked: all those of segmented code, and those outside the four flat segments of 32-bit code.</summary>
    private bool HasLimit(SegmentIndex segment) => IsSegmented || (!Is64 && segment is SegmentIndex.Cs or SegmentIndex.Fs or SegmentIndex.Gs);

    private static SegmentIndex IndexOf(Register segment) => (SegmentIndex)(segment - Register.ES);

    /// <summary>Makes locals for the segments that instructions performed in place use.</summary>
    private void CollectSegments()
    {
        if (Is64) return;
        InstructionInfoFactory factory = new();
        foreach ((_, RegionInstruction instruction) in NativeInstructionsOfRegion())
        {
            foreach (UsedMemory used in factory.GetInfo(instruction.Iced).GetUsedMemory())
            {
                if (used.Access is OpAccess.None or OpAccess.NoMemAccess || !used.Segment.IsSegmentRegister()) continue;
                SegmentIndex segment = IndexOf(used.Segment);
                if (!HasLimit(segment)) continue;
                Declare(segment, write: false);
                if (used.Access is not (OpAccess.Read or OpAccess.CondRead)) Declare(segment, write: true);
            }
        }

        void Declare(SegmentIndex segment, bool write)
        {
            if (!segmentBases.ContainsKey(segment)) segmentBases[segment] = il.DeclareLocal(typeof(long), $"base{segment}");
            if (!segmentLimits.ContainsKey((segment, write))) segmentLimits[(segment, write)] = il.DeclareLocal(typeof(long), $"{(write ? "write" : "read")}Limit{segment}");
        }
    }

    /// <summary>Loads bases and limits: at the region's entry, and after calls of the interpreter.</summary>
    private void LoadSegments()
    {
        foreach ((SegmentIndex segment, LocalBuilder local) in segmentBases)
        {
            LoadState(StateLayout.SegmentBase(segment), OpCodes.Ldind_I8);
            il.Emit(OpCodes.Stloc, local);
        }

        foreach (((SegmentIndex segment, bool write), LocalBuilder local) in segmentLimits)
        {
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldc_I4, (int)segment);
            Call(typeof(SegmentFunctions), write ? nameof(SegmentFunctions.WriteLimit) : nameof(SegmentFunctions.ReadLimit));
            il.Emit(OpCodes.Stloc, local);
        }
    }

    /// <summary>Pops an offset, and pushes the linear address it has in a segment where an access of some bytes may be made.</summary>
    private void PushInSegment(SegmentIndex segment, int size, bool write, Label miss)
    {
        LocalBuilder offset = PopTemporary();
        il.Emit(OpCodes.Ldloc, offset);
        if (size > 1)
        {
            Constant(size - 1);
            il.Emit(OpCodes.Add);
        }

        il.Emit(OpCodes.Ldloc, segmentLimits[(segment, write)]);
        // Signed: where nothing may be accessed the limit is -1.
        il.Emit(OpCodes.Bgt, miss);
        il.Emit(OpCodes.Ldloc, offset);
        il.Emit(OpCodes.Ldloc, segmentBases[segment]);
        il.Emit(OpCodes.Add);
        Truncate(4);
    }

    /// <summary>
    /// The code segment, which stays the same throughout a region. The region is refused where RIP would wrap within it or one of its blocks reaches beyond the
    /// limit, so that only what leaves it has to be checked.
    /// </summary>
    private void EmitCodeSegment(Label refuse)
    {
        codeBase = il.DeclareLocal(typeof(long), nameof(codeBase));
        codeLimit = il.DeclareLocal(typeof(long), nameof(codeLimit));
        LoadState(StateLayout.SegmentBase(SegmentIndex.Cs), OpCodes.Ldind_I8);
        il.Emit(OpCodes.Stloc, codeBase);
        LoadState(StateLayout.SegmentLimit(SegmentIndex.Cs), OpCodes.Ldind_U4);
        il.Emit(OpCodes.Conv_U8);
        if (graph.Plan.RipSize == 2)
        {
            Constant(ushort.MaxValue);
            il.Emit(OpCodes.Call, typeof(Math).GetMethod(nameof(Math.Min), [typeof(long), typeof(long)])!);
        }

        il.Emit(OpCodes.Stloc, codeLimit);
        il.Emit(OpCodes.Ldloc, rip);
        Constant(graph.Blocks.Min(static b => b.Start));
        il.Emit(OpCodes.Add);
        Constant(0);
        il.Emit(OpCodes.Blt, refuse);
        il.Emit(OpCodes.Ldloc, rip);
        Constant(graph.Blocks.Max(static b => b.Next) - 1);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldloc, codeLimit);
        il.Emit(OpCodes.Bgt, refuse);
    }

    /// <summary>Pops RIP, and pushes the linear address of the code there.</summary>
    private void ToLinear()
    {
        if (!IsSegmented) return;
        il.Emit(OpCodes.Ldloc, codeBase!);
        il.Emit(OpCodes.Add);
        Truncate(4);
    }

    /// <summary>Branches out of the region to where the code segment ends are the interpreter's to raise a fault for, before anything else is done.</summary>
    /// <param name="target">Distance of the target from the region's entry.</param>
    private void CheckLimit(long target)
    {
        if (!IsSegmented || graph.At(target) != null) return;
        PushTarget(target, current.Op.Size);
        il.Emit(OpCodes.Ldloc, codeLimit!);
        il.Emit(OpCodes.Bgt, ExitAtEnd());
    }

    /// <summary>Pushes RIP at a distance from the region's entry, wrapped to a size in bytes.</summary>
    private void PushTarget(long distance, int size)
    {
        PushRip(distance);
        if (IsSegmented) Truncate(size);
    }
}
