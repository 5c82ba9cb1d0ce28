using System.Diagnostics.CodeAnalysis;
using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Builds instructions of a form with random legal operands, and encodes them.</summary>
/// <remarks>Memory operands get their shape here; <see cref="AddressSolver"/> gives them their address.</remarks>
public sealed class InstructionBuilder
{
    private readonly int _bits;
    private readonly ByteWriter _writer = new();
    private readonly Encoder _encoder;
    private readonly ByteReader _reader = new();
    private readonly Decoder _decoder;

    /// <summary>A builder for a mode: 16, 32 or 64.</summary>
    public InstructionBuilder(int bits)
    {
        _bits = bits;
        _encoder = Encoder.Create(bits, _writer);
        _decoder = HostFeatures.CreateDecoder(bits, _reader);
    }

    /// <summary>Whether some instance of the form encodes to bytes that decode to the form.</summary>
    public bool CanEncode(Code code)
    {
        for (ulong i = 0; i < 32; i++)
        {
            var random = new Random64(1, (ulong)code, i);
            if (!TryBuild(code, ref random, out Instruction instruction)) return false;
            if (instruction.OpCount > 0 && instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64)
                SetBranchTarget(ref instruction, TestMap.CodeBase & AddressMask | 0x1010);
            if (TryEncode(instruction, TestMap.CodeBase & AddressMask | 0x1000, out byte[]? bytes) && Decode(bytes, 0x1000).Code == code) return true;
        }
        return false;
    }

    /// <summary>An offset into the code segment has this many bits.</summary>
    public ulong AddressMask => _bits == 16 ? 0xFFFF : _bits == 32 ? uint.MaxValue : ulong.MaxValue;

    /// <summary>Decodes one instruction at <paramref name="rip"/>.</summary>
    public Instruction Decode(byte[] bytes, ulong rip)
    {
        _reader.Restart(bytes);
        _decoder.IP = rip;
        return _decoder.Decode();
    }

    /// <summary>Encodes an instruction that will run at <paramref name="rip"/>.</summary>
    public bool TryEncode(in Instruction instruction, ulong rip, [NotNullWhen(true)] out byte[]? bytes)
    {
        _writer.Clear();
        bool success = _encoder.TryEncode(instruction, rip, out _, out _);
        bytes = success ? _writer.ToArray() : null;
        return success;
    }

    /// <summary>Sets the target of a near branch.</summary>
    public static void SetBranchTarget(ref Instruction instruction, ulong target)
    {
        switch (instruction.Op0Kind)
        {
            case OpKind.NearBranch16: instruction.NearBranch16 = (ushort)target; break;
            case OpKind.NearBranch32: instruction.NearBranch32 = (uint)target; break;
            case OpKind.NearBranch64: instruction.NearBranch64 = target; break;
        }
    }

    /// <summary>Makes an instance of a form; false when the form has operands that do not exist in this mode.</summary>
    public bool TryBuild(Code code, ref Random64 random, out Instruction instruction)
    {
        instruction = default;
        instruction.Code = code;
        OpCodeInfo opCode = code.ToOpCode();
        int addressBits = AddressBits(opCode, ref random);
        bool secondImmediate = false;
        for (int i = 0; i < opCode.OpCount; i++)
        {
            if (!SetOperand(ref instruction, i, opCode.GetOpKind(i), addressBits, ref secondImmediate, ref random)) return false;
        }
        AddLegalPrefixes(ref instruction, opCode, ref random);
        return true;
    }

    private int AddressBits(OpCodeInfo opCode, ref Random64 random)
    {
        if (opCode.AddressSize != 0) return opCode.AddressSize;
        if (!random.Percent(12)) return _bits;
        return _bits switch { 64 => 32, 32 => 16, _ => 32 };
    }

    private static void AddLegalPrefixes(ref Instruction instruction, OpCodeInfo opCode, ref Random64 random)
    {
        if (opCode.CanUseLockPrefix && instruction.Op0Kind == OpKind.Memory && random.Percent(30)) instruction.HasLockPrefix = true;
        if (opCode.CanUseRepPrefix && random.Percent(40)) instruction.HasRepPrefix = true;
        else if (opCode.CanUseRepnePrefix && random.Percent(40)) instruction.HasRepnePrefix = true;
    }

