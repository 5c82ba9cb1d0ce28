using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Flags;
using Iced.Intel;

namespace Emu.Jit.Emit;

// General registers in IL locals, and the traffic between them and the state.
internal sealed unsafe partial class RegionEmitter
{
    private const int Rsp = 4;
    private const int Rbp = 5;

    private readonly LocalBuilder?[] gpr = new LocalBuilder?[16];
    private readonly bool[] gprWritten = new bool[16];
    private readonly LocalPool scratch = new();
    private readonly LocalPool blockLocals = new();

    /// <summary>Finds the registers the region's native instructions use and change.</summary>
    private void CollectRegisters()
    {
        PrepareVectors();
        InstructionInfoFactory factory = new();
        bool zeroesUpper = false;
        foreach ((_, RegionInstruction instruction) in NativeInstructionsOfRegion())
        {
            if (instruction.Iced.Mnemonic == Mnemonic.Vzeroupper)
            {
                zeroesUpper = true;
                continue;
            }

            foreach (UsedRegister used in factory.GetInfo(instruction.Iced).GetUsedRegisters()) Use(used);
            // Idioms that yield a constant are not said to read their sources.
            for (int n = 0; n < instruction.Iced.OpCount; n++)
            {
                if (instruction.Iced.GetOpKind(n) == OpKind.Register) Use(new UsedRegister(instruction.Iced.GetOpRegister(n), OpAccess.Read));
            }
        }

        for (int i = 0; i < 16; i++) vectorWritten[i] |= zeroesUpper && vectors[i] != null;
    }

    private IEnumerable<(RegionBlock Block, RegionInstruction Instruction)> NativeInstructionsOfRegion()
    {
        foreach (RegionBlock b in graph.Blocks)
        {
            foreach (RegionInstruction instruction in b.Instructions)
            {
                bool end = instruction == b.Last && b.End != BlockEnd.FallThrough;
                if (end ? b.End != BlockEnd.Interpreted : IsNative(instruction)) yield return (b, instruction);
            }
        }
    }

    private void Use(in UsedRegister used)
    {
        if (used.Register.IsVectorRegister())
        {
            UseVector(used);
            return;
        }

        if (!used.Register.IsGPR()) return;
        int number = used.Register.GetFullRegister().GetNumber();
        gpr[number] ??= il.DeclareLocal(typeof(long), Register.RAX + number);
        // Reading is enough to be loaded, and a register that may be written is stored on every way out, so loaded too.
        if (used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite) gprWritten[number] = true;
    }

    /// <summary>
    /// Stores what the region has changed: registers, flags, the instruction budget, MXCSR, the x87 unit. RIP is the caller's to store. Vectors come first, so that
    /// all floating point is done when the host gets its own environment back, and calls last, for the runtime may compile what they call.
    /// </summary>
    private void StoreState()
    {
        StoreRegisters();
        EmitStoreFlags();
    }

    private void StoreRegisters()
    {
        EmitStoreVectors();
        EmitVectorSuspend();
        EmitStoreX87();
        for (int i = 0; i < 16; i++)
        {
            if (!gprWritten[i]) continue;
            LoadStateAddress(StateLayout.Gpr(i));
            il.Emit(OpCodes.Ldloc, gpr[i]!);
            il.Emit(OpCodes.Stind_I8);
        }

        LoadStateAddress(StateLayout.Remaining);
        il.Emit(OpCodes.Ldloc, remaining);
        il.Emit(OpCodes.Stind_I8);
    }

    /// <summary>Stores the flags, turned into canonical form.</summary>
    private void EmitStoreFlags()
    {
        if (!flags.Known)
        {
            PushFlagArguments();
            il.Emit(OpCodes.Call, StoreFlagsMethod);
            return;
        }

        LoadStateAddress(StateLayout.FlagsResult);
        PushFlagsResult();
        il.Emit(OpCodes.Stind_I8);
        LoadStateAddress(StateLayout.FlagsAux);
        PushFlagsAux();
        il.Emit(OpCodes.Stind_I4);
    }

