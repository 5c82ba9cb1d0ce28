using Emu.Cpu.Semantics.Simd;
using Iced.Intel;

namespace Emu.Cpu;

// SSE and AVX floating point.
public sealed unsafe partial class InstructionTable
{
    private static void AddFloat(Builder t)
    {
        AddFloatBinary<FloatAdd>(t, "Add");
        AddFloatBinary<FloatSubtract>(t, "Sub");
        AddFloatBinary<FloatMultiply>(t, "Mul");
        AddFloatBinary<FloatDivide>(t, "Div");
        AddFloatBinary<FloatMinimum>(t, "Min");
        AddFloatBinary<FloatMaximum>(t, "Max");
        AddFloatCompareFlags<float, Yes>(t, Mnemonic.Comiss, Mnemonic.Vcomiss);
        AddFloatCompareFlags<double, Yes>(t, Mnemonic.Comisd, Mnemonic.Vcomisd);
        AddFloatCompareFlags<float, No>(t, Mnemonic.Ucomiss, Mnemonic.Vucomiss);
        AddFloatCompareFlags<double, No>(t, Mnemonic.Ucomisd, Mnemonic.Vucomisd);
        AddFloatFromInteger<float>(t, Mnemonic.Cvtsi2ss, Mnemonic.Vcvtsi2ss);
        AddFloatFromInteger<double>(t, Mnemonic.Cvtsi2sd, Mnemonic.Vcvtsi2sd);
        AddFloatToInteger<float, No>(t, Mnemonic.Cvtss2si, Mnemonic.Vcvtss2si);
        AddFloatToInteger<double, No>(t, Mnemonic.Cvtsd2si, Mnemonic.Vcvtsd2si);
        AddFloatToInteger<float, Yes>(t, Mnemonic.Cvttss2si, Mnemonic.Vcvttss2si);
        AddFloatToInteger<double, Yes>(t, Mnemonic.Cvttsd2si, Mnemonic.Vcvttsd2si);
        AddFloatScalar(t, nameof(Handlers.FloatConvertScalar), static c => [typeof(float), typeof(double), c.SourceType, c.VexFlag], Mnemonic.Cvtss2sd, Mnemonic.Vcvtss2sd);
        AddFloatScalar(t, nameof(Handlers.FloatConvertScalar), static c => [typeof(double), typeof(float), c.SourceType, c.VexFlag], Mnemonic.Cvtsd2ss, Mnemonic.Vcvtsd2ss);
        AddFloatUnary<FloatSquareRoot>(t, "Sqrt", doubles: true);
        AddFloatUnary<FloatRound>(t, "Round", doubles: true);
        AddFloatUnary<FloatReciprocal>(t, "Rcp", doubles: false);
        AddFloatUnary<FloatReciprocalSquareRoot>(t, "Rsqrt", doubles: false);
        AddFloatCompareMasks(t);
        AddFloatPacked<FloatAddSubtract, float>(t, Mnemonic.Addsubps, Mnemonic.Vaddsubps);
        AddFloatPacked<FloatAddSubtract, double>(t, Mnemonic.Addsubpd, Mnemonic.Vaddsubpd);
        AddFloatPacked<FloatHorizontalAdd, float>(t, Mnemonic.Haddps, Mnemonic.Vhaddps);
        AddFloatPacked<FloatHorizontalAdd, double>(t, Mnemonic.Haddpd, Mnemonic.Vhaddpd);
        AddFloatPacked<FloatHorizontalSubtract, float>(t, Mnemonic.Hsubps, Mnemonic.Vhsubps);
        AddFloatPacked<FloatHorizontalSubtract, double>(t, Mnemonic.Hsubpd, Mnemonic.Vhsubpd);
        AddFloatPacked<FloatDotProduct, float>(t, Mnemonic.Dpps, Mnemonic.Vdpps);
        AddFloatPacked<FloatDotProduct, double>(t, Mnemonic.Dppd, Mnemonic.Vdppd);
        AddFloatConversion<ConvertSingleToDouble>(t, -1, Mnemonic.Cvtps2pd, Mnemonic.Vcvtps2pd);
        AddFloatConversion<ConvertDoubleToSingle>(t, 1, Mnemonic.Cvtpd2ps, Mnemonic.Vcvtpd2ps);
        AddFloatConversion<ConvertInt32ToDouble>(t, -1, Mnemonic.Cvtdq2pd, Mnemonic.Vcvtdq2pd);
        AddFloatConversion<ConvertInt32ToSingle>(t, 0, Mnemonic.Cvtdq2ps, Mnemonic.Vcvtdq2ps);
        AddFloatConversion<ConvertSingleToInt32<Rounding>>(t, 0, Mnemonic.Cvtps2dq, Mnemonic.Vcvtps2dq);
        AddFloatConversion<ConvertSingleToInt32<Truncating>>(t, 0, Mnemonic.Cvttps2dq, Mnemonic.Vcvttps2dq);
        AddFloatConversion<ConvertDoubleToInt32<Rounding>>(t, 1, Mnemonic.Cvtpd2dq, Mnemonic.Vcvtpd2dq);
        AddFloatConversion<ConvertDoubleToInt32<Truncating>>(t, 1, Mnemonic.Cvttpd2dq, Mnemonic.Vcvttpd2dq);
        AddFloatConversion<ConvertHalfToSingle>(t, -1, Mnemonic.Vcvtph2ps);
        AddFloatConversion<ConvertSingleToHalf>(t, 1, Mnemonic.Vcvtps2ph);
        AddFloatFused<FloatFused<Plus, Plus>>(t, "Vfmadd", scalars: true);
        AddFloatFused<FloatFused<Plus, Minus>>(t, "Vfmsub", scalars: true);
        AddFloatFused<FloatFused<Minus, Plus>>(t, "Vfnmadd", scalars: true);
        AddFloatFused<FloatFused<Minus, Minus>>(t, "Vfnmsub", scalars: true);
        AddFloatFused<FloatFusedAlternate<Minus>>(t, "Vfmaddsub", scalars: false);
        AddFloatFused<FloatFusedAlternate<Plus>>(t, "Vfmsubadd", scalars: false);
    }

