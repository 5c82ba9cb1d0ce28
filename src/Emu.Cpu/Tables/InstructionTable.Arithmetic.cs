using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

public sealed unsafe partial class InstructionTable
{
    private static void AddUnary(Builder t)
    {
        t.Add(Mnemonic.Inc, new UnaryRow<Inc>());
        t.Add(Mnemonic.Dec, new UnaryRow<Dec>());
        t.Add(Mnemonic.Neg, new UnaryRow<Neg>());
        t.Add(Mnemonic.Not, new UnaryRow<Not>());
        t.Add(Mnemonic.Shl, new ShiftRow<Shl>());
        t.Add(Mnemonic.Sal, new ShiftRow<Shl>());
        t.Add(Mnemonic.Shr, new ShiftRow<Shr>());
        t.Add(Mnemonic.Sar, new ShiftRow<Sar>());
        t.Add(Mnemonic.Rol, new ShiftRow<Rol>());
        t.Add(Mnemonic.Ror, new ShiftRow<Ror>());
        t.Add(Mnemonic.Rcl, new ShiftRow<Rcl>());
        t.Add(Mnemonic.Rcr, new ShiftRow<Rcr>());
        t.Add(Mnemonic.Shld, new DoubleShiftRow<Shld>());
        t.Add(Mnemonic.Shrd, new DoubleShiftRow<Shrd>());
        t.Add(Mnemonic.Mul, WideRow<No>(nameof(Handlers.MultiplyWide), canFault: false));
        t.Add(Mnemonic.Div, WideRow<No>(nameof(Handlers.Quotient), canFault: true));
        t.Add(Mnemonic.Idiv, WideRow<Yes>(nameof(Handlers.Quotient), canFault: true));
        OperandRow wide = WideRow<Yes>(nameof(Handlers.MultiplyWide), canFault: false);
        OperandRow two = new(nameof(Handlers.MultiplyLow), static key => [TwoOperands.Size(key), typeof(DestinationRegister), TwoOperands.Source(key)]);
        ImulImmediateRow three = new();
        foreach (Code code in t.CodesOf(Mnemonic.Imul))
        {
            t.Add(code, code.ToOpCode().OpCount switch { 1 => wide, 2 => two, _ => three });
        }

        t.Add(Mnemonic.Mulx, new VexRow(null, VexOrder.TwoDestinations));
        t.Slow(Mnemonic.Daa, &SlowInteger.Daa);
        t.Slow(Mnemonic.Das, &SlowInteger.Das);
        t.Slow(Mnemonic.Aaa, &SlowInteger.Aaa);
        t.Slow(Mnemonic.Aas, &SlowInteger.Aas);
        t.Slow(Mnemonic.Aam, &SlowInteger.Aam);
        t.Slow(Mnemonic.Aad, &SlowInteger.Aad);
    }

    private static OperandRow WideRow<TSigned>(string handler, bool canFault)
        where TSigned : IFlag =>
        new(handler, static key => [TwoOperands.Size(key), typeof(TSigned), TwoOperands.Destination(key)], single: true, canFault: canFault);

    private static void AddBits(Builder t)
    {
        t.Add(Mnemonic.Bt, new BitTestRow<Bt>());
        t.Add(Mnemonic.Bts, new BitTestRow<Bts>());
        t.Add(Mnemonic.Btr, new BitTestRow<Btr>());
        t.Add(Mnemonic.Btc, new BitTestRow<Btc>());
        t.Add(Mnemonic.Bsf, CountRow<Bsf>());
        t.Add(Mnemonic.Bsr, CountRow<Bsr>());
        t.Add(Mnemonic.Tzcnt, CountRow<Tzcnt>());
        t.Add(Mnemonic.Lzcnt, CountRow<Lzcnt>());
        t.Add(Mnemonic.Popcnt, CountRow<Popcnt>());
        t.Add(Mnemonic.Blsi, CountRow<Blsi>());
        t.Add(Mnemonic.Blsmsk, CountRow<Blsmsk>());
        t.Add(Mnemonic.Blsr, CountRow<Blsr>());
        t.Add(Code.Bswap_r16, new SimpleRow(nameof(Handlers.ByteSwap16)));
        t.Add(Code.Bswap_r32, new SimpleRow(nameof(Handlers.Count), typeof(Bswap), typeof(uint), typeof(DestinationRegister)));
        t.Add(Code.Bswap_r64, new SimpleRow(nameof(Handlers.Count), typeof(Bswap), typeof(ulong), typeof(DestinationRegister)));
        OperandRow load = CountRow<Bswap>();
        OperandRow store = new(nameof(Handlers.StoreReversed), static key => [TwoOperands.Size(key), TwoOperands.Destination(key)]);
        foreach (Code code in t.CodesOf(Mnemonic.Movbe)) t.Add(code, code.ToOpCode().Op0Kind == OpCodeOperandKind.mem ? store : load);

        t.Add(Mnemonic.Andn, new VexRow(typeof(Andn), VexOrder.RegisterFirst));
        t.Add(Mnemonic.Pdep, new VexRow(typeof(Pdep), VexOrder.RegisterFirst));
        t.Add(Mnemonic.Pext, new VexRow(typeof(Pext), VexOrder.RegisterFirst));
        t.Add(Mnemonic.Bextr, new VexRow(typeof(Bextr), VexOrder.RmFirst));
        t.Add(Mnemonic.Bzhi, new VexRow(typeof(Bzhi), VexOrder.RmFirst));
        t.Add(Mnemonic.Sarx, new VexRow(typeof(Sarx), VexOrder.RmFirst));
        t.Add(Mnemonic.Shlx, new VexRow(typeof(Shlx), VexOrder.RmFirst));
        t.Add(Mnemonic.Shrx, new VexRow(typeof(Shrx), VexOrder.RmFirst));
        t.Add(Mnemonic.Rorx, new VexRow(typeof(Rorx), VexOrder.Immediate));
        t.Add(Mnemonic.Adcx, new OperandRow(nameof(Handlers.AddCarry), static key => [TwoOperands.Size(key), typeof(No), TwoOperands.Source(key)]));
        t.Add(Mnemonic.Adox, new OperandRow(nameof(Handlers.AddCarry), static key => [TwoOperands.Size(key), typeof(Yes), TwoOperands.Source(key)]));
        t.Add(Mnemonic.Crc32, new ChecksumRow());
    }

    private static OperandRow CountRow<TOperation>()
        where TOperation : ICountOperation =>
        new(nameof(Handlers.Count), static key => [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Source(key)]);

    private static void AddExchange(Builder t)
    {
        t.Add(Mnemonic.Xchg, new OperandRow(nameof(Handlers.Exchange), static key => [TwoOperands.Size(key), TwoOperands.Destination(key)]));
        t.Add(Mnemonic.Xadd, new OperandRow(nameof(Handlers.ExchangeAdd), static key => [TwoOperands.Size(key), TwoOperands.Destination(key)]));
        t.Add(Mnemonic.Cmpxchg, new OperandRow(nameof(Handlers.CompareExchange), static key => [TwoOperands.Size(key), TwoOperands.Destination(key)]));
        t.Slow(Mnemonic.Cmpxchg8b, &SlowInteger.CompareExchange8);
        t.Slow(Mnemonic.Cmpxchg16b, &SlowInteger.CompareExchange16);
        t.Slow(Mnemonic.Movdir64b, &SlowInteger.MoveDirect64);
    }
}
