using Emu.Cpu;
using Emu.Jit;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Machine.Tests;

/// <summary>
/// A machine whose guest, in paged 32-bit protected mode, is what the translator likes: hot loops over memory with calls, SSE and string instructions. A timer
/// interrupts them, code is patched, pages are mapped elsewhere, faults are taken, the time-stamp counter is read.
/// </summary>
internal sealed unsafe class HotGuest : IDisposable
{
    private const uint Gdt = 0x1000, Idt = 0x1800, Directory = 0x3000, Table = 0x4000, Code = 0x1_0000, Timer = 0x1_4000, Fault = 0x1_4100, Patched = 0x1_5000;

    /// <summary>Counters of the guest: rounds, ticks of the timer, faults.</summary>
    private const uint Rounds = 0x2_0000, Ticks = 0x2_0004, Faults = 0x2_0008;

    /// <summary>Memory worked on; a window whose page changes; and where nothing is mapped.</summary>
    private const uint Data = 0x3_0000, Window = 0x40_0000, Nothing = 0x41_0000;

    public HotGuest(Accelerator accelerator, TranslatorOptions? translator = null)
    {
        Machine = new Machine(new MachineConfiguration
        {
            Memory = 16 << 20,
            Bios = "",
            Accelerator = accelerator,
            Translator = translator ?? new TranslatorOptions(),
            Clock = new ClockConfiguration { InstructionShift = 3, RtcBase = DateTime.UnixEpoch, SleepWhenIdle = false },
            History = new HistoryConfiguration { CheckpointInterval = 200_000 },
        });
        Assemble(Code, MainLoop);
        Assemble(Timer, OnTimer);
        Assemble(Fault, OnFault);
        Assemble(Patched, a =>
        {
            a.add(eax, 1);
            a.ret();
        });
        BuildTables();
        Enter(Machine.Board.Processors[0]);
        Machine.History?.Restart();
    }

    public Machine Machine { get; }

    public TimeTravel History => Machine.History ?? throw new InvalidOperationException();

    public (uint Rounds, uint Ticks, uint Faults) Counters => (Peek(Rounds), Peek(Ticks), Peek(Faults));

    public Dictionary<string, string> Parts() => MachineParts.Of(Machine);

    public void Dispose() => Machine.Dispose();

    private uint Peek(uint address) => (uint)Machine.Board.Memory.Space.Read(address, 4);

    private void Poke(uint address, ulong value, int size = 4) => Machine.Board.Memory.Space.Write(address, size, value);

    private void Assemble(uint address, Action<Assembler> code)
    {
        Assembler assembler = new(32);
        code(assembler);
        using MemoryStream bytes = new();
        assembler.Assemble(new StreamCodeWriter(bytes), address);
        Machine.Board.Memory.Space.Write(address, bytes.ToArray());
    }

    private void BuildTables()
    {
        const uint rights = 3, large = 0x80, timerVector = 0x20;
        Poke(Gdt + 8, 0x00CF_9B00_0000_FFFF, 8);
        Poke(Gdt + 16, 0x00CF_9300_0000_FFFF, 8);
        for (uint vector = 0; vector <= timerVector; vector++)
        {
            uint handler = vector == timerVector ? Timer : Fault;
            Poke(Idt + (vector * 8), (handler & 0xFFFF) | (8 << 16));
            Poke(Idt + (vector * 8) + 4, (handler & 0xFFFF_0000) | 0x8E00);
        }

        Poke(Directory, rights | large);
        Poke(Directory + 4, Table | rights);
        Poke(Table, (Data + 0x8000) | rights);
    }

    private static void Enter(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            bool code = i == SegmentIndex.Cs;
            SegmentRegister segment = new() { Limit = uint.MaxValue, Attributes = (ushort)(code ? 0xC09B : 0xC093), Selector = (ushort)(code ? 8 : 16) };
            segment.UpdateDerived();
            s->Segment(i) = segment;
        }

        (s->GdtBase, s->GdtLimit, s->IdtBase, s->IdtLimit) = (Gdt, 0x17, Idt, 0x107);
        s->Cr3 = Directory;
        s->Cr4 = Cr4.Pse | Cr4.Osfxsr;
        s->Cr0 = Cr0.Pe | Cr0.Pg | Cr0.Et | Cr0.Wp;
        s->Gpr[4] = Code;
        s->Rip = Code;
        cpu.UpdatePaging();
        cpu.UpdateMode();
    }

    private static void Out(Assembler a, byte port, byte value)
    {
        a.mov(al, value);
        a.@out(port, al);
    }

    private static void MainLoop(Assembler a)
    {
        foreach ((byte port, byte value) in (ReadOnlySpan<(byte, byte)>)[(0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 1), (0x21, 0xFE), (0x43, 0x34), (0x40, 0x80), (0x40, 0x03)]) Out(a, port, value);
        Label round = a.CreateLabel(), numbers = a.CreateLabel(), function = a.CreateLabel(), behind = a.CreateLabel(), vectors = a.CreateLabel();
        a.xor(ebx, ebx);
        a.sti();
        a.Label(ref round);
        a.inc(__dword_ptr[Rounds]);
        // A loop with memory, flags of several kinds and a call.
        a.mov(ecx, 200);
        a.mov(esi, Data);
        a.Label(ref numbers);
        a.mov(eax, __dword_ptr[esi + (ecx * 4)]);
        a.call(function);
        a.adc(ebx, eax);
        a.ror(ebx, 3);
        a.mov(__dword_ptr[esi + (ecx * 4)], ebx);
        a.dec(ecx);
        a.jnz(numbers);
        // Floating point in vectors.
        a.mov(ecx, 50);
        a.cvtsi2sd(xmm0, ebx);
        a.Label(ref vectors);
        a.cvtsi2sd(xmm1, ecx);
        a.addsd(xmm0, xmm1);
        a.sqrtsd(xmm2, xmm0);
        a.movsd(__qword_ptr[(ecx * 8) + (int)(Data + 0x1000)], xmm2);
        a.dec(ecx);
        a.jnz(vectors);
        // A string instruction through the window, whose page the round chooses.
        a.mov(eax, __dword_ptr[Rounds]);
        a.and(eax, 3);
        a.shl(eax, 12);
        a.add(eax, Data + 0x8000 + 3);
        a.mov(__dword_ptr[Table], eax);
        a.invlpg(__byte_ptr[Window]);
        a.mov(esi, Data);
        a.mov(edi, Window);
        a.mov(ecx, 100);
        a.rep.movsd();
        // Code that changes every round, and hot nevertheless.
        a.mov(al, __byte_ptr[Rounds]);
        a.mov(__byte_ptr[Patched + 2], al);
        a.call(Patched);
        a.rdtsc();
        a.xor(ebx, eax);
        // A page fault; its handler goes on behind.
        a.mov(edx, __dword_ptr[Nothing]);
        a.Label(ref behind);
        a.jmp(round);
        a.Label(ref function);
        a.imul(eax, eax, 0x343FD);
        a.add(eax, 0x269EC3);
        a.ret();
    }

    private static void OnTimer(Assembler a)
    {
        a.push(eax);
        a.inc(__dword_ptr[Ticks]);
        Out(a, 0x20, 0x20);
        a.pop(eax);
        a.iretd();
    }

    /// <summary>Goes on behind the six bytes of the load.</summary>
    private static void OnFault(Assembler a)
    {
        a.inc(__dword_ptr[Faults]);
        a.add(esp, 4);
        a.add(__dword_ptr[esp], 6);
        a.iretd();
    }
}
