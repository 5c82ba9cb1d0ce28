using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Memory as the processor itself uses it: descriptor tables, task-state segments, and the stacks of event delivery and
// far transfers. Addresses are linear, 64 bits wide in IA-32e mode whatever the code size; only user stacks are alignment-checked.
public sealed unsafe partial class Vcpu
{
    /// <summary>Access class of explicit accesses at a privilege level, with the current EFLAGS.AC.</summary>
    private AccessClass AccessClassOf(int cpl) =>
        cpl == 3 ? AccessClass.User
        : (State->SystemFlags & Eflags.Ac) != 0 ? AccessClass.SupervisorAllowUser
        : AccessClass.Supervisor;

    /// <summary>Reads a system structure: an implicit supervisor access (SDM Vol. 3A 4.6.1). Raises #PF.</summary>
    private T ReadSystem<T>(ulong linear, AccessClass accessClass = AccessClass.Supervisor, byte vector = ExceptionVector.GeneralProtection, uint error = 0)
        where T : unmanaged
    {
        TlbEntry* entry = Mmu.DataEntry(accessClass, linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->ReadTag)
        {
            return Unsafe.ReadUnaligned<T>((void*)(linear + (ulong)entry->Addend));
        }

        T value;
        AccessSystem(linear, (byte*)&value, sizeof(T), AccessKind.Read, accessClass, vector, error);
        return value;
    }

    /// <summary>Writes a system structure: an implicit supervisor access. Raises #PF.</summary>
    private void WriteSystem<T>(ulong linear, T value, AccessClass accessClass = AccessClass.Supervisor, byte vector = ExceptionVector.GeneralProtection, uint error = 0)
        where T : unmanaged
    {
        TlbEntry* entry = Mmu.DataEntry(accessClass, linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->WriteTag)
        {
            Unsafe.WriteUnaligned((void*)(linear + (ulong)entry->Addend), value);
            return;
        }

        AccessSystem(linear, (byte*)&value, sizeof(T), AccessKind.Write, accessClass, vector, error);
    }

    /// <summary>The general form: at most two pages, both checked before either is touched.</summary>
    private void AccessSystem(ulong linear, byte* data, int size, AccessKind kind, AccessClass accessClass, byte vector, uint error)
    {
        linear = SystemLinear(linear, vector, error);
        int first = Math.Min(size, 0x1000 - (int)(linear & 0xFFF));
        if (!Translate(linear, kind, accessClass, out Translation low)) throw unwind;
        if (first == size)
        {
            TransferImplicit(low, linear, data, size, kind);
            return;
        }

        ulong next = SystemLinear(linear + (uint)first, vector, error);
        if (!Translate(next, kind, accessClass, out Translation high)) throw unwind;
        TransferImplicit(low, linear, data, first, kind);
        TransferImplicit(high, next, data + first, size - first, kind);
    }

    private void TransferImplicit(in Translation translation, ulong linear, byte* data, int size, AccessKind kind)
    {
        // There is no instruction to run again alone; the hit is reported at the next instruction boundary.
        if (watchesData) NoteDataBreakpoints(linear, size, kind == AccessKind.Write);
        Transfer(translation, data, size, kind);
    }

    /// <summary>A linear address as wide as the mode has it; raises when it is not canonical.</summary>
    private ulong SystemLinear(ulong linear, byte vector, uint error)
    {
        if (!State->IsLongMode) return (uint)linear;
        if (!IsCanonical(linear)) Raise(vector, error);
        return linear;
    }

