using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Selectors worth loading: good ones, null, wrong privilege, wrong type, not present, beyond the table.</summary>
internal static unsafe class SelectorTuner
{
    private static ReadOnlySpan<ushort> Selectors =>
    [
        TestMap.UserData, TestMap.UserData, TestMap.UserCode32, TestMap.UserCode64, 0x28, 0x29, 0, 1, 2, 3, 0x08, 0x10, 0x18, 0x1B, 0x40, 0x50,
        TestMap.Code16, TestMap.Data16, TestMap.Data16 & ~3, TestMap.Fs32, TestMap.Gs32, TestMap.ReadOnlyData, TestMap.ExpandDown,
        TestMap.NotPresentData, TestMap.SmallData, TestMap.ExecuteOnly32, TestMap.Code32, TestMap.ReadableCode16, 0xFFF7, 0x1003,
    ];

    private static ReadOnlySpan<ushort> CodeSelectors =>
    [
        TestMap.UserCode64, TestMap.UserCode32, TestMap.UserCode64, TestMap.UserCode32, TestMap.Code32, TestMap.ExecuteOnly32,
        TestMap.UserCode64 & ~3, TestMap.UserCode32 & ~1,
    ];

    /// <summary>Any selector.</summary>
    public static ushort Any(ref Random64 random) => random.Pick(Selectors);

    /// <summary>A selector for a far transfer, mostly of a flat code segment.</summary>
    public static ushort Code(ref Random64 random) => random.Percent(70) ? random.Pick(CodeSelectors) : random.Pick(Selectors);

    /// <summary>Puts a selector into the second operand (register or memory), or the only one.</summary>
    public static void SourceOperand(in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        ushort selector = Any(ref random);
        int operand = instruction.OpCount - 1;
        if (instruction.GetOpKind(operand) == OpKind.Register)
        {
            int number = instruction.GetOpRegister(operand).GetNumber();
            if (number == 4 && input->Bits == 16) return;
            input->State.Gpr[number] = input->State.Gpr[number] & ~0xFFFFUL | selector;
            return;
        }
        byte* memory = OperandTuner.MemoryOf(instruction, input, 2);
        if (memory != null) *(ushort*)memory = selector;
    }

    /// <summary>Puts a selector on the stack.</summary>
    public static void TopOfStack(CaseInput* input, ref Random64 random)
    {
        byte* memory = OperandTuner.StackMemory(input, 0, 2);
        if (memory != null) *(ushort*)memory = Any(ref random);
    }

    /// <summary>Puts a selector into a far pointer in memory.</summary>
    public static void FarPointer(in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        int size = instruction.MemorySize.GetSize();
        byte* memory = OperandTuner.MemoryOf(instruction, input, size);
        if (memory != null) *(ushort*)(memory + size - 2) = Any(ref random);
    }
}
