using Emu.Cpu;
using Emu.Machine;
using Emu.Machine.Loaders;
using Emu.Mmu;

namespace Emu.Stepper.Linux;

/// <summary>
/// A static Linux program on a bare machine: page tables, descriptor tables and a kernel of a few instructions whose system calls
/// this class serves, through an I/O port. All that the kernel remembers is in guest memory, so that the machine's time travel takes it along.
/// </summary>
/// <remarks>
/// SYSCALL leads to OUT, SYSRET; INT 80h to OUT, IRET. The OUT is where the call happens. Exceptions end in a HLT: there are no signals.
/// </remarks>
public sealed unsafe class LinuxProcess : IPortDevice
{
    /// <summary>Linear address of the kernel's page of code.</summary>
    public const ulong KernelBase = 0xFFFF_8000_0000_0000;

    /// <summary>Linear address of the handler that every exception ends in.</summary>
    public const ulong FaultHandler = KernelBase + FaultOffset;

    /// <summary>Physical memory of the machine that programs run on.</summary>
    public const ulong MemorySize = 256ul << 20;

    /// <summary>Top of the stack in a 64-bit program and in a 32-bit one.</summary>
    private const ulong StackTop64 = 0x7FFF_FFFF_F000, StackTop32 = 0xFFFF_D000;

    private const ulong StackSize = 128 << 10;
    private const ulong GdtOffset = 0x0, TssOffset = 0x200, IdtOffset = 0x1000, CodeOffset = 0x2000, StackOffset = 0x4000, KernelSize = 0x5000;
    private const ulong KernelPhysical = 0x10000, RecordPhysical = 0x1F000, RootPhysical = 0x20000, FirstFree = 0x100000;
    private const ushort KernelCode = 0x10, KernelData = 0x18, UserCode32 = 0x23, UserData = 0x2B, UserCode64 = 0x33, Task = 0x40, LastDescriptor = 0x60;
    private const ulong SystemCallOffset = CodeOffset, InterruptOffset = CodeOffset + 0x10, FaultOffset = CodeOffset + 0x20;
    private const byte SystemCallPort = 0xEC;
    private const int SystemCallVector = 0x80;

    private readonly Machine.Machine machine;
    private readonly AddressSpace space;
    private readonly List<byte> output = [];
    private readonly byte[] input;

    private LinuxProcess(Machine.Machine machine, byte[] input)
    {
        this.machine = machine;
        this.input = input;
        space = machine.Board.Memory.Space;
        Memory = new UserMemory(space, RootPhysical, Record.NextPage, MemorySize);
        Calls = new SystemCalls(this);
        machine.Board.Ports.Map(SystemCallPort, 2, this, "linux-system-calls");
    }

    /// <summary>Words of the kernel's memory, by physical address.</summary>
    private static class Record
    {
        public const ulong NextPage = RecordPhysical, BreakStart = RecordPhysical + 8, Break = RecordPhysical + 16, NextMapping = RecordPhysical + 24;
        public const ulong Exited = RecordPhysical + 32, Status = RecordPhysical + 40, Written = RecordPhysical + 48, Consumed = RecordPhysical + 56;
    }

    /// <summary>The program is a 32-bit one.</summary>
    public bool Is32 { get; private set; }

    /// <summary>Exit status, or null while it runs.</summary>
    public int? ExitStatus => space.Read(Record.Exited, 8) != 0 ? (int)space.Read(Record.Status, 4) : null;

    /// <summary>What the program has written to standard output and standard error so far.</summary>
    public ReadOnlySpan<byte> Output => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(output)[..(int)space.Read(Record.Written, 8)];

    /// <summary>The system calls.</summary>
    internal SystemCalls Calls { get; }

    /// <summary>User memory.</summary>
    internal UserMemory Memory { get; }

    /// <summary>The processor.</summary>
    internal Vcpu Cpu => machine.Board.Processors[0];

    /// <summary>End of the data segment.</summary>
    internal ulong Break
    {
        get => space.Read(Record.Break, 8);
        set => space.Write(Record.Break, 8, value);
    }

    /// <summary>Where the data segment began to grow.</summary>
    internal ulong BreakStart => space.Read(Record.BreakStart, 8);

    /// <summary>Where the next anonymous mapping ends; they grow downwards.</summary>
    internal ulong NextMapping
    {
        get => space.Read(Record.NextMapping, 8);
        set => space.Write(Record.NextMapping, 8, value);
    }