    /// <summary>
    /// A stack being pushed to or popped from by a far transfer or by event delivery: the current one or one that is about
    /// to become current. Nothing reaches RSP before the caller stores <see cref="Pointer"/>.
    /// </summary>
    private ref struct SystemStack
    {
        private readonly Vcpu cpu;
        private readonly ulong basis;
        private readonly uint low;
        private readonly uint high;
        private readonly int addressSize;
        private readonly AccessClass accessClass;
        private readonly uint error;
        private readonly bool checksAlignment;

        /// <summary>A stack in a segment; 64-bit when <paramref name="addressSize"/> is 8 (no base, no limit).</summary>
        /// <param name="cpu">Processor.</param>
        /// <param name="segment">SS, present or future.</param>
        /// <param name="pointer">Stack pointer.</param>
        /// <param name="addressSize">2, 4 or 8 bytes.</param>
        /// <param name="cpl">Privilege level the accesses are made at.</param>
        /// <param name="error">Error code of the #SS for a limit or canonical violation.</param>
        public SystemStack(Vcpu cpu, in SegmentRegister segment, ulong pointer, int addressSize, int cpl, uint error)
        {
            this.cpu = cpu;
            this.addressSize = addressSize;
            this.error = error;
            accessClass = cpu.AccessClassOf(cpl);
            checksAlignment = accessClass == AccessClass.User && (cpu.State->Mode & CodeMode.AlignmentCheck) != 0;
            basis = addressSize == 8 ? 0 : segment.Base;
            low = segment.Low;
            high = segment.High;
            Pointer = WrapAddress(pointer, addressSize);
        }

        /// <summary>Stack pointer, wrapped to the stack's address size.</summary>
        public ulong Pointer { get; private set; }

        /// <summary>Pushes the low <paramref name="size"/> bytes (2, 4, 8). Raises #SS, #AC, #PF.</summary>
        public void Push(ulong value, int size)
        {
            ulong offset = WrapAddress(Pointer - (uint)size, addressSize);
            ulong linear = Linear(offset, size);
            switch (size)
            {
                case 2: cpu.WriteSystem(linear, (ushort)value, accessClass, ExceptionVector.StackFault, error); break;
                case 4: cpu.WriteSystem(linear, (uint)value, accessClass, ExceptionVector.StackFault, error); break;
                default: cpu.WriteSystem(linear, value, accessClass, ExceptionVector.StackFault, error); break;
            }

            Pointer = offset;
        }

        /// <summary>Pops <paramref name="size"/> bytes (2, 4, 8), zero-extended. Raises #SS, #AC, #PF.</summary>
        public ulong Pop(int size)
        {
            ulong value = Peek(0, size);
            Release((uint)size);
            return value;
        }

        /// <summary>Reads above the pointer without popping.</summary>
        public readonly ulong Peek(uint distance, int size)
        {
            ulong linear = Linear(WrapAddress(Pointer + distance, addressSize), size);
            return size switch
            {
                2 => cpu.ReadSystem<ushort>(linear, accessClass, ExceptionVector.StackFault, error),
                4 => cpu.ReadSystem<uint>(linear, accessClass, ExceptionVector.StackFault, error),
                _ => cpu.ReadSystem<ulong>(linear, accessClass, ExceptionVector.StackFault, error),
            };
        }

        /// <summary>Discards bytes.</summary>
        public void Release(uint bytes) => Pointer = WrapAddress(Pointer + bytes, addressSize);

        private readonly ulong Linear(ulong offset, int size)
        {
            if (addressSize == 8)
            {
                if (!cpu.IsCanonical(offset)) cpu.Raise(ExceptionVector.StackFault, error);
            }
            else if (offset < low || offset + (uint)size - 1 > high)
            {
                cpu.Raise(ExceptionVector.StackFault, error);
            }

            ulong linear = addressSize == 8 ? offset : (uint)(basis + offset);
            if (checksAlignment && (linear & (uint)(size - 1)) != 0) cpu.Raise(ExceptionVector.AlignmentCheck);
            return linear;
        }
    }

    /// <summary>The current stack, at the current privilege level.</summary>
    private SystemStack CurrentStack(uint error = 0) =>
        new(this, State->Segment(SegmentIndex.Ss), State->Gpr[4], StackAddressSize, State->Cpl, error);
}
