using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu;
using Emu.Cpu.Semantics.Simd;
using Emu.Jit.Analysis;
using Emu.Jit.Flags;
using Emu.Jit.Runtime;
using Iced.Intel;

namespace Emu.Jit.Emit;

// SSE, AVX and FMA floating point by the host's own instructions, under the guest's MXCSR (see HostFloat).
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Leaves for the interpreter when two operands are NaN, or a fused operation yields one.</summary>
    private static bool LeavesForNaNs(RegionInstruction instruction) =>
        IsFused(instruction)
        || (InstructionTable.Instance[instruction.Iced.Code] is VectorRow row && row.GetType().IsGenericType
            && row.GetType().GetGenericTypeDefinition() == typeof(FloatPackedRow<,>) && IsCommutative(row.GetType().GetGenericArguments()[0]));

    /// <summary>Reads MXCSR, or sets flags in it.</summary>
    private static bool DependsOnEnvironment(RegionInstruction instruction) =>
        InstructionTable.Instance[instruction.Iced.Code] is VectorRow row
        && (row is FloatScalarRow || (row.GetType().IsGenericType && row.GetType().Name.StartsWith("Float", StringComparison.Ordinal)));

    private static bool IsFused(RegionInstruction instruction) =>
        InstructionTable.Instance[instruction.Iced.Code] is { } row && row.GetType().IsGenericType && row.GetType().GetGenericTypeDefinition() == typeof(FloatFusedRow<,,>);

    /// <summary>
    /// Predicates with which RyuJIT's code reports other exceptions than the guest's: it takes those that are always false or true for constants, and
    /// knows no more than one of two twins that differ in whether they signal, for most pairs that below 10h.
    /// </summary>
    private static bool IsInexactPredicate(in Instruction i) => i.Encoding == EncodingKind.VEX && (i.Immediate8 & 31) is 0x0B or 0x0F or >= 0x10;

    private static bool IsNativeFloat(VectorRow row, in Instruction i)
    {
        if ((i.Mnemonic is Mnemonic.Vcmpps or Mnemonic.Vcmppd or Mnemonic.Vcmpss or Mnemonic.Vcmpsd) && IsInexactPredicate(i)) return false;
        if (!HostFloat.IsSupported || !Avx2.IsSupported) return false;
        int size = i.Op0Register.IsYMM() ? 32 : 16;
        if (row is FloatScalarRow scalar) return IsNativeScalar(scalar, i);
        if (!row.GetType().IsGenericType) return false;
        Type definition = row.GetType().GetGenericTypeDefinition();
        Type[] arguments = row.GetType().GetGenericArguments();
        if (definition == typeof(FloatPackedRow<,>)) return FloatIntrinsics.ForBinary(arguments[0], arguments[1], size, scalar: false) != null;
        if (definition == typeof(FloatUnaryPackedRow<,>)) return UnaryOf(arguments[0], arguments[1], size, false, i) != null;
        if (definition == typeof(FloatConversionRow<>)) return i.Op0Kind == OpKind.Register && ConversionOf(arguments[0], i) != null;
        return definition == typeof(FloatFusedRow<,,>) && FusedNameOf(arguments[1]) is { } name && FloatIntrinsics.ForFused(name, arguments[2], size, IsScalar(i)) != null;
    }

    private static bool IsNativeScalar(FloatScalarRow row, in Instruction i)
    {
        Type[] arguments = row.TypeArguments;
        return row.Handler switch
        {
            nameof(Handlers.FloatScalar) => FloatIntrinsics.ForBinary(arguments[0], arguments[1], 16, scalar: true) != null,
            nameof(Handlers.FloatUnaryScalar) => UnaryOf(arguments[0], arguments[1], 16, true, i) != null,
            nameof(Handlers.FloatFromInteger) or nameof(Handlers.FloatToInteger) or nameof(Handlers.FloatConvertScalar) or nameof(Handlers.FloatCompareFlags) => true,
            _ => false,
        };
    }

    private static bool IsScalar(in Instruction i) => i.Mnemonic.ToString()[^2] == 's';

    private static MethodInfo? UnaryOf(Type operation, Type element, int size, bool scalar, in Instruction i) =>
        operation == typeof(FloatSquareRoot) ? FloatIntrinsics.ForSquareRoot(element, size, scalar)
        : operation == typeof(FloatRound) ? FloatIntrinsics.ForRound(element, size, scalar, i.Immediate8)
        : null;

    private void EmitUnaryCall(Type operation, Type element, int size, bool scalar)
    {
        MethodInfo function = UnaryOf(operation, element, size, scalar, current.Iced)!;
        // RNDSCALE takes the immediate as ROUND does, with the number of fraction bits above.
        if (FloatIntrinsics.TakesImmediate(function)) il.Emit(OpCodes.Ldc_I4, current.Iced.Immediate8 & 15);
        il.Emit(OpCodes.Call, function);
    }

    private static string? FusedNameOf(Type operation) =>
        operation == typeof(FloatFused<Plus, Plus>) ? nameof(Fma.MultiplyAdd)
        : operation == typeof(FloatFused<Plus, Minus>) ? nameof(Fma.MultiplySubtract)
        : operation == typeof(FloatFused<Minus, Plus>) ? nameof(Fma.MultiplyAddNegated)
        : operation == typeof(FloatFused<Minus, Minus>) ? nameof(Fma.MultiplySubtractNegated)
        : null;

    private void EmitFloat(VectorRow row, Type definition, Type[] arguments)
    {
        ref readonly Instruction i = ref current.Iced;
        if (row is FloatScalarRow scalar) EmitFloatScalar(scalar);
        else if (definition == typeof(FloatPackedRow<,>)) EmitFloatPacked(row, arguments[0], arguments[1]);
        else if (definition == typeof(FloatUnaryPackedRow<,>)) EmitFloatUnaryPacked(row, arguments[0], arguments[1]);
        else if (definition == typeof(FloatConversionRow<>)) EmitFloatConversion(row, arguments[0]);
        else EmitFused(arguments[0], FusedNameOf(arguments[1])!, arguments[2]);
    }

    /// <summary>Turns the vector of bytes on the stack into one of another element type; no code.</summary>
    private void As(Type element, int size) => Call(size == 32 ? typeof(Vector256) : typeof(Vector128), nameof(Vector128.As), typeof(byte), element);

    private void AsBytes(Type element, int size) => Call(size == 32 ? typeof(Vector256) : typeof(Vector128), nameof(Vector128.As), element, typeof(byte));

    private void EmitFloatPacked(VectorRow row, Type operation, Type element)
    {
        ref readonly Instruction i = ref current.Iced;
        int size = VectorSize;
        bool three = HasThreeOperands(unary: false);
        int last = three ? 2 : 1;
        LocalBuilder right = Scratch(VectorType(size));
        PushVectorOperand(last, size, MustBeAligned(row));
        il.Emit(OpCodes.Stloc, right);
        Register left = i.GetOpRegister(three ? 1 : 0);
        if (IsCommutative(operation) && i.GetOpRegister(last) != left) EmitTwoNaNsCheck(left, right, element, size);
        PushVector(left, size);
        As(element, size);
        il.Emit(OpCodes.Ldloc, right);
        As(element, size);
        if (operation == typeof(FloatCompareMask)) PushPredicate(last);
        il.Emit(OpCodes.Call, FloatIntrinsics.ForBinary(operation, element, size, scalar: false)!);
        AsBytes(element, size);
        PopVector(i.Op0Register, size);
    }

    private static bool IsCommutative(Type operation) => operation == typeof(FloatAdd) || operation == typeof(FloatMultiply);

    /// <summary>
    /// Of two NaN operands the first is the result, but RyuJIT takes packed additions and multiplications for commutative. The comparison raises
    /// no exception flag that the operation does not.
    /// </summary>
    private void EmitTwoNaNsCheck(Register left, LocalBuilder right, Type element, int size)
    {
        PushVector(left, size);
        As(element, size);
        il.Emit(OpCodes.Ldloc, right);
        As(element, size);
        il.Emit(OpCodes.Ldc_I4, (int)FloatComparisonMode.UnorderedNonSignaling);
        il.Emit(OpCodes.Call, FloatIntrinsics.ForBinary(typeof(FloatCompareMask), element, size, scalar: false)!);
        il.Emit(OpCodes.Call, FloatIntrinsics.MoveMask(element, size));
        il.Emit(OpCodes.Brtrue, ExitHere());
    }

    private void PushPredicate(int last) => il.Emit(OpCodes.Ldc_I4, (int)(ImmediateAfter(last) & (current.Iced.Encoding == EncodingKind.VEX ? 31u : 7u)));

    private void EmitFloatUnaryPacked(VectorRow row, Type operation, Type element)
    {
        int size = VectorSize;
        PushVectorOperand(1, size, MustBeAligned(row));
        As(element, size);
        EmitUnaryCall(operation, element, size, scalar: false);
        AsBytes(element, size);
        PopVector(current.Iced.Op0Register, size);
    }

    private void EmitFloatScalar(FloatScalarRow row)
    {
        Type[] arguments = row.TypeArguments;
        switch (row.Handler)
        {
            case nameof(Handlers.FloatScalar): EmitScalarBinary(arguments[0], arguments[1]); break;
            case nameof(Handlers.FloatUnaryScalar): EmitScalarUnary(arguments[0], arguments[1]); break;
            case nameof(Handlers.FloatCompareFlags): EmitCompareFlags(arguments[0], arguments[2] == typeof(Yes)); break;
            case nameof(Handlers.FloatFromInteger): EmitFromInteger(arguments[0], arguments[1]); break;
            case nameof(Handlers.FloatToInteger): EmitToInteger(arguments[0], arguments[1], arguments[3] == typeof(Yes)); break;
            default: EmitConvertScalar(arguments[0]); break;
        }
    }

    /// <summary>A scalar operand in the low element of a vector whose other elements do not matter, in a local.</summary>
    private LocalBuilder ReadFloat(int number, Type element)
    {
        LocalBuilder local = Scratch(FloatIntrinsics.VectorOf(element, 16));
        if (current.Iced.GetOpKind(number) == OpKind.Memory)
        {
            PushFloatMemory(TranslateOperand(element == typeof(float) ? 4 : 8, write: false), element, nameof(Vector128.CreateScalarUnsafe));
        }
        else
        {
            PushVector(current.Iced.GetOpRegister(number), 16);
            As(element, 16);
        }

        il.Emit(OpCodes.Stloc, local);
        return local;
    }

    private void PushFloatMemory(LocalBuilder host, Type element, string create)
    {
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Volatile);
        il.Emit(element == typeof(float) ? OpCodes.Ldind_R4 : OpCodes.Ldind_R8);
        il.Emit(OpCodes.Call, typeof(Vector128).GetMethod(create, [element])!);
    }

    /// <summary>The register whose upper elements the result takes over.</summary>
    private Register UpperSource(int last) => current.Iced.GetOpRegister(last == 2 ? 1 : 0);

    private void EmitScalarBinary(Type operation, Type element)
    {
        ref readonly Instruction i = ref current.Iced;
        int last = HasThreeOperands(unary: false) ? 2 : 1;
        LocalBuilder right = ReadFloat(last, element);
        PushVector(UpperSource(last), 16);
        As(element, 16);
        il.Emit(OpCodes.Ldloc, right);
        if (operation == typeof(FloatCompareMask)) PushPredicate(last);
        il.Emit(OpCodes.Call, FloatIntrinsics.ForBinary(operation, element, 16, scalar: true)!);
        AsBytes(element, 16);
        PopVector(i.Op0Register, 16);
    }

    private void EmitScalarUnary(Type operation, Type element)
    {
        ref readonly Instruction i = ref current.Iced;
        int last = HasThreeOperands(unary: false) ? 2 : 1;
        LocalBuilder source = ReadFloat(last, element);
        PushVector(UpperSource(last), 16);
        As(element, 16);
        il.Emit(OpCodes.Ldloc, source);
        EmitUnaryCall(operation, element, 16, scalar: true);
        AsBytes(element, 16);
        PopVector(i.Op0Register, 16);
    }

    /// <summary>
    /// COMISx, UCOMISx. With "not below" and "not above" as N and M: ZF = (N == M), CF = !N, and PF, unordered, is neither; in canonical form
    /// the result is zero for ZF, which would imply PF.
    /// </summary>
    private void EmitCompareFlags(Type element, bool signals)
    {
        LocalBuilder right = ReadFloat(1, element);
        LocalBuilder left = ReadFloat(0, element);
        MethodInfo compare = FloatIntrinsics.ForFlags(element, signals, "GreaterThanOrEqual");
        LocalBuilder notBelow = Scratch(typeof(int)), notAbove = Scratch(typeof(int));
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        il.Emit(OpCodes.Call, compare);
        il.Emit(OpCodes.Stloc, notBelow);
        // Nobody may look, or only an instruction whose own result is dead, but the comparison may raise an exception flag.
        LoadStateAddress(StateLayout.Scratch);
        il.Emit(OpCodes.Ldloc, notBelow);
        il.Emit(OpCodes.Volatile);
        il.Emit(OpCodes.Stind_I1);
        if (current.FlagsDead) return;

        il.Emit(OpCodes.Ldloc, right);
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Call, compare);
        il.Emit(OpCodes.Stloc, notAbove);
        il.Emit(OpCodes.Ldloc, notBelow);
        il.Emit(OpCodes.Ldloc, notAbove);
        il.Emit(OpCodes.Xor);
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsX);
        il.Emit(OpCodes.Ldloc, notBelow);
        il.Emit(OpCodes.Ldloc, notAbove);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Ldc_I4_2);
        il.Emit(OpCodes.Shl);
        il.Emit(OpCodes.Ldloc, notBelow);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Xor);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, 8);
    }

    /// <summary>CVTSI2SS, CVTSI2SD.</summary>
    private void EmitFromInteger(Type integer, Type element)
    {
        ref readonly Instruction i = ref current.Iced;
        int last = HasThreeOperands(unary: false) ? 2 : 1;
        bool wide = integer == typeof(long);
        LocalBuilder value = ReadOperand(last, wide ? 8 : 4);
        PushVector(UpperSource(last), 16);
        As(element, 16);
        il.Emit(OpCodes.Ldloc, value);
        if (!wide) il.Emit(OpCodes.Conv_I4);
        Type owner = element == typeof(float) ? (wide ? typeof(Sse.X64) : typeof(Sse)) : wide ? typeof(Sse2.X64) : typeof(Sse2);
        string name = element == typeof(float) ? nameof(Sse.ConvertScalarToVector128Single) : nameof(Sse2.ConvertScalarToVector128Double);
        il.Emit(OpCodes.Call, owner.GetMethod(name, [FloatIntrinsics.VectorOf(element, 16), integer])!);
        AsBytes(element, 16);
        PopVector(i.Op0Register, 16);
    }

    /// <summary>CVTSx2SI, CVTTSx2SI.</summary>
    private void EmitToInteger(Type element, Type integer, bool truncates)
    {
        bool wide = integer == typeof(long);
        LocalBuilder value = ReadFloat(1, element);
        il.Emit(OpCodes.Ldloc, value);
        Type owner = element == typeof(float) ? (wide ? typeof(Sse.X64) : typeof(Sse)) : wide ? typeof(Sse2.X64) : typeof(Sse2);
        string name = (wide ? "ConvertToInt64" : "ConvertToInt32") + (truncates ? "WithTruncation" : "");
        il.Emit(OpCodes.Call, owner.GetMethod(name, [FloatIntrinsics.VectorOf(element, 16)])!);
        il.Emit(wide ? OpCodes.Nop : OpCodes.Conv_U8);
        PopRegister(current.Iced.Op0Register);
    }

    /// <summary>CVTSS2SD, CVTSD2SS.</summary>
    private void EmitConvertScalar(Type from)
    {
        ref readonly Instruction i = ref current.Iced;
        Type to = from == typeof(float) ? typeof(double) : typeof(float);
        int last = HasThreeOperands(unary: false) ? 2 : 1;
        LocalBuilder source = ReadFloat(last, from);
        PushVector(UpperSource(last), 16);
        As(to, 16);
        il.Emit(OpCodes.Ldloc, source);
        string name = to == typeof(double) ? nameof(Sse2.ConvertScalarToVector128Double) : nameof(Sse2.ConvertScalarToVector128Single);
        il.Emit(OpCodes.Call, typeof(Sse2).GetMethod(name, [FloatIntrinsics.VectorOf(to, 16), FloatIntrinsics.VectorOf(from, 16)])!);
        AsBytes(to, 16);
        PopVector(i.Op0Register, 16);
    }

    private readonly record struct Conversion(MethodInfo Function, Type From, int FromSize, Type To, int ToSize);

    /// <summary>A packed conversion between registers or from memory; the wider side is the vector length.</summary>
    private static Conversion? ConversionOf(Type operation, in Instruction i)
    {
        bool wide = i.Op0Register.IsYMM() || (i.Op1Kind == OpKind.Register ? i.Op1Register.IsYMM() : i.MemorySize.GetSize() == 32);
        int full = wide ? 32 : 16;
        Type owner = wide ? typeof(Avx) : typeof(Sse2);
        (string name, Type from, int fromSize, Type to, int toSize) = operation switch
        {
            _ when operation == typeof(ConvertSingleToDouble) => (wide ? "ConvertToVector256Double" : "ConvertToVector128Double", typeof(float), 16, typeof(double), full),
            _ when operation == typeof(ConvertInt32ToDouble) => (wide ? "ConvertToVector256Double" : "ConvertToVector128Double", typeof(int), 16, typeof(double), full),
            _ when operation == typeof(ConvertDoubleToSingle) => ("ConvertToVector128Single", typeof(double), full, typeof(float), 16),
            _ when operation == typeof(ConvertInt32ToSingle) => (wide ? "ConvertToVector256Single" : "ConvertToVector128Single", typeof(int), full, typeof(float), full),
            _ when operation == typeof(ConvertSingleToInt32<Rounding>) => (wide ? "ConvertToVector256Int32" : "ConvertToVector128Int32", typeof(float), full, typeof(int), full),
            _ when operation == typeof(ConvertSingleToInt32<Truncating>) =>
                (wide ? "ConvertToVector256Int32WithTruncation" : "ConvertToVector128Int32WithTruncation", typeof(float), full, typeof(int), full),
            _ when operation == typeof(ConvertDoubleToInt32<Rounding>) => ("ConvertToVector128Int32", typeof(double), full, typeof(int), 16),
            _ when operation == typeof(ConvertDoubleToInt32<Truncating>) => ("ConvertToVector128Int32WithTruncation", typeof(double), full, typeof(int), 16),
            _ => ("", typeof(float), 16, typeof(float), 16),
        };
        MethodInfo? function = name.Length == 0 ? null : owner.GetMethod(name, [FloatIntrinsics.VectorOf(from, fromSize)]);
        return function == null ? null : new Conversion(function, from, fromSize, to, toSize);
    }

    private void EmitFloatConversion(VectorRow row, Type operation)
    {
        ref readonly Instruction i = ref current.Iced;
        Conversion conversion = ConversionOf(operation, i)!.Value;
        bool half = conversion.FromSize == 16 && i.Op1Kind == OpKind.Memory && i.MemorySize.GetSize() == 8;
        if (half)
        {
            PushFloatMemory(TranslateOperand(8, write: false), typeof(double), nameof(Vector128.CreateScalar));
            Call(typeof(Vector128), nameof(Vector128.As), typeof(double), conversion.From);
        }
        else
        {
            PushVectorOperand(1, conversion.FromSize, MustBeAligned(row));
            As(conversion.From, conversion.FromSize);
        }

        il.Emit(OpCodes.Call, conversion.Function);
        AsBytes(conversion.To, conversion.ToSize);
        PopVector(i.Op0Register, conversion.ToSize);
    }

    /// <summary>FMA3. The host's instruction keeps the upper elements of its first operand, the guest's those of its destination.</summary>
    private void EmitFused(Type form, string name, Type element)
    {
        ref readonly Instruction i = ref current.Iced;
        bool scalar = IsScalar(i);
        int size = scalar ? 16 : VectorSize;
        Type vector = FloatIntrinsics.VectorOf(element, size);
        LocalBuilder last = Scratch(vector), first = Scratch(vector), second = Scratch(vector);
        if (scalar)
        {
            last = ReadFloat(2, element);
        }
        else
        {
            PushVectorOperand(2, size, aligned: false);
            As(element, size);
            il.Emit(OpCodes.Stloc, last);
        }

        PushVector(i.Op0Register, size);
        As(element, size);
        il.Emit(OpCodes.Stloc, first);
        PushVector(i.Op1Register, size);
        As(element, size);
        il.Emit(OpCodes.Stloc, second);
        (LocalBuilder a, LocalBuilder b, LocalBuilder c) =
            form == typeof(Fused132) ? (first, last, second)
            : form == typeof(Fused213) ? (second, first, last)
            : (second, last, first);
        il.Emit(OpCodes.Ldloc, a);
        il.Emit(OpCodes.Ldloc, b);
        il.Emit(OpCodes.Ldloc, c);
        il.Emit(OpCodes.Call, FloatIntrinsics.ForFused(name, element, size, scalar)!);
        // Which of several NaN operands is the result depends on the form, and RyuJIT chooses that as it likes.
        LocalBuilder result = Scratch(vector);
        il.Emit(OpCodes.Stloc, result);
        il.Emit(OpCodes.Ldloc, result);
        Call(typeof(VectorFunctions), scalar ? "IsNaN" : size == 32 ? "AnyNaN256" : "AnyNaN", element);
        il.Emit(OpCodes.Brtrue, ExitHere());
        if (scalar) il.Emit(OpCodes.Ldloc, first);
        il.Emit(OpCodes.Ldloc, result);
        if (scalar) il.Emit(OpCodes.Call, (element == typeof(float) ? typeof(Sse) : typeof(Sse2)).GetMethod("MoveScalar", [vector, vector])!);
        AsBytes(element, size);
        PopVector(i.Op0Register, size);
    }
}
