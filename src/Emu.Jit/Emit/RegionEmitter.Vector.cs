using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Runtime;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Vector registers in IL locals: 128 bits wide in regions of legacy SSE code, 256 bits as soon as one instruction is VEX-encoded. Bits
// above 255 are zero throughout, as no instruction that could set them exists yet.
internal sealed unsafe partial class RegionEmitter
{
    private const int RegisterStride = 64;

    private readonly LocalBuilder?[] vectors = new LocalBuilder?[16];
    private readonly bool[] vectorWritten = new bool[16];
    private bool wideVectors;
    private bool usesFloat;

    private Type RegisterType => wideVectors ? typeof(Vector256<byte>) : typeof(Vector128<byte>);

    /// <summary>Decides the width of the registers and whether the host's floating-point environment must be the guest's.</summary>
    private void PrepareVectors()
    {
        foreach ((_, RegionInstruction instruction) in NativeInstructionsOfRegion())
        {
            if (!UsesVectors(instruction.Iced)) continue;
            if (instruction.Iced.Encoding == EncodingKind.VEX) wideVectors = true;
            if (DependsOnEnvironment(instruction)) usesFloat = true;
        }
    }

    private static bool UsesVectors(in Instruction i)
    {
        if (i.Mnemonic is Mnemonic.Vzeroupper) return true;
        for (int n = 0; n < i.OpCount; n++)
        {
            if (i.GetOpKind(n) == OpKind.Register && i.GetOpRegister(n).IsVectorRegister()) return true;
        }

        return false;
    }

    private void UseVector(in UsedRegister used)
    {
        int number = used.Register.GetNumber();
        vectors[number] ??= il.DeclareLocal(RegisterType, (wideVectors ? Register.YMM0 : Register.XMM0) + number);
        if (used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite) vectorWritten[number] = true;
    }

    private void EmitVectorPrologue()
    {
        if (!usesFloat) return;
        // An unmasked exception is the interpreter's business.
        Label accept = il.DefineLabel();
        il.Emit(OpCodes.Ldarg_1);
        Call(typeof(HostFloat), nameof(HostFloat.TryEnter));
        il.Emit(OpCodes.Brtrue, accept);
        EmitRefuse();
        il.MarkLabel(accept);
    }

    /// <summary>Before the interpreter is called: what the host's sticky flags say belongs to the guest.</summary>
    private void EmitVectorSuspend()
    {
        if (!usesFloat) return;
        il.Emit(OpCodes.Ldarg_1);
        Call(typeof(HostFloat), nameof(HostFloat.Leave));
    }

