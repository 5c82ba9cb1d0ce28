using Xunit;
using Iced.Intel;

namespace Emu.Cpu.Tests;

/// <summary>
/// A test machine in 32-bit protected mode: GDT at 1000h, IDT at 2000h, 32-bit TSS at 3000h, CPL 0 stack below 8000h, CPL 3 stack
/// below 9000h, code at 10000h. Exceptions without a handler of the test's own are fatal.
/// </summary>
internal sealed unsafe class ProtectedMachine : IDisposable
{
    public const ulong Gdt = 0x1000, Idt = 0x2000, Tss = 0x3000, Code = 0x10000, Handlers = 0x20000;
    public const ushort Code0 = 0x08, Data0 = 0x10, Code3 = 0x1B, Data3 = 0x23, TssSelector = 0x28, Free = 0x30;
    public const uint Stack0 = 0x8000, Stack3 = 0x9000;

    private ulong nextHandler = Handlers;

    public ProtectedMachine(string model = "max", bool wide = true)
    {
        Machine = new TestMachine(model);
        ushort size = wide ? (ushort)0xC000 : (ushort)0x8000;
        SetDescriptor(Code0, 0, 0xFFFFF, (ushort)(size | 0x9B));
        SetDescriptor(Data0, 0, 0xFFFFF, (ushort)(size | 0x93));
        SetDescriptor(Code3, 0, 0xFFFFF, (ushort)(size | 0xFB));
        SetDescriptor(Data3, 0, 0xFFFFF, (ushort)(size | 0xF3));
        SetDescriptor(TssSelector, (uint)Tss, 0x67, 0x8B);
        Machine.Poke(Tss + 4, 4, Stack0);
        Machine.Poke(Tss + 8, 4, Data0);
        Machine.Poke(Tss + 0x66, 2, 0x68);
        CpuState* s = Machine.State;
        s->GdtBase = Gdt;
        s->GdtLimit = 0x1FF;
        s->IdtBase = Idt;
        s->IdtLimit = 0x7FF;
        s->Cr0 = 0x11;
        Machine.SetSegment(SegmentIndex.Cs, Code0, 0, uint.MaxValue, (ushort)(size | 0x9B));
        foreach (SegmentIndex i in (ReadOnlySpan<SegmentIndex>)[SegmentIndex.Es, SegmentIndex.Ss, SegmentIndex.Ds, SegmentIndex.Fs, SegmentIndex.Gs])
        {
            Machine.SetSegment(i, Data0, 0, uint.MaxValue, (ushort)(size | 0x93));
        }

        Machine.SetSegment(SegmentIndex.Tr, TssSelector, Tss, 0x67, 0x8B);
        Machine.SetSegment(SegmentIndex.Ldtr, 0, 0, 0, 0);
        s->Gpr[4] = Stack0;
        s->Rip = Code;
        Machine.Cpu.UpdatePaging();
        Machine.Cpu.UpdateMode();
    }

    public TestMachine Machine { get; }

    public Vcpu Cpu => Machine.Cpu;

    public CpuState* State => Machine.State;

    /// <summary>Writes a descriptor to the GDT; attributes as in <see cref="SegmentRegister.Attributes"/>, limit unscaled.</summary>
    public void SetDescriptor(ushort selector, uint segmentBase, uint limit, ushort attributes) =>
        Machine.Poke(Gdt + (selector & 0xFFF8u), 8, Encode(segmentBase, limit, attributes));

    public static ulong Encode(uint segmentBase, uint limit, ushort attributes) =>
        (limit & 0xFFFF) | ((ulong)(segmentBase & 0xFFFFFF) << 16) | ((ulong)attributes << 40) | ((ulong)(limit & 0xF0000) << 32)
            | ((ulong)(segmentBase >> 24) << 56);

    /// <summary>A gate descriptor: type and DPL in <paramref name="access"/> (8Eh: present 32-bit interrupt gate).</summary>
    public static ulong Gate(ushort selector, uint offset, byte access, int parameters = 0) =>
        (offset & 0xFFFF) | ((ulong)selector << 16) | ((ulong)parameters << 32) | ((ulong)access << 40) | ((ulong)(offset >> 16) << 48);

    /// <summary>Writes an IDT gate.</summary>
    public void SetGate(byte vector, ulong gate) => Machine.Poke(Idt + (vector * 8u), 8, gate);

    /// <summary>Assembles a handler and points an interrupt gate at it.</summary>
    public uint Handle(byte vector, Action<Assembler> write, byte access = 0x8E, ushort selector = Code0)
    {
        uint address = (uint)nextHandler;
        nextHandler += (uint)Machine.Assemble(nextHandler, 32, write) + 16;
        SetGate(vector, Gate(selector, address, access));
        return address;
    }

    /// <summary>Assembles the program and runs it until it stops.</summary>
    public ProtectedMachine Run(Action<Assembler> write)
    {
        Machine.Assemble(Code, 32, write);
        Machine.Run();
        return this;
    }

    /// <summary>Code that goes to CPL 3 at <paramref name="entry"/>, with EFLAGS 2.</summary>
    public static void ReturnToUser(Assembler c, uint entry, uint flags = 2)
    {
        c.push(Data3);
        c.push((int)Stack3);
        c.push((int)flags);
        c.push(Code3);
        c.push((int)entry);
        c.iretd();
    }

    public void Dispose() => Machine.Dispose();
}
