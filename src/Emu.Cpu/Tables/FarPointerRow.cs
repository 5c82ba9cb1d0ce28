using Iced.Intel;

namespace Emu.Cpu;

/// <summary>
/// JMP and CALL through a far pointer in memory. With REX.W the pointer is m16:64, as Intel has it and as software written for
/// both vendors' processors expects of an emulator; AMD's own ignore the prefix (APM Vol. 3, JMP far), and so does Iced for them.
/// </summary>
internal sealed unsafe class FarPointerRow(delegate*<Vcpu, Op*, void> function) : InstructionRow
{
    private readonly delegate*<Vcpu, Op*, void> function = function;

    /// <inheritdoc/>
    public override void Bind(ref Binder binder)
    {
        GenericOperands.Bind(ref binder);
        if (binder.Is64 && binder.Instruction.MemorySize == MemorySize.SegPtr32 && HasRexW(binder)) binder.Op->Size = 10;
        binder.BindSlow(function, endsBlock: true);
    }

    private static bool HasRexW(in Binder binder)
    {
        if (binder.Bytes is not { } bytes) return false;
        // REX stands right before the opcode, FFh, which no prefix equals.
        int offset = binder.Op->Offset;
        byte last = 0;
        for (byte b; (b = bytes[offset]) != 0xFF; offset++) last = b;
        return (last & 0xF8) == 0x48;
    }
}