    /// <summary>After the interpreter was called. If it unmasked an exception, leaves for the dispatcher behind the instruction.</summary>
    private void EmitVectorResume(Op* behind)
    {
        if (!usesFloat) return;
        Label accept = il.DefineLabel();
        il.Emit(OpCodes.Ldarg_1);
        Call(typeof(HostFloat), nameof(HostFloat.TryEnter));
        il.Emit(OpCodes.Brtrue, accept);
        il.Emit(OpCodes.Ldarg_0);
        Constant((nint)behind);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Call, LeaveAtMethod);
        il.Emit(OpCodes.Ret);
        il.MarkLabel(accept);
    }

    /// <summary>
    /// RyuJIT takes for granted that x - 0 is x and that what nobody looks at need not be computed, and computes with constants by itself. Under the guest's MXCSR none of that is so:
    /// denormals are flushed, NaNs are quieted, flags are set. So results are kept, and vectors that it could know the value of are hidden from it.
    /// </summary>
    private void EmitFloatPrecautions()
    {
        if (DependsOnEnvironment(current))
        {
            if (current.ResultDead) EmitKeepResult();
            return;
        }

        ref readonly Instruction i = ref current.Iced;
        if (i.OpCount == 0 || i.Op0Kind != OpKind.Register || !i.Op0Register.IsVectorRegister()) return;
        bool fromGeneral = i.GetOpKind(i.OpCount - 1) == OpKind.Register && i.GetOpRegister(i.OpCount - 1).IsGPR();
        if (!fromGeneral && !ResultLiveness.IsFoldable(i)) return;
        int zeroes = StateLayout.Vector + (RegisterStride / 2);
        if (!IsZeroIdiom(i))
        {
            EmitKeepResult();
            zeroes = StateLayout.Scratch;
        }

        // The upper half of ZMM0, which is zero throughout.
        LoadStateAddress(zeroes);
        il.Emit(OpCodes.Volatile);
        if (zeroes == StateLayout.Scratch || i.Encoding == EncodingKind.VEX || !wideVectors)
        {
            il.Emit(OpCodes.Ldobj, RegisterType);
            il.Emit(OpCodes.Stloc, VectorLocal(i.Op0Register));
        }
        else
        {
            il.Emit(OpCodes.Ldobj, typeof(Vector128<byte>));
            PopVector(i.Op0Register, 16);
        }
    }

    /// <summary>PXOR, XORPS and XORPD of a register with itself.</summary>
    private static bool IsZeroIdiom(in Instruction i) =>
        i.Mnemonic is Mnemonic.Pxor or Mnemonic.Xorps or Mnemonic.Xorpd or Mnemonic.Vpxor or Mnemonic.Vxorps or Mnemonic.Vxorpd
        && i.GetOpKind(i.OpCount - 1) == OpKind.Register && i.GetOpRegister(i.OpCount - 1) == i.GetOpRegister(i.OpCount - 2);

    /// <summary>Has a result nobody sees computed all the same, for the exception flags that come of it.</summary>
    private void EmitKeepResult()
    {
        Register register = current.Iced.Op0Register;
        LoadStateAddress(StateLayout.Scratch);
        if (register.IsGPR())
        {
            il.Emit(OpCodes.Ldloc, GprLocal(register));
            il.Emit(OpCodes.Volatile);
            il.Emit(OpCodes.Stind_I8);
        }
        else
        {
            il.Emit(OpCodes.Ldloc, VectorLocal(register));
            il.Emit(OpCodes.Volatile);
            il.Emit(OpCodes.Stobj, RegisterType);
        }
    }

    private static readonly System.Reflection.MethodInfo LeaveAtMethod = typeof(Vcpu).GetMethod(nameof(Vcpu.LeaveAt))!;

    private void EmitStoreVectors()
    {
        for (int i = 0; i < 16; i++)
        {
            if (!vectorWritten[i]) continue;
            LoadStateAddress(StateLayout.Vector + (i * RegisterStride));
            il.Emit(OpCodes.Ldloc, vectors[i]!);
            il.Emit(OpCodes.Stobj, RegisterType);
        }
    }

    private void EmitLoadVectors()
    {
        for (int i = 0; i < 16; i++)
        {
            if (vectors[i] is not { } local) continue;
            LoadStateAddress(StateLayout.Vector + (i * RegisterStride));
            il.Emit(OpCodes.Ldobj, RegisterType);
            il.Emit(OpCodes.Stloc, local);
        }
    }

    private static Type VectorType(int size) => size == 32 ? typeof(Vector256<byte>) : typeof(Vector128<byte>);

    private LocalBuilder VectorLocal(Register register) =>
        vectors[register.GetNumber()] ?? throw new InvalidOperationException($"{register} was not foreseen: {current.Iced}");

    /// <summary>Pushes the low 16 or all 32 bytes of a register.</summary>
    private void PushVector(Register register, int size)
    {
        il.Emit(OpCodes.Ldloc, VectorLocal(register));
        if (wideVectors && size == 16) Call(typeof(Vector256), nameof(Vector256.GetLower), typeof(byte));
    }

    /// <summary>Pops a vector into a register; VEX encodings clear what lies above, legacy ones keep it.</summary>
    private void PopVector(Register register, int size)
    {
        LocalBuilder local = VectorLocal(register);
        if (wideVectors && size == 16)
        {
            if (current.Iced.Encoding == EncodingKind.VEX)
            {
                Call(typeof(Vector128), nameof(Vector128.ToVector256), typeof(byte));
            }
            else
            {
                LocalBuilder low = Scratch(typeof(Vector128<byte>));
                il.Emit(OpCodes.Stloc, low);
                il.Emit(OpCodes.Ldloc, local);
                il.Emit(OpCodes.Ldloc, low);
                Call(typeof(Vector256), nameof(Vector256.WithLower), typeof(byte));
            }
        }

        il.Emit(OpCodes.Stloc, local);
    }

    /// <summary>Pushes a vector operand of 16 or 32 bytes; misaligned operands of legacy encodings are left to the interpreter.</summary>
    private void PushVectorOperand(int number, int size, bool aligned)
    {
        ref readonly Instruction i = ref current.Iced;
        if (i.GetOpKind(number) == OpKind.Register)
        {
            PushVector(i.GetOpRegister(number), size);
            return;
        }

        LocalBuilder host = TranslateOperand(size, write: false);
        if (aligned) EmitAlignmentCheck(host, size);
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Volatile);
        il.Emit(OpCodes.Ldobj, VectorType(size));
    }

    private void EmitAlignmentCheck(LocalBuilder host, int size)
    {
        // RAM is page-aligned in the host's memory too.
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Ldc_I4, size - 1);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Brtrue, ExitHere());
    }

    /// <summary>Pushes a scalar operand of up to 8 bytes, zero-extended: a general register, memory, or an element of a vector register.</summary>
    private void PushScalarOperand(int number, int size, int element)
    {
        ref readonly Instruction i = ref current.Iced;
        if (i.GetOpKind(number) == OpKind.Memory)
        {
            PushMemory(TranslateOperand(size, write: false), size);
        }
        else if (i.GetOpRegister(number).IsGPR())
        {
            PushRegister(i.GetOpRegister(number));
            Truncate(size);
        }
        else
        {
            PushVector(i.GetOpRegister(number), 16);
            il.Emit(OpCodes.Ldc_I4, element);
            Call(typeof(VectorFunctions), nameof(VectorFunctions.Extract), IntegerType(size));
        }
    }
}
