using Iced.Intel;

namespace Emu.Cpu;

/// <summary>MOVS, STOS, LODS, CMPS, SCAS.</summary>
internal sealed unsafe class StringRow<TOperation> : InstructionRow
    where TOperation : IStringOperation
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.String));

    public override void Bind(ref Binder binder)
    {
        StringOperands.Bind(ref binder);
        int key = SizeLog2(binder.Op->Size);
        binder.SetHandler(handlers.Get(key, key, static key => [typeof(TOperation), HandlerSet.Integer(key)]));
    }
}

/// <summary>The implied memory operands of string instructions.</summary>
internal static unsafe class StringOperands
{
    /// <summary>Binds element size, address size, the segment of the source and the repeat prefixes.</summary>
    public static void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        op->Size = (byte)instruction.MemorySize.GetSize();
        op->Segment = SegmentIndex.Es;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            int addressSize = kind switch
            {
                OpKind.MemorySegSI or OpKind.MemoryESDI => 2,
                OpKind.MemorySegESI or OpKind.MemoryESEDI => 4,
                OpKind.MemorySegRSI or OpKind.MemoryESRDI => 8,
                _ => 0,
            };
            if (addressSize == 0) continue;
            op->AddressSize = (byte)addressSize;
            if (kind is OpKind.MemorySegSI or OpKind.MemorySegESI or OpKind.MemorySegRSI) op->Segment = Binder.SegmentOf(instruction.MemorySegment);
        }

        if (instruction.HasRepPrefix) op->Flags |= OpFlags.Rep;
        if (instruction.HasRepnePrefix) op->Flags |= OpFlags.Repne;
    }
}
