using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Cpu.Semantics;
using Emu.Jit.Analysis;
using Emu.Jit.Flags;
using Iced.Intel;

namespace Emu.Jit.Emit;

// Which instructions are performed in place; moves and two-operand arithmetic.
internal sealed unsafe partial class RegionEmitter
{
    private static readonly Dictionary<Mnemonic, Action<RegionEmitter>> Emitters = MakeEmitters();

    private static Dictionary<Mnemonic, Action<RegionEmitter>> MakeEmitters()
    {
        Dictionary<Mnemonic, Action<RegionEmitter>> table = new()
        {
            [Mnemonic.Mov] = static e => e.EmitMove(),
            [Mnemonic.Movzx] = static e => e.EmitMoveExtend(signed: false),
            [Mnemonic.Movsx] = static e => e.EmitMoveExtend(signed: true),
            [Mnemonic.Movsxd] = static e => e.EmitMoveExtend(signed: true),
            [Mnemonic.Lea] = static e => e.EmitLea(),
            [Mnemonic.Add] = static e => e.EmitArithmetic(OpCodes.Add, FlagKind.Add, store: true),
            [Mnemonic.Sub] = static e => e.EmitArithmetic(OpCodes.Sub, FlagKind.Sub, store: true),
            [Mnemonic.Cmp] = static e => e.EmitArithmetic(OpCodes.Sub, FlagKind.Sub, store: false),
            [Mnemonic.And] = static e => e.EmitLogic(OpCodes.And, store: true),
            [Mnemonic.Or] = static e => e.EmitLogic(OpCodes.Or, store: true),
            [Mnemonic.Xor] = static e => e.EmitLogic(OpCodes.Xor, store: true),
            [Mnemonic.Test] = static e => e.EmitLogic(OpCodes.And, store: false),
            [Mnemonic.Adc] = static e => e.EmitWithCarry(typeof(Adc)),
            [Mnemonic.Sbb] = static e => e.EmitWithCarry(typeof(Sbb)),
            [Mnemonic.Inc] = static e => e.EmitStep(FlagKind.Inc, 1),
            [Mnemonic.Dec] = static e => e.EmitStep(FlagKind.Dec, -1),
            [Mnemonic.Neg] = static e => e.EmitNegate(),
            [Mnemonic.Not] = static e => e.EmitComplement(),
        };
        AddShifts(table);
        AddBits(table);
        AddConditionals(table);
        AddStack(table);
        AddSimple(table);
        AddSystem(table);
        return table;
    }

    /// <summary>Whether an instruction is performed in place rather than by the interpreter.</summary>
    internal static bool IsNative(RegionInstruction instruction)
    {
        ref readonly Instruction i = ref instruction.Iced;
        if (i.IsInvalid) return false;
        if (UsesVectors(i)) return IsNativeVector(instruction);
        bool x87 = IsHostX87(instruction);
        if ((!x87 && !Emitters.ContainsKey(i.Mnemonic)) || IsBoundAsFault(instruction) || ReachesIntoNextBlock(instruction)) return false;
        for (int n = 0; n < i.OpCount; n++)
        {
            OpKind kind = i.GetOpKind(n);
            bool accepted = kind switch
            {
                OpKind.Register => x87 || i.GetOpRegister(n).IsGPR(),
                OpKind.Memory => IsNativeAddress(instruction),
                >= OpKind.Immediate8 and <= OpKind.Immediate32to64 => true,
                _ => false,
            };
            if (!accepted) return false;
        }

        return i.Mnemonic switch
        {
            // A bit string reaches beyond its operand.
            Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc => i.Op0Kind == OpKind.Register || i.Op1Kind != OpKind.Register,
            Mnemonic.Pop => i.Op0Kind == OpKind.Register,
            Mnemonic.Bswap => i.Op0Register.GetSize() != 2,
            _ => true,
        };
    }

    /// <summary>The interpreter's operation raises a fault instead (not in the CPUID model, LOCK where it must not be).</summary>
    private static bool IsBoundAsFault(RegionInstruction instruction) => (instruction.Op.Flags & OpFlags.EndsBlock) != 0;

    /// <summary>Size of the first operand in bytes.</summary>
    private int OperandSize => current.Iced.Op0Kind == OpKind.Register ? current.Iced.Op0Register.GetSize() : current.Iced.MemorySize.GetSize();

    /// <summary>A register, memory or immediate operand in a local, zero-extended from <paramref name="size"/> bytes.</summary>
    private LocalBuilder ReadOperand(int number, int size)
    {
        ref readonly Instruction i = ref current.Iced;
        switch (i.GetOpKind(number))
        {
            case OpKind.Register:
                PushRegister(i.GetOpRegister(number));
                break;
            case OpKind.Memory:
                PushMemory(TranslateOperand(size, write: false), size);
                break;
            default:
                Constant((long)TruncateConstant(i.GetImmediate(number), size));
                break;
        }

        return PopTemporary();
    }

    private static ulong TruncateConstant(ulong value, int size) => size switch { 1 => (byte)value, 2 => (ushort)value, 4 => (uint)value, _ => value };

    /// <summary>The first operand, to be changed: its value, and its host address if it is in memory.</summary>
    private LocalBuilder BeginDestination(int size, out LocalBuilder? host)
    {
        host = null;
        if (current.Iced.Op0Kind == OpKind.Register)
        {
            PushRegister(current.Iced.Op0Register);
        }
        else
        {
            host = TranslateOperand(size, write: true);
            PushMemory(host, size);
        }

        return PopTemporary();
    }

