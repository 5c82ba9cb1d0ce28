using Emu.Cpu;
using Emu.Debugging;
using Iced.Intel;
using Decoder = Iced.Intel.Decoder;

namespace Emu.Stepper.Explain;

/// <summary>An instruction about to run, with the values it will meet.</summary>
public sealed unsafe class PendingExplanation
{
    private const int MostBytes = 15;

    private PendingExplanation(CpuState before, Instruction instruction, ulong address, byte[] bytes, List<MemoryOperand> memory)
    {
        Before = before;
        Instruction = instruction;
        Address = address;
        Bytes = bytes;
        Memory = memory;
    }

    /// <summary>The state before.</summary>
    public CpuState Before { get; }

    /// <summary>The instruction at the instruction pointer; invalid where none is.</summary>
    public Instruction Instruction { get; }

    /// <summary>Its linear address.</summary>
    public ulong Address { get; }

    /// <summary>Its bytes.</summary>
    public IReadOnlyList<byte> Bytes { get; }

    /// <summary>Its memory accesses.</summary>
    internal List<MemoryOperand> Memory { get; }

    /// <summary>What it reads and writes.</summary>
    internal InstructionInfo Info { get; private init; }

    /// <summary>Linear addresses and sizes of the memory it will write.</summary>
    public IEnumerable<(ulong Linear, int Size)> Writes => Memory.Where(m => m.Writes && m.Size > 0).Select(m => (m.Linear, m.Size));

    /// <summary>Linear addresses and sizes of the memory it will read.</summary>
    public IEnumerable<(ulong Linear, int Size)> Reads => Memory.Where(m => m.Reads && m.Size > 0).Select(m => (m.Linear, m.Size));

    /// <summary>Looks at the instruction that a processor is about to run.</summary>
    public static PendingExplanation At(Vcpu cpu, InstructionText text)
    {
        CpuState* s = cpu.State;
        Instruction instruction = Decode(cpu, out ulong linear, out byte[] bytes);
        InstructionInfo info = new InstructionInfoFactory().GetInfo(instruction);
        List<MemoryOperand> memory = instruction.IsInvalid ? [] : MemoryOperand.Of(cpu, s, instruction, info, text);
        PendingExplanation pending = new(*s, instruction, linear, bytes, memory) { Info = info };
        pending.AddWalks(cpu);
        return pending;
    }

    /// <summary>The page walks of the memory accesses as the tables were before: the instruction itself may set accessed and dirty bits.</summary>
    private void AddWalks(Vcpu cpu)
    {
        foreach (MemoryOperand memory in Memory) memory.Walk = AddressAccount.PageWalk(cpu, memory.Linear, memory.Kind, AddressAccount.ClassOf(*cpu.State));
    }

    /// <summary>Decodes the instruction at the instruction pointer.</summary>
    public static Instruction Decode(Vcpu cpu, out ulong linear, out byte[] bytes)
    {
        byte[] buffer = new byte[MostBytes];
        linear = GuestView.LinearInstructionPointer(cpu);
        int available = GuestView.ReadLinear(cpu, linear, buffer);
        Decoder decoder = Decoder.Create(GuestView.CodeBits(cpu), new ByteArrayCodeReader(buffer, 0, available), cpu.Model.DecoderOptions);
        decoder.IP = cpu.State->Rip;
        decoder.Decode(out Instruction instruction);
        bytes = buffer[..Math.Min(available, instruction.Length)];
        return instruction;
    }
}