    private bool SetOperand(ref Instruction instruction, int operand, OpCodeOperandKind kind, int addressBits, ref bool secondImmediate, ref Random64 random)
    {
        switch (kind)
        {
            case OpCodeOperandKind.mem or OpCodeOperandKind.mem_offs or OpCodeOperandKind.mem_vsib32x or OpCodeOperandKind.mem_vsib64x
                or OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y:
                SetMemory(ref instruction, operand, kind, addressBits, ref random);
                return true;
            case OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r64_or_mem
                or OpCodeOperandKind.mm_or_mem or OpCodeOperandKind.xmm_or_mem or OpCodeOperandKind.ymm_or_mem when random.Percent(50):
                SetMemory(ref instruction, operand, kind, addressBits, ref random);
                return true;
            case OpCodeOperandKind.imm8 or OpCodeOperandKind.imm8_const_1 or OpCodeOperandKind.imm8sex16 or OpCodeOperandKind.imm8sex32
                or OpCodeOperandKind.imm8sex64 or OpCodeOperandKind.imm16 or OpCodeOperandKind.imm32 or OpCodeOperandKind.imm32sex64
                or OpCodeOperandKind.imm64 or OpCodeOperandKind.imm4_m2z:
                SetImmediate(ref instruction, operand, kind, secondImmediate, ref random);
                secondImmediate = true;
                return true;
            case OpCodeOperandKind.br16_1 or OpCodeOperandKind.br16_2: instruction.SetOpKind(operand, OpKind.NearBranch16); return true;
            case OpCodeOperandKind.br32_1 or OpCodeOperandKind.br32_4: instruction.SetOpKind(operand, OpKind.NearBranch32); return true;
            case OpCodeOperandKind.br64_1 or OpCodeOperandKind.br64_4: instruction.SetOpKind(operand, OpKind.NearBranch64); return true;
            case OpCodeOperandKind.farbr2_2: instruction.SetOpKind(operand, OpKind.FarBranch16); return true;
            case OpCodeOperandKind.farbr4_2: instruction.SetOpKind(operand, OpKind.FarBranch32); return true;
            case OpCodeOperandKind.seg_rSI:
                instruction.SetOpKind(operand, addressBits switch { 16 => OpKind.MemorySegSI, 32 => OpKind.MemorySegESI, _ => OpKind.MemorySegRSI });
                return true;
            case OpCodeOperandKind.es_rDI:
                instruction.SetOpKind(operand, addressBits switch { 16 => OpKind.MemoryESDI, 32 => OpKind.MemoryESEDI, _ => OpKind.MemoryESRDI });
                return true;
            case OpCodeOperandKind.seg_rDI:
                instruction.SetOpKind(operand, addressBits switch { 16 => OpKind.MemorySegDI, 32 => OpKind.MemorySegEDI, _ => OpKind.MemorySegRDI });
                return true;
            case OpCodeOperandKind.seg_rBX_al:
                instruction.SetOpKind(operand, OpKind.Memory);
                instruction.MemoryBase = addressBits switch { 16 => Register.BX, 32 => Register.EBX, _ => Register.RBX };
                instruction.MemoryIndex = Register.AL;
                return true;
            default:
                if (OperandRegisters.Pick(kind, _bits, ref random) is not { } register) return false;
                instruction.SetOpKind(operand, OpKind.Register);
                instruction.SetOpRegister(operand, register);
                return true;
        }
    }

    private static void SetImmediate(ref Instruction instruction, int operand, OpCodeOperandKind kind, bool second, ref Random64 random)
    {
        ulong value = EdgeValues.Integer(ref random, kind switch { OpCodeOperandKind.imm16 => 16, OpCodeOperandKind.imm32 or OpCodeOperandKind.imm32sex64 => 32, OpCodeOperandKind.imm64 => 64, _ => 8 });
        switch (kind)
        {
            case OpCodeOperandKind.imm8 when second:
                instruction.SetOpKind(operand, OpKind.Immediate8_2nd);
                instruction.Immediate8_2nd = (byte)value;
                break;
            case OpCodeOperandKind.imm8:
                instruction.SetOpKind(operand, OpKind.Immediate8);
                instruction.Immediate8 = (byte)value;
                break;
            case OpCodeOperandKind.imm4_m2z:
                instruction.SetOpKind(operand, OpKind.Immediate8);
                instruction.Immediate8 = (byte)(value & 15);
                break;
            case OpCodeOperandKind.imm8_const_1:
                instruction.SetOpKind(operand, OpKind.Immediate8);
                instruction.Immediate8 = 1;
                break;
            case OpCodeOperandKind.imm8sex16:
                instruction.SetOpKind(operand, OpKind.Immediate8to16);
                instruction.Immediate8to16 = (sbyte)value;
                break;
            case OpCodeOperandKind.imm8sex32:
                instruction.SetOpKind(operand, OpKind.Immediate8to32);
                instruction.Immediate8to32 = (sbyte)value;
                break;
            case OpCodeOperandKind.imm8sex64:
                instruction.SetOpKind(operand, OpKind.Immediate8to64);
                instruction.Immediate8to64 = (sbyte)value;
                break;
            case OpCodeOperandKind.imm16:
                instruction.SetOpKind(operand, OpKind.Immediate16);
                instruction.Immediate16 = (ushort)value;
                break;
            case OpCodeOperandKind.imm32:
                instruction.SetOpKind(operand, OpKind.Immediate32);
                instruction.Immediate32 = (uint)value;
                break;
            case OpCodeOperandKind.imm32sex64:
                instruction.SetOpKind(operand, OpKind.Immediate32to64);
                instruction.Immediate32to64 = (int)value;
                break;
            case OpCodeOperandKind.imm64:
                instruction.SetOpKind(operand, OpKind.Immediate64);
                instruction.Immediate64 = value;
                break;
        }
    }

