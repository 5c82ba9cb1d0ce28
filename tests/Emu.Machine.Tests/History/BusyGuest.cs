using System.Security.Cryptography;
using Emu.Cpu;
using Emu.Devices.Serial;
using Emu.Mmu;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Machine.Tests;

/// <summary>
/// A machine whose guest, in real mode, does a bit of everything at once: timer, keyboard, serial and disk interrupts, port and memory-mapped I/O, string
/// instructions, halts, faults, self-modifying code, reads of the time-stamp counter; and on further processors memory traffic.
/// </summary>
internal sealed unsafe class BusyGuest : IDisposable
{
    public const ulong Code = 0x1000;
    private const ulong Handlers = 0x3000;
    private const ulong Patched = 0x3500;
    private const ulong Second = 0x8000;
    private readonly string disk = Path.GetTempFileName();

    public BusyGuest(int processors = 1, HistoryConfiguration? history = null, bool remembers = true, RecordingConfiguration? recording = null)
    {
        byte[] content = new byte[256 * 512];
        for (int i = 0; i < content.Length; i++) content[i] = (byte)(i * 7 + (i >> 9));
        File.WriteAllBytes(disk, content);
        Machine = new Machine(new MachineConfiguration
        {
            Memory = 16 << 20,
            Bios = "",
            Processors = processors,
            Clock = new ClockConfiguration { InstructionShift = 3, RtcBase = DateTime.UnixEpoch, SleepWhenIdle = false },
            Serial = [_ => Line],
            Drives = [new DriveConfiguration { Kind = DriveKind.Disk, File = disk, Format = "raw", Snapshot = recording != null }],
            Recording = recording,
            History = remembers ? history ?? new HistoryConfiguration { CheckpointInterval = 100_000 } : null,
        });
        Assemble(Code, MainLoop);
        Assemble(Handlers, Timer);
        Assemble(Handlers + 0x100, Keyboard);
        Assemble(Handlers + 0x200, Serial);
        Assemble(Handlers + 0x300, Disk);
        Assemble(Handlers + 0x400, Fault);
        Assemble(Patched, a =>
        {
            a.mov(al, 0x55);
            a.ret();
        });
        Assemble(Second, SecondMain);
        for (uint i = 0; i < 32; i++) Machine.Board.Memory.Space.Write(i * 4, 4, (uint)Handlers + 0x400);
        (int Vector, uint Offset)[] vectors = [(8, 0), (9, 0x100), (12, 0x200), (0x76, 0x300)];
        foreach ((int vector, uint offset) in vectors) Machine.Board.Memory.Space.Write((ulong)vector * 4, 4, (uint)Handlers + offset);
        Cpu = Machine.Board.Processors[0];
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            ref SegmentRegister segment = ref Cpu.State->Segment(i);
            segment.Selector = 0;
            segment.Base = 0;
        }

        Cpu.State->Gpr[4] = Code;
        Cpu.State->Rip = Code;
        Cpu.UpdateMode();
        for (int i = 1; i < processors; i++)
        {
            Machine.Board.Processors[i].Sipi((byte)(Second >> 12));
        }

