using Emu.Cpu;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;
using Iced.Intel;
using Xunit;

namespace Emu.Stepper.Tests;

/// <summary>Holds explanations to what the processor did, over random instructions and operands.</summary>
public sealed unsafe class ExplanationTruthTests
{
    private const ulong Code = 0x10_0000, Data = 0x20_0000;
    private const int CasesOfEachForm = 24;

    private static readonly (string Name, uint Bit)[] Flags = [("CF", Eflags.Cf), ("PF", Eflags.Pf), ("AF", Eflags.Af), ("ZF", Eflags.Zf), ("SF", Eflags.Sf), ("OF", Eflags.Of)];
    private static readonly ulong[] Edges = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, ulong.MaxValue, 0x0F, 0x10];

    [Fact]
    public void ExplanationsStateTrueValuesForIntegerInstructions()
    {
        using StepperSession session = Open();
        Random random = new(1);
        HashSet<Mnemonic> met = [];
        int derived = 0;
        foreach (Code code in Enum.GetValues<Code>())
        {
            if (InstructionTable.Instance[code] == null || InstructionTable.Instance.ExplanationOf(code) is not { FlagRule: { Length: > 0 } rule } || rule is "zf-only" or "random" or "text" or "fcomi") continue;
            if (!session.Cpu.Model.Supports(code) || !code.ToOpCode().Mode64) continue;
            for (int i = 0; i < CasesOfEachForm; i++)
            {
                if (Build(code, random) is not { } instruction) break;
                met.Add(instruction.Mnemonic);
                derived += Check(session, instruction, random, rule);
            }
        }

        Assert.True(lies.Count == 0, string.Join("\n", lies.Values));
        Assert.True(met.Count >= 44, $"only {met.Count} mnemonics were met: {string.Join(" ", met)}");
        Assert.True(derived > 20_000, $"only {derived} flags were derived");
    }

    [Fact]
    public void AddressesInExplanationsAreThoseTheProcessorUsed()
    {
        using StepperSession session = Open();
        Random random = new(2);
        for (int i = 0; i < 2000; i++)
        {
            Assembler assembler = new(64);
            AssemblerMemoryOperand memory = AssemblerRegisters.__[AssemblerRegisters.rbx + (AssemblerRegisters.rcx * (1 << random.Next(4))) + random.Next(-100, 100)];
            assembler.mov(AssemblerRegisters.rax, memory);
            assembler.lea(AssemblerRegisters.rdx, memory);
            Load(session, assembler);
            CpuState* s = session.Cpu.State;
            (s->Gpr[3], s->Gpr[1]) = (Data + (ulong)random.Next(4096), (ulong)random.Next(1000));
            session.Step();
            Explanation load = session.Last!;
            session.Step();
            Assert.Equal(session.Cpu.State->Gpr[2], load.Operands[1].Linear);
            Assert.Equal(session.Evaluate($"qword [{load.Operands[1].Linear}]"), Numbers.FromBytes(load.Operands[0].After));
            Assert.Contains(load.Lines, l => l.Kind == ExplanationKind.Address && l.Text.EndsWith("= " + Numbers.Hex(session.Cpu.State->Gpr[2]), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void LanesInExplanationsAreThoseOfTheRegisters()
    {
        using StepperSession session = Open();
        Random random = new(3);
        for (int i = 0; i < 500; i++)
        {
            Assembler assembler = new(64);
            if (i % 2 == 0) assembler.addps(AssemblerRegisters.xmm1, AssemblerRegisters.xmm2);
            else assembler.vmulpd(AssemblerRegisters.ymm3, AssemblerRegisters.ymm1, AssemblerRegisters.ymm2);
            Load(session, assembler);
            for (int k = 0; k < 64; k++) ((float*)session.Cpu.State->Vector)[k] = (float)((random.NextDouble() - 0.5) * 1000);
            session.Step();
            CpuState* s = session.Cpu.State;
            string expected = i % 2 == 0 ? Numbers.Float(((float*)(s->Vector + 64))[2]) : Numbers.Float(((double*)(s->Vector + 192))[2]);
            Assert.Contains(session.Last!.Lines, l => l.Text.StartsWith("lane 2: ", StringComparison.Ordinal) && l.Text.EndsWith("= " + expected, StringComparison.Ordinal));
        }
    }

    private readonly Dictionary<string, string> lies = [];

    /// <summary>Notes what does not hold, once for each rule.</summary>
    private void Hold(bool truth, string rule, string what)
    {
        if (!truth) lies.TryAdd(rule, what);
    }

    private static StepperSession Open()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, [0x90]);
        return new StepperSession(GuestProgram.FromFile(path, new ProgramOptions { Bits = 64, Origin = Code }));
    }

    private int Check(StepperSession session, Instruction instruction, Random random, string rule)
    {
        Encoder encoder = Encoder.Create(64, new ByteWriter(out List<byte> bytes));
        if (!encoder.TryEncode(instruction, Code, out _, out _)) return 0;
        session.Cpu.Memory.Write(Code, [.. bytes]);
        CpuState* s = session.Cpu.State;
        for (int i = 0; i < 16; i++) s->Gpr[i] = random.Next(2) == 0 ? Edges[random.Next(Edges.Length)] : (ulong)random.NextInt64();
        s->Gpr[6] = s->Gpr[7] = Data;
        s->Gpr[4] = 0x9_0000;
        session.Cpu.Memory.Write(Data, 8, Edges[random.Next(Edges.Length)]);
        s->Eflags = (uint)random.Next() & Eflags.Arithmetic;
        s->Rip = Code;
        uint before = s->Eflags;
        session.Step();
        Explanation told = session.Last!;
        if (!told.Executed) return 0;
        string what = $"{told.Text} ({rule}) told {string.Join("; ", told.Lines.Select(l => l.Text))}";
        int derived = 0;
        uint changed = 0;
        foreach (FlagAccount flag in told.Flags)
        {
            uint bit = Flags.First(f => f.Name == flag.Name).Bit;
            changed |= bit;
            Hold(flag.After == ((s->Eflags & bit) != 0), rule + flag.Name, what);
            if (flag.Derived is not { } value) continue;
            derived++;
            Hold(value == flag.After, rule + flag.Name, $"{flag.Name}: {flag.Reason}, but it is {flag.After}: {what}");
        }

        // OF is undefined after rotates by more than one; Iced says so for some counts by not naming it.
        if (rule is "rcl" or "rcr") changed |= Eflags.Of;
        Hold(((before ^ s->Eflags) & Eflags.Arithmetic & ~changed) == 0, rule, $"a flag changed that nothing was told about: {what}");
        for (int i = 0; i < told.Operands.Count; i++)
        {
            if (told.Instruction.GetOpKind(i) != OpKind.Register) continue;
            Assert.Equal(RegisterFile.Read(*s, told.Instruction.GetOpRegister(i)), told.Operands[i].After);
        }

        for (int i = 0; i < 16; i++)
        {
            CpuState old = session.Previous;
            if (old.Gpr[i] == s->Gpr[i]) continue;
            bool said = told.Lines.Any(l => l.Text.Contains("becomes", StringComparison.Ordinal) || l.Kind == ExplanationKind.Stack);
            Hold(said, rule, $"register {i} changed and nothing was told: {what}");
        }

        return derived;
    }

    /// <summary>An instruction of a form with random operands; null for forms with operands of other kinds.</summary>
    private static Instruction? Build(Code code, Random random)
    {
        OpCodeInfo info = code.ToOpCode();
        Instruction instruction = default;
        instruction.Code = code;
        for (int i = 0; i < info.OpCount; i++)
        {
            Register? register = info.GetOpKind(i) switch
            {
                OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r8_reg => Pick(random, Register.BL, Register.CL, Register.AH, Register.R9L, Register.DH),
                OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r16_reg => Pick(random, Register.BX, Register.CX, Register.R10W, Register.BP),
                OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r32_reg or OpCodeOperandKind.r32_vvvv => Pick(random, Register.EBX, Register.ECX, Register.R11D, Register.EBP),
                OpCodeOperandKind.r64_or_mem or OpCodeOperandKind.r64_reg or OpCodeOperandKind.r64_vvvv => Pick(random, Register.RBX, Register.RCX, Register.R12, Register.RBP),
                OpCodeOperandKind.al => Register.AL,
                OpCodeOperandKind.ax => Register.AX,
                OpCodeOperandKind.eax => Register.EAX,
                OpCodeOperandKind.rax => Register.RAX,
                OpCodeOperandKind.cl => Register.CL,
                _ => null,
            };
            if (register is { } found)
            {
                instruction.SetOpKind(i, OpKind.Register);
                instruction.SetOpRegister(i, found);
                continue;
            }

            OpKind? kind = info.GetOpKind(i) switch
            {
                OpCodeOperandKind.imm8 => OpKind.Immediate8,
                OpCodeOperandKind.imm8sex16 => OpKind.Immediate8to16,
                OpCodeOperandKind.imm8sex32 => OpKind.Immediate8to32,
                OpCodeOperandKind.imm8sex64 => OpKind.Immediate8to64,
                OpCodeOperandKind.imm16 => OpKind.Immediate16,
                OpCodeOperandKind.imm32 => OpKind.Immediate32,
                OpCodeOperandKind.imm32sex64 => OpKind.Immediate32to64,
                OpCodeOperandKind.imm8_const_1 => OpKind.Immediate8,
                _ => null,
            };
            if (kind is not { } immediate) return null;
            instruction.SetOpKind(i, immediate);
            instruction.SetImmediate(i, info.GetOpKind(i) == OpCodeOperandKind.imm8_const_1 ? 1u : (ulong)(long)(sbyte)random.Next(-128, 128) & (immediate == OpKind.Immediate8 ? 0xFFu : immediate == OpKind.Immediate16 ? 0xFFFFu : immediate == OpKind.Immediate32 ? 0xFFFF_FFFF : ulong.MaxValue));
        }

        // Half of the forms that can have one get a memory operand.
        if (random.Next(2) == 0 && info.OpCount > 0 && info.GetOpKind(0) is OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r64_or_mem && instruction.Mnemonic is not (Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc))
        {
            instruction.SetOpKind(0, OpKind.Memory);
            instruction.MemoryBase = Register.RSI;
            instruction.MemoryDisplSize = 1;
            // A high byte register cannot go with a REX prefix.
        }

        return instruction;
    }

    private static Register Pick(Random random, params ReadOnlySpan<Register> registers) => registers[random.Next(registers.Length)];

    private static void Load(StepperSession session, Assembler assembler)
    {
        MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), Code);
        session.Cpu.Memory.Write(Code, stream.ToArray());
        session.Cpu.State->Rip = Code;
    }

    private sealed class ByteWriter : CodeWriter
    {
        private readonly List<byte> bytes = [];

        public ByteWriter(out List<byte> written) => written = bytes;

        public override void WriteByte(byte value) => bytes.Add(value);
    }
}