    private static void AddFloatPacked<TOperation, T>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TOperation : IFloatPackedBinary
    {
        FloatPackedRow<TOperation, T> row = new();
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void AddFloatConversion<TOperation>(Builder t, int elementRatio, params ReadOnlySpan<Mnemonic> mnemonics)
        where TOperation : IFloatConversion
    {
        FloatConversionRow<TOperation> row = new(elementRatio);
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void AddFloatUnary<TOperation>(Builder t, string stem, bool doubles)
        where TOperation : IFloatUnary
    {
        foreach (string name in (ReadOnlySpan<string>)[stem, "V" + stem.ToLowerInvariant()])
        {
            t.Add(Enum.Parse<Mnemonic>(name + "ps"), new FloatUnaryPackedRow<TOperation, float>());
            t.Add(Enum.Parse<Mnemonic>(name + "ss"), new FloatScalarRow(nameof(Handlers.FloatUnaryScalar), static c => [typeof(TOperation), typeof(float), c.SourceType, c.VexFlag]));
            if (!doubles) continue;
            t.Add(Enum.Parse<Mnemonic>(name + "pd"), new FloatUnaryPackedRow<TOperation, double>());
            t.Add(Enum.Parse<Mnemonic>(name + "sd"), new FloatScalarRow(nameof(Handlers.FloatUnaryScalar), static c => [typeof(TOperation), typeof(double), c.SourceType, c.VexFlag]));
        }
    }

    private static void AddFloatCompareMasks(Builder t)
    {
        AddFloatPacked<FloatCompareMask, float>(t, Mnemonic.Cmpps, Mnemonic.Vcmpps);
        AddFloatPacked<FloatCompareMask, double>(t, Mnemonic.Cmppd, Mnemonic.Vcmppd);
        FloatScalarRow single = new(nameof(Handlers.FloatScalar), static c => [typeof(FloatCompareMask), typeof(float), c.SourceType, c.VexFlag]) { ComparePredicate = true };
        FloatScalarRow wide = new(nameof(Handlers.FloatScalar), static c => [typeof(FloatCompareMask), typeof(double), c.SourceType, c.VexFlag]) { ComparePredicate = true };
        t.Add(Mnemonic.Cmpss, single);
        t.Add(Mnemonic.Vcmpss, single);
        // The mnemonic is that of a string instruction, too.
        t.Add(Code.Cmpsd_xmm_xmmm64_imm8, wide);
        t.Add(Mnemonic.Vcmpsd, wide);
    }

    private static void AddFloatFused<TOperation>(Builder t, string stem, bool scalars)
        where TOperation : IFloatFused
    {
        AddFloatFused<TOperation, Fused132>(t, stem + "132", scalars);
        AddFloatFused<TOperation, Fused213>(t, stem + "213", scalars);
        AddFloatFused<TOperation, Fused231>(t, stem + "231", scalars);
    }

    private static void AddFloatFused<TOperation, TForm>(Builder t, string stem, bool scalars)
        where TOperation : IFloatFused
        where TForm : IFusedForm
    {
        t.Add(Enum.Parse<Mnemonic>(stem + "ps"), new FloatFusedRow<TForm, TOperation, float>(scalar: false));
        t.Add(Enum.Parse<Mnemonic>(stem + "pd"), new FloatFusedRow<TForm, TOperation, double>(scalar: false));
        if (!scalars) return;
        t.Add(Enum.Parse<Mnemonic>(stem + "ss"), new FloatFusedRow<TForm, TOperation, float>(scalar: true));
        t.Add(Enum.Parse<Mnemonic>(stem + "sd"), new FloatFusedRow<TForm, TOperation, double>(scalar: true));
    }

    private static void AddFloatBinary<TOperation>(Builder t, string stem)
        where TOperation : IFloatBinary
    {
        foreach (string prefix in (ReadOnlySpan<string>)["", "V"])
        {
            string name = prefix.Length == 0 ? stem : prefix + stem.ToLowerInvariant();
            t.Add(Enum.Parse<Mnemonic>(name + "ps"), new FloatPackedRow<TOperation, float>());
            t.Add(Enum.Parse<Mnemonic>(name + "pd"), new FloatPackedRow<TOperation, double>());
            t.Add(Enum.Parse<Mnemonic>(name + "ss"), new FloatScalarRow(nameof(Handlers.FloatScalar), static c => [typeof(TOperation), typeof(float), c.SourceType, c.VexFlag]));
            t.Add(Enum.Parse<Mnemonic>(name + "sd"), new FloatScalarRow(nameof(Handlers.FloatScalar), static c => [typeof(TOperation), typeof(double), c.SourceType, c.VexFlag]));
        }
    }

    private static void AddFloatCompareFlags<T, TSignals>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TSignals : IFlag
    {
        FloatScalarRow row = new(nameof(Handlers.FloatCompareFlags), static c => [typeof(T), c.SourceType, typeof(TSignals)], unary: true);
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void AddFloatFromInteger<T>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
    {
        FloatScalarRow narrow = new(nameof(Handlers.FloatFromInteger), static c => [typeof(int), typeof(T), c.SourceType, c.VexFlag]);
        FloatScalarRow wide = new(nameof(Handlers.FloatFromInteger), static c => [typeof(long), typeof(T), c.SourceType, c.VexFlag]);
        foreach (Mnemonic mnemonic in mnemonics)
        {
            foreach (Code code in t.CodesOf(mnemonic)) t.Add(code, HasOperand(code, OpCodeOperandKind.r64_or_mem) ? wide : narrow);
        }
    }

    private static void AddFloatToInteger<T, TTruncate>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TTruncate : IFlag
    {
        FloatScalarRow narrow = new(nameof(Handlers.FloatToInteger), static c => [typeof(T), typeof(int), c.SourceType, typeof(TTruncate)]);
        FloatScalarRow wide = new(nameof(Handlers.FloatToInteger), static c => [typeof(T), typeof(long), c.SourceType, typeof(TTruncate)]);
        foreach (Mnemonic mnemonic in mnemonics)
        {
            foreach (Code code in t.CodesOf(mnemonic)) t.Add(code, HasOperand(code, OpCodeOperandKind.r64_reg) ? wide : narrow);
        }
    }

    private static void AddFloatScalar(Builder t, string handler, Func<VectorShape, Type[]> arguments, params ReadOnlySpan<Mnemonic> mnemonics)
    {
        FloatScalarRow row = new(handler, arguments);
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static bool HasOperand(Code code, OpCodeOperandKind kind)
    {
        OpCodeInfo info = code.ToOpCode();
        for (int i = 0; i < info.OpCount; i++)
        {
            if (info.GetOpKind(i) == kind) return true;
        }

        return false;
    }
}
