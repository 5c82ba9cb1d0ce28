using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu.FloatingPoint;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>SSE and AVX arithmetic against the host's unit: results and MXCSR, over edge cases, rounding modes, FTZ, DAZ.</summary>
public sealed class SseArithmeticTests
{
    private delegate void Emulated(ref SseRecord record, ref FloatEnvironment environment);

    private enum Kind
    {
        Single,
        Double,
        Half,
        Int32,
    }

    public static TheoryData<string> Names => [.. Operations.Keys.Where(name => Avx512F.IsSupported || !name.Contains("usi", StringComparison.Ordinal))];

    private static Vector128<float> F(Vector128<byte> v) => v.AsSingle();

    private static Vector128<double> D(Vector128<byte> v) => v.AsDouble();

    private static float F0(Vector128<byte> v) => v.AsSingle().ToScalar();

    private static double D0(Vector128<byte> v) => v.AsDouble().ToScalar();

    private static Vector128<byte> Merge(Vector128<byte> a, float low) => a.AsSingle().WithElement(0, low).AsByte();

    private static Vector128<byte> Merge(Vector128<byte> a, double low) => a.AsDouble().WithElement(0, low).AsByte();

    private static void AddBinary(
        Dictionary<string, (Kind, Action<Assembler>, Emulated)> table, string name,
        Action<Assembler> ps, Action<Assembler> pd, Action<Assembler> ss, Action<Assembler> sd,
        Emulated emulatedPs, Emulated emulatedPd, Emulated emulatedSs, Emulated emulatedSd)
    {
        table[name + "ps"] = (Kind.Single, ps, emulatedPs);
        table[name + "pd"] = (Kind.Double, pd, emulatedPd);
        table[name + "ss"] = (Kind.Single, ss, emulatedSs);
        table[name + "sd"] = (Kind.Double, sd, emulatedSd);
    }

    private static readonly Dictionary<string, (Kind Kind, Action<Assembler> Emit, Emulated Emulated)> Operations = Build();

