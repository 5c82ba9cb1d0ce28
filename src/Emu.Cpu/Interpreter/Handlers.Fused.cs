using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

// A flag-setting instruction and the Jcc behind it in one handler; see CompareBranchFusion. The operation is that of the first
// instruction, the one behind it that of the branch, so retries, links and overwritten code work as without fusion.
internal static unsafe partial class Handlers
{
    /// <summary><see cref="Binary"/> with a register destination or none, followed by <see cref="JumpIf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BinaryJump<TOperation, T, TDestination, TSource, TCondition, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IBinaryOperation
        where T : unmanaged
        where TDestination : IOperand
        where TSource : IOperand
        where TCondition : ICondition
        where TRip : IRipForm
    {
        if (!TSource.TryRead(cpu, s, op, out T right) || !TDestination.TryRead(cpu, s, op, out T left))
        {
            if (TSource.Retries || TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong result = TOperation.Result<T>(Bits.Zero(left), Bits.Zero(right), s->FlagsAux & 1);
        if (TOperation.WritesResult) TDestination.TryWrite(cpu, s, op, Bits.Truncate<T>(result));
        ulong flagsResult = Bits.Sign(Bits.Truncate<T>(result));
        uint flagsAux = TOperation.Flags<T>(Bits.Zero(left), Bits.Zero(right), result);
        s->FlagsResult = flagsResult;
        s->FlagsAux = flagsAux;

        Op* branch = op + 1;
        Op* link;
        if (TCondition.Test(flagsResult, flagsAux))
        {
            link = (Op*)branch->Aux;
            if (link == null)
            {
                Jump<TRip>(cpu, s, branch);
                return;
            }

            s->Rip = TRip.WrapNext(s->Rip + branch->Immediate);
        }
        else
        {
            link = (Op*)branch[1].Aux;
            if (link == null)
            {
                FallThrough<TRip>(cpu, s, branch + 1);
                return;
            }

            s->Rip = TRip.WrapNext(s->Rip + (uint)branch->NextOffset);
        }

        if (!Retire(s, branch)) return;
        link->Handler(cpu, s, link);
    }

    /// <summary>INC, DEC or NEG of a register, followed by <see cref="JumpIf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void UnaryJump<TOperation, T, TCondition, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IUnaryOperation
        where T : unmanaged
        where TCondition : ICondition
        where TRip : IRipForm
    {
        DestinationRegister.TryRead(cpu, s, op, out T value);
        ulong result = TOperation.Result<T>(Bits.Zero(value));
        DestinationRegister.TryWrite(cpu, s, op, Bits.Truncate<T>(result));
        ulong flagsResult = Bits.Sign(Bits.Truncate<T>(result));
        uint flagsAux = TOperation.Flags<T>(Bits.Zero(value), result, s->FlagsAux & 1);
        s->FlagsResult = flagsResult;
        s->FlagsAux = flagsAux;

        Op* branch = op + 1;
        Op* link;
        if (TCondition.Test(flagsResult, flagsAux))
        {
            link = (Op*)branch->Aux;
            if (link == null)
            {
                Jump<TRip>(cpu, s, branch);
                return;
            }

            s->Rip = TRip.WrapNext(s->Rip + branch->Immediate);
        }
        else
        {
            link = (Op*)branch[1].Aux;
            if (link == null)
            {
                FallThrough<TRip>(cpu, s, branch + 1);
                return;
            }

            s->Rip = TRip.WrapNext(s->Rip + (uint)branch->NextOffset);
        }

        if (!Retire(s, branch)) return;
        link->Handler(cpu, s, link);
    }
}