    private void SetMemory(ref Instruction instruction, int operand, OpCodeOperandKind kind, int addressBits, ref Random64 random)
    {
        instruction.SetOpKind(operand, OpKind.Memory);
        int fullDisplacement = addressBits / 8;
        switch (kind)
        {
            case OpCodeOperandKind.mem_offs:
                instruction.MemoryDisplSize = fullDisplacement;
                break;
            case OpCodeOperandKind.mem_vsib32x or OpCodeOperandKind.mem_vsib64x or OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y:
                bool ymm = kind is OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y;
                if (addressBits == 16) addressBits = 32; // VSIB has no 16-bit form
                instruction.MemoryBase = OperandRegisters.Gpr(addressBits, random.Below(_bits == 64 ? 16 : 8));
                instruction.MemoryIndex = (ymm ? Register.YMM0 : Register.XMM0) + random.Below(_bits == 64 ? 16 : 8);
                instruction.MemoryIndexScale = 1 << random.Below(4);
                instruction.MemoryDisplSize = random.Pick([0, 1, addressBits / 8]);
                break;
            case var _ when addressBits == 16: Set16BitShape(ref instruction, ref random); break;
            default: SetSibShape(ref instruction, addressBits, ref random); break;
        }
        if (random.Percent(15)) instruction.SegmentPrefix = random.Pick<Register>([Register.ES, Register.CS, Register.SS, Register.DS, Register.FS, Register.FS, Register.GS, Register.GS]);
    }

    private static void Set16BitShape(ref Instruction instruction, ref Random64 random)
    {
        (Register Base, Register Index) shape = random.Pick<(Register, Register)>([
            (Register.BX, Register.SI), (Register.BX, Register.DI), (Register.BP, Register.SI), (Register.BP, Register.DI),
            (Register.SI, Register.None), (Register.DI, Register.None), (Register.BP, Register.None), (Register.BX, Register.None),
            (Register.None, Register.None)]);
        instruction.MemoryBase = shape.Base;
        instruction.MemoryIndex = shape.Index;
        instruction.MemoryIndexScale = 1;
        instruction.MemoryDisplSize = shape.Base == Register.None ? 2 : random.Pick([0, 1, 2]);
    }

    private void SetSibShape(ref Instruction instruction, int addressBits, ref Random64 random)
    {
        int count = _bits == 64 ? 16 : 8, full = addressBits / 8;
        switch (random.Below(10))
        {
            case 0 or 1 or 2 or 3:
                instruction.MemoryBase = OperandRegisters.Gpr(addressBits, random.Below(count));
                instruction.MemoryDisplSize = random.Pick([0, 1, full]);
                break;
            case 4 or 5 or 6:
                instruction.MemoryBase = OperandRegisters.Gpr(addressBits, random.Below(count));
                SetIndex(ref instruction, addressBits, count, ref random);
                instruction.MemoryDisplSize = random.Pick([0, 1, full]);
                break;
            case 7:
                SetIndex(ref instruction, addressBits, count, ref random);
                instruction.MemoryDisplSize = full;
                break;
            case 8 when _bits == 64:
                instruction.MemoryBase = addressBits == 64 ? Register.RIP : Register.EIP;
                instruction.MemoryDisplSize = full;
                break;
            default:
                instruction.MemoryDisplSize = full;
                break;
        }
    }

    private static void SetIndex(ref Instruction instruction, int addressBits, int count, ref Random64 random)
    {
        int index;
        do index = random.Below(count); while (index == 4); // RSP cannot be an index
        instruction.MemoryIndex = OperandRegisters.Gpr(addressBits, index);
        instruction.MemoryIndexScale = 1 << random.Below(4);
    }

    private sealed class ByteReader : CodeReader
    {
        private byte[] _bytes = [];
        private int _position;

        public void Restart(byte[] bytes) => (_bytes, _position) = (bytes, 0);

        public override int ReadByte() => _position < _bytes.Length ? _bytes[_position++] : -1;
    }

    private sealed class ByteWriter : CodeWriter
    {
        private readonly byte[] _bytes = new byte[16];
        private int _length;

        public override void WriteByte(byte value) => _bytes[_length++ & 15] = value;

        public void Clear() => _length = 0;

        public byte[] ToArray() => _bytes[.._length];
    }
}
