using System.Runtime.CompilerServices;

namespace Emu.Cpu;

// MOVS, STOS, LODS, CMPS, SCAS.
internal static unsafe partial class Handlers
{
    /// <summary>A string instruction, repeated or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void String<TOperation, T>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IStringOperation
        where T : unmanaged, IEquatable<T>
    {
        if (!StringEngine.Execute<TOperation, T>(cpu, s, op)) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
