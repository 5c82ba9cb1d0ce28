using Emu.Cpu;
using Emu.Machine;
using Iced.Intel;

namespace Emu.Debugging.Tests;

/// <summary>
/// A machine without firmware that runs assembled code at <see cref="Code"/> in a chosen mode: 16-bit real mode with all segments 0, 32-bit flat
/// protected mode without paging, or 64-bit mode with the first 16 MByte identity-mapped. The stack ends at <see cref="Code"/>.
/// </summary>
internal sealed unsafe class TestGuest : IDisposable
{
    public const ulong Code = 0x8000;

    private const ulong Gdt = 0x1000, Tables = 0x2000;

    private Thread? thread;

    public TestGuest(int bits, Action<Assembler> code, int processors = 1, MachineConfiguration? configuration = null)
    {
        Machine = new Machine.Machine((configuration ?? new MachineConfiguration { Vga = false }) with { Memory = 16 << 20, Bios = "", Processors = processors });
        Assembler assembler = new(bits);
        code(assembler);
        using MemoryStream bytes = new();
        assembler.Assemble(new StreamCodeWriter(bytes), Code);
        Machine.Board.Memory.Space.Write(Code, bytes.ToArray());
        Enter(bits);
        Cpu.State->Gpr[4] = Code;
        Cpu.State->Rip = Code;
        Cpu.UpdatePaging();
        Cpu.UpdateMode();
        Machine.History?.Restart();
    }

    public Machine.Machine Machine { get; }

    public Vcpu Cpu => Machine.Board.Processors[0];

    /// <summary>A doubleword of RAM.</summary>
    public uint Peek(ulong address) => (uint)Machine.Board.Memory.Space.Read(address, 4);

    /// <summary>Runs the machine on a thread of its own until it is disposed or quits.</summary>
    public void Start()
    {
        thread = new Thread(() => Machine.Run());
        thread.Start();
    }

    /// <summary>Waits until the machine has ended by itself.</summary>
    public bool WaitForEnd(TimeSpan atMost) => thread?.Join(atMost) ?? false;

    public void Dispose()
    {
        Machine.Events.Post(() => Machine.Quit(StopReason.UserQuit));
        thread?.Join();
        Machine.Dispose();
    }

    private void Enter(int bits)
    {
        CpuState* s = Cpu.State;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            SegmentRegister segment = bits switch
            {
                16 => new SegmentRegister { Limit = 0xFFFF, Attributes = (ushort)(i == SegmentIndex.Cs ? 0x9B : 0x93) },
                32 => new SegmentRegister { Limit = uint.MaxValue, Attributes = (ushort)(i == SegmentIndex.Cs ? 0xC09B : 0xC093), Selector = (ushort)(i == SegmentIndex.Cs ? 8 : 16) },
                _ => new SegmentRegister { Limit = uint.MaxValue, Attributes = (ushort)(i == SegmentIndex.Cs ? 0xA09B : 0xC093), Selector = (ushort)(i == SegmentIndex.Cs ? 8 : 16) },
            };
            segment.UpdateDerived();
            s->Segment(i) = segment;
        }

        if (bits == 16)
        {
            s->IdtBase = 0;
            s->IdtLimit = 0x3FF;
            return;
        }

        ulong code = bits == 32 ? 0x00CF9B000000FFFFul : 0x00AF9B000000FFFFul;
        Machine.Board.Memory.Space.Write(Gdt + 8, 8, code);
        Machine.Board.Memory.Space.Write(Gdt + 16, 8, 0x00CF93000000FFFF);
        s->GdtBase = Gdt;
        s->GdtLimit = 0x1F;
        s->Cr0 = Cr0.Pe | Cr0.Et;
        s->Cr4 = Cr4.Osfxsr | Cr4.Osxsave;
        s->Xcr0 = Xcr0.X87 | Xcr0.Sse | Xcr0.Avx;
        if (bits == 32) return;
        Machine.Board.Memory.Space.Write(Tables, 8, (Tables + 0x1000) | 7);
        Machine.Board.Memory.Space.Write(Tables + 0x1000, 8, (Tables + 0x2000) | 7);
        for (uint i = 0; i < 8; i++) Machine.Board.Memory.Space.Write(Tables + 0x2000 + (i * 8), 8, (i << 21) | 0x87);
        s->Cr0 |= Cr0.Pg;
        s->Cr3 = Tables;
        s->Cr4 |= Cr4.Pae;
        s->Efer = Efer.Lme | Efer.Lma | Efer.Nxe;
    }
}