    /// <summary>Builds a machine with the program ready to run its first instruction.</summary>
    /// <param name="file">An ELF executable.</param>
    /// <param name="name">Its name, argument 0.</param>
    /// <param name="arguments">Further arguments.</param>
    /// <param name="input">Standard input.</param>
    /// <exception cref="StepperException">It is no static Linux program.</exception>
    public static (Machine.Machine Machine, LinuxProcess Process) Load(byte[] file, string name, IReadOnlyList<string> arguments, byte[] input)
    {
        ElfImage image;
        try
        {
            image = ElfImage.Parse(file, name);
        }
        catch (LoaderException e)
        {
            throw new StepperException(e.Message);
        }

        ProgramCheck.RequireStatic(file, image, name);
        Machine.Machine machine = new(BareMachine.Configuration with { Memory = MemorySize });
        LinuxProcess process = new(machine, input);
        process.Start(file, image, [name, .. arguments]);
        machine.Pause();
        machine.History?.NoteChange();
        return (machine, process);
    }

    /// <summary>The program has ended.</summary>
    internal void Exit(int status)
    {
        space.Write(Record.Status, 8, (uint)status);
        space.Write(Record.Exited, 8, 1);
        // What is behind the system call must not run.
        Cpu.RequestExit();
    }

    /// <summary>Adds to the output. What a re-execution writes again is the same.</summary>
    internal void Print(ReadOnlySpan<byte> text)
    {
        int at = (int)space.Read(Record.Written, 8);
        if (output.Count > at) output.RemoveRange(at, output.Count - at);
        output.AddRange(text);
        space.Write(Record.Written, 8, (ulong)output.Count);
    }

    /// <summary>Takes from standard input.</summary>
    internal ReadOnlySpan<byte> Consume(int most)
    {
        int at = (int)space.Read(Record.Consumed, 8);
        int count = Math.Min(most, input.Length - at);
        space.Write(Record.Consumed, 8, (ulong)(at + count));
        return input.AsSpan(at, count);
    }

    /// <summary>Virtual nanoseconds since power-on, which programs take for the time of day.</summary>
    internal long Nanoseconds => machine.Clock.Nanoseconds;

    /// <summary>Puts a 32-bit program's thread segment into the GDT.</summary>
    internal void SetThreadSegment(int entry, uint segmentBase) => space.Write(
        KernelPhysical + GdtOffset + (ulong)(entry * 8), 8,
        0x00CF_F300_0000_FFFFul | ((ulong)(segmentBase & 0xFF_FFFF) << 16) | ((ulong)(segmentBase & 0xFF00_0000) << 32));

    /// <summary>Linear address of the instruction with which the program has come into the kernel.</summary>
    public ulong CalledFrom
    {
        get
        {
            const ulong callLength = 2, frame = KernelPhysical + StackOffset + UserMemory.PageSize - (5 * 8);
            ulong inKernel = Cpu.State->Rip - KernelBase;
            if (inKernel is >= SystemCallOffset and < InterruptOffset) return Cpu.State->Gpr[1] - callLength;
            return space.Read(frame, 8) - (inKernel is >= InterruptOffset and < FaultOffset ? callLength : 0);
        }
    }

    /// <summary>Whether an address is in the kernel.</summary>
    public static bool IsKernel(ulong linear) => linear - KernelBase < KernelSize;

    uint IPortDevice.ReadPort(ushort offset, int size) => uint.MaxValue;

    void IPortDevice.WritePort(ushort offset, int size, uint value) => Calls.Serve(legacy: offset == 1);

    private void Start(byte[] file, ElfImage image, IReadOnlyList<string> arguments)
    {
        Is32 = !image.Is64;
        space.Write(Record.NextPage, 8, FirstFree);
        space.Fill(RootPhysical, UserMemory.PageSize, 0);
        BuildKernel();
        ulong end = 0;
        foreach (ElfSegment segment in image.Segments)
        {
            // Writable while it is filled; then as the headers say.
            if (!Memory.Map(segment.Virtual, segment.MemorySize, write: true, execute: true)) throw new StepperException("the program needs more memory than there is");
            Memory.Write(segment.Virtual, image.BytesOf(segment));
            end = Math.Max(end, segment.Virtual + segment.MemorySize);
        }

        ProgramHeaders headers = ProgramHeaders.Parse(file);
        foreach (ProgramHeaders.Loaded part in headers.Parts) Memory.Protect(part.Address, part.Size, part.Write, part.Execute, access: true);
        space.Write(Record.BreakStart, 8, UserMemory.RoundUp(end));
        Break = UserMemory.RoundUp(end);
        ulong top = Is32 ? StackTop32 : StackTop64;
        NextMapping = top - (8ul << 20);
        Memory.Map(top - StackSize, StackSize, write: true, execute: false);
        SetRegisters(image.Entry, InitialStack.Build(Memory, top, arguments, headers, image.Entry, Is32));
    }

