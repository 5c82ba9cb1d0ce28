using Iced.Intel;
using Xunit;

namespace Emu.Cpu.Tests;

/// <summary>
/// A test machine in 64-bit mode: the first gigabyte identity-mapped with 2-MByte pages for CPL 0 and 3 (tables at 70000h), GDT at
/// 1000h, IDT at 2000h, 64-bit TSS at 3000h, CPL 0 stack below 8000h, CPL 3 stack below 9000h, code at 10000h.
/// </summary>
internal sealed unsafe class LongMachine : IDisposable
{
    public const ulong Gdt = 0x1000, Idt = 0x2000, Tss = 0x3000, Code = 0x10000, Handlers = 0x20000, Tables = 0x70000;
    public const ushort Code0 = 0x08, Data0 = 0x10, Compat3 = 0x1B, Data3 = 0x23, Code3 = 0x2B, TssSelector = 0x30, Free = 0x40;
    public const ulong Stack0 = 0x8000, Stack3 = 0x9000, Ist1 = 0xA000;

    private ulong nextHandler = Handlers;

    public LongMachine(string model = "max")
    {
        Machine = new TestMachine(model);
        SetDescriptor(Code0, 0x00AF9B000000FFFF);
        SetDescriptor(Data0, 0x00CF93000000FFFF);
        SetDescriptor(Compat3, 0x00CFFB000000FFFF);
        SetDescriptor(Data3, 0x00CFF3000000FFFF);
        SetDescriptor(Code3, 0x00AFFB000000FFFF);
        SetDescriptor(TssSelector, ProtectedMachine.Encode((uint)Tss, 0x67, 0x8B));
        Machine.Poke(Tss + 4, 8, Stack0);
        Machine.Poke(Tss + 0x24, 8, Ist1);
        Machine.Poke(Tss + 0x66, 2, 0x68);
        Machine.Poke(Tables, 8, (Tables + 0x1000) | 7);
        Machine.Poke(Tables + 0x1000, 8, (Tables + 0x2000) | 7);
        for (uint i = 0; i < 512; i++) Machine.Poke(Tables + 0x2000 + (i * 8), 8, (i << 21) | 0x87);
        // The local APIC.
        Machine.Poke(Tables + 0x1018, 8, (Tables + 0x3000) | 7);
        Machine.Poke(Tables + 0x3000 + (0x1F7 * 8), 8, 0xFEE00000 | 0x87);
        CpuState* s = Machine.State;
        s->GdtBase = Gdt;
        s->GdtLimit = 0x1FF;
        s->IdtBase = Idt;
        s->IdtLimit = 0xFFF;
        s->Cr0 = 0x80000011;
        s->Cr3 = Tables;
        s->Cr4 = Cr4.Pae | Cr4.Osfxsr;
        s->Efer = Efer.Lme | Efer.Lma | Efer.Sce | Efer.Nxe;
        Machine.SetSegment(SegmentIndex.Cs, Code0, 0, uint.MaxValue, 0xA09B);
        foreach (SegmentIndex i in (ReadOnlySpan<SegmentIndex>)[SegmentIndex.Es, SegmentIndex.Ss, SegmentIndex.Ds, SegmentIndex.Fs, SegmentIndex.Gs])
        {
            Machine.SetSegment(i, Data0, 0, uint.MaxValue, 0xC093);
        }

        Machine.SetSegment(SegmentIndex.Tr, TssSelector, Tss, 0x67, 0x8B);
        s->Gpr[4] = Stack0;
        s->Rip = Code;
        Machine.Cpu.UpdatePaging();
        Machine.Cpu.UpdateMode();
    }

    public TestMachine Machine { get; }

    public Vcpu Cpu => Machine.Cpu;

    public CpuState* State => Machine.State;

    public void SetDescriptor(ushort selector, ulong descriptor) => Machine.Poke(Gdt + (selector & 0xFFF8u), 8, descriptor);

    /// <summary>Writes an IDT gate.</summary>
    public void SetGate(byte vector, ulong offset, byte access = 0x8E, int ist = 0, ushort selector = Code0)
    {
        ulong address = Idt + (vector * 16u);
        Machine.Poke(address, 8, ProtectedMachine.Gate(selector, (uint)offset, access, ist));
        Machine.Poke(address + 8, 8, offset >> 32);
    }

    /// <summary>Assembles a handler and points a gate at it.</summary>
    public ulong Handle(byte vector, Action<Assembler> write, byte access = 0x8E, int ist = 0)
    {
        ulong address = nextHandler;
        nextHandler += (uint)Machine.Assemble(nextHandler, 64, write) + 16;
        SetGate(vector, address, access, ist);
        return address;
    }

    /// <summary>Assembles the program and runs it until it stops.</summary>
    public LongMachine Run(Action<Assembler> write)
    {
        Machine.Assemble(Code, 64, write);
        Machine.Run();
        return this;
    }

    /// <summary>Code that goes to CPL 3 at <paramref name="entry"/>.</summary>
    public static void ReturnToUser(Assembler c, ulong entry, ushort code = Code3, uint flags = 2)
    {
        c.push(Data3);
        c.push((int)Stack3);
        c.push((int)flags);
        c.push(code);
        c.push((int)entry);
        c.iretq();
    }

    public void Dispose() => Machine.Dispose();
}
