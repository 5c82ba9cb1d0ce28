using Emu.Mmu;
using Iced.Intel;
using Xunit;

namespace Emu.Cpu.Tests.Integer;

/// <summary>
/// A processor in 16-bit real mode, or flat 32- or 64-bit mode with identity paging, some RAM, and exception handlers that
/// halt. Code is loaded once and may then be run again and again with other register values.
/// </summary>
internal sealed unsafe class IntegerMachine : IDisposable, ICpuBus
{
    /// <summary>Linear address of memory for operands; 2 MiB of it, mapped in pages of 4 KiB outside real mode.</summary>
    public const ulong Data = 0x20_0000;

    /// <summary>Linear address of code.</summary>
    public const ulong CodeBase = 0x1_0000;

    /// <summary>Segment bases of the data segments in real mode.</summary>
    public const ulong RealDs = 0x2_0000, RealEs = 0x3_0000, RealSs = 0x4_0000;

    private const ulong Root = 0x10_0000, Gdt = 0x11_1000, Idt = 0x11_0000, Handlers = 0x11_2000, RealHandlers = 0x500;

    private readonly GuestMemory memory = new(1ul << 32);
    private readonly GuestRam ram;
    private readonly MemoryRegion root;
    private readonly AddressSpace space;
    private readonly CodeCache code;
    private ulong start;
    private ulong end;
    private SegmentRegister[] segments = [];

    public IntegerMachine(int bits)
    {
        Bits = bits;
        ram = memory.AllocateRam("ram", 16 << 20);
        root = MemoryRegion.CreateContainer("root");
        root.AddSubregion(0, MemoryRegion.CreateRam("ram", ram));
        space = new AddressSpace("memory", memory, root);
        code = new CodeCache(memory);
        Cpu = new Vcpu(TestModel.Max, space, this, code);
        if (bits == 16) EnterReal();
        else EnterProtected();
        s->Gpr[4] = bits == 16 ? 0x8000u : 0x1F_0000u;
    }

    public int Bits { get; }

    public Vcpu Cpu { get; }

    public CpuState* s => Cpu.State;

    /// <summary>Guest memory at a linear address (mapped one to one).</summary>
    public Span<byte> Memory(ulong linear, int length) => new(ram.Base + linear, length);

    /// <summary>Forms of comparison and branch with a handler of their own.</summary>
    public int FusedForms => code.FusedForms;

    /// <summary>What IN reads, and OUT has written.</summary>
    public Queue<uint> PortInput { get; } = new();

    public List<(ushort Port, int Size, uint Value)> PortOutput { get; } = [];

    /// <summary>The fault that ended the last run.</summary>
    public byte? Fault { get; private set; }

    /// <summary>Its RIP, as a distance from the first instruction.</summary>
    public ulong FaultOffset { get; private set; }

    public ulong this[int register]
    {
        get => s->Gpr[register];
        set => s->Gpr[register] = value;
    }

    /// <summary>The status flags.</summary>
    public uint Flags
    {
        get => s->ArithmeticFlags;
        set => s->SetArithmeticFlags(value);
    }

    /// <summary>Takes a page of operands away.</summary>
    public void Unmap(ulong linear) => ChangePage(linear, 0);

    /// <summary>Gives a page of operands back.</summary>
    public void Map(ulong linear) => ChangePage(linear, linear | 3);

    /// <summary>Makes a page of operands read-only (for the supervisor too: CR0.WP is set).</summary>
    public void Protect(ulong linear) => ChangePage(linear, linear | 1);

    /// <summary>Places code; an endless loop follows it.</summary>
    public void Load(params Instruction[] instructions)
    {
        Assembler assembler = new(Bits);
        foreach (Instruction instruction in instructions) assembler.AddInstruction(instruction);
        Load(assembler);
    }

    /// <summary>Places code; an endless loop follows it.</summary>
    public void Load(Action<Assembler> write)
    {
        Assembler assembler = new(Bits);
        write(assembler);
        Load(assembler);
    }

    /// <summary>Places code; an endless loop follows it.</summary>
    public void Load(byte[] bytes)
    {
        start = Bits == 16 ? 0x100u : CodeBase;
        ulong linear = Bits == 16 ? CodeBase + 0x100 : CodeBase;
        ram.Write(linear, [.. bytes, 0xEB, 0xFE]);
        end = start + (ulong)bytes.Length;
    }