    private void BuildKernel()
    {
        for (ulong at = 0; at < KernelSize; at += UserMemory.PageSize) Memory.MapFrame(KernelBase + at, KernelPhysical + at, write: true, execute: true, user: false);
        space.Fill(KernelPhysical, KernelSize, 0);
        ReadOnlySpan<(int Selector, ulong Descriptor)> segments =
        [
            (KernelCode, 0x00AF_9B00_0000_FFFF), (KernelData, 0x00CF_9300_0000_FFFF), (UserCode32, 0x00CF_FB00_0000_FFFF),
            (UserData, 0x00CF_F300_0000_FFFF), (UserCode64, 0x00AF_FB00_0000_FFFF),
        ];
        foreach ((int selector, ulong descriptor) in segments) space.Write(KernelPhysical + GdtOffset + (ulong)(selector & ~7), 8, descriptor);
        const ulong tss = KernelBase + TssOffset;
        space.Write(KernelPhysical + GdtOffset + Task, 8, 0x0000_8B00_0000_0067ul | ((tss & 0xFF_FFFF) << 16) | ((tss & 0xFF00_0000) << 32));
        space.Write(KernelPhysical + GdtOffset + Task + 8, 8, tss >> 32);
        space.Write(KernelPhysical + TssOffset + 4, 8, KernelBase + StackOffset + UserMemory.PageSize);
        for (int vector = 0; vector < 256; vector++)
        {
            ulong handler = KernelBase + (vector == SystemCallVector ? InterruptOffset : FaultOffset);
            ulong dpl = vector is SystemCallVector or 3 or 4 ? 3u : 0u;
            ulong gate = KernelPhysical + IdtOffset + ((ulong)vector * 16);
            space.Write(gate, 8, (handler & 0xFFFF) | ((ulong)KernelCode << 16) | ((0x8E00 | (dpl << 13)) << 32) | ((handler & 0xFFFF_0000) << 32));
            space.Write(gate + 8, 8, handler >> 32);
        }

        space.Write(KernelPhysical + SystemCallOffset, [0xE6, SystemCallPort, 0x48, 0x0F, 0x07]); // out, sysretq
        space.Write(KernelPhysical + InterruptOffset, [0xE6, SystemCallPort + 1, 0x48, 0xCF]); // out, iretq
        space.Write(KernelPhysical + FaultOffset, [0xF4, 0xEB, 0xFD]); // hlt, jmp
    }

    private void SetRegisters(ulong entry, ulong stack)
    {
        Vcpu cpu = Cpu;
        CpuState* s = cpu.State;
        const uint star = 0xC000_0081, lstar = 0xC000_0082, fmask = 0xC000_0084;
        BareMachine.EnableExtensions(cpu);
        BareMachine.MaskInterrupts(machine);
        s->Cr0 = Cr0.Pe | Cr0.Mp | Cr0.Et | Cr0.Ne | Cr0.Wp | Cr0.Am | Cr0.Pg;
        s->Cr4 |= Cr4.Pae;
        s->Cr3 = RootPhysical;
        s->Efer = Efer.Sce | Efer.Lme | Efer.Lma | Efer.Nxe;
        cpu.TryWriteMsr(star, ((ulong)UserCode32 << 48) | ((ulong)KernelCode << 32));
        cpu.TryWriteMsr(lstar, KernelBase + SystemCallOffset);
        cpu.TryWriteMsr(fmask, Eflags.If | Eflags.Tf | Eflags.Df | Eflags.Ac);
        (s->GdtBase, s->GdtLimit) = (KernelBase + GdtOffset, LastDescriptor + 7);
        (s->IdtBase, s->IdtLimit) = (KernelBase + IdtOffset, 0xFFF);
        BareMachine.SetSegment(s, SegmentIndex.Tr, Task, KernelBase + TssOffset, 0x67, 0x8B);
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            if (i == SegmentIndex.Cs) BareMachine.SetSegment(s, i, Is32 ? UserCode32 : UserCode64, 0, uint.MaxValue, (ushort)(0xFB | SegmentAttributes.G | (Is32 ? SegmentAttributes.Db : SegmentAttributes.L)));
            else if (i == SegmentIndex.Ss || Is32) BareMachine.SetSegment(s, i, UserData, 0, uint.MaxValue, 0xF3 | SegmentAttributes.G | SegmentAttributes.Db);
            else BareMachine.SetSegment(s, i, 0, 0, 0, 0);
        }

        s->Cpl = 3;
        for (int i = 0; i < 16; i++) s->Gpr[i] = 0;
        s->Gpr[4] = stack;
        s->Rip = entry;
        s->Eflags = Eflags.If;
        cpu.UpdatePaging();
        cpu.UpdateMode();
    }
}
