using System.Buffers.Binary;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>
/// x87 control instructions (SDM Vol. 1 8.3.11). Those with N in their name do not look at pending exceptions; none of them changes the
/// last-instruction pointers but by loading them.
/// </summary>
internal static unsafe class SlowX87Control
{
    private const int RegisterBytes = 10;
    private const int SaveSize16 = X87EnvironmentImage.Size16 + (8 * RegisterBytes);
    private const int SaveSize32 = X87EnvironmentImage.Size32 + (8 * RegisterBytes);

    /// <summary>WAIT. #NM only if CR0.MP and CR0.TS are both set (SDM Vol. 3A table 2-2).</summary>
    public static void Wait(Vcpu cpu, Op* op)
    {
        const ulong MonitoredSwitch = Cr0.Mp | Cr0.Ts;
        if ((cpu.State->Cr0 & MonitoredSwitch) == MonitoredSwitch) cpu.Raise(ExceptionVector.DeviceNotAvailable);
        cpu.WaitX87();
    }

    /// <summary>FNINIT.</summary>
    public static void Initialize(Vcpu cpu, Op* op) => X87Unit.Initialize(cpu);

    /// <summary>FNCLEX: clears the exception flags, SF, ES and B.</summary>
    public static void ClearExceptions(Vcpu cpu, Op* op) =>
        X87Unit.SetStatus(cpu, (ushort)(cpu.State->Fsw & ~(X87Status.Exceptions | X87Status.StackFault)));

    /// <summary>FNENI, FNDISI, FNSETPM, FRSTPM: of the 8087 and 80287, without effect since.</summary>
    public static void Obsolete(Vcpu cpu, Op* op)
    {
    }

    /// <summary>FLDCW.</summary>
    public static void LoadControl(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        X87Unit.SetControl(cpu, cpu.ReadMemoryOperand<ushort>(op));
    }

    /// <summary>FNSTCW.</summary>
    public static void StoreControl(Vcpu cpu, Op* op) => cpu.WriteMemoryOperand(op, cpu.State->Fcw);

    /// <summary>FNSTSW to memory or AX.</summary>
    public static void StoreStatus(Vcpu cpu, Op* op) => cpu.WriteRm(op, op->Destination, cpu.State->Fsw);

    /// <summary>FNSTENV: stores the environment, then masks all exceptions (SDM Vol. 2A FSTENV).</summary>
    public static void StoreEnvironment(Vcpu cpu, Op* op)
    {
        bool wide = op->Size == X87EnvironmentImage.Size32;
        Span<byte> image = stackalloc byte[X87EnvironmentImage.Size32];
        image = image[..op->Size];
        X87EnvironmentImage.Store(cpu.State, image, wide);
        Write(cpu, op, image);
        X87Unit.SetControl(cpu, (ushort)(cpu.State->Fcw | X87Status.Exceptions));
    }

    /// <summary>FLDENV.</summary>
    public static void LoadEnvironment(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        Span<byte> image = stackalloc byte[X87EnvironmentImage.Size32];
        image = image[..op->Size];
        Read(cpu, op, image);
        X87EnvironmentImage.Load(cpu, image, op->Size == X87EnvironmentImage.Size32);
    }

    /// <summary>FNSAVE: the environment and ST(0) to ST(7), then FNINIT.</summary>
    public static void Save(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        bool wide = op->Size == SaveSize32;
        Span<byte> image = stackalloc byte[SaveSize32];
        image = image[..op->Size];
        X87EnvironmentImage.Store(s, image, wide);
        Span<byte> registers = image[(wide ? X87EnvironmentImage.Size32 : X87EnvironmentImage.Size16)..];
        for (int i = 0; i < 8; i++)
        {
            ulong* register = s->Fpr + (X87Unit.Physical(s, i) * 2);
            BinaryPrimitives.WriteUInt64LittleEndian(registers[(i * RegisterBytes)..], register[0]);
            BinaryPrimitives.WriteUInt16LittleEndian(registers[((i * RegisterBytes) + 8)..], (ushort)register[1]);
        }

        Write(cpu, op, image);
        X87Unit.Initialize(cpu);
    }

    /// <summary>FRSTOR.</summary>
    public static void Restore(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        CpuState* s = cpu.State;
        bool wide = op->Size == SaveSize32;
        Span<byte> image = stackalloc byte[SaveSize32];
        image = image[..op->Size];
        Read(cpu, op, image);
        X87EnvironmentImage.Load(cpu, image, wide);
        ReadOnlySpan<byte> registers = image[(wide ? X87EnvironmentImage.Size32 : X87EnvironmentImage.Size16)..];
        for (int i = 0; i < 8; i++)
        {
            ulong* register = s->Fpr + (X87Unit.Physical(s, i) * 2);
            register[0] = BinaryPrimitives.ReadUInt64LittleEndian(registers[(i * RegisterBytes)..]);
            register[1] = BinaryPrimitives.ReadUInt16LittleEndian(registers[((i * RegisterBytes) + 8)..]);
        }
    }

    /// <summary>EMMS, FEMMS: all registers empty; TOP becomes 0, as after any MMX instruction.</summary>
    public static void EmptyMmx(Vcpu cpu, Op* op)
    {
        cpu.WaitX87();
        cpu.State->Ftw = 0;
        cpu.State->Fsw = (ushort)(cpu.State->Fsw & ~(7 << X87Status.TopShift));
    }

    private static void Read(Vcpu cpu, Op* op, Span<byte> image) =>
        cpu.ReadLinear(cpu.OperandAddress(op, image.Length, AccessKind.Read), image, op->Segment);

    private static void Write(Vcpu cpu, Op* op, ReadOnlySpan<byte> image)
    {
        ulong linear = cpu.OperandAddress(op, image.Length, AccessKind.Write);
        // The ends are checked first: CR2 tells.
        cpu.ProbeLinear(linear, image.Length is X87EnvironmentImage.Size32 or SaveSize32 ? 4 : 2, AccessKind.Write, op->Segment);
        cpu.ProbeLinear(cpu.WrapLinear(linear + (uint)image.Length - 1), 1, AccessKind.Write, op->Segment);
        cpu.WriteLinear(linear, image, op->Segment);
    }
}
