using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Cpu.Semantics;
using Emu.Jit.Flags;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Shifts, rotations, multiplication.
internal sealed unsafe partial class RegionEmitter
{
    private static void AddShifts(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        table[Mnemonic.Shl] = table[Mnemonic.Sal] = static e => e.EmitShift(FlagKind.Shl, OpCodes.Shl);
        table[Mnemonic.Shr] = static e => e.EmitShift(FlagKind.Shr, OpCodes.Shr_Un);
        table[Mnemonic.Sar] = static e => e.EmitShift(FlagKind.Sar, OpCodes.Shr);
        table[Mnemonic.Rol] = static e => e.EmitRotation(typeof(Rol));
        table[Mnemonic.Ror] = static e => e.EmitRotation(typeof(Ror));
        table[Mnemonic.Shld] = static e => e.EmitDoubleShift(typeof(DoubleShiftFunctions<Shld>));
        table[Mnemonic.Shrd] = static e => e.EmitDoubleShift(typeof(DoubleShiftFunctions<Shrd>));
        table[Mnemonic.Imul] = static e => e.EmitImul();
        table[Mnemonic.Mul] = static e => e.EmitMultiplyWide(signed: false);
        table[Mnemonic.Mulx] = static e => e.EmitMulx();
    }

    private static int CountMask(int size) => size == 8 ? 63 : 31;

    /// <summary>SHL, SHR, SAR.</summary>
    private void EmitShift(FlagKind kind, OpCode operation)
    {
        int size = OperandSize;
        if (current.Iced.Op1Kind == OpKind.Register)
        {
            EmitVariableShift(kind, operation, size);
            return;
        }

        int count = current.Iced.Immediate8 & CountMask(size);
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        PushShifted(value, kind, operation, size);
        il.Emit(OpCodes.Ldc_I4, count);
        il.Emit(operation);
        FinishDestination(PopTemporary(), host, size, fits: kind == FlagKind.Shr);
        if (count == 0 || current.FlagsDead) return;
        Constant(count);
        SetFlags(kind, size, value, PopTemporary());
    }

    private void PushShifted(LocalBuilder value, FlagKind kind, OpCode operation, int size)
    {
        il.Emit(OpCodes.Ldloc, value);
        if (kind == FlagKind.Sar) SignExtend(size);
    }

