using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>One execution of a string instruction: where its operands are and how far it may go at once.</summary>
internal unsafe ref struct StringRun
{
    private readonly CpuState* state;

    /// <summary>Starts an execution of <paramref name="op"/>.</summary>
    public StringRun(Vcpu cpu, CpuState* state, Op* op)
    {
        Cpu = cpu;
        this.state = state;
        Op = op;
        Mask = op->AddressSize switch { 2 => 0xFFFFul, 4 => 0xFFFFFFFFul, _ => ulong.MaxValue };
        Backward = (state->SystemFlags & Eflags.Df) != 0;
        Repeats = (op->Flags & (OpFlags.Rep | OpFlags.Repne)) != 0;
        StopsWhenEqual = (op->Flags & OpFlags.Repne) != 0;
        Left = Right = 0;
        Stopped = false;
    }

    /// <summary>The processor.</summary>
    public Vcpu Cpu { get; }

    /// <summary>Its state.</summary>
    public readonly CpuState* State => state;

    /// <summary>The operation.</summary>
    public Op* Op { get; }

    /// <summary>Address-size mask.</summary>
    public ulong Mask { get; }

    /// <summary>EFLAGS.DF is set.</summary>
    public bool Backward { get; }

    /// <summary>REP, REPE or REPNE.</summary>
    public bool Repeats { get; }

    /// <summary>REPNE of CMPS and SCAS: stop at an equal element instead of at an unequal one.</summary>
    public bool StopsWhenEqual { get; }

    /// <summary>Last element compared, and what with.</summary>
    public ulong Left;

    /// <summary>See <see cref="Left"/>.</summary>
    public ulong Right;

    /// <summary>The condition of REPE or REPNE ended the repetition.</summary>
    public bool Stopped;

    /// <summary>Count register, wrapped to the address size.</summary>
    public readonly ulong Count
    {
        get => state->Gpr[1] & Mask;
        set => Store(1, value);
    }

    /// <summary>Source index, wrapped to the address size.</summary>
    public readonly ulong SourceIndex => state->Gpr[6] & Mask;

    /// <summary>Destination index, wrapped to the address size.</summary>
    public readonly ulong DestinationIndex => state->Gpr[7] & Mask;

    /// <summary>Moves the source index past <paramref name="bytes"/> bytes.</summary>
    public readonly void AdvanceSource(ulong bytes) => Store(6, state->Gpr[6] + (Backward ? 0 - bytes : bytes));

    /// <summary>Moves the destination index past <paramref name="bytes"/> bytes.</summary>
    public readonly void AdvanceDestination(ulong bytes) => Store(7, state->Gpr[7] + (Backward ? 0 - bytes : bytes));

    private readonly void Store(int register, ulong value)
    {
        switch (Op->AddressSize)
        {
            case 2: *(ushort*)&state->Gpr[register] = (ushort)value; break;
            case 4: state->Gpr[register] = (uint)value; break;
            default: state->Gpr[register] = value; break;
        }
    }

    /// <summary>
    /// At most <paramref name="count"/>: how many elements from <paramref name="offset"/> on, in the direction of DF, lie on one
    /// page and before the address size wraps. 0 when already the first does not.
    /// </summary>
    public readonly ulong Room<T>(SegmentIndex segment, ulong offset, ulong count)
        where T : unmanaged
    {
        uint inPage = (uint)(offset + state->Segment(segment).Base) & 0xFFF;
        if ((state->Mode & CodeMode.Code64) != 0 && segment < SegmentIndex.Fs) inPage = (uint)offset & 0xFFF;
        ulong room;
        if (inPage + sizeof(T) > 0x1000 || Mask - offset < (uint)sizeof(T) - 1) return 0;
        if (Backward)
        {
            room = Math.Min((ulong)inPage, offset) / (uint)sizeof(T) + 1;
        }
        else
        {
            room = (0x1000 - inPage) / (uint)sizeof(T);
            ulong beforeWrap = Mask - offset;
            if (beforeWrap < 0x1000) room = Math.Min(room, (beforeWrap + 1) / (uint)sizeof(T));
        }

        return Math.Min(room, count);
    }

    /// <summary>
    /// Host address of the lowest byte of <paramref name="count"/> elements (of one page, as <see cref="Room"/> says) if all may
    /// be accessed without a check: inside the segment, plain RAM. Else null. It stays valid when another <see cref="Reach"/> takes
    /// the TLB entry: two strings a multiple of the TLB's reach apart share one.
    /// </summary>
    public readonly byte* Reach<T>(SegmentIndex segment, ulong offset, ulong count, AccessKind kind)
        where T : unmanaged
    {
        ulong bytes = count * (uint)sizeof(T);
        ulong lowest = Backward ? offset - (bytes - (uint)sizeof(T)) : offset;
        ref SegmentRegister register = ref state->Segment(segment);
        ulong linear;
        if ((state->Mode & CodeMode.Code64) != 0)
        {
            linear = segment >= SegmentIndex.Fs ? register.Base + lowest : lowest;
        }
        else
        {
            bool permitted = (state->Mode & CodeMode.RealOrVirtual) != 0 || (kind == AccessKind.Write ? register.Writable : register.Readable);
            if (!permitted || lowest < register.Low || lowest + bytes - 1 > register.High) return null;
            linear = (uint)(register.Base + lowest);
        }

        TlbEntry* entry = state->DataEntry(linear);
        ulong tag = kind == AccessKind.Write ? entry->WriteTag : entry->ReadTag;
        return (linear & ~0xFFFul) == tag ? (byte*)(linear + (ulong)entry->Addend) : Cpu.FillForString(linear, kind);
    }
}