    private static Dictionary<string, (Kind, Action<Assembler>, Emulated)> Build()
    {
        var t = new Dictionary<string, (Kind, Action<Assembler>, Emulated)>();
        AddBinary(t, "add", c => c.addps(xmm0, xmm1), c => c.addpd(xmm0, xmm1), c => c.addss(xmm0, xmm1), c => c.addsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.Add(F(r.A), F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.Add(D(r.A), D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Add(F0(r.A), F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Add(D0(r.A), D0(r.B), ref e)));
        AddBinary(t, "sub", c => c.subps(xmm0, xmm1), c => c.subpd(xmm0, xmm1), c => c.subss(xmm0, xmm1), c => c.subsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.Subtract(F(r.A), F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.Subtract(D(r.A), D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Subtract(F0(r.A), F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Subtract(D0(r.A), D0(r.B), ref e)));
        AddBinary(t, "mul", c => c.mulps(xmm0, xmm1), c => c.mulpd(xmm0, xmm1), c => c.mulss(xmm0, xmm1), c => c.mulsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.Multiply(F(r.A), F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.Multiply(D(r.A), D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Multiply(F0(r.A), F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Multiply(D0(r.A), D0(r.B), ref e)));
        AddBinary(t, "div", c => c.divps(xmm0, xmm1), c => c.divpd(xmm0, xmm1), c => c.divss(xmm0, xmm1), c => c.divsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.Divide(F(r.A), F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.Divide(D(r.A), D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Divide(F0(r.A), F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Divide(D0(r.A), D0(r.B), ref e)));
        AddBinary(t, "min", c => c.minps(xmm0, xmm1), c => c.minpd(xmm0, xmm1), c => c.minss(xmm0, xmm1), c => c.minsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.Minimum(F(r.A), F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.Minimum(D(r.A), D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Minimum(F0(r.A), F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Minimum(D0(r.A), D0(r.B), ref e)));
        AddBinary(t, "max", c => c.maxps(xmm0, xmm1), c => c.maxpd(xmm0, xmm1), c => c.maxss(xmm0, xmm1), c => c.maxsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.Maximum(F(r.A), F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.Maximum(D(r.A), D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Maximum(F0(r.A), F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.Maximum(D0(r.A), D0(r.B), ref e)));
        AddBinary(t, "sqrt", c => c.sqrtps(xmm0, xmm1), c => c.sqrtpd(xmm0, xmm1), c => c.sqrtss(xmm0, xmm1), c => c.sqrtsd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.SquareRoot(F(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = PackedFloat.SquareRoot(D(r.B), ref e).AsByte(),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.SquareRoot(F0(r.B), ref e)),
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.SquareRoot(D0(r.B), ref e)));
        AddFused(t, "fmadd", c => c.vfmadd213ps(xmm0, xmm1, xmm2), c => c.vfmadd213sd(xmm0, xmm1, xmm2), false, false);
        AddFused(t, "fmsub", c => c.vfmsub213ps(xmm0, xmm1, xmm2), c => c.vfmsub213sd(xmm0, xmm1, xmm2), false, true);
        AddFused(t, "fnmadd", c => c.vfnmadd213ps(xmm0, xmm1, xmm2), c => c.vfnmadd213sd(xmm0, xmm1, xmm2), true, false);
        AddFused(t, "fnmsub", c => c.vfnmsub213ps(xmm0, xmm1, xmm2), c => c.vfnmsub213sd(xmm0, xmm1, xmm2), true, true);
        t["fmaddsubps"] = (Kind.Single, c => c.vfmaddsub213ps(xmm0, xmm1, xmm2),
            (ref r, ref e) => r.Result = PackedFloat.FusedMultiplyAlternate(F(r.B), F(r.A), F(r.C), true, ref e).AsByte());
        t["fmsubaddpd"] = (Kind.Double, c => c.vfmsubadd213pd(xmm0, xmm1, xmm2),
            (ref r, ref e) => r.Result = PackedFloat.FusedMultiplyAlternate(D(r.B), D(r.A), D(r.C), false, ref e).AsByte());
        t["addsubps"] = (Kind.Single, c => c.addsubps(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.AddSubtract(F(r.A), F(r.B), ref e).AsByte());
        t["addsubpd"] = (Kind.Double, c => c.addsubpd(xmm0, xmm1),
            (ref r, ref e) => r.Result = PackedFloat.AddSubtract(D(r.A), D(r.B), ref e).AsByte());
        for (int i = 0; i < 32; i++)
        {
            byte imm = (byte)i;
            var predicate = (ComparePredicate)i;
            t[$"cmpps {predicate}"] = (Kind.Single, c => c.vcmpps(xmm0, xmm0, xmm1, imm),
                (ref r, ref e) => r.Result = PackedFloat.Compare(F(r.A), F(r.B), predicate, ref e).AsByte());
            t[$"cmpsd {predicate}"] = (Kind.Double, c => c.vcmpsd(xmm0, xmm0, xmm1, imm),
                (ref r, ref e) => r.Result = r.A.AsUInt64().WithElement(0, ScalarFloat.Compare(D0(r.A), D0(r.B), predicate, ref e) ? ulong.MaxValue : 0).AsByte());
        }
        for (int i = 0; i < 16; i++)
        {
            byte imm = (byte)i;
            t[$"roundps {i}"] = (Kind.Single, c => c.roundps(xmm0, xmm1, imm),
                (ref r, ref e) => r.Result = PackedFloat.RoundToIntegral(F(r.B), imm, ref e).AsByte());
            t[$"roundsd {i}"] = (Kind.Double, c => c.roundsd(xmm0, xmm1, imm),
                (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.RoundToIntegral(D0(r.B), imm, ref e)));
        }
        for (int i = 0; i < 8; i++)
        {
            byte imm = (byte)i;
            t[$"cvtps2ph {i}"] = (Kind.Single, c => c.vcvtps2ph(xmm0, xmm1, imm),
                (ref r, ref e) => r.Result = PackedConvert.ToHalf(F(r.B), imm, ref e).AsByte());
        }
        AddComparisons(t);
        AddConversions(t);
        return t;
    }

    private static void AddFused(
        Dictionary<string, (Kind, Action<Assembler>, Emulated)> t, string name, Action<Assembler> ps, Action<Assembler> sd, bool product, bool addend)
    {
        t[name + "ps"] = (Kind.Single, ps,
            (ref r, ref e) => r.Result = PackedFloat.FusedMultiplyAdd(F(r.B), F(r.A), F(r.C), product, addend, ref e).AsByte());
        t[name + "sd"] = (Kind.Double, sd,
            (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FusedMultiplyAdd(D0(r.B), D0(r.A), D0(r.C), product, addend, ref e)));
    }

    private static ulong Rflags(FloatOrdering ordering) => ordering switch
    {
        FloatOrdering.Unordered => 0x45,
        FloatOrdering.Less => 0x01,
        FloatOrdering.Equal => 0x40,
        _ => 0,
    };

    private static void ReadFlags(Assembler c)
    {
        c.pushfq();
        c.pop(rax);
        c.and(rax, 0x45);
    }

    private static void AddComparisons(Dictionary<string, (Kind, Action<Assembler>, Emulated)> t)
    {
        t["comiss"] = (Kind.Single, c => { c.comiss(xmm0, xmm1); ReadFlags(c); },
            (ref r, ref e) => Keep(ref r, Rflags(ScalarFloat.Compare(F0(r.A), F0(r.B), true, ref e))));
        t["ucomiss"] = (Kind.Single, c => { c.ucomiss(xmm0, xmm1); ReadFlags(c); },
            (ref r, ref e) => Keep(ref r, Rflags(ScalarFloat.Compare(F0(r.A), F0(r.B), false, ref e))));
        t["comisd"] = (Kind.Double, c => { c.comisd(xmm0, xmm1); ReadFlags(c); },
            (ref r, ref e) => Keep(ref r, Rflags(ScalarFloat.Compare(D0(r.A), D0(r.B), true, ref e))));
        t["ucomisd"] = (Kind.Double, c => { c.ucomisd(xmm0, xmm1); ReadFlags(c); },
            (ref r, ref e) => Keep(ref r, Rflags(ScalarFloat.Compare(D0(r.A), D0(r.B), false, ref e))));
    }

    private static void Keep(ref SseRecord record, ulong integer)
    {
        record.Result = record.A;
        record.Integer = integer;
    }

    private static void AddConversions(Dictionary<string, (Kind, Action<Assembler>, Emulated)> t)
    {
        t["cvtss2sd"] = (Kind.Single, c => c.cvtss2sd(xmm0, xmm1), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.ToDouble(F0(r.B), ref e)));
        t["cvtsd2ss"] = (Kind.Double, c => c.cvtsd2ss(xmm0, xmm1), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.ToSingle(D0(r.B), ref e)));
        t["cvtps2pd"] = (Kind.Single, c => c.cvtps2pd(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToDouble(F(r.B), ref e).AsByte());
        t["cvtpd2ps"] = (Kind.Double, c => c.cvtpd2ps(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToSingle(D(r.B), ref e).AsByte());
        t["cvtdq2ps"] = (Kind.Int32, c => c.cvtdq2ps(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToSingle(r.B.AsInt32(), ref e).AsByte());
        t["cvtdq2pd"] = (Kind.Int32, c => c.cvtdq2pd(xmm0, xmm1), (ref r, ref _) => r.Result = PackedConvert.ToDouble(r.B.AsInt32()).AsByte());
        t["cvtps2dq"] = (Kind.Single, c => c.cvtps2dq(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToInt32(F(r.B), false, ref e).AsByte());
        t["cvttps2dq"] = (Kind.Single, c => c.cvttps2dq(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToInt32(F(r.B), true, ref e).AsByte());
        t["cvtpd2dq"] = (Kind.Double, c => c.cvtpd2dq(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToInt32(D(r.B), false, ref e).AsByte());
        t["cvttpd2dq"] = (Kind.Double, c => c.cvttpd2dq(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToInt32(D(r.B), true, ref e).AsByte());
        t["cvtph2ps"] = (Kind.Half, c => c.vcvtph2ps(xmm0, xmm1), (ref r, ref e) => r.Result = PackedConvert.ToSingle(r.B.AsUInt16(), ref e).AsByte());
        t["cvtss2si32"] = (Kind.Single, c => c.cvtss2si(eax, xmm1), (ref r, ref e) => Keep(ref r, (uint)ScalarFloat.ToInteger<float, int>(F0(r.B), ref e)));
        t["cvtss2si64"] = (Kind.Single, c => c.cvtss2si(rax, xmm1), (ref r, ref e) => Keep(ref r, (ulong)ScalarFloat.ToInteger<float, long>(F0(r.B), ref e)));
        t["cvtsd2si32"] = (Kind.Double, c => c.cvtsd2si(eax, xmm1), (ref r, ref e) => Keep(ref r, (uint)ScalarFloat.ToInteger<double, int>(D0(r.B), ref e)));
        t["cvtsd2si64"] = (Kind.Double, c => c.cvtsd2si(rax, xmm1), (ref r, ref e) => Keep(ref r, (ulong)ScalarFloat.ToInteger<double, long>(D0(r.B), ref e)));
        t["cvttss2si32"] = (Kind.Single, c => c.cvttss2si(eax, xmm1), (ref r, ref e) => Keep(ref r, (uint)ScalarFloat.TruncateToInteger<float, int>(F0(r.B), ref e)));
        t["cvttss2si64"] = (Kind.Single, c => c.cvttss2si(rax, xmm1), (ref r, ref e) => Keep(ref r, (ulong)ScalarFloat.TruncateToInteger<float, long>(F0(r.B), ref e)));
        t["cvttsd2si32"] = (Kind.Double, c => c.cvttsd2si(eax, xmm1), (ref r, ref e) => Keep(ref r, (uint)ScalarFloat.TruncateToInteger<double, int>(D0(r.B), ref e)));
        t["cvttsd2si64"] = (Kind.Double, c => c.cvttsd2si(rax, xmm1), (ref r, ref e) => Keep(ref r, (ulong)ScalarFloat.TruncateToInteger<double, long>(D0(r.B), ref e)));
        t["cvtss2usi32"] = (Kind.Single, c => c.vcvtss2usi(eax, xmm1), (ref r, ref e) => Keep(ref r, ScalarFloat.ToInteger<float, uint>(F0(r.B), ref e)));
        t["cvtsd2usi64"] = (Kind.Double, c => c.vcvtsd2usi(rax, xmm1), (ref r, ref e) => Keep(ref r, ScalarFloat.ToInteger<double, ulong>(D0(r.B), ref e)));
        t["cvttsd2usi32"] = (Kind.Double, c => c.vcvttsd2usi(eax, xmm1), (ref r, ref e) => Keep(ref r, ScalarFloat.TruncateToInteger<double, uint>(D0(r.B), ref e)));
        t["cvttss2usi64"] = (Kind.Single, c => c.vcvttss2usi(rax, xmm1), (ref r, ref e) => Keep(ref r, ScalarFloat.TruncateToInteger<float, ulong>(F0(r.B), ref e)));
        t["cvtsi2ss32"] = (Kind.Single, c => c.cvtsi2ss(xmm0, eax), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FromInteger<int, float>((int)r.Integer, ref e)));
        t["cvtsi2ss64"] = (Kind.Single, c => c.cvtsi2ss(xmm0, rax), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FromInteger<long, float>((long)r.Integer, ref e)));
        t["cvtsi2sd32"] = (Kind.Double, c => c.cvtsi2sd(xmm0, eax), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FromInteger<int, double>((int)r.Integer, ref e)));
        t["cvtsi2sd64"] = (Kind.Double, c => c.cvtsi2sd(xmm0, rax), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FromInteger<long, double>((long)r.Integer, ref e)));
        t["cvtusi2ss64"] = (Kind.Single, c => c.vcvtusi2ss(xmm0, xmm0, rax), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FromInteger<ulong, float>(r.Integer, ref e)));
        t["cvtusi2sd32"] = (Kind.Double, c => c.vcvtusi2sd(xmm0, xmm0, eax), (ref r, ref e) => r.Result = Merge(r.A, ScalarFloat.FromInteger<uint, double>((uint)r.Integer, ref e)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ResultAndMxcsrEqualTheHosts(string name)
    {
        if (!NativeCode.IsSupported || !Fma.IsSupported) return;
        (Kind kind, Action<Assembler> emit, Emulated emulated) = Operations[name];
        using NativeCode code = SseRecord.Loop(emit);
        var source = new OperandSource(12345);
        var records = new SseRecord[Math.Min(OperandSource.Cases, 10_000)];
        for (int done = 0; done < OperandSource.Cases; done += records.Length)
        {
            foreach (ref SseRecord record in records.AsSpan())
            {
                record = default;
                record.A = Operand(source, kind);
                record.B = Operand(source, kind);
                record.C = Operand(source, kind);
                record.Integer = source.Integer();
                record.MxcsrIn = source.Mxcsr();
            }
            var expected = (SseRecord[])records.Clone();
            code.Run(expected.AsSpan());
            for (int i = 0; i < records.Length; i++)
            {
                FloatEnvironment environment = FloatEnvironment.FromMxcsr(records[i].MxcsrIn);
                SseRecord actual = records[i];
                emulated(ref actual, ref environment);
                actual.MxcsrOut = environment.Mxcsr;
                if (actual.Result != expected[i].Result || actual.MxcsrOut != expected[i].MxcsrOut || actual.Integer != expected[i].Integer)
                    Assert.Fail(Describe(name, expected[i], actual));
            }
        }
    }

    private static Vector128<byte> Operand(OperandSource source, Kind kind) => kind switch
    {
        Kind.Single => source.Singles(),
        Kind.Double => source.Doubles(),
        Kind.Half => source.Halves(),
        _ => Vector128.Create((int)source.Integer(), (int)source.Integer(), (int)source.Integer(), (int)source.Integer()).AsByte(),
    };

    private static string Describe(string name, in SseRecord expected, in SseRecord actual) =>
        $"{name} A={Hex(expected.A)} B={Hex(expected.B)} C={Hex(expected.C)} mxcsr={expected.MxcsrIn:X4}\n"
        + $"host {Hex(expected.Result)} {expected.MxcsrOut:X4} {expected.Integer:X}\nours {Hex(actual.Result)} {actual.MxcsrOut:X4} {actual.Integer:X}";

    private static string Hex(Vector128<byte> v) => $"{v.AsUInt64()[1]:X16}_{v.AsUInt64()[0]:X16}";
}