    private void Load(Assembler assembler)
    {
        MemoryStream bytes = new();
        assembler.Assemble(new StreamCodeWriter(bytes), Bits == 16 ? 0x100u : CodeBase);
        Load(bytes.ToArray());
    }

    /// <summary>Runs the code to its end, or to a fault, in whole blocks.</summary>
    public void Run(long budget = 300)
    {
        Prepare();
        Cpu.Run(budget);
        Conclude();
    }

    /// <summary>Runs the code to its end, or to a fault, instruction by instruction.</summary>
    public long RunSteps(int limit = 10_000)
    {
        Prepare();
        long steps = 0;
        while (s->Rip != end && s->Activity == ActivityState.Active && !InHandler(out _) && steps < limit)
        {
            Cpu.Step();
            steps++;
        }

        Conclude();
        return steps;
    }

    /// <summary>Starts the code with a large budget and returns how many instructions ran before the processor came back.</summary>
    public long RunOnce()
    {
        Prepare();
        return Cpu.Run(300);
    }

    /// <summary>Goes on after <see cref="RunOnce"/> to the end or a fault.</summary>
    public void Resume()
    {
        Cpu.Run(300);
        Conclude();
    }

    /// <summary>Puts a page of device registers over RAM; every write to it calls <paramref name="written"/>.</summary>
    public void AddDevice(ulong address, Action written)
    {
        root.AddSubregion(address, MemoryRegion.CreateDevice("device", 0x1000, new WriteOnly(written)), priority: 1);
        Cpu.Mmu.FlushAll();
    }

    private sealed class WriteOnly(Action written) : IMemoryDevice
    {
        public ulong ReadMemory(ulong offset, int size) => ulong.MaxValue;

        public void WriteMemory(ulong offset, int size, ulong value) => written();
    }

    private void Prepare()
    {
        for (int i = 0; i < segments.Length; i++) s->Segment((SegmentIndex)i) = segments[i];
        s->Rip = start;
        s->Activity = ActivityState.Active;
        s->SystemFlags &= ~Eflags.Rf;
        Cpu.UpdateMode();
    }

    private void Conclude()
    {
        Fault = null;
        if (InHandler(out byte vector))
        {
            Fault = vector;
            ulong error = Bits != 16 && ExceptionVector.HasErrorCode(vector) ? (ulong)Bits / 8 : 0;
            ulong frame = s->Gpr[4] + error;
            if (Bits == 16)
            {
                FaultOffset = *(ushort*)(ram.Base + RealSs + (ushort)frame) - start;
                s->Gpr[4] += 6;
            }
            else if (Bits == 32)
            {
                FaultOffset = *(uint*)(ram.Base + frame) - start;
                s->Gpr[4] = frame + 12;
            }
            else
            {
                FaultOffset = *(ulong*)(ram.Base + frame) - start;
                s->Gpr[4] = *(ulong*)(ram.Base + frame + 24);
            }
        }
        else if (s->Activity == ActivityState.Shutdown)
        {
            Fault = Cpu.PendingException.Vector;
            FaultOffset = s->Rip - start;
        }
        else
        {
            Assert.Equal(end, s->Rip);
        }
    }

    private bool InHandler(out byte vector)
    {
        ulong distance = Bits == 16 ? s->Segment(SegmentIndex.Cs).Base + s->Rip - RealHandlers : s->Rip - Handlers;
        vector = (byte)(distance / 16);
        return distance < 4096;
    }

    private void EnterReal()
    {
        SetSegment(SegmentIndex.Cs, 0x1000, CodeBase, 0xFFFF, 0x9B);
        SetSegment(SegmentIndex.Ds, 0x2000, RealDs, 0xFFFF, 0x93);
        SetSegment(SegmentIndex.Es, 0x3000, RealEs, 0xFFFF, 0x93);
        SetSegment(SegmentIndex.Ss, 0x4000, RealSs, 0xFFFF, 0x93);
        for (int vector = 0; vector < 256; vector++)
        {
            ram.Write((ulong)vector * 4, BitConverter.GetBytes((uint)((vector * 16) | (0x50 << 16))));
            ram.Write(RealHandlers + ((ulong)vector * 16), [0xF4]);
        }

        KeepSegments();
        Cpu.UpdateMode();
    }

