using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Runtime;
using Emu.Jit.X87;
using Iced.Intel;

namespace Emu.Jit.Emit;

// x87: instructions that follow one another are performed by the host's unit in one go, once the addresses of all their operands have been found. What it
// refuses, the interpreter does from the first of them on.
internal sealed unsafe partial class RegionEmitter
{
    private const int ExceptionMasks = 0x3F;

    private readonly Dictionary<RegionInstruction, (X87Run Run, nint Code)> x87Runs = [];

    /// <summary>Whether an instruction is performed by the host's x87 unit.</summary>
    private static bool IsHostX87(RegionInstruction instruction) => HostX87.IsSupported && X87Form.IsSupported(instruction.Iced);

    private static void AddX87Control(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        table[Mnemonic.Fnstsw] = static e => e.EmitStoreX87Word(StateLayout.Fsw);
        table[Mnemonic.Fnstcw] = static e => e.EmitStoreX87Word(StateLayout.Fcw);
        table[Mnemonic.Fldcw] = static e => e.EmitLoadX87Control();
    }

    /// <summary>Finds the runs of the region and makes host code for them.</summary>
    private void PrepareX87()
    {
        List<X87Run> runs = [];
        foreach (RegionBlock b in graph.Blocks)
        {
            X87Run? open = null;
            int last = b.Instructions.Count - (b.End == BlockEnd.FallThrough ? 0 : 1);
            for (int i = 0; i < last; i++)
            {
                RegionInstruction instruction = b.Instructions[i];
                if (!IsNative(instruction) || !IsHostX87(instruction))
                {
                    open = null;
                }
                else if (open == null || !open.TryAdd(instruction))
                {
                    open = new X87Run(instruction);
                    runs.Add(open);
                }
            }
        }

        if (runs.Count == 0) return;
        nint code = memory.MakeCode(X87Assembler.Assemble(runs, out int[] offsets));
        for (int n = 0; n < runs.Count; n++) x87Runs[runs[n].Steps[0].Instruction] = (runs[n], code == 0 ? 0 : code + offsets[n]);
    }

    /// <summary>Emits a run that begins with the current instruction.</summary>
    private void EmitX87Run(X87Run run, nint code)
    {
        scratch.Reset();
        Label refused = ExitHere();
        // The host had no memory for code.
        if (code == 0) il.Emit(OpCodes.Br, refused);
        LocalBuilder? operandOffset = null;
        foreach (X87Step step in run.Steps)
        {
            if (step.Operand < 0) continue;
            current = step.Instruction;
            LocalBuilder host = TranslateOperand(current.Iced.MemorySize.GetSize(), current.Iced.Op0Kind == OpKind.Memory && Stores(step.Form), refused);
            LoadStateAddress(StateLayout.Scratch + (8 * step.Operand));
            il.Emit(OpCodes.Ldloc, host);
            il.Emit(OpCodes.Stind_I);
            PushEffectiveAddress();
            operandOffset = PopTemporary();
        }

        current = run.Steps[^1].Instruction;
        bool flagsMatter = run.Outcome == X87Outcome.Flags;
        il.Emit(OpCodes.Ldarg_1);
        Constant(code);
        il.Emit(OpCodes.Conv_I);
        Call(typeof(HostX87), flagsMatter ? nameof(HostX87.TryRunWithFlags) : nameof(HostX87.TryRun));
        il.Emit(OpCodes.Brfalse, refused);
        if (flagsMatter)
        {
            LoadFlags();
            SetCanonical();
        }

        EmitX87Pointers(run, operandOffset);
        NativeInstructions += run.Steps.Count;
    }

    private static bool Stores(X87Form form) => form.Effect == X87Effect.Look && form.Outcome == X87Outcome.None;

    /// <summary>The last instruction and the last memory operand, as FNSTENV shows them.</summary>
    private void EmitX87Pointers(X87Run run, LocalBuilder? operandOffset)
    {
        LoadStateAddress(StateLayout.Fip);
        PushLinear((long)current.Iced.IP);
        il.Emit(OpCodes.Stind_I8);
        LoadStateAddress(StateLayout.Fop);
        Constant((ushort)current.Op.Immediate);
        il.Emit(OpCodes.Stind_I2);
        EmitCopySelector(StateLayout.Fcs, SegmentIndex.Cs);
        if (operandOffset == null) return;
        LoadStateAddress(StateLayout.Fdp);
        il.Emit(OpCodes.Ldloc, operandOffset);
        il.Emit(OpCodes.Stind_I8);
        EmitCopySelector(StateLayout.Fds, run.Steps.Last(static s => s.Operand >= 0).Instruction.Op.Segment);
    }

    private void EmitCopySelector(int offset, SegmentIndex segment)
    {
        LoadStateAddress(offset);
        LoadState(StateLayout.SegmentSelector(segment), OpCodes.Ldind_U2);
        il.Emit(OpCodes.Stind_I2);
    }

    /// <summary>FNSTSW, FNSTCW.</summary>
    private void EmitStoreX87Word(int offset)
    {
        LocalBuilder? host = current.Iced.Op0Kind == OpKind.Memory ? TranslateOperand(2, write: true) : null;
        LoadState(offset, OpCodes.Ldind_U2);
        il.Emit(OpCodes.Conv_U8);
        FinishDestination(PopTemporary(), host, 2);
    }

    /// <summary>FLDCW, if it unmasks nothing and no exception is pending.</summary>
    private void EmitLoadX87Control()
    {
        LocalBuilder value = ReadOperand(0, 2);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Not);
        il.Emit(OpCodes.Ldc_I4, ExceptionMasks);
        il.Emit(OpCodes.And);
        LoadState(StateLayout.Fsw, OpCodes.Ldind_U2);
        il.Emit(OpCodes.Ldc_I4, (int)X87Status.Summary);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Brtrue, ExitHere());
        LoadStateAddress(StateLayout.Fcw);
        il.Emit(OpCodes.Ldloc, value);
        Constant(X87Unit.DefinedControl);
        il.Emit(OpCodes.And);
        Constant(X87Unit.ReservedOneControl);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Stind_I2);
    }
}
