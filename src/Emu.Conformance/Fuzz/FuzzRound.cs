using System.Diagnostics;
using Emu.Conformance.Emulated;
using Emu.Conformance.Generation;
using Emu.Conformance.Run;
using Emu.Cpu;

namespace Emu.Conformance.Fuzz;

/// <summary>
/// A new machine that runs some thousand pieces of random code from random states in one mode. A round is a function of seed, mode and
/// number.
/// </summary>
internal sealed unsafe class FuzzRound : IDisposable
{
    private const int Pieces = 2000, FaultsPerPiece = 200, LongestRun = 400;
    private static readonly TimeSpan PieceLimit = TimeSpan.FromSeconds(10);

    private readonly FuzzMode _mode;
    private readonly ulong _seed, _number;
    private readonly FuzzModeResult _result;
    private readonly FuzzMachine _machine;
    private readonly FuzzState _state;
    private readonly FuzzCode _code;
    private readonly byte[] _bytes = new byte[FuzzCode.Length];
    private Random64 _random;
    private int _faults;

    /// <summary>Prepares a round; what happens is added to <paramref name="result"/>.</summary>
    public FuzzRound(CpuModel model, ExecutionEngine engine, FuzzMode mode, ulong seed, ulong number, FuzzModeResult result)
    {
        (_mode, _seed, _number, _result) = (mode, seed, number, result);
        ulong stream = Stream(mode);
        _random = new Random64(seed, stream, number);
        _machine = new FuzzMachine(model, engine.Attach, mode.Cpl == 3, new Random64(seed, ~stream, number));
        _machine.Cpu.EventDelivered += Count;
        _state = new FuzzState(_machine.Cpu, mode);
        _code = new FuzzCode(mode.Bits);
    }

    private bool HasFailed => _result.FailureCount >= FuzzOptions.MostFailures;

    /// <inheritdoc/>
    public void Dispose()
    {
        _machine.Cpu.EventDelivered -= Count;
        _machine.Dispose();
    }

    /// <summary>Runs it, until <paramref name="limit"/> instructions have retired. Returns how many have.</summary>
    public long Run(long limit)
    {
        var data = new byte[FuzzImage.DataSize];
        _random.Fill(data);
        _machine.Write(FuzzImage.Data, data);
        _machine.Write(FuzzImage.Code, data);
        long done = 0;
        for (int piece = 0; piece < Pieces && done < limit && !HasFailed; piece++) done += RunPiece(piece);
        // Otherwise a processor that never gets anywhere would be fuzzed for ever.
        if (done == 0 && !HasFailed) Fail(Pieces, "progress", $"no instruction retired in {Pieces} pieces of code");
        return done;
    }

    // The one place that must see every kind of exception: that there is none is what is tested.
    private long RunPiece(int piece)
    {
        uint entry = (uint)_random.Below((int)FuzzImage.CodeSize - FuzzCode.Length);
        if (_random.Percent(10)) entry = (entry & ~0xFFFu) + 0x1000 - (uint)_random.Below(32);
        entry = Math.Min(entry, FuzzImage.CodeSize - FuzzCode.Length);
        _code.Fill(_bytes, (_mode.Bits == 16 ? 0 : FuzzImage.Code) + entry, ref _random);
        _machine.RestoreImage();
        _machine.Write(FuzzImage.Code + entry, _bytes);
        Vcpu cpu = _machine.Cpu;
        _faults = 0;
        long done = 0, started = Stopwatch.GetTimestamp();
        using var watchdog = new Timer(_ => cpu.RequestExit(), null, PieceLimit, TimeSpan.FromSeconds(1));
        try
        {
            _state.Load(entry, ref _random);
            ulong before = cpu.InstructionCount;
            for (int run = 0; run < 4 && cpu.State->Activity == ActivityState.Active; run++)
            {
                RaiseEvent(cpu);
                long asked = _random.Below(3) switch { 0 => 1, 1 => 1 + _random.Below(8), _ => 1 + _random.Below(LongestRun) };
                long ran = cpu.Run(asked);
                if (ran < 0 || ran > asked) Fail(piece, "count", $"asked for {asked} instructions, {ran} retired");
                Check(piece);
            }
            done = (long)(cpu.InstructionCount - before);
        }
        catch (Exception e)
        {
            Fail(piece, $"{e.GetType().Name} in {e.TargetSite?.Name}", e.ToString());
        }

        if (Stopwatch.GetElapsedTime(started) >= PieceLimit) Fail(piece, "hang", $"took more than {PieceLimit.TotalSeconds} s");
        lock (_result)
        {
            _result.Instructions += done;
            _result.Events += _faults;
            if (_machine.HasShutDown) _result.Shutdowns++;
        }
        return done;
    }

