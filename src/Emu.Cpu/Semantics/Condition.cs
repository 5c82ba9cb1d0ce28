using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>A condition of Jcc, SETcc and CMOVcc over the lazily kept flags (SDM Vol. 1 appendix B).</summary>
public interface ICondition
{
    /// <summary>Evaluates the condition from the two flag words of <see cref="CpuState"/>.</summary>
    static abstract bool Test(ulong flagsResult, uint flagsAux);
}

/// <summary>O: OF = 1.</summary>
public readonly struct ConditionO : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => (flagsAux & Eflags.Of) != 0;
}

/// <summary>B, C, NAE: CF = 1.</summary>
public readonly struct ConditionB : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => (flagsAux & Eflags.Cf) != 0;
}

/// <summary>E, Z: ZF = 1.</summary>
public readonly struct ConditionE : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => flagsResult == 0;
}

/// <summary>BE, NA: CF = 1 or ZF = 1.</summary>
public readonly struct ConditionBe : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => (flagsAux & Eflags.Cf) != 0 || flagsResult == 0;
}

/// <summary>S: SF = 1.</summary>
public readonly struct ConditionS : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => (((uint)(flagsResult >> 63) ^ (flagsAux >> 7)) & 1) != 0;
}

/// <summary>P, PE: PF = 1.</summary>
public readonly struct ConditionP : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) =>
        ((System.Numerics.BitOperations.PopCount((byte)flagsResult) ^ (flagsAux >> 2)) & 1) == 0;
}

/// <summary>L, NGE: SF != OF.</summary>
public readonly struct ConditionL : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) =>
        (((uint)(flagsResult >> 63) ^ (flagsAux >> 7) ^ (flagsAux >> 11)) & 1) != 0;
}

/// <summary>LE, NG: ZF = 1 or SF != OF.</summary>
public readonly struct ConditionLe : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => flagsResult == 0 || ConditionL.Test(flagsResult, flagsAux);
}

/// <summary>The opposite of another condition.</summary>
public readonly struct Not<TCondition> : ICondition
    where TCondition : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong flagsResult, uint flagsAux) => !TCondition.Test(flagsResult, flagsAux);
}
