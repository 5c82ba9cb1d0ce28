using System.Numerics;
using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Memory as instructions see it. Three layers, each on top of the one before:
//   Try...        hot handlers: inline TLB check, false on a fault (already recorded by Fault)
//   ReadLinear... slow functions: linear addresses, faults unwind
//   ReadSegment...slow functions: segment:offset with all segment checks
public sealed unsafe partial class Vcpu
{
    /// <summary>Access class of explicit data accesses at the current CPL and EFLAGS.AC.</summary>
    public AccessClass CurrentAccessClass =>
        State->Cpl == 3 ? AccessClass.User
        : (State->SystemFlags & Eflags.Ac) != 0 ? AccessClass.SupervisorAllowUser
        : AccessClass.Supervisor;

    /// <summary>Reads at a linear address; the inlined part of every load.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, ulong linear, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->ReadTag)
        {
            value = Unsafe.ReadUnaligned<T>((void*)(linear + (ulong)entry->Addend));
            return true;
        }

        if (cpu.ReadSlow(op, linear, sizeof(T)))
        {
            value = Unsafe.ReadUnaligned<T>(s->Scratch);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Writes at a linear address; the inlined part of every store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, ulong linear, T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->WriteTag)
        {
            Unsafe.WriteUnaligned((void*)(linear + (ulong)entry->Addend), value);
            return true;
        }

