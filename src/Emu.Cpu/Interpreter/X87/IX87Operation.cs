using System.Numerics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>
/// An x87 instruction without a memory operand: pending exceptions have been looked at and the pointers recorded, the rest is its work.
/// <see cref="Op.Destination"/> and <see cref="Op.Source"/> are stack register numbers.
/// </summary>
internal unsafe interface IX87Operation
{
    /// <summary>Performs it.</summary>
    static abstract void Execute(CpuState* s, Op* op);
}

/// <summary>An x87 instruction that reads a number from memory, once it has been read.</summary>
internal unsafe interface IX87Load
{
    /// <summary>Performs it with a <see cref="float"/>, <see cref="double"/>, <see cref="short"/>, <see cref="int"/> or <see cref="long"/>.</summary>
    static abstract void Execute<T>(CpuState* s, T value)
        where T : unmanaged;
}

/// <summary>How an x87 store makes a number for memory out of ST(0).</summary>
internal unsafe interface IX87Store
{
    /// <summary>Converts; the environment receives what it raises.</summary>
    static abstract T Convert<T>(Float80 value, ref FloatEnvironment environment)
        where T : unmanaged;

    /// <summary>What the masked response to a stack underflow stores.</summary>
    static abstract T Indefinite<T>()
        where T : unmanaged;
}

/// <summary>The arithmetic of two operands.</summary>
internal interface IX87Binary
{
    /// <summary>Of two registers: destination and source.</summary>
    static abstract Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment);

    /// <summary>Of ST(0) and a number in memory.</summary>
    static abstract Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
