using System.Diagnostics.CodeAnalysis;
using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Makes the cases of one mode. The same seed, form and number always give the same case.</summary>
/// <remarks>Not thread-safe: one instance a thread.</remarks>
public sealed unsafe class CaseGenerator
{
    private const ulong AlignmentCheck = 1 << 18;
    private const int SmallWindow = 512, LargeWindow = 2048, Attempts = 64;

    private readonly int _bits;
    private readonly ulong _seed;
    private readonly InstructionBuilder _builder;

    /// <summary>A generator for a mode (16, 32, 64).</summary>
    public CaseGenerator(int bits, ulong seed)
    {
        _bits = bits;
        _seed = seed;
        _builder = new InstructionBuilder(bits);
    }

    /// <summary>Makes case <paramref name="number"/> of a form. False when none of many attempts could be encoded.</summary>
    public bool TryGenerate(InstructionForm form, ulong number, ref CaseInput input)
    {
        var random = new Random64(_seed, form.Hash, number);
        fixed (CaseInput* pointer = &input)
        {
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                if (TryGenerate(form, pointer, ref random))
                {
                    pointer->CaseNumber = number;
                    return true;
                }
            }
        }
        return false;
    }

    private bool TryGenerate(InstructionForm form, CaseInput* input, ref Random64 random)
    {
        if (!_builder.TryBuild(form.Code, ref random, out Instruction instruction)) return false;
        Prepare(form, instruction, input, ref random);
        if (HasMemoryOperand(instruction)
            && !AddressSolver.TrySolve(ref instruction, input, MemoryTarget(instruction, form, input, ref random), ref random)) return false;
        if (!OperandTuner.Tune(ref instruction, form, input, ref random)) return false;

        if (!TryEncode(instruction, form, input, ref random, out byte[]? bytes)) return false;
        bytes.CopyTo(new Span<byte>(input->Code, CaseInput.MaxCode));
        CodeLayout.Finish(input, bytes.Length);
        return true;
    }

    private void Prepare(InstructionForm form, in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        input->Bits = (uint)_bits;
        input->InstructionCount = 1;
        CodeLayout.Place(input, ref random);

        int length = NeedsLargeWindow(form.Mnemonic) ? LargeWindow : SmallWindow;
        input->WindowLength = (uint)length;
        input->WindowAddress = random.Below(20) switch
        {
            0 => TestMap.ReadWriteBase,
            1 => TestMap.ReadWriteBase + TestMap.ReadWriteSize - (uint)length,
            _ => TestMap.ReadWriteBase + TestMap.ReadWriteSize / 2 - (uint)length / 2,
        };
        ElementKind element = random.Percent(85) ? form.Element : ElementKind.Raw;
        StateFiller.Fill(input, element, ref random);
        // Whether operands of more than 8 bytes are checked differs between processors (SDM Vol. 2A table 2-21, APM Vol. 4 table 3-1).
        if (instruction.MemorySize.GetSize() > 8 || instruction.Code == Code.Movsxd_r16_rm16) input->State.Rflags &= ~AlignmentCheck;
        PointStackIntoWindow(input, ref random);
    }

    private static void PointStackIntoWindow(CaseInput* input, ref Random64 random)
    {
        ulong address = input->WindowAddress + (ulong)(random.Below((int)input->WindowLength / 8 - 24) + 16) * 8;
        if (random.Percent(15)) address += (ulong)random.Below(8);
        if (random.Percent(2)) address = random.Percent(50) ? TestMap.ReadWriteBase : TestMap.ReadOnlyBase;
        input->State.Gpr[4] = input->Bits == 16 ? TestMap.EspHigh16 | address & 0xFFFF : address;
        if (random.Percent(50)) input->State.Gpr[5] = input->Bits == 16 ? address & 0xFFFF : address + (ulong)random.Below(64) - 32;
    }

    private static bool HasMemoryOperand(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory) return true;
        }
        return false;
    }

    /// <summary>An address in the window, mostly aligned; near an unmapped or read-only page when the window is.</summary>
    private static ulong MemoryTarget(in Instruction instruction, InstructionForm form, CaseInput* input, ref Random64 random)
    {
        int size = Math.Max(1, instruction.MemorySize.GetSize());
        if (NeedsLargeWindow(form.Mnemonic)) size = Math.Max(size, 1024);
        int room = (int)input->WindowLength - size;
        int offset = random.Below(room + 1);
        bool atStart = input->WindowAddress == TestMap.ReadWriteBase, atEnd = input->WindowAddress + input->WindowLength == TestMap.ReadOnlyBase;
        if ((atStart || atEnd) && random.Percent(60))
        {
            int overlap = random.Below(size + 1);
            offset = atStart ? -overlap : (int)input->WindowLength - size + overlap;
            return input->WindowAddress + (ulong)offset;
        }
        int alignment = random.Below(4) switch { 0 => 1, 1 => 64, _ => Math.Min(64, 1 << System.Numerics.BitOperations.Log2((uint)size)) };
        return input->WindowAddress + (ulong)(offset & -alignment);
    }

    private static bool NeedsLargeWindow(Mnemonic mnemonic) => mnemonic is Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64
        or Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsavec or Mnemonic.Xsavec64 or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64
        or Mnemonic.Xrstor or Mnemonic.Xrstor64 or Mnemonic.Xsaves or Mnemonic.Xsaves64 or Mnemonic.Xrstors or Mnemonic.Xrstors64 or Mnemonic.Enter
        or Mnemonic.Btc or Mnemonic.Btr or Mnemonic.Bts or Mnemonic.Bt;

    private bool TryEncode(Instruction instruction, InstructionForm form, CaseInput* input, ref Random64 random, [NotNullWhen(true)] out byte[]? bytes)
    {
        if (random.Percent(18) && PrefixMutator.TryMutate(instruction, form, _builder, input, ref random, out bytes)) return true;
        if (!_builder.TryEncode(instruction, input->State.Rip, out bytes)) return false;
        return _builder.Decode(bytes, input->State.Rip).Code == form.Code;
    }
}