    /// <summary>A count of zero leaves the flags as they were.</summary>
    private void EmitVariableShift(FlagKind kind, OpCode operation, int size)
    {
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        PushRegister(Register.CL);
        Constant(CountMask(size));
        il.Emit(OpCodes.And);
        LocalBuilder count = PopTemporary();
        if (!current.FlagsDead) MakeCanonical();
        PushShifted(value, kind, operation, size);
        il.Emit(OpCodes.Ldloc, count);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(operation);
        FinishDestination(PopTemporary(), host, size);
        if (current.FlagsDead) return;
        Label zero = il.DefineLabel();
        il.Emit(OpCodes.Ldloc, count);
        il.Emit(OpCodes.Brfalse, zero);
        Type functions = LazyFlags.Functions(kind)!;
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, count);
        Call(functions, nameof(ILazyFlags.Result), IntegerType(size));
        il.Emit(OpCodes.Stloc, flagsX);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, count);
        Call(functions, nameof(ILazyFlags.Aux), IntegerType(size));
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsY);
        il.MarkLabel(zero);
        SetKind(FlagKind.Canonical, 8);
    }

    /// <summary>ROL, ROR: only CF and OF change.</summary>
    private void EmitRotation(Type operation)
    {
        int size = OperandSize;
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        if (current.Iced.Op1Kind == OpKind.Register)
        {
            PushRegister(Register.CL);
            Constant(CountMask(size));
            il.Emit(OpCodes.And);
        }
        else
        {
            Constant(current.Iced.Immediate8 & CountMask(size));
        }

        LocalBuilder count = PopTemporary();
        if (!current.FlagsDead) MakeCanonical();
        Type functions = typeof(RotationFunctions<>).MakeGenericType(operation);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, count);
        Call(functions, nameof(RotationFunctions<Rol>.Result), IntegerType(size));
        LocalBuilder result = PopTemporary();
        FinishDestination(result, host, size);
        if (current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, count);
        il.Emit(OpCodes.Ldloc, flagsY);
        Call(functions, nameof(RotationFunctions<Rol>.Aux), IntegerType(size));
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, 8);
    }

    /// <summary>SHLD, SHRD.</summary>
    private void EmitDoubleShift(Type functions)
    {
        int size = OperandSize;
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        LocalBuilder fill = ReadOperand(1, size);
        if (current.Iced.Op2Kind == OpKind.Register)
        {
            PushRegister(Register.CL);
            Constant(CountMask(size));
            il.Emit(OpCodes.And);
        }
        else
        {
            Constant(current.Iced.Immediate8 & CountMask(size));
        }

        LocalBuilder count = PopTemporary();
        if (!current.FlagsDead) MakeCanonical();
        PushDoubleShift(functions, "Result", size, value, fill, count);
        LocalBuilder result = PopTemporary();
        FinishDestination(result, host, size);
        if (current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, flagsY);
        PushDoubleShift(functions, "Aux", size, value, fill, count);
        il.Emit(OpCodes.Stloc, flagsY);
        il.Emit(OpCodes.Ldloc, flagsX);
        il.Emit(OpCodes.Ldloc, result);
        SignExtend(size);
        il.Emit(OpCodes.Ldloc, count);
        Call(functions, "FlagsResult");
        il.Emit(OpCodes.Stloc, flagsX);
        SetKind(FlagKind.Canonical, 8);
    }

    private void PushDoubleShift(Type functions, string name, int size, LocalBuilder value, LocalBuilder fill, LocalBuilder count)
    {
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, fill);
        il.Emit(OpCodes.Ldloc, count);
        Call(functions, name, IntegerType(size));
    }

    private void EmitImul()
    {
        if (current.Iced.OpCount == 1)
        {
            EmitMultiplyWide(signed: true);
            return;
        }

        int size = OperandSize;
        LocalBuilder left, right;
        if (current.Iced.OpCount == 3)
        {
            left = ReadOperand(1, size);
            Constant((long)TruncateConstant(current.Iced.GetImmediate(2), size));
            right = PopTemporary();
        }
        else
        {
            left = ReadOperand(0, size);
            right = ReadOperand(1, size);
        }

        il.Emit(OpCodes.Ldloc, left);
        SignExtend(size);
        il.Emit(OpCodes.Ldloc, right);
        SignExtend(size);
        il.Emit(OpCodes.Mul);
        LocalBuilder result = PopTemporary();
        FinishDestination(result, null, size);
        SetProductFlags(() =>
        {
            il.Emit(OpCodes.Ldloc, left);
            il.Emit(OpCodes.Ldloc, right);
            Call(typeof(ProductFunctions), nameof(ProductFunctions.SignedFlags), IntegerType(size));
        });
    }

    /// <summary>CF and OF as <paramref name="pushOverflow"/> pushes them; the others stay.</summary>
    private void SetProductFlags(Action pushOverflow)
    {
        if (current.FlagsDead) return;
        MakeCanonical();
        il.Emit(OpCodes.Ldloc, flagsY);
        Constant(~(long)Multiply.Overflow);
        il.Emit(OpCodes.And);
        pushOverflow();
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, 8);
    }

    /// <summary>MUL and one-operand IMUL.</summary>
    private void EmitMultiplyWide(bool signed)
    {
        int size = OperandSize;
        LocalBuilder right = ReadOperand(0, size);
        PushRegister(size switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX });
        LocalBuilder left = PopTemporary();
        Type integer = IntegerType(size);
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        Call(typeof(ProductFunctions), signed ? nameof(ProductFunctions.SignedHigh) : nameof(ProductFunctions.UnsignedHigh), integer);
        LocalBuilder high = PopTemporary();
        il.Emit(OpCodes.Ldloc, left);
        if (signed) SignExtend(size);
        il.Emit(OpCodes.Ldloc, right);
        if (signed) SignExtend(size);
        il.Emit(OpCodes.Mul);
        LocalBuilder low = PopTemporary();
        il.Emit(OpCodes.Ldloc, low);
        if (size == 1)
        {
            PopRegister(Register.AX);
        }
        else
        {
            PopRegister(size switch { 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX });
            il.Emit(OpCodes.Ldloc, high);
            PopRegister(size switch { 2 => Register.DX, 4 => Register.EDX, _ => Register.RDX });
        }

        SetProductFlags(() =>
        {
            il.Emit(OpCodes.Ldloc, low);
            il.Emit(OpCodes.Ldloc, high);
            Call(typeof(ProductFunctions), signed ? nameof(ProductFunctions.SignedWideFlags) : nameof(ProductFunctions.UnsignedWideFlags), integer);
        });
    }

    private void EmitMulx()
    {
        ref readonly Instruction i = ref current.Iced;
        int size = OperandSize;
        LocalBuilder right = ReadOperand(2, size);
        PushRegister(size == 4 ? Register.EDX : Register.RDX);
        LocalBuilder left = PopTemporary();
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        Call(typeof(ProductFunctions), nameof(ProductFunctions.UnsignedHigh), IntegerType(size));
        LocalBuilder high = PopTemporary();
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        il.Emit(OpCodes.Mul);
        PopRegister(i.Op1Register);
        il.Emit(OpCodes.Ldloc, high);
        PopRegister(i.Op0Register);
    }
}
