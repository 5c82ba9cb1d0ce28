using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;
using Emu.Cpu.Semantics.Simd;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>SIMD instructions too rare or too intricate for a handler of their own.</summary>
internal static unsafe class SlowVector
{
    private const uint MxcsrWritable = 0xFFFF;

    /// <summary>LDMXCSR: a reserved bit set is #GP(0) (SDM Vol. 1 10.2.3).</summary>
    public static void LoadControl(Vcpu cpu, Op* op)
    {
        uint value = cpu.ReadMemoryOperand<uint>(op);
        if ((value & ~MxcsrWritable) != 0) cpu.RaiseGeneralProtection();
        cpu.State->Mxcsr = value;
    }

    /// <summary>STMXCSR.</summary>
    public static void StoreControl(Vcpu cpu, Op* op) => cpu.WriteMemoryOperand(op, cpu.State->Mxcsr);

    // EXTRQ and INSERTQ leave the upper quadword of the destination undefined (APM Vol. 4); AMD's processors clear it.

    /// <summary>EXTRQ with immediates: length, then position.</summary>
    public static void ExtractField(Vcpu cpu, Op* op)
    {
        ulong* target = Quadwords(cpu, op->Destination);
        target[0] = BitField.Extract(target[0], (int)op->Immediate & 0xFF, (int)(op->Immediate >> 16) & 0xFF);
        target[1] = 0;
    }

    /// <summary>EXTRQ with length and position in the second register's bytes 0 and 1.</summary>
    public static void ExtractFieldByRegister(Vcpu cpu, Op* op)
    {
        ulong control = Quadwords(cpu, op->Source)[0];
        ulong* target = Quadwords(cpu, op->Destination);
        target[0] = BitField.Extract(target[0], (byte)control, (byte)(control >> 8));
        target[1] = 0;
    }

    /// <summary>INSERTQ with immediates: length, then position.</summary>
    public static void InsertField(Vcpu cpu, Op* op)
    {
        ulong* target = Quadwords(cpu, op->Destination);
        target[0] = BitField.Insert(target[0], Quadwords(cpu, op->Source)[0], (int)op->Immediate & 0xFF, (int)(op->Immediate >> 16) & 0xFF);
        target[1] = 0;
    }

    /// <summary>INSERTQ with length and position in bytes 8 and 9 of the second register.</summary>
    public static void InsertFieldByRegister(Vcpu cpu, Op* op)
    {
        ulong* source = Quadwords(cpu, op->Source);
        (ulong field, ulong control) = (source[0], source[1]);
        ulong* target = Quadwords(cpu, op->Destination);
        target[0] = BitField.Insert(target[0], field, (byte)control, (byte)(control >> 8));
        target[1] = 0;
    }

    /// <summary>MASKMOVDQU: bytes of operand 1 to [rDI] where the sign of the mask byte (operand 2) is set.</summary>
    public static void MaskedStoreBytes(Vcpu cpu, Op* op)
    {
        byte* source = cpu.State->Vector + (op->Source * 64), mask = cpu.State->Vector + (op->Source2 * 64);
        StoreBytes(cpu, op, source, mask, 16);
    }

    /// <summary>MASKMOVQ: the same with MMX registers.</summary>
    public static void MaskedStoreMmx(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        CpuState* s = cpu.State;
        EnterMmx(s);
        StoreBytes(cpu, op, (byte*)&s->Fpr[op->Source * 2], (byte*)&s->Fpr[op->Source2 * 2], 8);
    }

    private static void StoreBytes(Vcpu cpu, Op* op, byte* source, byte* mask, int count)
    {
        ulong linear = cpu.TranslateSegment(op->Segment, Vcpu.WrapAddress(cpu.State->Gpr[7], op->AddressSize), count, AccessKind.Write);
        cpu.ProbeLinear(linear, count, AccessKind.Write, op->Segment);
        for (int i = 0; i < count; i++)
        {
            if ((mask[i] & 0x80) != 0) cpu.WriteLinear(cpu.WrapLinear(linear + (uint)i), source[i], cpu.CurrentAccessClass, op->Segment);
        }
    }

