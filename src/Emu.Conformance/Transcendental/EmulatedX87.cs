using System.Runtime.InteropServices;
using Emu.Conformance.Cases;
using Emu.Conformance.Emulated;
using Emu.Cpu;

namespace Emu.Conformance.Transcendental;

/// <summary>The x87 unit of an emulated processor, reached by its instructions.</summary>
public sealed unsafe class EmulatedX87 : IX87Unit
{
    private const ulong CodeAddress = 0x10000, DataAddress = 0x20000, PageSize = 4096;
    private const int Batch = 512;

    private readonly EmulatedMachine _machine;
    private readonly IDisposable? _engine;

    /// <summary>Builds the processor.</summary>
    public EmulatedX87(CpuModel model, ExecutionEngine engine)
    {
        _machine = new EmulatedMachine(model,
            [new MappedPages(CodeAddress, PageSize, Write: false, Execute: true), new MappedPages(DataAddress, Batch * X87Case.SizeInBytes, Write: true, Execute: false)], TestSegments.All);
        _engine = engine.Attach(_machine.Cpu);
    }

    /// <inheritdoc/>
    public void Run(TranscendentalFunction function, Span<X87Case> cases)
    {
        _machine.Write(CodeAddress, X87Case.Loop(function.Emit, c => c.hlt(), CodeAddress));
        var memory = new Span<X87Case>(_machine.Host(DataAddress), Batch);
        for (; cases.Length > 0; cases = cases[Math.Min(Batch, cases.Length)..])
        {
            Span<X87Case> part = cases[..Math.Min(Batch, cases.Length)];
            _machine.Write(DataAddress, MemoryMarshal.AsBytes(part));
            Start(part.Length);
            _machine.Cpu.Run(part.Length * 100);
            if (_machine.Cpu.State->Activity != ActivityState.Halted || _machine.DeliveredVector is not null)
                throw new InvalidOperationException($"{function.Name}: the emulated program has not come to its end, RIP {_machine.Cpu.State->Rip:X}");
            memory[..part.Length].CopyTo(part);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine?.Dispose();
        _machine.Dispose();
    }

    private void Start(int count)
    {
        MachineState state = default;
        state.Rip = CodeAddress;
        state.Rflags = Eflags.Reserved1;
        state.Fcw = 0x37F;
        state.Mxcsr = 0x1F80;
        state.Segments[1] = 0x10;
        foreach (int i in (int[])[0, 2, 3, 4, 5]) state.Segments[i] = 0x18;
        (state.Gpr[7], state.Gpr[6]) = (DataAddress, (ulong)count);
        _machine.Load(&state, cpl: 0, longBases: true);
    }
}
