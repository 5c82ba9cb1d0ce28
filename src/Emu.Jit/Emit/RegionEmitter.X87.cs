using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Runtime;
using Emu.Jit.X87;
using Iced.Intel;

namespace Emu.Jit.Emit;

// x87: instructions that follow one another are performed by the host's unit in one go, once the addresses of all their operands have been found. The unit is
// loaded with the guest's registers when the first of them is met, and stays so until the region is left or the interpreter called.
internal sealed unsafe partial class RegionEmitter
{
    private const int ExceptionMasks = 0x3F;

    private readonly Dictionary<RegionInstruction, (X87Run Run, nint Code)> x87Runs = [];
    private LocalBuilder? x87Loaded;

    /// <summary>Whether an instruction is performed by the host's x87 unit.</summary>
    private static bool IsHostX87(RegionInstruction instruction) => HostX87.IsSupported && X87Run.IsSupported(instruction.Iced);

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
        x87Loaded = il.DeclareLocal(typeof(int), nameof(x87Loaded));
        nint code = memory.MakeCode(X87Assembler.Assemble(runs, out int[] offsets));
        for (int n = 0; n < runs.Count; n++) x87Runs[runs[n].Instructions[0]] = (runs[n], code == 0 ? 0 : code + offsets[n]);
    }

    /// <summary>Emits a run that begins with the current instruction.</summary>
    private void EmitX87Run(X87Run run, nint code)
    {
        scratch.Reset();
        Label refused = ExitHere();
        // The host had no memory for code.
        if (code == 0) il.Emit(OpCodes.Br, refused);
        LocalBuilder? offset = EmitX87Operands(run, refused);
        EmitLoadX87(refused);
        current = run.Last;
        il.Emit(OpCodes.Ldarg_1);
        Constant(code);
        il.Emit(OpCodes.Conv_I);
        if (X87Run.SetsFlags(current.Iced))
        {
            Call(typeof(HostX87), nameof(HostX87.RunWithFlags));
            LoadFlags();
            SetCanonical();
        }
        else
        {
            Call(typeof(HostX87), nameof(HostX87.Run));
            if (X87Run.StoresInAx(current.Iced))
            {
                il.Emit(OpCodes.Conv_U8);
                PopRegister(Register.AX);
            }
            else
            {
                il.Emit(OpCodes.Pop);
            }
        }

        EmitX87Pointers(run, offset);
        NativeInstructions += run.Instructions.Count;
    }

    /// <summary>Finds the host addresses of all memory operands. Returns the offset of the last one that counts as such for FNSTENV.</summary>
    private LocalBuilder? EmitX87Operands(X87Run run, Label refused)
    {
        LocalBuilder? offset = null;
        int operand = 0;
        foreach (RegionInstruction instruction in run.Instructions)
        {
            if (!X87Run.HasMemory(instruction.Iced)) continue;
            current = instruction;
            LocalBuilder host = TranslateOperand(current.Iced.MemorySize.GetSize(), X87Run.Writes(current.Iced), refused);
            if (current.Iced.Mnemonic == Mnemonic.Fldcw) host = EmitCheckedControl(host, refused);
            LoadStateAddress(StateLayout.Scratch + (8 * operand++));
            il.Emit(OpCodes.Ldloc, host);
            il.Emit(OpCodes.Stind_I);
            if (!X87Run.IsTracked(current.Iced)) continue;
            PushEffectiveAddress();
            offset = PopTemporary();
        }

        return offset;
    }

    /// <summary>A control word that unmasks something is the interpreter's. The address of a copy of what has been checked: a device might change the original.</summary>
    private LocalBuilder EmitCheckedControl(LocalBuilder host, Label refused)
    {
        PushMemory(host, 2);
        LocalBuilder value = PopTemporary();
        il.Emit(OpCodes.Ldloc, value);
        Constant(ExceptionMasks);
        il.Emit(OpCodes.And);
        Constant(ExceptionMasks);
        il.Emit(OpCodes.Bne_Un, refused);
        const int Copy = X87Run.MaxOperands * 8;
        LoadStateAddress(StateLayout.Scratch + Copy);
        il.Emit(OpCodes.Ldloc, value);
        Constant(X87Unit.DefinedControl);
        il.Emit(OpCodes.And);
        Constant(X87Unit.ReservedOneControl);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Stind_I2);
        LocalBuilder address = Scratch(typeof(nint));
        LoadStateAddress(StateLayout.Scratch + Copy);
        il.Emit(OpCodes.Stloc, address);
        return address;
    }

    /// <summary>Loads the unit unless it is; an unmasked exception is the interpreter's business.</summary>
    private void EmitLoadX87(Label refused)
    {
        Label load = il.DefineLabel(), loaded = il.DefineLabel();
        il.Emit(OpCodes.Ldloc, x87Loaded!);
        il.Emit(OpCodes.Brfalse, load);
        il.MarkLabel(loaded);
        Later(() =>
        {
            il.MarkLabel(load);
            il.Emit(OpCodes.Ldarg_1);
            Call(typeof(HostX87), nameof(HostX87.TryEnter));
            il.Emit(OpCodes.Brfalse, refused);
            SetX87Loaded(true);
            il.Emit(OpCodes.Br, loaded);
        });
    }

    /// <summary>On ways out and before the interpreter is called: the unit's contents go to the state.</summary>
    private void EmitStoreX87()
    {
        if (x87Loaded == null) return;
        Label done = il.DefineLabel();
        il.Emit(OpCodes.Ldloc, x87Loaded);
        il.Emit(OpCodes.Brfalse, done);
        il.Emit(OpCodes.Ldarg_1);
        Call(typeof(HostX87), nameof(HostX87.Leave));
        SetX87Loaded(false);
        il.MarkLabel(done);
    }

    private void SetX87Loaded(bool value)
    {
        if (x87Loaded == null) return;
        il.Emit(value ? OpCodes.Ldc_I4_1 : OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, x87Loaded);
    }

    /// <summary>The last instruction and the last memory operand, as FNSTENV shows them.</summary>
    private void EmitX87Pointers(X87Run run, LocalBuilder? offset)
    {
        RegionInstruction? last = run.Instructions.LastOrDefault(static i => X87Run.IsTracked(i.Iced));
        if (last == null) return;
        LoadStateAddress(StateLayout.Fip);
        PushRip((long)last.Iced.IP);
        il.Emit(OpCodes.Stind_I8);
        LoadStateAddress(StateLayout.Fop);
        Constant((ushort)last.Op.Immediate);
        il.Emit(OpCodes.Stind_I2);
        EmitCopySelector(StateLayout.Fcs, SegmentIndex.Cs);
        if (offset == null) return;
        LoadStateAddress(StateLayout.Fdp);
        il.Emit(OpCodes.Ldloc, offset);
        il.Emit(OpCodes.Stind_I8);
        EmitCopySelector(StateLayout.Fds, run.Instructions.Last(static i => X87Run.IsTracked(i.Iced) && X87Run.HasMemory(i.Iced)).Op.Segment);
    }

    private void EmitCopySelector(int offset, SegmentIndex segment)
    {
        LoadStateAddress(offset);
        LoadState(StateLayout.SegmentSelector(segment), OpCodes.Ldind_U2);
        il.Emit(OpCodes.Stind_I2);
    }
}