    /// <summary>VMASKMOVPS, VPMASKMOVD from memory: elements whose mask sign is clear become zero and are not read.</summary>
    public static void MaskedLoad<T, TVector>(Vcpu cpu, Op* op)
        where T : unmanaged
        where TVector : unmanaged
    {
        CpuState* s = cpu.State;
        byte* mask = s->Vector + (op->Source * 64);
        byte* loaded = stackalloc byte[sizeof(TVector)];
        for (int i = 0; i < sizeof(TVector) / sizeof(T); i++)
        {
            ((T*)loaded)[i] = IsSet<T>(mask, i) ? ReadElement<T>(cpu, op, (uint)(i * sizeof(T))) : default;
        }

        VectorFile.Store<TVector, Yes>(s, op->Destination, *(TVector*)loaded);
    }

    /// <summary>VMASKMOVPS, VPMASKMOVD to memory. Everything is checked before the first element is written.</summary>
    public static void MaskedStore<T, TVector>(Vcpu cpu, Op* op)
        where T : unmanaged
        where TVector : unmanaged
    {
        CpuState* s = cpu.State;
        byte* mask = s->Vector + (op->Source * 64), source = s->Vector + (op->Source2 * 64);
        int count = sizeof(TVector) / sizeof(T);
        for (int i = 0; i < count; i++)
        {
            if (!IsSet<T>(mask, i)) continue;
            cpu.ProbeLinear(ElementAddress<T>(cpu, op, (uint)(i * sizeof(T)), AccessKind.Write), sizeof(T), AccessKind.Write, op->Segment);
        }

        for (int i = 0; i < count; i++)
        {
            if (!IsSet<T>(mask, i)) continue;
            cpu.WriteLinear(ElementAddress<T>(cpu, op, (uint)(i * sizeof(T)), AccessKind.Write), ((T*)source)[i], cpu.CurrentAccessClass, op->Segment);
        }
    }

    /// <summary>
    /// VGATHERxxx, VPGATHERxx: elements of <typeparamref name="T"/> at indices of <typeparamref name="TIndex"/>, first to last. Each element
    /// done clears its part of the mask, so after a fault the instruction goes on where it was; alignment is not checked (SDM Vol. 2C VGATHERDPS).
    /// <see cref="Op.Destination"/>, <see cref="Op.Source"/> the mask, <see cref="Op.IndexRegister"/> the indices, <see cref="Op.Size"/> elements.
    /// </summary>
    public static void Gather<T, TIndex>(Vcpu cpu, Op* op)
        where T : unmanaged
        where TIndex : unmanaged
    {
        CpuState* s = cpu.State;
        byte* target = s->Vector + (op->Destination * 64), mask = s->Vector + (op->Source * 64), indices = s->Vector + (op->IndexRegister * 64);
        ulong start = *(ulong*)((byte*)s + op->Base) + (ulong)(long)op->Displacement;
        for (int i = 0; i < op->Size; i++)
        {
            if (IsSet<T>(mask, i))
            {
                ulong index = sizeof(TIndex) == 4 ? (ulong)((int*)indices)[i] : ((ulong*)indices)[i];
                ulong offset = Vcpu.WrapAddress(start + (index << op->Scale), op->AddressSize);
                ((T*)target)[i] = cpu.ReadElement<T>(op->Segment, offset);
            }

            ClearElement<T>(mask, i);
        }

        new Span<byte>(target + (op->Size * sizeof(T)), 64 - (op->Size * sizeof(T))).Clear();
        new Span<byte>(mask, 64).Clear();
    }

