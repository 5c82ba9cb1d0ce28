using Emu.Cpu;
using Iced.Intel;
using Xunit;

namespace Emu.Machine.Tests;

/// <summary>A machine without firmware that runs assembled 16-bit code at 0000:1000, stack below 0000:1000.</summary>
internal sealed unsafe class RealModeGuest : IDisposable
{
    public const ulong Code = 0x1000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public RealModeGuest(Action<Assembler> code, int processors = 1)
    {
        Machine = new Machine(new MachineConfiguration { Memory = 16 << 20, Vga = false, Bios = "", Processors = processors });
        Assemble(Code, code);
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
    }

    public Machine Machine { get; }

    public Vcpu Cpu { get; }

    public void Assemble(ulong address, Action<Assembler> code)
    {
        Assembler assembler = new(16);
        code(assembler);
        using MemoryStream bytes = new();
        assembler.Assemble(new StreamCodeWriter(bytes), address);
        Machine.Board.Memory.Space.Write(address, bytes.ToArray());
    }

    /// <summary>Lets the machine go on and waits until it stops again.</summary>
    public DebugStop RunToStop(Action? start = null)
    {
        DebugStop? stop = null;
        void Note(DebugStop s) => stop = s;
        Machine.Debugger.Stopped += Note;
        if (start != null) start();
        else Machine.Continue();
        Assert.True(Machine.RunUntil(() => stop != null, Limit));
        Machine.Debugger.Stopped -= Note;
        return stop ?? throw new InvalidOperationException();
    }

    public void Dispose() => Machine.Dispose();
}
