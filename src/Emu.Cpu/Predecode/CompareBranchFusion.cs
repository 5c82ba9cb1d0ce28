using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emu.Cpu;

/// <summary>A row whose instruction can be performed together with the Jcc behind it.</summary>
internal interface IFusibleRow
{
    /// <summary>Method of <see cref="Handlers"/> that performs both.</summary>
    string FusedHandler { get; }

    /// <summary>Its type arguments for the instruction; those of condition and RIP form follow.</summary>
    Type[] FusionArguments(int key);
}

/// <summary>
/// Joins a flag-setting instruction and the conditional branch that follows: one dispatch less, and a condition tested while the
/// result is in a register.
/// </summary>
/// <remarks>
/// There are thousands of combinations of operand forms and conditions, and compiling one costs as much as it saves in a million
/// executions. So each starts out counted, in all places where it occurs together, and is compiled when it has proven itself;
/// operations then switch over as they run.
/// </remarks>
internal sealed unsafe class CompareBranchFusion : IDisposable
{
    /// <summary>Executions after which a combination is compiled.</summary>
    private const int Threshold = 1 << 16;

    private const int MaxCombinations = 4096;

    private readonly Dictionary<(InstructionRow Row, int Key, InstructionRow Branch, int Rip), int> numbers = [];
    private readonly List<(IFusibleRow Row, int Key, IConditionalRow Branch, int Rip)> combinations = [];
    private Combination* table = (Combination*)NativeMemory.AllocZeroed(MaxCombinations, (nuint)sizeof(Combination));

    /// <summary>One combination of forms.</summary>
    private struct Combination
    {
        public delegate*<Vcpu, CpuState*, Op*, void> First;
        public delegate*<Vcpu, CpuState*, Op*, void> Fused;
        public int Executions;
    }

    /// <summary>Combinations that have been compiled.</summary>
    public int CompiledCount { get; private set; }

    /// <summary>
    /// Prepares <paramref name="first"/>, bound by <paramref name="row"/> under <paramref name="key"/>, and the branch behind it.
    /// </summary>
    public void Apply(Op* first, InstructionRow row, int key, InstructionRow branch, int rip)
    {
        if (row is not IFusibleRow fusible || branch is not IConditionalRow conditional) return;
        if (!numbers.TryGetValue((row, key, branch, rip), out int number))
        {
            number = combinations.Count;
            if (number == MaxCombinations) return;
            combinations.Add((fusible, key, conditional, rip));
            numbers[(row, key, branch, rip)] = number;
            table[number].First = first->Handler;
        }

        // A direct branch has no displacement of its own.
        first[1].Displacement = number;
        first->Flags |= OpFlags.Fusible;
        first->Handler = table[number].Fused != null ? table[number].Fused : &Count;
    }

    /// <summary>The handler that performs an operation without the one behind it. May be called from any thread.</summary>
    public delegate*<Vcpu, CpuState*, Op*, void> HandlerAlone(in Op op, in Op next) =>
        (op.Flags & OpFlags.Fusible) != 0 ? table[next.Displacement].First : op.Handler;

    /// <summary>Handler of the first operation until its combination is compiled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Count(Vcpu cpu, CpuState* s, Op* op)
    {
        Combination* combination = cpu.Code.Fusion.table + op[1].Displacement;
        if (++combination->Executions == Threshold) cpu.Code.Fusion.Compile(op[1].Displacement);
        if (combination->Fused != null)
        {
            op->Handler = combination->Fused;
            combination->Fused(cpu, s, op);
            return;
        }

        combination->First(cpu, s, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Compile(int number)
    {
        (IFusibleRow row, int key, IConditionalRow branch, int rip) = combinations[number];
        Type[] arguments = [.. row.FusionArguments(key), branch.Condition, BranchForms.Rip(rip)];
        table[number].Fused = (delegate*<Vcpu, CpuState*, Op*, void>)new HandlerSet(typeof(Handlers), row.FusedHandler).Get(0, arguments, static a => a).Code;
        CompiledCount++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(table);
        table = null;
    }
}

/// <summary>The row of a Jcc.</summary>
internal interface IConditionalRow
{
    /// <summary>The <see cref="Semantics.ICondition"/>.</summary>
    Type Condition { get; }
}
