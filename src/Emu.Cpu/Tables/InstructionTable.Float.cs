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
        AddFloatScalar(t, nameof(Handlers.FloatUnaryScalar), static c => [typeof(float), c.SourceType, c.VexFlag, typeof(No)], Mnemonic.Sqrtss, Mnemonic.Vsqrtss);
        AddFloatScalar(t, nameof(Handlers.FloatUnaryScalar), static c => [typeof(double), c.SourceType, c.VexFlag, typeof(No)], Mnemonic.Sqrtsd, Mnemonic.Vsqrtsd);
        AddFloatScalar(t, nameof(Handlers.FloatUnaryScalar), static c => [typeof(float), c.SourceType, c.VexFlag, typeof(Yes)], Mnemonic.Roundss, Mnemonic.Vroundss);
        AddFloatScalar(t, nameof(Handlers.FloatUnaryScalar), static c => [typeof(double), c.SourceType, c.VexFlag, typeof(Yes)], Mnemonic.Roundsd, Mnemonic.Vroundsd);
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