    /// <summary>Pushes the arguments of <see cref="StoreFlagsMethod"/>.</summary>
    private void PushFlagArguments()
    {
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldloc, flagsKind);
        il.Emit(OpCodes.Ldloc, flagsX);
        il.Emit(OpCodes.Ldloc, flagsY);
    }

    /// <summary>Loads the flags, in canonical form, from the state.</summary>
    private void LoadFlags()
    {
        LoadState(StateLayout.FlagsResult, OpCodes.Ldind_I8);
        il.Emit(OpCodes.Stloc, flagsX);
        LoadState(StateLayout.FlagsAux, OpCodes.Ldind_U4);
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsY);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, flagsKind);
    }

    private static readonly System.Reflection.MethodInfo StoreFlagsMethod = typeof(LazyFlags).GetMethod(
        nameof(LazyFlags.Store), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public, [typeof(CpuState*), typeof(int), typeof(ulong), typeof(ulong)])!;

    /// <summary>Loads registers, flags and the TLB pointer from the state.</summary>
    private void ReloadState()
    {
        for (int i = 0; i < 16; i++)
        {
            if (gpr[i] is not { } local) continue;
            LoadState(StateLayout.Gpr(i), OpCodes.Ldind_I8);
            il.Emit(OpCodes.Stloc, local);
        }

        EmitLoadVectors();
        LoadSegments();
        ForgetPages();
        LoadFlags();
        LoadTlb();
    }

    /// <summary>Loads what the TLB is found by.</summary>
    private void LoadTlb()
    {
        LoadState(StateLayout.Tlb, OpCodes.Ldind_I);
        il.Emit(OpCodes.Stloc, tlb);
        LoadState(StateLayout.FoldShift, OpCodes.Ldind_I4);
        il.Emit(OpCodes.Ldc_I4, EntryBits);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Stloc, foldShift);
    }

    private LocalBuilder GprLocal(Register register) =>
        gpr[register.GetFullRegister().GetNumber()] ?? throw new InvalidOperationException($"{register} was not foreseen: {current.Iced}");

    /// <summary>Pushes a general register of any size, zero-extended.</summary>
    private void PushRegister(Register register)
    {
        il.Emit(OpCodes.Ldloc, GprLocal(register));
        if (IsHighByte(register))
        {
            il.Emit(OpCodes.Ldc_I4_8);
            il.Emit(OpCodes.Shr_Un);
        }

        bool isZeroExtended = register.GetSize() == 4 && (current.ZeroExtended & (1u << register.GetFullRegister().GetNumber())) != 0;
        if (!isZeroExtended) Truncate(register.GetSize());
    }

    /// <summary>Pops a value whose low bytes go to a general register; 32-bit registers are zero-extended, smaller ones merged.</summary>
    /// <param name="register">The register.</param>
    /// <param name="fits">The value is zero-extended from the register's size.</param>
    private void PopRegister(Register register, bool fits = false)
    {
        LocalBuilder full = GprLocal(register);
        int size = register.GetSize();
        if (!fits) Truncate(size);
        if (size <= 2)
        {
            if (current.RestUnused && register == current.Iced.Op0Register)
            {
                il.Emit(OpCodes.Stloc, full);
                return;
            }

            long mask = size == 2 ? 0xFFFF : 0xFF;
            if (IsHighByte(register))
            {
                il.Emit(OpCodes.Ldc_I4_8);
                il.Emit(OpCodes.Shl);
                mask = 0xFF00;
            }

            il.Emit(OpCodes.Ldloc, full);
            Constant(~mask);
            il.Emit(OpCodes.And);
            il.Emit(OpCodes.Or);
        }

        il.Emit(OpCodes.Stloc, full);
    }

    private static bool IsHighByte(Register register) => register is >= Register.AH and <= Register.BH;

    /// <summary>A 64-bit local for a value within one instruction.</summary>
    private LocalBuilder Temporary() => scratch.Take(il, typeof(long));

    /// <summary>A local of any type for the current instruction alone.</summary>
    private LocalBuilder Scratch(Type type) => scratch.Take(il, type);

    private LocalBuilder PopTemporary()
    {
        LocalBuilder local = Temporary();
        il.Emit(OpCodes.Stloc, local);
        return local;
    }
}
