using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;
using Emu.Mmu;

namespace Emu.Cpu;

// Bit tests, scans and counts, BMI, ADX, CRC32, byte order.
internal static unsafe partial class Handlers
{
    /// <summary>BT, BTS, BTR, BTC whose bit lies in the operand: a register, or memory with an immediate index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BitTest<TOperation, T, TDestination, TIndex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IBitOperation
        where T : unmanaged
        where TDestination : IOperand
        where TIndex : IOperand
    {
        TIndex.TryRead(cpu, s, op, out byte index);
        int bit = index & (Bits.Width<T>() - 1);
        T value;
        if (TOperation.WritesResult)
        {
            if (!TDestination.TryBegin(cpu, s, op, out value, out ulong cookie))
            {
                if (TDestination.Retries) op->Retry(cpu, s, op);
                return;
            }
            if (!TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(TOperation.Result(Bits.Zero(value), 1ul << bit)), cookie)) return;
        }
        else
        {
            if (!TDestination.TryRead(cpu, s, op, out value))
            {
                if (TDestination.Retries) op->Retry(cpu, s, op);
                return;
            }
        }

        s->FlagsAux = (s->FlagsAux & ~Eflags.Cf) | ((uint)(Bits.Zero(value) >> bit) & 1);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>BT, BTS, BTR, BTC in memory with a register index: a signed bit number that reaches beyond the operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BitTestString<TOperation, T, TAddress>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IBitOperation
        where T : unmanaged
        where TAddress : IAddressForm
    {
        long index = (long)Bits.Sign(*(T*)((byte*)s + op->Source));
        int bit = (int)index & (Bits.Width<T>() - 1);
        ulong distance = (ulong)((index - bit) >> 3);
        T value;
        if (TOperation.WritesResult)
        {
            if (!TAddress.TryLinearAt(cpu, s, op, distance, sizeof(T), AccessKind.Write, out ulong linear)) return;
            if (!Vcpu.TryReadForWrite(cpu, s, op, linear, out value)) return;
            if (!Vcpu.TryWrite(cpu, s, op, linear, Bits.Truncate<T>(TOperation.Result(Bits.Zero(value), 1ul << bit)))) return;
        }
        else
        {
            if (!TAddress.TryLinearAt(cpu, s, op, distance, sizeof(T), AccessKind.Read, out ulong linear)) return;
            if (!Vcpu.TryRead(cpu, s, op, linear, out value)) return;
        }

        s->FlagsAux = (s->FlagsAux & ~Eflags.Cf) | ((uint)(Bits.Zero(value) >> bit) & 1);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>BSF, BSR, TZCNT, LZCNT, POPCNT, BLSI, BLSMSK, BLSR, BSWAP, and loads by MOVBE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Count<TOperation, T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : ICountOperation
        where T : unmanaged
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong source = Bits.Zero(value);
        ulong result = TOperation.Result<T>(source);
        if (!TOperation.ZeroKeepsDestination || source != 0) DestinationRegister.TryWrite(cpu, s, op, Bits.Truncate<T>(result));
        if (TOperation.WritesFlags)
        {
            s->FlagsAux = TOperation.Flags<T>(source, result, s->FlagsAux, out ulong flagsResult);
            s->FlagsResult = flagsResult;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Stores by MOVBE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreReversed<T, TDestination>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TDestination : IOperand
    {
        ulong reversed = Bswap.Result<T>(Bits.Zero(*(T*)((byte*)s + op->Source)));
        if (!TDestination.TryWrite(cpu, s, op, Bits.Truncate<T>(reversed)))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>BSWAP of a 16-bit register: undefined (SDM Vol. 2A); clears it, as processors do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ByteSwap16(Vcpu cpu, CpuState* s, Op* op)
    {
        *(ushort*)((byte*)s + op->Destination) = 0;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>ANDN, BEXTR, BZHI, PDEP, PEXT, RORX, SARX, SHLX, SHRX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Vex<TOperation, T, TRm, TRegister>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVexOperation
        where T : unmanaged
        where TRm : IOperand
        where TRegister : IOperand
    {
        if (!TRm.TryRead(cpu, s, op, out T rm))
        {
            if (TRm.Retries) op->Retry(cpu, s, op);
            return;
        }

        TRegister.TryRead(cpu, s, op, out T register);
        T result = Bits.Truncate<T>(TOperation.Result<T>(Bits.Zero(rm), Bits.Zero(register)));
        DestinationRegister.TryWrite(cpu, s, op, result);
        if (TOperation.WritesFlags)
        {
            s->FlagsResult = Bits.Sign(result);
            s->FlagsAux = TOperation.Flags<T>(Bits.Zero(register));
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>ADCX (carry in CF) and ADOX (carry in OF). No other flag changes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddCarry<T, TOverflow, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TOverflow : IFlag
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T source))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        int position = TOverflow.Value ? 11 : 0;
        ulong left = Bits.Zero(*(T*)((byte*)s + op->Destination)), right = Bits.Zero(source);
        ulong result = left + right + ((s->FlagsAux >> position) & 1);
        uint carry = Bits.Top<T>((left & right) | ((left | right) & ~result));
        DestinationRegister.TryWrite(cpu, s, op, Bits.Truncate<T>(result));
        s->FlagsAux = (s->FlagsAux & ~(1u << position)) | (carry << position);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CRC32: the destination is 32 bits wide, or 64 with the upper half zero; both store the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Checksum<T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T source))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong* destination = (ulong*)((byte*)s + op->Destination);
        *destination = Crc32.Result<T>((uint)*destination, Bits.Zero(source));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
