using Emu.Cpu.FloatingPoint;
using Iced.Intel;
using Xunit;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>
/// The transcendental functions against the host's x87: special cases, flags, and agreement to one unit in the last place. How far they are from the true values
/// is measured in tests/cpu-conformance.
/// </summary>
public sealed class X87TranscendentalTests
{
    private delegate bool Emulated(Float80 a, Float80 b, ref FloatEnvironment environment, out Float80 top, out Float80 next);

    /// <param name="Emit">The instruction: ST(0) = a, ST(1) = b.</param>
    /// <param name="Emulated">Ours; false for C2.</param>
    /// <param name="Domain">Where the comparison of results holds.</param>
    /// <param name="Pushes">Whether a second result is on top.</param>
    private sealed record Function(
        Action<Assembler> Emit, Emulated Emulated, Func<Float80, Float80, bool> Domain, bool Pushes = false);

    private static readonly Dictionary<string, Function> Functions = new()
    {
        ["f2xm1"] = new(c => c.f2xm1(), (Float80 a, Float80 _, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            top = next = Float80Transcendental.TwoToXMinus1(a, ref e);
            return true;
        }, (a, _) => true),
        ["fyl2x"] = new(c => c.fyl2x(), (Float80 a, Float80 b, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            top = next = Float80Transcendental.YLog2X(a, b, ref e);
            return true;
        }, (a, _) => true),
        ["fyl2xp1"] = new(c => c.fyl2xp1(), (Float80 a, Float80 b, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            top = next = Float80Transcendental.YLog2XPlus1(a, b, ref e);
            return true;
        }, (a, _) => a.BiasedExponent < 0x3FFD),
        ["fpatan"] = new(c => c.fpatan(), (Float80 a, Float80 b, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            top = next = Float80Transcendental.ArcTangentOf(b, a, ref e);
            return true;
        }, (_, _) => true),
        ["fsin"] = new(c => c.fsin(), (Float80 a, Float80 b, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            next = b;
            return Float80Transcendental.TrySine(a, ref e, out top);
        }, (_, _) => true),
        ["fcos"] = new(c => c.fcos(), (Float80 a, Float80 b, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            next = b;
            return Float80Transcendental.TryCosine(a, ref e, out top);
        }, (_, _) => true),
        ["fsincos"] = new(c => c.fsincos(), (Float80 a, Float80 _, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
            Float80Transcendental.TrySineCosine(a, ref e, out next, out top),
            (_, _) => true, true),
        ["fptan"] = new(c => c.fptan(), (Float80 a, Float80 _, ref FloatEnvironment e, out Float80 top, out Float80 next) =>
        {
            bool inRange = Float80Transcendental.TryTangent(a, ref e, out next);
            bool nan = next.BiasedExponent == 0x7FFF;
            top = nan ? next : Float80.One;
            return inRange;
        }, (_, _) => true, true),
    };

    public static TheoryData<string> Names => [.. Functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void AgreesWithTheHostInSpecialCasesFlagsAndToOneUnitInTheLastPlace(string name)
    {
        if (!NativeCode.IsSupported) return;
        Function function = Functions[name];
        using NativeCode code = X87Record.Loop(function.Emit);
        var source = new OperandSource(99);
        var records = new X87Record[Math.Min(OperandSource.Cases, 10_000)];
        for (int done = 0; done < OperandSource.Cases; done += records.Length)
        {
            foreach (ref X87Record record in records.AsSpan())
            {
                (Float80 a, Float80 b) = source.Float80Pair();
                if (source.Next(2) == 0) a = source.NearOne();
                record = new X87Record { A = a, B = b, Control = source.ControlWord() };
            }
            var host = (X87Record[])records.Clone();
            code.Run(host.AsSpan());
            for (int i = 0; i < records.Length; i++)
            {
                if (!function.Domain(records[i].A, records[i].B)) continue;
                string? difference = Compare(function, records[i], host[i]);
                if (difference is not null) Assert.Fail($"{name} {difference}");
            }
        }
    }

    [Theory]
    [InlineData(0xBFFF, RoundingMode.Up, 0x8000_0000_0000_0000, 0x4040)]
    [InlineData(0xBFFF, RoundingMode.Zero, ulong.MaxValue, 0x403F)]
    [InlineData(0x3FFF, RoundingMode.Down, 0x8000_0000_0000_0000, 0xC040)]
    [InlineData(0x3FFF, RoundingMode.Nearest, 0x8000_0000_0000_0000, 0xC040)]
    public void Next_to_its_pole_the_tangent_is_less_than_the_reciprocal_of_the_distance(int exponent, RoundingMode rounding, ulong significand, int result)
    {
        // 2^-65 from pi/2: 2^65 (1 - 2^-130 / 3), which no intermediate result can tell from 2^65.
        var environment = FloatEnvironment.FromX87((ushort)(0x37F | (int)rounding << 10), 0);
        Assert.True(Float80Transcendental.TryTangent(new Float80(0xC90F_DAA2_2168_C235, (ushort)exponent), ref environment, out Float80 tangent));
        Assert.Equal(new Float80(significand, (ushort)result), tangent);
    }

    private static string? Compare(Function function, in X87Record record, in X87Record host)
    {
        FloatEnvironment environment = FloatEnvironment.FromX87(record.Control, 0);
        bool inRange = function.Emulated(record.A, record.B, ref environment, out Float80 top, out Float80 next);
        if (!inRange || (environment.Unmasked & FloatExceptions.PreComputation) != 0) (top, next) = (record.A, record.B);
        // One unit more is an overflow.
        if (top.Abs() == new Float80(ulong.MaxValue, 0x7FFE)) return null;
        // The last place, and with it C1, is the processor's own; and it may call an exact result inexact.
        FloatExceptions hostFlags = (FloatExceptions)host.Status & FloatExceptions.All;
        bool exact = (environment.Flags & FloatExceptions.Inexact) == 0;
        FloatExceptions compared = FloatExceptions.PreComputation | FloatExceptions.Overflow | (exact ? 0 : FloatExceptions.Underflow);
        bool same = IsClose(host.St(0), top) && (!function.Pushes || IsClose(host.St(1), next))
            && (hostFlags & compared) == (environment.Flags & compared)
            && (exact || (hostFlags & FloatExceptions.Inexact) != 0)
            && (host.Status & 0x400) == (inRange ? 0 : 0x400);
        return same ? null
            : $"A={record.A} B={record.B} cw={record.Control:X4}\nhost {host.St(0)} {host.St(1)} {host.Status:X4}\n"
            + $"ours {top} {next} {(int)environment.Flags:X2} in range {inRange}";
    }

    private static bool IsClose(Float80 a, Float80 b)
    {
        if (a == b) return true;
        if (a.BiasedExponent == 0x7FFF || b.BiasedExponent == 0x7FFF || a.Sign != b.Sign) return false;
        UInt128 x = (UInt128)(uint)a.BiasedExponent << 63 | a.Significand & ~(1UL << 63);
        UInt128 y = (UInt128)(uint)b.BiasedExponent << 63 | b.Significand & ~(1UL << 63);
        return (x > y ? x - y : y - x) <= 1;
    }
}
