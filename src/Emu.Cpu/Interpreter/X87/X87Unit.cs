using System.Runtime.CompilerServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>The register stack, status and pointers of the x87 unit, as instructions use them (SDM Vol. 1 8.1).</summary>
internal static unsafe class X87Unit
{
    /// <summary>FCW after FNINIT: all exceptions masked, 64-bit precision, round to nearest.</summary>
    public const ushort InitialControl = 0x37F;

    /// <summary>Bits of FCW that can be set.</summary>
    public const ushort DefinedControl = 0x1F3F;

    /// <summary>The bit of FCW that is always set.</summary>
    public const ushort ReservedOneControl = 0x40;

    /// <summary>TOP: the physical number of ST(0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Top(CpuState* s) => (s->Fsw >> X87Status.TopShift) & 7;

    /// <summary>The physical register that ST(<paramref name="index"/>) names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Physical(CpuState* s, int index) => ((s->Fsw >> X87Status.TopShift) + index) & 7;

    /// <summary>Whether ST(<paramref name="index"/>) is tagged empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsEmpty(CpuState* s, int index) => ((s->Ftw >> Physical(s, index)) & 1) == 0;

    /// <summary>Reads ST(<paramref name="index"/>), whatever its tag.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Read(CpuState* s, int index)
    {
        ulong* register = s->Fpr + (Physical(s, index) * 2);
        return new Float80(register[0], (ushort)register[1]);
    }

    /// <summary>Writes ST(<paramref name="index"/>), which is then not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(CpuState* s, int index, Float80 value)
    {
        int physical = Physical(s, index);
        ulong* register = s->Fpr + (physical * 2);
        register[0] = value.Significand;
        register[1] = value.SignExponent;
        s->Ftw |= (byte)(1 << physical);
    }

    /// <summary>Empties ST(0) and increments TOP.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pop(CpuState* s)
    {
        s->Ftw &= (byte)~(1 << Top(s));
        MoveTop(s, 1);
    }

    /// <summary>Decrements TOP and writes the new ST(0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Push(CpuState* s, Float80 value)
    {
        MoveTop(s, -1);
        Write(s, 0, value);
    }

    /// <summary>Adds to TOP, modulo 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MoveTop(CpuState* s, int by) =>
        s->Fsw = (ushort)((s->Fsw & ~(7 << X87Status.TopShift)) | (((s->Fsw >> X87Status.TopShift) + by & 7) << X87Status.TopShift));

    /// <summary>The environment of an operation about to be performed: control and status word as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref FloatEnvironment Begin(CpuState* s)
    {
        s->X87Environment = FloatEnvironment.FromX87(s->Fcw, s->Fsw);
        return ref s->X87Environment;
    }

    /// <summary>As <see cref="Begin"/>, for a store from an empty register: the environment after the stack underflow.</summary>
    public static void BeginUnderflow(CpuState* s) => Begin(s).Raise(FloatExceptions.Invalid);

    /// <summary>
    /// Takes over what the operation on <see cref="CpuState.X87Environment"/> raised: flags, C1, and ES and B for an unmasked exception.
    /// False when its result is not to be delivered, because an exception found before computing is unmasked (SDM Vol. 1 8.5).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Commit(CpuState* s)
    {
        int status = (s->Fsw & ~X87Status.C1) | (int)s->X87Environment.Flags | (s->X87Environment.RoundedUp ? X87Status.C1 : 0);
        FloatExceptions unmasked = s->X87Environment.Unmasked;
        if (unmasked != FloatExceptions.None) status |= X87Status.Derived;
        s->Fsw = (ushort)status;
        return (unmasked & FloatExceptions.PreComputation) == 0;
    }

    /// <summary>A stack underflow: #IS with C1 clear. True when it is masked, and the response is the indefinite.</summary>
    public static bool Underflow(CpuState* s) => StackFault(s, 0);

    /// <summary>A stack overflow: #IS with C1 set. True when it is masked, and the response is the indefinite.</summary>
    public static bool Overflow(CpuState* s) => StackFault(s, X87Status.C1);

    private static bool StackFault(CpuState* s, int c1)
    {
        bool masked = (s->Fcw & (int)FloatExceptions.Invalid) != 0;
        s->Fsw = (ushort)((s->Fsw & ~X87Status.C1) | (int)FloatExceptions.Invalid | X87Status.StackFault | c1 | (masked ? 0 : X87Status.Derived));
        return masked;
    }