    private void RaiseEvent(Vcpu cpu)
    {
        if (!_random.Percent(4)) return;
        switch (_random.Below(6))
        {
            case 0: cpu.RaiseNmi(); break;
            case 1: cpu.RaiseSmi(); break;
            case 2: cpu.SetInterruptLine(true); break;
            case 3: cpu.Init(); break;
            case 4: cpu.Sipi((byte)_random.Next()); break;
            default: cpu.RequestExit(); break;
        }
    }

    // Code that only faults would never use up its budget.
    private void Count(Vcpu cpu, byte vector, uint error)
    {
        Interlocked.Increment(ref _result.Vectors[vector]);
        if (++_faults % FaultsPerPiece == 0) cpu.RequestExit();
    }

    // What must hold between any two instructions.
    private void Check(int piece)
    {
        CpuState* s = _machine.Cpu.State;
        if (s->Zero != 0)
        {
            Fail(piece, "constant zero", $"the constant zero is {s->Zero:X}");
            s->Zero = 0;
        }
        if (_machine.Cpu.HasPendingException) Fail(piece, "pending", "an exception is left undelivered");
        if ((s->Eflags & ~(Eflags.Defined | Eflags.Reserved1)) != 0) Fail(piece, "reserved flags", $"EFLAGS {s->Eflags:X}");
        if ((s->Cr0 & Cr0.Pg) != 0 && (s->Cr0 & Cr0.Pe) == 0) Fail(piece, "CR0", $"CR0 {s->Cr0:X}");
        if (s->IsLongMode != ((s->Efer & Efer.Lme) != 0 && (s->Cr0 & Cr0.Pg) != 0)) Fail(piece, "EFER", $"CR0 {s->Cr0:X} EFER {s->Efer:X}");
        if (s->IsVirtual8086 && (s->Cpl != 3 || s->IsLongMode)) Fail(piece, "VM", $"EFLAGS {s->Eflags:X} CPL {s->Cpl}");
        if ((s->Cr0 & Cr0.Pe) == 0 && s->Cpl != 0) Fail(piece, "CPL", $"CPL {s->Cpl} in real mode");
        if (s->IsProtected && !s->Smm && (s->Segment(SegmentIndex.Cs).Selector & 3) != s->Cpl && s->Segment(SegmentIndex.Cs).Selector >= 4 && s->Cpl == 3)
            Fail(piece, "CPL", $"CPL {s->Cpl} with CS {s->Segment(SegmentIndex.Cs).Selector:X}");
        if ((s->Mxcsr & ~0xFFFFu & ~(1u << 17)) != 0) Fail(piece, "MXCSR", $"MXCSR {s->Mxcsr:X}");
        (CodeMode mode, nint tlb) = (s->Mode, (nint)s->Tlb);
        _machine.Cpu.UpdateMode();
        if (s->Mode != mode) Fail(piece, "mode", $"mode {mode} should be {s->Mode}");
        if ((nint)s->Tlb != tlb) Fail(piece, "TLB", "the TLB is not that of the access class");
    }

    private void Fail(int piece, string kind, string detail)
    {
        string text = $"{_mode.Name} seed {_seed} round {_number} piece {piece}: {detail}\n  code {Convert.ToHexString(_bytes)}\n  RIP {_machine.Cpu.State->Rip:X} CS {_machine.Cpu.State->Segment(SegmentIndex.Cs).Base:X} mode {_machine.Cpu.State->Mode}";
        lock (_result)
        {
            _result.FailureCount++;
            if (_result.Failures.Count < 20 && !_result.Failures.Any(f => f.Signature == kind)) _result.Failures.Add(new Mismatch(kind, text));
        }
    }

    private static ulong Stream(FuzzMode mode) => mode.Name.Aggregate(0xCBF2_9CE4_8422_2325, (hash, c) => (hash ^ c) * 0x100_0000_01B3);
}