        Unsafe.WriteUnaligned(s->Scratch, value);
        return cpu.WriteSlow(op, linear, sizeof(T));
    }

    /// <summary>
    /// First half of a read-modify-write: checks for write permission and reads. Follow it with <see cref="TryWrite"/>,
    /// which then cannot fault.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadForWrite<T>(Vcpu cpu, CpuState* s, Op* op, ulong linear, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->WriteTag)
        {
            value = Unsafe.ReadUnaligned<T>((void*)(linear + (ulong)entry->Addend));
            return true;
        }

        if (cpu.ReadForWriteSlow(op, linear, sizeof(T)))
        {
            value = Unsafe.ReadUnaligned<T>(s->Scratch);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Reads at a linear address if it is a hit in the TLB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryReadHit<T>(CpuState* s, ulong linear, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) != entry->ReadTag)
        {
            value = default;
            return false;
        }

        value = Unsafe.ReadUnaligned<T>((void*)(linear + (ulong)entry->Addend));
        return true;
    }

    /// <summary>Writes at a linear address if it is a hit in the TLB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryWriteHit<T>(CpuState* s, ulong linear, T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) != entry->WriteTag) return false;
        Unsafe.WriteUnaligned((void*)(linear + (ulong)entry->Addend), value);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReadSlow(Op* op, ulong linear, int size)
    {
        if (Access(linear, State->Scratch, size, AccessKind.Read, CurrentAccessClass, op->Segment)) return true;
        LeaveAt(op);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool WriteSlow(Op* op, ulong linear, int size)
    {
        if (Access(linear, State->Scratch, size, AccessKind.Write, CurrentAccessClass, op->Segment)) return true;
        LeaveAt(op);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReadForWriteSlow(Op* op, ulong linear, int size)
    {
        // Device registers must see one read and one write, so the permission check is separate from the access.
        if (Probe(linear, size, AccessKind.Write, CurrentAccessClass, op->Segment)
            && Access(linear, State->Scratch, size, AccessKind.Read, CurrentAccessClass, op->Segment))
        {
            return true;
        }

        LeaveAt(op);
        return false;
    }

    /// <summary>Whether an address is canonical: bits above the linear-address width copy its top bit (SDM Vol. 1 3.3.7.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsCanonical(ulong linear)
    {
        int shift = (State->Cr4 & Cr4.La57) != 0 ? 64 - 57 : 64 - 48;
        return (ulong)((long)(linear << shift) >> shift) == linear;
    }

    /// <summary>
    /// Whether a value may be loaded as a base address (descriptor tables, segment bases, entry points in MSRs): canonical for
    /// the widest linear addresses the processor has, whatever CR4.LA57 is (SDM Vol. 3A 4.5.1).
    /// </summary>
    internal bool IsCanonicalBase(ulong linear)
    {
        int shift = Model.Has("la57") ? 64 - 57 : 64 - 48;
        return (ulong)((long)(linear << shift) >> shift) == linear;
    }

    /// <summary>Reads an integer at a linear address. Raises #PF, #GP, #SS, #AC.</summary>
    public T ReadLinear<T>(ulong linear, AccessClass accessClass, SegmentIndex segment = SegmentIndex.Ds)
        where T : unmanaged
    {
        T value;
        if (!Access(linear, (byte*)&value, sizeof(T), AccessKind.Read, accessClass, segment)) throw unwind;
        return value;
    }

    /// <summary>Reads an integer at a linear address with the rights of the current CPL.</summary>
    public T ReadLinear<T>(ulong linear)
        where T : unmanaged => ReadLinear<T>(linear, CurrentAccessClass);

    /// <summary>Writes an integer at a linear address. Raises #PF, #GP, #SS, #AC.</summary>
    public void WriteLinear<T>(ulong linear, T value, AccessClass accessClass, SegmentIndex segment = SegmentIndex.Ds)
        where T : unmanaged
    {
        if (!Access(linear, (byte*)&value, sizeof(T), AccessKind.Write, accessClass, segment)) throw unwind;
    }

    /// <summary>Writes an integer at a linear address with the rights of the current CPL.</summary>
    public void WriteLinear<T>(ulong linear, T value)
        where T : unmanaged => WriteLinear(linear, value, CurrentAccessClass);

    /// <summary>Reads bytes at a linear address; all pages are checked before the first byte is read.</summary>
    public void ReadLinear(ulong linear, Span<byte> destination, SegmentIndex segment = SegmentIndex.Ds)
    {
        ProbeLinear(linear, destination.Length, AccessKind.Read, segment);
        fixed (byte* p = destination)
        {
            AccessBlock(linear, p, destination.Length, AccessKind.Read, segment);
        }
    }

    /// <summary>Writes bytes at a linear address; all pages are checked before the first byte is written.</summary>
    public void WriteLinear(ulong linear, ReadOnlySpan<byte> source, SegmentIndex segment = SegmentIndex.Ds)
    {
        ProbeLinear(linear, source.Length, AccessKind.Write, segment);
        fixed (byte* p = source)
        {
            AccessBlock(linear, p, source.Length, AccessKind.Write, segment);
        }
    }

    /// <summary>Checks that a range can be accessed at the current CPL, without accessing it. Raises what the access would.</summary>
    public void ProbeLinear(ulong linear, int size, AccessKind kind, SegmentIndex segment = SegmentIndex.Ds)
    {
        if (!Probe(linear, size, kind, CurrentAccessClass, segment)) throw unwind;
    }

    private void AccessBlock(ulong linear, byte* data, int size, AccessKind kind, SegmentIndex segment)
    {
        while (size > 0)
        {
            int chunk = Math.Min(size, Math.Min(64, 0x1000 - (int)(linear & 0xFFF)));
            if (!Access(linear, data, chunk, kind, CurrentAccessClass, segment, allowUnaligned: true)) throw unwind;
            linear = WrapLinear(linear + (uint)chunk);
            data += chunk;
            size -= chunk;
        }
    }

    /// <summary>Linear addresses are 32 bits wide outside 64-bit mode.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong WrapLinear(ulong linear) => (State->Mode & CodeMode.Code64) != 0 ? linear : (uint)linear;

    /// <summary>
    /// Linear address of <paramref name="segment"/>:<paramref name="offset"/> after every segment check for an access of
    /// <paramref name="size"/> bytes (SDM Vol. 3A 5.3-5.5; in 64-bit mode canonical checks only). Raises #GP(0), or
    /// #SS(0) for the stack segment.
    /// </summary>
    public ulong TranslateSegment(SegmentIndex segment, ulong offset, int size, AccessKind kind)
    {
        if (!TrySegment(segment, offset, size, kind, out ulong linear)) throw unwind;
        return linear;
    }

    /// <summary>As <see cref="TranslateSegment"/>, recording the fault instead of unwinding.</summary>
    private bool TrySegment(SegmentIndex segment, ulong offset, int size, AccessKind kind, out ulong linear)
    {
        CpuState* s = State;
        ref SegmentRegister register = ref s->Segment(segment);
        byte vector = segment == SegmentIndex.Ss ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection;
        if ((s->Mode & CodeMode.Code64) != 0)
        {
            linear = segment >= SegmentIndex.Fs ? register.Base + offset : offset;
            if (IsCanonical(linear) && IsCanonical(linear + (uint)size - 1)) return true;
            Record(vector, 0, 0);
            return false;
        }

        linear = (uint)(register.Base + offset);
        ulong last = offset + (uint)size - 1;
        bool permitted = kind == AccessKind.Write ? register.Writable : register.Readable;
        // Real and virtual-8086 mode check the limit only: any segment can be read and written (SDM Vol. 3A 20.1.2).
        if ((s->Mode & CodeMode.RealOrVirtual) != 0) permitted = true;
        if (permitted && offset >= register.Low && last <= register.High) return true;
        Record(vector, 0, 0);
        return false;
    }

    /// <summary>Reads an integer at segment:offset. Raises #GP, #SS, #PF, #AC.</summary>
    public T ReadSegment<T>(SegmentIndex segment, ulong offset)
        where T : unmanaged =>
        ReadLinear<T>(TranslateSegment(segment, offset, sizeof(T), AccessKind.Read), CurrentAccessClass, segment);

    /// <summary>Writes an integer at segment:offset. Raises #GP, #SS, #PF, #AC.</summary>
    public void WriteSegment<T>(SegmentIndex segment, ulong offset, T value)
        where T : unmanaged =>
        WriteLinear(TranslateSegment(segment, offset, sizeof(T), AccessKind.Write), value, CurrentAccessClass, segment);

    /// <summary>
    /// The one place where a linear access that missed the TLB is performed: canonical and alignment checks, page
    /// crossing, translation, RAM or device, write tracking. False with the exception recorded.
    /// </summary>
    private bool Access(
        ulong linear, byte* data, int size, AccessKind kind, AccessClass accessClass, SegmentIndex segment, bool allowUnaligned = false)
    {
        if (!CheckLinear(linear, size, accessClass, segment, allowUnaligned)) return false;
        if (watchesData && !CheckDataBreakpoints(linear, size, kind == AccessKind.Write)) return false;
        if (FindHost(linear, size, kind, accessClass) is var host && host != null)
        {
            // Slow functions (frames of interrupts, XSAVE areas, descriptors) come here whether or not the TLB knows the page.
            if (kind == AccessKind.Write) Unsafe.CopyBlockUnaligned(host, data, (uint)size);
            else Unsafe.CopyBlockUnaligned(data, host, (uint)size);
            return true;
        }

        int first = Math.Min(size, 0x1000 - (int)(linear & 0xFFF));
        if (!Translate(linear, kind, accessClass, out Translation low)) return false;
        if (low.Host == null && MustRunAlone()) return false;
        if (first == size)
        {
            Transfer(low, data, size, kind);
            return true;
        }

        ulong next = WrapLinear(linear + (uint)first);
        if (!Translate(next, kind, accessClass, out Translation high)) return false;
        if (high.Host == null && MustRunAlone()) return false;
        Transfer(low, data, first, kind);
        Transfer(high, data + first, size - first, kind);
        return true;
    }

    /// <summary>Host address of an access within a page if it is a hit in the TLB of its class, else null.</summary>
    private byte* FindHost(ulong linear, int size, AccessKind kind, AccessClass accessClass)
    {
        TlbEntry* entry = Mmu.DataEntry(accessClass, linear);
        ulong tag = kind == AccessKind.Write ? entry->WriteTag : entry->ReadTag;
        return ((linear + (uint)(size - 1)) & ~0xFFFul) == tag ? (byte*)(linear + (ulong)entry->Addend) : null;
    }

    private bool Probe(ulong linear, int size, AccessKind kind, AccessClass accessClass, SegmentIndex segment)
    {
        if (!CheckLinear(linear, size, accessClass, segment, allowUnaligned: size > 8)) return false;
        if (watchesData && !runsAlone && !CheckDataBreakpoints(linear, size, kind == AccessKind.Write)) return false;
        if (FindHost(linear, size, kind, accessClass) != null) return true;
        ulong last = linear + (uint)size - 1;
        for (ulong page = linear; ; page = (page & ~0xFFFul) + 0x1000)
        {
            if (!Translate(WrapLinear(page), kind, accessClass, out Translation translation)) return false;
            if (translation.Host == null && MustRunAlone()) return false;
            if ((page >> 12) == (last >> 12)) return true;
        }
    }

    /// <summary>A device is about to be accessed: true when the instruction must leave, without an exception, to be run alone.</summary>
    private bool MustRunAlone()
    {
        if (!CountsExactly || runsAlone) return false;
        retryAlone = true;
        return true;
    }

    private bool CheckLinear(ulong linear, int size, AccessClass accessClass, SegmentIndex segment, bool allowUnaligned)
    {
        if ((State->Mode & CodeMode.Code64) != 0 && !(IsCanonical(linear) && IsCanonical(linear + (uint)size - 1)))
        {
            Record(segment == SegmentIndex.Ss ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, 0, 0);
            return false;
        }

        if ((State->Mode & CodeMode.AlignmentCheck) != 0 && !allowUnaligned && accessClass == AccessClass.User
            && BitOperations.IsPow2(size) && (linear & (uint)(Math.Min(size, 8) - 1)) != 0)
        {
            Record(ExceptionVector.AlignmentCheck, 0, 0);
            return false;
        }

        return true;
    }

    private bool Translate(ulong linear, AccessKind kind, AccessClass accessClass, out Translation translation)
    {
        bool translated = Mmu.Fill(linear, kind, accessClass, out translation);
        Translated?.Invoke(this, kind, translation);
        if (translated) return true;
        Record(ExceptionVector.PageFault, (uint)translation.Error, linear);
        return false;
    }

    private void Transfer(in Translation translation, byte* data, int size, AccessKind kind)
    {
        if (kind == AccessKind.Write) Memory.Write(translation.Physical, new ReadOnlySpan<byte>(data, size));
        else Memory.Read(translation.Physical, new Span<byte>(data, size));
    }

    /// <summary>
    /// Segment-checked linear address of a memory operand (or of what lies <paramref name="distance"/> bytes behind it),
    /// left in <see cref="CpuState.Scratch"/> for the handler.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TryGeneralAddress(Op* op, int size, AccessKind kind, ulong distance = 0)
    {
        ulong offset = WrapAddress(EffectiveAddress(op) + distance, op->AddressSize);
        bool permitted = TrySegment(op->Segment, offset, size, kind, out ulong linear);
        *(ulong*)State->Scratch = linear;
        if (!permitted) LeaveAt(op);
        return permitted;
    }

    /// <summary>As <see cref="TryGeneralAddress"/> for an offset in SS.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TryStackAddress(Op* op, ulong offset, int size, AccessKind kind)
    {
        bool permitted = TrySegment(SegmentIndex.Ss, offset, size, kind, out ulong linear);
        *(ulong*)State->Scratch = linear;
        if (!permitted) LeaveAt(op);
        return permitted;
    }

    /// <summary><see cref="TryRead"/> through SS: a non-canonical address is #SS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryReadStack<T>(Vcpu cpu, CpuState* s, Op* op, ulong linear, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->ReadTag)
        {
            value = Unsafe.ReadUnaligned<T>((void*)(linear + (ulong)entry->Addend));
            return true;
        }

        if (cpu.StackSlow(op, linear, sizeof(T), AccessKind.Read))
        {
            value = Unsafe.ReadUnaligned<T>(s->Scratch);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary><see cref="TryWrite"/> through SS: a non-canonical address is #SS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryWriteStack<T>(Vcpu cpu, CpuState* s, Op* op, ulong linear, T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->WriteTag)
        {
            Unsafe.WriteUnaligned((void*)(linear + (ulong)entry->Addend), value);
            return true;
        }

        Unsafe.WriteUnaligned(s->Scratch, value);
        return cpu.StackSlow(op, linear, sizeof(T), AccessKind.Write);
    }

    /// <summary>
    /// For calls to a bad address, whose fault has been recorded: the push comes first, so a fault of its own takes the place.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void PreferPushFault(int size)
    {
        ulong pointer = WrapAddress(StackPointer - (uint)size, StackAddressSize);
        if (TrySegment(SegmentIndex.Ss, pointer, size, AccessKind.Write, out ulong linear)) Probe(linear, size, AccessKind.Write, CurrentAccessClass, SegmentIndex.Ss);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool StackSlow(Op* op, ulong linear, int size, AccessKind kind)
    {
        if (Access(linear, State->Scratch, size, kind, CurrentAccessClass, SegmentIndex.Ss)) return true;
        LeaveAt(op);
        return false;
    }
}
