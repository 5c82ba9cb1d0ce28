using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

/// <summary>
/// The loop of every string instruction that touches only memory (SDM Vol. 2B, REP). Works through plain RAM a page at
/// a time and through everything else element by element; registers are exact after each step, so a fault or an event restarts
/// the instruction where it stood.
/// </summary>
/// <remarks>
/// A fault in a repeated CMPS or SCAS leaves the flags of the last comparison, as AMD's processors do; the SDM says that Intel's
/// restore those of before. Neither matters to a restarted instruction.
/// </remarks>
internal static unsafe class StringEngine
{
    /// <summary>Bytes that count as one instruction retired, and between two looks at <see cref="CpuState.ExitRequest"/>.</summary>
    private const ulong BytesInPart = 64 << 10;

    /// <summary>
    /// Runs the instruction. False when it has not finished: it faulted, or must let an event or a single-step trap in, and RIP
    /// is at the instruction again.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Execute<TOperation, T>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IStringOperation
        where T : unmanaged, IEquatable<T>
    {
        StringRun run = new(cpu, s, op);
        if (!run.Repeats)
        {
            if (!TOperation.Single<T>(ref run))
            {
                cpu.LeaveAt(op);
                return false;
            }

            TOperation.Advance(run, (uint)sizeof(T));
            if (TOperation.Compares) SetFlags<T>(s, run);
            return true;
        }

        ulong count = run.Count;
        if (count == 0) return true;
        bool traps = cpu.StopsAfterIteration;
        ulong part = BytesInPart / (uint)sizeof(T);
        while (true)
        {
            // A part ends where the count is a multiple of its size, so that the number of instructions retired depends on the count alone.
            ulong inPart = count % part == 0 ? part : count % part;
            ulong done = TOperation.Bulk<T>(ref run, traps ? 1 : inPart);
            if (done == 0)
            {
                if (!TOperation.Single<T>(ref run))
                {
                    cpu.LeaveAt(op);
                    return false;
                }

                done = 1;
            }

            count -= done;
            run.Count = count;
            TOperation.Advance(run, done * (uint)sizeof(T));
            if (TOperation.Compares) SetFlags<T>(s, run);
            if (count == 0 || run.Stopped) return true;
            if (cpu.DebugHit != null)
            {
                cpu.StopBehindIteration();
                cpu.LeaveAt(op);
                return false;
            }

            if (done != inPart && !traps) continue;
            // What has been done so far counts as one instruction, so that a budget is always used up.
            s->Remaining--;
            if (!traps && s->ExitRequest == 0 && s->Remaining >= 0) continue;
            cpu.LeaveAt(op);
            return false;
        }
    }

    private static void SetFlags<T>(CpuState* s, in StringRun run)
        where T : unmanaged
    {
        ulong result = run.Left - run.Right;
        s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
        s->FlagsAux = Cmp.Flags<T>(run.Left, run.Right, result);
    }
}
