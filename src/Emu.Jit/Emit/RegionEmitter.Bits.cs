using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Cpu.Semantics;
using Emu.Jit.Flags;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Bit tests, scans and counts, byte order, BMI.
internal sealed unsafe partial class RegionEmitter
{
    private static void AddBits(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        table[Mnemonic.Bt] = static e => e.EmitBitTest(null);
        table[Mnemonic.Bts] = static e => e.EmitBitTest(OpCodes.Or);
        table[Mnemonic.Btr] = static e => e.EmitBitTest(OpCodes.And);
        table[Mnemonic.Btc] = static e => e.EmitBitTest(OpCodes.Xor);
        table[Mnemonic.Bsf] = static e => e.EmitCount(typeof(Bsf));
        table[Mnemonic.Bsr] = static e => e.EmitCount(typeof(Bsr));
        table[Mnemonic.Tzcnt] = static e => e.EmitCount(typeof(Tzcnt));
        table[Mnemonic.Lzcnt] = static e => e.EmitCount(typeof(Lzcnt));
        table[Mnemonic.Popcnt] = static e => e.EmitCount(typeof(Popcnt));
        table[Mnemonic.Blsi] = static e => e.EmitCount(typeof(Blsi));
        table[Mnemonic.Blsr] = static e => e.EmitCount(typeof(Blsr));
        table[Mnemonic.Blsmsk] = static e => e.EmitCount(typeof(Blsmsk));
        table[Mnemonic.Bswap] = static e => e.EmitByteSwap();
        table[Mnemonic.Movbe] = static e => e.EmitMoveBigEndian();
        table[Mnemonic.Andn] = static e => e.EmitVex(typeof(Andn), rm: 2, register: 1);
        table[Mnemonic.Pdep] = static e => e.EmitVex(typeof(Pdep), rm: 2, register: 1);
        table[Mnemonic.Pext] = static e => e.EmitVex(typeof(Pext), rm: 2, register: 1);
        table[Mnemonic.Bextr] = static e => e.EmitVex(typeof(Bextr), rm: 1, register: 2);
        table[Mnemonic.Bzhi] = static e => e.EmitVex(typeof(Bzhi), rm: 1, register: 2);
        table[Mnemonic.Sarx] = static e => e.EmitVex(typeof(Sarx), rm: 1, register: 2);
        table[Mnemonic.Shlx] = static e => e.EmitVex(typeof(Shlx), rm: 1, register: 2);
        table[Mnemonic.Shrx] = static e => e.EmitVex(typeof(Shrx), rm: 1, register: 2);
        table[Mnemonic.Rorx] = static e => e.EmitVex(typeof(Rorx), rm: 1, register: 2);
        table[Mnemonic.Crc32] = static e => e.EmitChecksum();
    }