    /// <summary>CVTPI2PS, CVTPI2PD from an MMX register, or from memory, which touches no x87 state.</summary>
    public static void ConvertFromMmx<T>(Vcpu cpu, Op* op)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        CpuState* s = cpu.State;
        ulong source;
        if ((op->Flags & OpFlags.Memory) != 0)
        {
            source = cpu.ReadMemoryOperand<ulong>(op);
        }
        else
        {
            cpu.WaitX87();
            EnterMmx(s);
            source = s->Fpr[op->Source * 2];
        }

        Vector128<int> integers = Vector128.CreateScalar(source).AsInt32();
        if (sizeof(T) == 4)
        {
            // The upper half is zero and so raises nothing.
            ulong result = PackedConvert.ToSingle(integers, ref s->SseEnvironment).AsUInt64().ToScalar();
            cpu.RaiseSimdFloatingPoint();
            Quadwords(cpu, op->Destination)[0] = result;
        }
        else
        {
            VectorFile.Store<Vector128<double>, No>(s, op->Destination, PackedConvert.ToDouble(integers));
        }
    }

    /// <summary>CVTPS2PI, CVTPD2PI, and CVTTPS2PI, CVTTPD2PI. The x87 registers are MMX ones already when #XM is raised.</summary>
    public static void ConvertToMmx<T, TTruncation>(Vcpu cpu, Op* op)
        where T : unmanaged
        where TTruncation : ITruncation
    {
        CpuState* s = cpu.State;
        cpu.WaitX87();
        bool memory = (op->Flags & OpFlags.Memory) != 0;
        Vector128<int> result;
        if (sizeof(T) == 4)
        {
            ulong source = memory ? cpu.ReadMemoryOperand<ulong>(op) : Quadwords(cpu, op->Source)[0];
            result = PackedConvert.ToInt32(Vector128.CreateScalar(source).AsSingle(), TTruncation.Truncates, ref s->SseEnvironment);
        }
        else
        {
            Vector128<double> source = memory ? ReadAligned(cpu, op).AsDouble() : *(Vector128<double>*)(s->Vector + (op->Source * 64));
            result = PackedConvert.ToInt32(source, TTruncation.Truncates, ref s->SseEnvironment);
        }

        EnterMmx(s);
        cpu.RaiseSimdFloatingPoint();
        VectorFile.StoreMmx(s, op->Destination, result.AsUInt64().ToScalar());
    }

    private static Vector128<byte> ReadAligned(Vcpu cpu, Op* op)
    {
        ulong linear = cpu.OperandAddress(op, 16, AccessKind.Read);
        if ((linear & 15) != 0) cpu.RaiseGeneralProtection();
        return cpu.ReadLinear<Vector128<byte>>(linear, cpu.CurrentAccessClass, op->Segment);
    }

    private static void EnterMmx(CpuState* s)
    {
        s->Fsw = (ushort)(s->Fsw & ~0x3800);
        s->Ftw = 0xFF;
    }

    private static ulong* Quadwords(Vcpu cpu, int register) => (ulong*)(cpu.State->Vector + (register * 64));

    private static bool IsSet<T>(byte* mask, int element)
        where T : unmanaged => (mask[(element * sizeof(T)) + sizeof(T) - 1] & 0x80) != 0;

    private static void ClearElement<T>(byte* mask, int element)
        where T : unmanaged => new Span<byte>(mask + (element * sizeof(T)), sizeof(T)).Clear();

    private static T ReadElement<T>(Vcpu cpu, Op* op, uint distance)
        where T : unmanaged => cpu.ReadLinear<T>(ElementAddress<T>(cpu, op, distance, AccessKind.Read), cpu.CurrentAccessClass, op->Segment);

    private static ulong ElementAddress<T>(Vcpu cpu, Op* op, uint distance, AccessKind kind)
        where T : unmanaged =>
        cpu.TranslateSegment(op->Segment, Vcpu.WrapAddress(cpu.EffectiveAddress(op) + distance, op->AddressSize), sizeof(T), kind);
}
