using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Emu.Cpu;
using Emu.Cpu.Semantics.Simd;
using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Packed integers, bits and data movement. The instruction table's rows say which function an instruction stands for and how its operands
// are shaped; the same functions the interpreter calls are called here over locals.
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Whether an instruction with vector operands is performed in place.</summary>
    private static bool IsNativeVector(RegionInstruction instruction)
    {
        ref readonly Instruction i = ref instruction.Iced;
        if (i.Encoding is not (EncodingKind.Legacy or EncodingKind.VEX) || IsBoundAsFault(instruction)) return false;
        bool vector = i.Mnemonic == Mnemonic.Vzeroupper;
        for (int n = 0; n < i.OpCount; n++)
        {
            switch (i.GetOpKind(n))
            {
                case OpKind.Register:
                    Register register = i.GetOpRegister(n);
                    if (register.IsXMM() || register.IsYMM()) vector = true;
                    else if (!register.IsGPR()) return false;
                    break;
                case OpKind.Memory:
                    if (!IsNativeAddress(instruction)) return false;
                    break;
                case >= OpKind.Immediate8 and <= OpKind.Immediate32to64:
                    break;
                default:
                    return false;
            }
        }

        if (!vector) return false;
        return InstructionTable.Instance[i.Code] switch
        {
            VectorOperationRow or VectorMoveRow or SignMaskRow or BroadcastRow => true,
            ElementRow row => i.Op0Kind != OpKind.Memory || row.Bytes <= 8,
            ClearVectorsRow row => !row.All,
            VectorRow row => IsNativeGeneric(row) || IsNativeFloat(row, i),
            _ => false,
        };
    }

    private static readonly Type[] GenericRows =
        [typeof(VectorShiftRow<>), typeof(VectorTernaryRow<>), typeof(ByteShiftRow<>), typeof(ExtendRow<,>), typeof(AccumulateRow<>), typeof(CrossingRow<>)];

    private static bool IsNativeGeneric(VectorRow row) =>
        row is LaneRow || (row.GetType().IsGenericType && GenericRows.Contains(row.GetType().GetGenericTypeDefinition()));

    private void EmitVector()
    {
        ref readonly Instruction i = ref current.Iced;
        InstructionRow row = InstructionTable.Instance[i.Code]!;
        switch (row)
        {
            case VectorOperationRow operation: EmitOperation(operation); break;
            case VectorMoveRow move: EmitVectorMove(move); break;
            case ElementRow element: EmitElement(element); break;
            case SignMaskRow mask: EmitSignMask(mask); break;
            case BroadcastRow broadcast: EmitBroadcast(broadcast); break;
            case ClearVectorsRow: EmitZeroUpper(); break;
            case LaneRow: EmitLane(); break;
            default:
                Type type = row.GetType();
                Type definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
                Type[] arguments = type.GetGenericArguments();
                if (definition == typeof(VectorShiftRow<>)) EmitVectorShift((VectorRow)row, arguments[0]);
                else if (definition == typeof(VectorTernaryRow<>)) EmitTernary((VectorRow)row, arguments[0]);
                else if (definition == typeof(ByteShiftRow<>)) EmitByteShift(arguments[0]);
                else if (definition == typeof(ExtendRow<,>)) EmitExtend(arguments[0], arguments[1]);
                else if (definition == typeof(AccumulateRow<>)) EmitAccumulate(arguments[0]);
                else if (definition == typeof(CrossingRow<>)) EmitCrossing(arguments[0]);
                else EmitFloat((VectorRow)row, definition, arguments);
                break;
        }
    }

    private int VectorSize => current.Iced.Op0Register.IsYMM() ? 32 : 16;

    /// <summary>VEX three-operand forms have the first source as operand 1; legacy ones read the destination.</summary>
    private bool HasThreeOperands(bool unary) => current.Iced.Encoding == EncodingKind.VEX && !unary;

    private bool MustBeAligned(VectorRow row) => current.Iced.Encoding != EncodingKind.VEX && !row.Unaligned;

    private void EmitOperation(VectorOperationRow row)
    {
        ref readonly Instruction i = ref current.Iced;
        int size = VectorSize;
        bool three = HasThreeOperands(row.IsUnary);
        int last = three ? 2 : 1;
        if (row.IsUnary)
        {
            PushVectorOperand(last, size, MustBeAligned(row));
            il.Emit(OpCodes.Ldc_I4, (int)(byte)ImmediateAfter(last));
            CallLanes(nameof(Lanes.Unary), 2, row.Operation, size);
        }
        else
        {
            // Memory first: it may leave.
            LocalBuilder right = Scratch(VectorType(size));
            PushVectorOperand(last, size, MustBeAligned(row));
            il.Emit(OpCodes.Stloc, right);
            PushVector(i.GetOpRegister(three ? 1 : 0), size);
            il.Emit(OpCodes.Ldloc, right);
            bool immediate = row.HasImmediate;
            if (immediate) il.Emit(OpCodes.Ldc_I4, (int)(byte)ImmediateAfter(last));
            CallLanes(nameof(Lanes.Binary), immediate ? 3 : 2, row.Operation, size);
        }

        PopVector(i.Op0Register, size);
    }

    private ulong ImmediateAfter(int operand) => operand + 1 < current.Iced.OpCount ? current.Iced.GetImmediate(operand + 1) : 0;

    /// <summary>Calls a function of <see cref="Lanes"/> by name and number of parameters.</summary>
    private void CallLanes(string name, int parameters, Type operation, int size)
    {
        MethodInfo function = typeof(Lanes).GetMethods().First(m => m.Name == name && m.GetParameters().Length == parameters).MakeGenericMethod(operation, VectorType(size));
        callees.Add(function);
        il.Emit(OpCodes.Call, function);
    }

    private void EmitVectorShift(VectorRow row, Type operation)
    {
        ref readonly Instruction i = ref current.Iced;
        int size = VectorSize;
        bool immediate = i.GetOpKind(i.OpCount - 1) == OpKind.Immediate8;
        bool three = i.OpCount == 3;
        if (immediate)
        {
            PushVector(i.GetOpRegister(three ? 1 : 0), size);
            Constant(i.Immediate8);
        }
        else
        {
            PushVectorOperand(three ? 2 : 1, 16, MustBeAligned(row));
            il.Emit(OpCodes.Ldc_I4_0);
            Call(typeof(VectorFunctions), nameof(VectorFunctions.Extract), typeof(ulong));
            LocalBuilder count = PopTemporary();
            PushVector(i.GetOpRegister(three ? 1 : 0), size);
            il.Emit(OpCodes.Ldloc, count);
        }

        CallLanes(nameof(Lanes.Shift), 2, operation, size);
        PopVector(i.Op0Register, size);
    }

    private void EmitTernary(VectorRow row, Type operation)
    {
        ref readonly Instruction i = ref current.Iced;
        int size = VectorSize;
        bool vex = i.Encoding == EncodingKind.VEX;
        LocalBuilder second = Scratch(VectorType(size));
        PushVectorOperand(vex ? 2 : 1, size, MustBeAligned(row));
        il.Emit(OpCodes.Stloc, second);
        PushVector(i.GetOpRegister(vex ? 1 : 0), size);
        il.Emit(OpCodes.Ldloc, second);
        PushVector(vex ? i.Op3Register : Register.XMM0, size);
        CallLanes(nameof(Lanes.Ternary), 3, operation, size);
        PopVector(i.Op0Register, size);
    }

    private void EmitByteShift(Type operation)
    {
        ref readonly Instruction i = ref current.Iced;
        int size = VectorSize;
        PushVector(i.GetOpRegister(i.OpCount == 3 ? 1 : 0), size);
        il.Emit(OpCodes.Ldc_I4, (int)i.Immediate8);
        CallLanes(nameof(Lanes.Unary), 2, operation, size);
        PopVector(i.Op0Register, size);
    }

    private void EmitAccumulate(Type operation)
    {
        ref readonly Instruction i = ref current.Iced;
        int size = VectorSize;
        LocalBuilder third = Scratch(VectorType(size));
        PushVectorOperand(2, size, aligned: false);
        il.Emit(OpCodes.Stloc, third);
        PushVector(i.Op0Register, size);
        PushVector(i.Op1Register, size);
        il.Emit(OpCodes.Ldloc, third);
        CallLanes(nameof(Lanes.Ternary), 3, operation, size);
        PopVector(i.Op0Register, size);
    }

    /// <summary>VPERMD, VPERMQ, VPERM2I128 and twins: always 256 bits.</summary>
    private void EmitCrossing(Type operation)
    {
        ref readonly Instruction i = ref current.Iced;
        bool binary = i.OpCount > 2 && (i.Op2Kind is OpKind.Register or OpKind.Memory);
        LocalBuilder right = Scratch(VectorType(32));
        PushVectorOperand(binary ? 2 : 1, 32, aligned: false);
        il.Emit(OpCodes.Stloc, right);
        PushVector(binary ? i.Op1Register : i.Op0Register, 32);
        il.Emit(OpCodes.Ldloc, right);
        il.Emit(OpCodes.Ldc_I4, (int)(byte)ImmediateAfter(binary ? 2 : 1));
        Call(operation, nameof(IVectorCrossing.Apply));
        PopVector(i.Op0Register, 32);
    }

    private void EmitVectorMove(VectorMoveRow row)
    {
        ref readonly Instruction i = ref current.Iced;
        if (i.Op0Kind == OpKind.Memory)
        {
            int stored = i.Op1Register.IsYMM() ? 32 : 16;
            LocalBuilder host = TranslateOperand(stored, write: true);
            if (row.Aligned) EmitAlignmentCheck(host, stored);
            il.Emit(OpCodes.Ldloc, host);
            PushVector(i.Op1Register, stored);
            il.Emit(OpCodes.Volatile);
            il.Emit(OpCodes.Stobj, VectorType(stored));
            return;
        }

        int size = VectorSize;
        PushVectorOperand(1, size, row.Aligned);
        PopVector(i.Op0Register, size);
    }

    private void EmitElement(ElementRow row)
    {
        ref readonly Instruction i = ref current.Iced;
        int bytes = row.Bytes;
        int element = row.ElementFromImmediate ? i.Immediate8 & ((16 / bytes) - 1) : row.Element;
        if (i.Op0Kind == OpKind.Memory)
        {
            LocalBuilder host = TranslateOperand(bytes, write: true);
            PushScalarElement(i.Op1Register, bytes, element);
            StoreMemory(host, PopTemporary(), bytes);
            return;
        }

        if (i.Op0Register.IsGPR())
        {
            PushScalarElement(i.Op1Register, bytes, element);
            PopRegister(i.Op0Register.GetFullRegister());
            return;
        }

        int operands = i.OpCount - (row.ElementFromImmediate ? 1 : 0);
        bool memory = i.GetOpKind(operands - 1) == OpKind.Memory;
        PushScalarOperand(operands - 1, bytes, row.SourceElement);
        LocalBuilder value = PopTemporary();
        if (memory ? row.ZeroesFromMemory : row.ZeroesFromRegister)
        {
            il.Emit(OpCodes.Ldloc, value);
            Call(typeof(VectorFunctions), nameof(VectorFunctions.Scalar));
        }
        else
        {
            PushVector(i.GetOpRegister(operands == 3 ? 1 : 0), 16);
            il.Emit(OpCodes.Ldc_I4, element);
            il.Emit(OpCodes.Ldloc, value);
            Call(typeof(VectorFunctions), nameof(VectorFunctions.Insert), IntegerType(bytes));
        }

        PopVector(i.Op0Register, 16);
    }

    private void PushScalarElement(Register register, int bytes, int element)
    {
        PushVector(register, 16);
        il.Emit(OpCodes.Ldc_I4, element);
        Call(typeof(VectorFunctions), nameof(VectorFunctions.Extract), IntegerType(bytes));
    }

    private void EmitSignMask(SignMaskRow row)
    {
        ref readonly Instruction i = ref current.Iced;
        bool wide = i.Op1Register.IsYMM();
        PushVector(i.Op1Register, wide ? 32 : 16);
        Call(typeof(VectorFunctions), wide ? nameof(VectorFunctions.SignMask256) : nameof(VectorFunctions.SignMask), row.Element);
        PopRegister(i.Op0Register.GetFullRegister());
    }

    private void EmitExtend(Type from, Type to)
    {
        int size = VectorSize;
        int bytes = size * System.Runtime.InteropServices.Marshal.SizeOf(from) / System.Runtime.InteropServices.Marshal.SizeOf(to);
        if (bytes == 16)
        {
            PushVectorOperand(1, 16, aligned: false);
            Call(typeof(Extending), nameof(Extending.Widen), from, to, typeof(Vector128<byte>), VectorType(size));
        }
        else
        {
            PushScalarOperand(1, bytes, 0);
            Call(typeof(VectorFunctions), nameof(VectorFunctions.Widen), from, to, IntegerType(bytes), VectorType(size));
        }

        PopVector(current.Iced.Op0Register, size);
    }

    private void EmitBroadcast(BroadcastRow row)
    {
        int size = VectorSize;
        if (row.Element == typeof(Vector128<byte>))
        {
            PushVectorOperand(1, 16, aligned: false);
            Call(typeof(Extending), nameof(Extending.Broadcast), row.Element, VectorType(size));
        }
        else
        {
            PushScalarOperand(1, System.Runtime.InteropServices.Marshal.SizeOf(row.Element), 0);
            Call(typeof(VectorFunctions), nameof(VectorFunctions.Broadcast), row.Element, VectorType(size));
        }

        PopVector(current.Iced.Op0Register, size);
    }

    /// <summary>VINSERTF128, VINSERTI128, VEXTRACTF128, VEXTRACTI128.</summary>
    private void EmitLane()
    {
        ref readonly Instruction i = ref current.Iced;
        if (i.OpCount == 4)
        {
            LocalBuilder lane = Scratch(typeof(Vector128<byte>));
            PushVectorOperand(2, 16, aligned: false);
            il.Emit(OpCodes.Stloc, lane);
            PushVector(i.Op1Register, 32);
            il.Emit(OpCodes.Ldloc, lane);
            Call(typeof(Vector256), (i.Immediate8 & 1) != 0 ? nameof(Vector256.WithUpper) : nameof(Vector256.WithLower), typeof(byte));
            PopVector(i.Op0Register, 32);
            return;
        }

        string half = (i.Immediate8 & 1) != 0 ? nameof(Vector256.GetUpper) : nameof(Vector256.GetLower);
        if (i.Op0Kind == OpKind.Memory)
        {
            LocalBuilder host = TranslateOperand(16, write: true);
            il.Emit(OpCodes.Ldloc, host);
            PushVector(i.Op1Register, 32);
            Call(typeof(Vector256), half, typeof(byte));
            il.Emit(OpCodes.Volatile);
            il.Emit(OpCodes.Stobj, typeof(Vector128<byte>));
            return;
        }

        PushVector(i.Op1Register, 32);
        Call(typeof(Vector256), half, typeof(byte));
        PopVector(i.Op0Register, 16);
    }

    /// <summary>VZEROUPPER: all sixteen registers, of which the region holds some.</summary>
    private void EmitZeroUpper()
    {
        int count = Is64 ? 16 : 8;
        for (int n = 0; n < count; n++)
        {
            if (vectors[n] is { } local)
            {
                il.Emit(OpCodes.Ldloc, local);
                Call(typeof(Vector256), nameof(Vector256.GetLower), typeof(byte));
                Call(typeof(Vector128), nameof(Vector128.ToVector256), typeof(byte));
                il.Emit(OpCodes.Stloc, local);
            }
            else
            {
                LoadStateAddress(StateLayout.Vector + (n * RegisterStride) + 16);
                il.Emit(OpCodes.Call, typeof(Vector128<byte>).GetProperty(nameof(Vector128<byte>.Zero))!.GetMethod!);
                il.Emit(OpCodes.Stobj, typeof(Vector128<byte>));
            }
        }
    }
}