    /// <summary>Records the instruction in the opcode and instruction pointer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Track(CpuState* s, Op* op)
    {
        s->Fip = s->Rip + op->Offset;
        s->Fop = (ushort)op->Immediate;
        s->Fcs = s->Segment(SegmentIndex.Cs).Selector;
    }

    /// <summary>Records the instruction and its memory operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TrackMemory(Vcpu cpu, CpuState* s, Op* op)
    {
        Track(s, op);
        s->Fdp = cpu.EffectiveAddress(op);
        s->Fds = s->Segment(op->Segment).Selector;
    }

    /// <summary>Clears C1, as instructions do that cannot round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ClearC1(CpuState* s) => s->Fsw = (ushort)(s->Fsw & ~X87Status.C1);

    /// <summary>Sets C0 to C3 to <paramref name="codes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetConditionCodes(CpuState* s, int codes) => s->Fsw = (ushort)((s->Fsw & ~X87Status.ConditionCodes) | codes);

    /// <summary>
    /// Loads the control word: reserved bits read as the processor has them, and an exception that is now unmasked becomes pending
    /// (SDM Vol. 1 8.1.5, 8.6).
    /// </summary>
    public static void SetControl(Vcpu cpu, ushort value)
    {
        cpu.State->Fcw = (ushort)((value & DefinedControl) | ReservedOneControl);
        UpdateSummary(cpu);
    }

    /// <summary>Loads the status word; ES and B follow from flags and masks. The control word must be in place.</summary>
    public static void SetStatus(Vcpu cpu, ushort value)
    {
        bool wasPending = (cpu.State->Fsw & X87Status.Summary) != 0;
        cpu.State->Fsw = (ushort)(value & ~X87Status.Derived);
        UpdateSummary(cpu, wasPending);
    }

    /// <summary>Derives ES and B. When nothing is pending any more, FERR# goes away.</summary>
    public static void UpdateSummary(Vcpu cpu) => UpdateSummary(cpu, (cpu.State->Fsw & X87Status.Summary) != 0);

    private static void UpdateSummary(Vcpu cpu, bool wasPending)
    {
        CpuState* s = cpu.State;
        bool pending = (s->Fsw & ~s->Fcw & X87Status.Exceptions) != 0;
        s->Fsw = (ushort)((s->Fsw & ~X87Status.Derived) | (pending ? X87Status.Derived : 0));
        if (wasPending && !pending && (s->Cr0 & Cr0.Ne) == 0) cpu.Bus.SetFloatingPointError(false);
    }

    /// <summary>FNINIT: control, status, tag and pointer registers; the data registers keep their contents.</summary>
    public static void Initialize(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        s->Ftw = 0;
        s->Fcw = InitialControl;
        SetStatus(cpu, 0);
        SetPointers(s, 0, 0, 0, 0, 0);
    }

    /// <summary>Sets the last-instruction and last-operand pointers and the opcode.</summary>
    public static void SetPointers(CpuState* s, ulong fip, ushort fcs, ulong fdp, ushort fds, ushort fop)
    {
        s->Fip = fip;
        s->Fcs = fcs;
        s->Fdp = fdp;
        s->Fds = fds;
        s->Fop = (ushort)(fop & 0x7FF);
    }

    /// <summary>The tag word in its full form, two bits a register: 0 valid, 1 zero, 2 special, 3 empty (SDM Vol. 1 8.1.7).</summary>
    public static ushort FullTags(CpuState* s)
    {
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            int tag = 3;
            if (((s->Ftw >> i) & 1) != 0)
            {
                ulong significand = s->Fpr[i * 2];
                int exponent = (int)s->Fpr[(i * 2) + 1] & 0x7FFF;
                tag = exponent == 0 && significand == 0 ? 1 : exponent is 0 or 0x7FFF || (long)significand >= 0 ? 2 : 0;
            }

            tags |= tag << (i * 2);
        }

        return (ushort)tags;
    }

    /// <summary>Takes over a full tag word: only whether a register is empty matters, the rest follows from its contents.</summary>
    public static void SetFullTags(CpuState* s, ushort tags)
    {
        int present = 0;
        for (int i = 0; i < 8; i++)
        {
            if (((tags >> (i * 2)) & 3) != 3) present |= 1 << i;
        }

        s->Ftw = (byte)present;
    }
}