        Machine.History?.NoteChange();
    }

    public Machine Machine { get; }

    public Vcpu Cpu { get; }

    public MemoryCharacterDevice Line { get; } = new();

    public TimeTravel History => Machine.History ?? throw new InvalidOperationException();

    /// <summary>A digest of everything: processors, devices, memory, disk.</summary>
    public string Digest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MachineState.Save(Machine));
        foreach (GuestRam block in Machine.Board.GuestMemory.Blocks)
        {
            for (int page = 0; page < block.Bytes.Length; page += GuestMemory.PageSize)
            {
                ReadOnlySpan<byte> bytes = block.Bytes.Slice(page, GuestMemory.PageSize);
                if (!bytes.ContainsAnyExcept((byte)0)) continue;
                hash.AppendData(BitConverter.GetBytes(page));
                hash.AppendData(bytes);
            }
        }

        byte[] content = new byte[256 * 512];
        Machine.Board.Drives.Drives[0].Ide?.Backend?.Image.ReadAt(0, content);
        hash.AppendData(content);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>The parts of the digest by name, to see which of them differs.</summary>
    public Dictionary<string, string> Parts() => MachineParts.Of(Machine);

    public void Dispose()
    {
        Machine.Dispose();
        File.Delete(disk);
    }

    private void Assemble(ulong address, Action<Assembler> code)
    {
        Assembler assembler = new(16);
        code(assembler);
        using MemoryStream bytes = new();
        assembler.Assemble(new StreamCodeWriter(bytes), address);
        Machine.Board.Memory.Space.Write(address, bytes.ToArray());
    }

    private static void Out(Assembler a, ushort port, byte value)
    {
        a.mov(dx, port);
        a.mov(al, value);
        a.@out(dx, al);
    }

    private static void MainLoop(Assembler a)
    {
        a.cli();
        // Interrupt controllers at vectors 8 and 70h; timer, keyboard, COM1, cascade and IDE let through.
        (ushort, byte)[] setup =
        [
            (0x20, 0x11), (0x21, 8), (0x21, 4), (0x21, 1), (0xA0, 0x11), (0xA1, 0x70), (0xA1, 2), (0xA1, 1),
            (0x21, 0xFF & ~0x17), (0xA1, 0xFF & ~0x40), (0x43, 0x34), (0x40, 0x50), (0x40, 0x02),
            (0x3FB, 3), (0x3FA, 1), (0x3F9, 1), (0x3FC, 8), (0x64, 0x60), (0x60, 0x45),
            (0x3CE, 5), (0x3CF, 0x40), (0x3CE, 6), (0x3CF, 0x05),
        ];
        foreach ((ushort port, byte value) in setup) Out(a, port, value);
        // The IDE function decodes the ports of its primary channel.
        foreach ((uint register, ushort value) in (ReadOnlySpan<(uint, ushort)>)[(0x80000904, 1), (0x80000940, 0x8000)])
        {
            a.mov(dx, 0xCF8);
            a.mov(eax, register);
            a.@out(dx, eax);
            a.mov(dx, 0xCFC);
            a.mov(ax, value);
            a.@out(dx, ax);
        }

        a.sti();
        Label loop = a.CreateLabel(), noDisk = a.CreateLabel(), noHalt = a.CreateLabel();
        a.Label(ref loop);
        a.inc(__dword_ptr[0x2000]);
        a.rdtsc();
        a.xor(__dword_ptr[0x2004], eax);
        a.rdrand(ecx);
        a.add(__dword_ptr[0x2008], ecx);
        // A string instruction of a changing length, over pages.
        a.mov(si, 0x4000);
        a.mov(di, 0x5000);
        a.mov(cx, __word_ptr[0x2000]);
        a.and(cx, 0x0FFF);
        a.cld();
        a.rep.movsb();
        a.mov(di, 0x4000);
        a.mov(cx, 0x37);
        a.mov(ax, __word_ptr[0x2004]);
        a.rep.stosw();
        // Video memory, planar: a device access in the middle of a block.
        a.mov(bx, 0xA000);
        a.mov(es, bx);
        a.mov(bl, __byte_ptr[0x2000]);
        a.xor(bh, bh);
        a.mov(__byte_ptr.es[bx + 0x10], al);
        a.add(__byte_ptr.es[bx + 0x20], al);
        a.mov(cl, __byte_ptr.es[bx + 0x10]);
        a.add(__byte_ptr[0x200C], cl);
        a.xor(bx, bx);
        a.mov(es, bx);
        // A divide error now and then.
        a.mov(al, __byte_ptr[0x2000]);
        a.and(al, 0x1F);
        a.mov(cl, al);
        a.mov(ax, 0x1234);
        a.div(cl);
        // Self-modifying code.
        a.inc(__byte_ptr[(uint)Patched + 1]);
        a.call(Patched);
        a.add(__byte_ptr[0x200D], al);
        // Every 64th round a disk command, every 8th a halt.
        a.test(__byte_ptr[0x2000], 0x3F);
        a.jnz(noDisk);
        DiskCommand(a);
        a.Label(ref noDisk);
        a.test(__byte_ptr[0x2000], 7);
        a.jnz(noHalt);
        a.hlt();
        a.Label(ref noHalt);
        a.pause();
        a.jmp(loop);
    }

    private static void DiskCommand(Assembler a)
    {
        Out(a, 0x1F2, 1);
        a.mov(dx, 0x1F3);
        a.mov(al, __byte_ptr[0x2001]);
        a.@out(dx, al);
        Out(a, 0x1F4, 0);
        Out(a, 0x1F5, 0);
        Out(a, 0x1F6, 0xE0);
        Out(a, 0x1F7, 0x20);
    }

    /// <summary>Reads the sector the drive offers, changes it and writes it back; the second interrupt of each round ends it.</summary>
    private static void Disk(Assembler a)
    {
        Label done = a.CreateLabel(), wait = a.CreateLabel();
        a.pushad();
        a.mov(dx, 0x1F7);
        a.@in(al, dx);
        a.test(al, 8);
        a.jz(done);
        a.mov(dx, 0x1F0);
        a.mov(di, 0x6000);
        a.mov(cx, 256);
        a.rep.insw();
        a.mov(ax, __word_ptr[0x2004]);
        a.add(__word_ptr[0x6010], ax);
        Out(a, 0x1F2, 1);
        Out(a, 0x1F7, 0x30);
        a.Label(ref wait);
        a.@in(al, dx);
        a.test(al, 8);
        a.jz(wait);
        a.mov(dx, 0x1F0);
        a.mov(si, 0x6000);
        a.mov(cx, 256);
        a.rep.outsw();
        a.Label(ref done);
        a.inc(__dword_ptr[0x2010]);
        Out(a, 0xA0, 0x20);
        Out(a, 0x20, 0x20);
        a.popad();
        a.iret();
    }

    private static void Timer(Assembler a)
    {
        a.pushad();
        a.inc(__dword_ptr[0x2014]);
        Out(a, 0x20, 0x20);
        a.popad();
        a.iret();
    }

    private static void Keyboard(Assembler a)
    {
        a.pushad();
        a.@in(al, 0x60);
        a.add(__byte_ptr[0x2018], al);
        a.inc(__dword_ptr[0x201C]);
        Out(a, 0x20, 0x20);
        a.popad();
        a.iret();
    }

    /// <summary>Sends back what it receives.</summary>
    private static void Serial(Assembler a)
    {
        a.pushad();
        a.mov(dx, 0x3F8);
        a.@in(al, dx);
        a.@out(dx, al);
        a.inc(__dword_ptr[0x2020]);
        Out(a, 0x20, 0x20);
        a.popad();
        a.iret();
    }

    /// <summary>Divide error: goes on behind the two bytes of DIV CL.</summary>
    private static void Fault(Assembler a)
    {
        a.push(bp);
        a.mov(bp, sp);
        a.add(__word_ptr[bp + 2], 2);
        a.pop(bp);
        a.inc(__dword_ptr[0x2024]);
        a.iret();
    }

    private static void SecondMain(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.xor(ax, ax);
        a.mov(ds, ax);
        a.Label(ref loop);
        a.@lock.add(__dword_ptr[0x2028], 3);
        a.mov(eax, __dword_ptr[0x2000]);
        a.xor(__dword_ptr[0x202C], eax);
        a.pause();
        a.rdtsc();
        a.add(__dword_ptr[0x2030], eax);
        a.jmp(loop);
    }
}