    private void EnterProtected()
    {
        bool wide = Bits == 64;
        if (wide)
        {
            Write64(Root, (Root + 0x1000) | 3);
            Write64(Root + 0x1000, (Root + 0x2000) | 3);
            for (uint i = 0; i < 2; i++) Write64(Root + 0x2000 + (i * 8), (Root + 0x3000 + (i * 0x1000)) | 3);
            for (uint page = 0; page < 1024; page++) Write64(Root + 0x3000 + (page * 8), (page * 0x1000) | 3);
        }
        else
        {
            ram.Write(Root, BitConverter.GetBytes((uint)Root + 0x3003));
            for (uint page = 0; page < 1024; page++) ram.Write(Root + 0x3000 + (page * 4), BitConverter.GetBytes((page * 0x1000) | 3));
        }

        Write64(Gdt + 8, wide ? 0x00AF_9B00_0000_FFFFu : 0x00CF_9B00_0000_FFFFu);
        Write64(Gdt + 16, 0x00CF_9300_0000_FFFF);
        for (uint vector = 0; vector < 256; vector++)
        {
            ulong handler = Handlers + (vector * 16);
            ulong gate = (handler & 0xFFFF) | (8ul << 16) | (0x8E00ul << 32) | (handler >> 16 << 48);
            Write64(Idt + (vector * (wide ? 16u : 8u)), gate);
            ram.Write(handler, [0xF4]);
        }

        (s->GdtBase, s->GdtLimit, s->IdtBase, s->IdtLimit) = (Gdt, 23, Idt, 0xFFF);
        s->Cr0 = Cr0.Pe | Cr0.Pg | Cr0.Wp | Cr0.Ne | Cr0.Et;
        s->Cr3 = Root;
        s->Cr4 = wide ? Cr4.Pae : 0;
        s->Efer = wide ? Efer.Lme | Efer.Lma : 0;
        SetSegment(SegmentIndex.Cs, 8, 0, uint.MaxValue, (ushort)(wide ? 0xA09B : 0xC09B));
        foreach (SegmentIndex index in new[] { SegmentIndex.Es, SegmentIndex.Ss, SegmentIndex.Ds, SegmentIndex.Fs, SegmentIndex.Gs })
        {
            SetSegment(index, 16, 0, uint.MaxValue, 0xC093);
        }

        KeepSegments();
        Cpu.UpdatePaging();
        Cpu.UpdateMode();
    }

    /// <summary>Gives a segment register other contents, until the machine is disposed.</summary>
    public void SetSegment(SegmentIndex index, ushort selector, ulong @base, uint limit, ushort attributes)
    {
        ref SegmentRegister segment = ref s->Segment(index);
        segment = new SegmentRegister { Selector = selector, Base = @base, Limit = limit, Attributes = attributes };
        segment.UpdateDerived();
        KeepSegments();
    }

    private void KeepSegments()
    {
        segments = new SegmentRegister[6];
        for (int i = 0; i < 6; i++) segments[i] = s->Segment((SegmentIndex)i);
    }

    private void ChangePage(ulong linear, ulong entry)
    {
        if (Bits == 64) Write64(Root + 0x3000 + (linear >> 12 << 3), entry);
        else space.Write(Root + 0x3000 + (linear >> 12 << 2), 4, entry);
        Cpu.Mmu.FlushAll();
    }

    private void Write64(ulong address, ulong value) => space.Write(address, 8, value);

    uint ICpuBus.ReadPort(ushort port, int size) => PortInput.TryDequeue(out uint value) ? value : uint.MaxValue;

    void ICpuBus.WritePort(ushort port, int size, uint value) => PortOutput.Add((port, size, value));

    byte ICpuBus.AcknowledgeExternalInterrupt() => 0xFF;

    void ICpuBus.Shutdown(Vcpu cpu)
    {
    }

    void ICpuBus.SetFloatingPointError(bool asserted)
    {
    }

    public void Dispose()
    {
        Cpu.Dispose();
        code.Dispose();
        space.Dispose();
        memory.Dispose();
    }
}

/// <summary>A processor model with everything.</summary>
internal static class TestModel
{
    public static CpuModel Max => CpuModel.Max;
}