    /// <summary>BT and friends, the bit within the operand: only CF changes.</summary>
    private void EmitBitTest(OpCode? change)
    {
        int size = OperandSize;
        LocalBuilder? host = null;
        LocalBuilder value = change == null ? ReadOperand(0, size) : BeginDestination(size, out host);
        LocalBuilder index = ReadOperand(1, size);
        il.Emit(OpCodes.Ldloc, index);
        Constant((size * 8) - 1);
        il.Emit(OpCodes.And);
        LocalBuilder bit = PopTemporary();
        if (!current.FlagsDead) MakeCanonical();
        if (change is { } operation)
        {
            il.Emit(OpCodes.Ldloc, value);
            Constant(1);
            il.Emit(OpCodes.Ldloc, bit);
            il.Emit(OpCodes.Conv_I4);
            il.Emit(OpCodes.Shl);
            if (operation == OpCodes.And) il.Emit(OpCodes.Not);
            il.Emit(operation);
            FinishDestination(PopTemporary(), host, size);
        }

        if (current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, flagsY);
        Constant(~1L);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, bit);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Shr_Un);
        Constant(1);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, 8);
    }

    /// <summary>An <see cref="ICountOperation"/>.</summary>
    private void EmitCount(Type operation)
    {
        int size = OperandSize;
        // BLSI and its like have the destination in VEX.vvvv, which Iced shows as the first operand all the same.
        LocalBuilder source = ReadOperand(1, size);
        Type functions = typeof(CountFunctions<>).MakeGenericType(operation);
        il.Emit(OpCodes.Ldloc, source);
        Call(functions, nameof(CountFunctions<Bsf>.Result), IntegerType(size));
        LocalBuilder result = PopTemporary();
        if (operation == typeof(Bsf) || operation == typeof(Bsr))
        {
            // A source of zero leaves the whole register as it was.
            Label zero = il.DefineLabel();
            il.Emit(OpCodes.Ldloc, source);
            il.Emit(OpCodes.Brfalse, zero);
            FinishDestination(result, null, size);
            il.MarkLabel(zero);
        }
        else
        {
            FinishDestination(result, null, size);
        }

        if (current.FlagsDead) return;
        if (operation == typeof(Tzcnt) || operation == typeof(Lzcnt)) MakeCanonical();
        else ForgetFlags();
        il.Emit(OpCodes.Ldloc, source);
        il.Emit(OpCodes.Ldloc, result);
        Call(functions, nameof(CountFunctions<Bsf>.FlagsResult), IntegerType(size));
        il.Emit(OpCodes.Stloc, flagsX);
        il.Emit(OpCodes.Ldloc, source);
        il.Emit(OpCodes.Ldloc, result);
        il.Emit(OpCodes.Ldloc, flagsY);
        Call(functions, nameof(CountFunctions<Bsf>.Aux), IntegerType(size));
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, size);
    }

    /// <summary>The flags before do not matter: spares their computation.</summary>
    private void ForgetFlags()
    {
        Constant(0);
        il.Emit(OpCodes.Stloc, flagsY);
    }

    private void EmitByteSwap()
    {
        int size = OperandSize;
        LocalBuilder value = ReadOperand(0, size);
        PushByteSwapped(value, size);
        PopRegister(current.Iced.Op0Register);
    }

    private void EmitMoveBigEndian()
    {
        int size = OperandSize;
        LocalBuilder value = ReadOperand(1, size);
        PushByteSwapped(value, size);
        LocalBuilder swapped = PopTemporary();
        if (current.Iced.Op0Kind == OpKind.Memory) StoreMemory(TranslateOperand(size, write: true), swapped, size);
        else FinishDestination(swapped, null, size);
    }

    private void PushByteSwapped(LocalBuilder value, int size)
    {
        il.Emit(OpCodes.Ldloc, value);
        Call(typeof(Bswap), nameof(ICountOperation.Result), IntegerType(size));
    }

    /// <summary>An <see cref="IVexOperation"/>.</summary>
    private void EmitVex(Type operation, int rm, int register)
    {
        int size = OperandSize;
        LocalBuilder first = ReadOperand(rm, size);
        LocalBuilder second = ReadOperand(register, size);
        il.Emit(OpCodes.Ldloc, first);
        il.Emit(OpCodes.Ldloc, second);
        Call(operation, nameof(IVexOperation.Result), IntegerType(size));
        LocalBuilder result = PopTemporary();
        FinishDestination(result, null, size);
        bool writesFlags = operation == typeof(Andn) || operation == typeof(Bextr) || operation == typeof(Bzhi);
        if (!writesFlags || current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, second);
        Call(operation, nameof(IVexOperation.Flags), IntegerType(size));
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsY);
        il.Emit(OpCodes.Ldloc, result);
        SignExtend(size);
        il.Emit(OpCodes.Stloc, flagsX);
        SetKind(FlagKind.Canonical, size);
    }

    private void EmitChecksum()
    {
        ref readonly Instruction i = ref current.Iced;
        int size = i.Op1Kind == OpKind.Register ? i.Op1Register.GetSize() : i.MemorySize.GetSize();
        LocalBuilder source = ReadOperand(1, size);
        PushRegister(i.Op0Register);
        il.Emit(OpCodes.Conv_U4);
        il.Emit(OpCodes.Ldloc, source);
        Call(typeof(Crc32), nameof(Crc32.Result), IntegerType(size));
        il.Emit(OpCodes.Conv_U8);
        PopRegister(i.Op0Register.GetFullRegister());
    }
}