    /// <summary>Stores a local in the first operand.</summary>
    /// <param name="value">The local.</param>
    /// <param name="host">The operand's host address, if it is in memory.</param>
    /// <param name="size">Size of the operand in bytes.</param>
    /// <param name="fits">The value is zero-extended from that size.</param>
    private void FinishDestination(LocalBuilder value, LocalBuilder? host, int size, bool fits = false)
    {
        if (host != null)
        {
            StoreMemory(host, value, size);
            return;
        }

        il.Emit(OpCodes.Ldloc, value);
        PopRegister(current.Iced.Op0Register, fits);
    }

    private void EmitMove()
    {
        ref readonly Instruction i = ref current.Iced;
        int size = OperandSize;
        LocalBuilder value = ReadOperand(1, size);
        if (i.Op0Kind == OpKind.Register)
        {
            il.Emit(OpCodes.Ldloc, value);
            PopRegister(i.Op0Register, fits: true);
        }
        else
        {
            StoreMemory(TranslateOperand(size, write: true), value, size);
        }
    }

    private void EmitMoveExtend(bool signed)
    {
        ref readonly Instruction i = ref current.Iced;
        int from = i.Op1Kind == OpKind.Register ? i.Op1Register.GetSize() : i.MemorySize.GetSize();
        LocalBuilder value = ReadOperand(1, from);
        il.Emit(OpCodes.Ldloc, value);
        if (signed) SignExtend(from);
        PopRegister(i.Op0Register, fits: !signed);
    }

    private void EmitLea()
    {
        PushEffectiveAddress();
        PopRegister(current.Iced.Op0Register);
    }

    /// <summary>ADD, SUB, CMP.</summary>
    private void EmitArithmetic(OpCode operation, FlagKind kind, bool store)
    {
        int size = OperandSize;
        LocalBuilder right = ReadOperand(1, size);
        LocalBuilder? host = null;
        LocalBuilder left = store ? BeginDestination(size, out host) : ReadOperand(0, size);
        if (store)
        {
            il.Emit(OpCodes.Ldloc, left);
            il.Emit(OpCodes.Ldloc, right);
            il.Emit(operation);
            FinishDestination(PopTemporary(), host, size);
        }

        SetFlags(kind, size, left, right);
    }

    /// <summary>AND, OR, XOR, TEST.</summary>
    private void EmitLogic(OpCode operation, bool store)
    {
        int size = OperandSize;
        ref readonly Instruction i = ref current.Iced;
        // The idiom that clears a register depends on no value.
        if (i.Mnemonic is Mnemonic.Xor && i.Op0Kind == OpKind.Register && i.Op1Kind == OpKind.Register && i.Op0Register == i.Op1Register)
        {
            Constant(0);
            LocalBuilder zero = PopTemporary();
            FinishDestination(zero, null, size, fits: true);
            SetLogicFlags(size, zero);
            return;
        }

        LocalBuilder right = ReadOperand(1, size);
        LocalBuilder? host = null;
        LocalBuilder left = store ? BeginDestination(size, out host) : ReadOperand(0, size);
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        il.Emit(operation);
        LocalBuilder result = PopTemporary();
        if (store) FinishDestination(result, host, size, fits: true);
        SetLogicFlags(size, result);
    }

    /// <summary>ADC, SBB.</summary>
    private void EmitWithCarry(Type operation)
    {
        int size = OperandSize;
        LocalBuilder right = ReadOperand(1, size);
        LocalBuilder left = BeginDestination(size, out LocalBuilder? host);
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        PushCarry();
        il.Emit(OpCodes.Conv_U4);
        Call(operation, nameof(IBinaryOperation.Result), IntegerType(size));
        LocalBuilder result = PopTemporary();
        FinishDestination(result, host, size);
        if (current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, left);
        il.Emit(OpCodes.Ldloc, right);
        il.Emit(OpCodes.Ldloc, result);
        Call(operation, nameof(IBinaryOperation.Flags), IntegerType(size));
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsY);
        il.Emit(OpCodes.Ldloc, result);
        SignExtend(size);
        il.Emit(OpCodes.Stloc, flagsX);
        SetKind(FlagKind.Canonical, size);
    }

    /// <summary>INC, DEC.</summary>
    private void EmitStep(FlagKind kind, long step)
    {
        int size = OperandSize;
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        LocalBuilder? carry = null;
        if (!current.FlagsDead)
        {
            PushCarry();
            carry = PopTemporary();
        }

        il.Emit(OpCodes.Ldloc, value);
        Constant(step);
        il.Emit(OpCodes.Add);
        LocalBuilder result = PopTemporary();
        FinishDestination(result, host, size);
        if (carry == null) return;
        il.Emit(OpCodes.Ldloc, result);
        SignExtend(size);
        SetFlags(kind, size, PopTemporary(), carry);
    }

    private void EmitNegate()
    {
        int size = OperandSize;
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        Constant(0);
        LocalBuilder zero = PopTemporary();
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Neg);
        FinishDestination(PopTemporary(), host, size);
        SetFlags(FlagKind.Sub, size, zero, value);
    }

    private void EmitComplement()
    {
        int size = OperandSize;
        LocalBuilder value = BeginDestination(size, out LocalBuilder? host);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Not);
        FinishDestination(PopTemporary(), host, size);
    }
}
