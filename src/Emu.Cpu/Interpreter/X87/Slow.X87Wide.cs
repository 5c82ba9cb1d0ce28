using Emu.Cpu.FloatingPoint;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>x87 loads and stores of ten bytes.</summary>
internal static unsafe class SlowX87Wide
{
    private const int Size = 10;

    /// <summary>FLD m80fp: no conversion, so no exception but a stack overflow.</summary>
    public static void Load(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        ulong linear = cpu.OperandAddress(op, Size, AccessKind.Read);
        cpu.ProbeLinear(linear, Size, AccessKind.Read, op->Segment);
        ulong significand = cpu.ReadLinear<ulong>(linear, cpu.CurrentAccessClass, op->Segment);
        ushort signExponent = cpu.ReadLinear<ushort>(cpu.WrapLinear(linear + 8), cpu.CurrentAccessClass, op->Segment);
        Push(cpu, op, new Float80(significand, signExponent));
    }

    /// <summary>FBLD.</summary>
    public static void LoadBcd(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        Span<byte> digits = stackalloc byte[Size];
        cpu.ReadLinear(cpu.OperandAddress(op, Size, AccessKind.Read), digits, op->Segment);
        Push(cpu, op, Float80Convert.LoadPackedBcd(digits));
    }

    /// <summary>FSTP m80fp.</summary>
    public static void StorePop(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        CpuState* s = cpu.State;
        bool empty = X87Unit.IsEmpty(s, 0);
        ulong linear = cpu.OperandAddress(op, Size, AccessKind.Write);
        cpu.ProbeLinear(linear, Size, AccessKind.Write, op->Segment);
        X87Unit.TrackMemory(cpu, s, op);
        if (empty)
        {
            if (!X87Unit.Underflow(s)) return;
        }
        else
        {
            X87Unit.ClearC1(s);
        }

        Float80 value = empty ? Float80.Indefinite : X87Unit.Read(s, 0);
        cpu.WriteLinear(linear, value.Significand, cpu.CurrentAccessClass, op->Segment);
        cpu.WriteLinear(cpu.WrapLinear(linear + 8), value.SignExponent, cpu.CurrentAccessClass, op->Segment);
        X87Unit.Pop(s);
    }

    /// <summary>FBSTP.</summary>
    public static void StoreBcdPop(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        CpuState* s = cpu.State;
        Span<byte> digits = stackalloc byte[Size];
        bool empty = X87Unit.IsEmpty(s, 0);
        Float80Convert.StorePackedBcd(empty ? Float80.Indefinite : X87Unit.Read(s, 0), digits, ref X87Unit.Begin(s));
        bool deliver = X87Stores.Delivers(s);
        ulong linear = cpu.OperandAddress(op, Size, AccessKind.Write);
        if (deliver) cpu.WriteLinear(linear, digits, op->Segment);
        else cpu.ProbeLinear(linear, Size, AccessKind.Write, op->Segment);
        X87Unit.TrackMemory(cpu, s, op);
        X87Stores.Commit(s);
        if (deliver) X87Unit.Pop(s);
    }

    private static void Push(Vcpu cpu, Op* op, Float80 value)
    {
        CpuState* s = cpu.State;
        X87Unit.TrackMemory(cpu, s, op);
        if (!X87Unit.IsEmpty(s, 7))
        {
            if (X87Unit.Overflow(s)) X87Unit.Push(s, Float80.Indefinite);
            return;
        }

        X87Unit.ClearC1(s);
        X87Unit.Push(s, value);
    }
}
