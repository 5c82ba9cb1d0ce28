using Emu.Cpu.FloatingPoint;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>
/// x87 arithmetic against the host's unit: results, exception flags, C1 and condition codes, with every precision, rounding mode and set of masks.
/// </summary>
public sealed class X87ArithmeticTests
{
    private const int ConditionMask = 0x4700;
    private const int C1 = 0x200;

    private delegate void Emulated(ref X87Record record, ref Outcome outcome, ref FloatEnvironment environment);

    /// <summary>What the instruction leaves behind when no pre-computation exception is unmasked.</summary>
    private struct Outcome
    {
        public Float80 St0;
        public Float80? St1;
        public ulong Memory;
        public ulong MemoryHigh;
        public int Conditions;
        public ulong Rflags;

        /// <summary>Unmasked exceptions that keep the instruction from storing its result.</summary>
        public FloatExceptions Prevents;
    }

    private sealed record Operation(Action<Assembler> Emit, Emulated Emulated, int Conditions = C1, bool IntegerMemory = false, bool DoubleMemory = false);

    private static readonly Dictionary<string, Operation> Operations = Build();

    public static TheoryData<string> Names => [.. Operations.Keys];

    private static AssemblerMemoryOperand M32 => __dword_ptr[rdi + X87Record.MemoryOffset];

    private static AssemblerMemoryOperand M64 => __qword_ptr[rdi + X87Record.MemoryOffset];

    private static AssemblerMemoryOperand M16 => __word_ptr[rdi + X87Record.MemoryOffset];

    private static float Single(in X87Record r) => BitConverter.UInt32BitsToSingle((uint)r.Memory);

    private static double Double(in X87Record r) => BitConverter.UInt64BitsToDouble(r.Memory);

    private static Dictionary<string, Operation> Build()
    {
        var t = new Dictionary<string, Operation>
        {
            ["fadd"] = new(c => c.fadd(st0, st1), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Add(r.A, r.B, ref e)),
            ["fsub"] = new(c => c.fsub(st0, st1), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Subtract(r.A, r.B, ref e)),
            ["fsubr"] = new(c => c.fsubr(st0, st1), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Subtract(r.B, r.A, ref e)),
            ["fmul"] = new(c => c.fmul(st0, st1), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Multiply(r.A, r.B, ref e)),
            ["fdiv"] = new(c => c.fdiv(st0, st1), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Divide(r.A, r.B, ref e)),
            ["fdivr"] = new(c => c.fdivr(st0, st1), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Divide(r.B, r.A, ref e)),
            ["fsqrt"] = new(c => c.fsqrt(), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.SquareRoot(r.A, ref e)),
            ["fadd m32"] = new(c => c.fadd(M32), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Add(r.A, Single(r), ref e)),
            ["fsub m64"] = new(c => c.fsub(M64), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Subtract(r.A, Double(r), ref e), DoubleMemory: true),
            ["fsubr m32"] = new(c => c.fsubr(M32), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.SubtractReverse(r.A, Single(r), ref e)),
            ["fmul m32"] = new(c => c.fmul(M32), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Multiply(r.A, Single(r), ref e)),
            ["fdiv m64"] = new(c => c.fdiv(M64), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Divide(r.A, Double(r), ref e), DoubleMemory: true),
            ["fdivr m64"] = new(c => c.fdivr(M64), (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.DivideReverse(r.A, Double(r), ref e), DoubleMemory: true),
            ["fiadd m16"] = new(c => c.fiadd(M16),
                (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Add(r.A, Float80Convert.LoadInteger((short)r.Memory), ref e), IntegerMemory: true),
            ["fidivr m32"] = new(c => c.fidivr(M32),
                (ref r, ref o, ref e) => o.St0 = Float80Arithmetic.Divide(Float80Convert.LoadInteger((int)r.Memory), r.A, ref e), IntegerMemory: true),
            ["frndint"] = new(c => c.frndint(), (ref r, ref o, ref e) => o.St0 = Float80Remainder.RoundToIntegral(r.A, ref e)),
            ["fscale"] = new(c => c.fscale(), (ref r, ref o, ref e) => o.St0 = Float80Remainder.Scale(r.A, r.B, ref e)),
            ["fxtract"] = new(c => c.fxtract(), (ref r, ref o, ref e) => (o.St0, o.St1) = Float80Remainder.Extract(r.A, ref e)),
            ["fprem"] = new(c => c.fprem(), (ref r, ref o, ref e) => Keep(ref o, Float80Remainder.Truncating(r.A, r.B, ref e)), ConditionMask),
            ["fprem1"] = new(c => c.fprem1(), (ref r, ref o, ref e) => Keep(ref o, Float80Remainder.Nearest(r.A, r.B, ref e)), ConditionMask),
            ["fxam"] = new(c => c.fxam(), (ref r, ref o, ref _) => o.Conditions = Conditions((int)Float80Compare.Classify(r.A), r.A.Sign), ConditionMask),
            ["fcom"] = new(c => c.fcom(st0, st1), (ref r, ref o, ref e) => Keep(ref o, Float80Compare.Compare(r.A, r.B, true, ref e)), ConditionMask),
            ["fucom"] = new(c => c.fucom(st0, st1), (ref r, ref o, ref e) => Keep(ref o, Float80Compare.Compare(r.A, r.B, false, ref e)), ConditionMask),
            ["ftst"] = new(c => c.ftst(), (ref r, ref o, ref e) => Keep(ref o, Float80Compare.Compare(r.A, default, true, ref e)), ConditionMask),
            ["fcom m32"] = new(c => c.fcom(M32), (ref r, ref o, ref e) => Keep(ref o, Float80Compare.Compare(r.A, Single(r), true, ref e)), ConditionMask),
            ["fcom m64"] = new(c => c.fcom(M64), (ref r, ref o, ref e) => Keep(ref o, Float80Compare.Compare(r.A, Double(r), true, ref e)), ConditionMask, DoubleMemory: true),
            ["fcomi"] = new(c => c.fcomi(st0, st1), (ref r, ref o, ref e) => o.Rflags = Rflags(Float80Compare.Compare(r.A, r.B, true, ref e))),
            ["fucomi"] = new(c => c.fucomi(st0, st1), (ref r, ref o, ref e) => o.Rflags = Rflags(Float80Compare.Compare(r.A, r.B, false, ref e))),
            ["fld m32"] = new(c => c.fld(M32), (ref r, ref o, ref e) => Load(ref r, ref o, Float80Convert.Load(Single(r), ref e))),
            ["fld m64"] = new(c => c.fld(M64), (ref r, ref o, ref e) => Load(ref r, ref o, Float80Convert.Load(Double(r), ref e)), DoubleMemory: true),
            ["fild m16"] = new(c => c.fild(M16), (ref r, ref o, ref _) => Push(ref r, ref o, Float80Convert.LoadInteger((short)r.Memory)), IntegerMemory: true),
            ["fild m32"] = new(c => c.fild(M32), (ref r, ref o, ref _) => Push(ref r, ref o, Float80Convert.LoadInteger((int)r.Memory)), IntegerMemory: true),
            ["fild m64"] = new(c => c.fild(M64), (ref r, ref o, ref _) => Push(ref r, ref o, Float80Convert.LoadInteger((long)r.Memory)), IntegerMemory: true),
            ["fst m32"] = new(c => c.fst(M32), (ref r, ref o, ref e) => Store(ref o, BitConverter.SingleToUInt32Bits(Float80Convert.Store<float>(r.A, ref e)), uint.MaxValue)),
            ["fst m64"] = new(c => c.fst(M64), (ref r, ref o, ref e) => Store(ref o, BitConverter.DoubleToUInt64Bits(Float80Convert.Store<double>(r.A, ref e)), ulong.MaxValue)),
            ["fist m16"] = new(c => c.fist(M16), (ref r, ref o, ref e) => Store(ref o, (ulong)Float80Convert.StoreInteger<short>(r.A, false, ref e), ushort.MaxValue)),
            ["fist m32"] = new(c => c.fist(M32), (ref r, ref o, ref e) => Store(ref o, (ulong)Float80Convert.StoreInteger<int>(r.A, false, ref e), uint.MaxValue)),
            ["fistp m64"] = new(c => c.fistp(M64), (ref r, ref o, ref e) => Pop(ref r, ref o, (ulong)Float80Convert.StoreInteger<long>(r.A, false, ref e), ulong.MaxValue)),
            ["fisttp m16"] = new(c => c.fisttp(M16), (ref r, ref o, ref e) => Pop(ref r, ref o, (ulong)Float80Convert.StoreInteger<short>(r.A, true, ref e), ushort.MaxValue)),
            ["fisttp m64"] = new(c => c.fisttp(M64), (ref r, ref o, ref e) => Pop(ref r, ref o, (ulong)Float80Convert.StoreInteger<long>(r.A, true, ref e), ulong.MaxValue)),
            ["fbld"] = new(c => c.fbld(__tbyte_ptr[rdi + X87Record.MemoryOffset]), LoadBcd, IntegerMemory: true),
            ["fbstp"] = new(c => c.fbstp(__tbyte_ptr[rdi + X87Record.MemoryOffset]), StoreBcd),
            ["fldl2t"] = new(c => c.fldl2t(), (ref r, ref o, ref e) => Push(ref r, ref o, Float80Convert.Log2Of10(e.Rounding))),
            ["fldl2e"] = new(c => c.fldl2e(), (ref r, ref o, ref e) => Push(ref r, ref o, Float80Convert.Log2OfE(e.Rounding))),
            ["fldpi"] = new(c => c.fldpi(), (ref r, ref o, ref e) => Push(ref r, ref o, Float80Convert.Pi(e.Rounding))),
            ["fldlg2"] = new(c => c.fldlg2(), (ref r, ref o, ref e) => Push(ref r, ref o, Float80Convert.Log10Of2(e.Rounding))),
            ["fldln2"] = new(c => c.fldln2(), (ref r, ref o, ref e) => Push(ref r, ref o, Float80Convert.LnOf2(e.Rounding))),
            ["fld1"] = new(c => c.fld1(), (ref r, ref o, ref _) => Push(ref r, ref o, Float80.One)),
        };
        return t;
    }

    private static int Conditions(int c3c2c0, bool c1) =>
        (c3c2c0 & 4) << 12 | (c3c2c0 & 2) << 9 | (c3c2c0 & 1) << 8 | (c1 ? C1 : 0);

    private static void Keep(ref Outcome outcome, PartialRemainder remainder)
    {
        outcome.St0 = remainder.Value;
        int q = remainder.Quotient;
        outcome.Conditions = (remainder.Incomplete ? 0x400 : 0) | (q & 4) << 6 | (q & 2) << 13 | (q & 1) << 9;
    }

    private static void Keep(ref Outcome outcome, FloatOrdering ordering) => outcome.Conditions = ordering switch
    {
        FloatOrdering.Less => 0x100,
        FloatOrdering.Equal => 0x4000,
        FloatOrdering.Greater => 0,
        _ => 0x4500,
    };

    private static ulong Rflags(FloatOrdering ordering) => ordering switch
    {
        FloatOrdering.Unordered => 0x45,
        FloatOrdering.Less => 0x01,
        FloatOrdering.Equal => 0x40,
        _ => 0,
    };

    private static void Push(ref X87Record record, ref Outcome outcome, Float80 value)
    {
        outcome.St0 = value;
        outcome.St1 = record.A;
    }

    private static void Load(ref X87Record record, ref Outcome outcome, Float80 value)
    {
        Push(ref record, ref outcome, value);
        outcome.Prevents = FloatExceptions.Invalid;
    }

    private static void Store(ref Outcome outcome, ulong value, ulong mask)
    {
        outcome.Memory = outcome.Memory & ~mask | value & mask;
        outcome.Prevents |= FloatExceptions.Overflow | FloatExceptions.Underflow;
    }

    private static void Pop(ref X87Record record, ref Outcome outcome, ulong value, ulong mask)
    {
        Store(ref outcome, value, mask);
        outcome.St0 = record.B;
    }

    private static void LoadBcd(ref X87Record record, ref Outcome outcome, ref FloatEnvironment environment)
    {
        Span<byte> bytes = stackalloc byte[Float80Convert.PackedBcdLength];
        BitConverter.TryWriteBytes(bytes, record.Memory);
        BitConverter.TryWriteBytes(bytes[8..], (ushort)record.MemoryHigh);
        Push(ref record, ref outcome, Float80Convert.LoadPackedBcd(bytes));
    }

    private static void StoreBcd(ref X87Record record, ref Outcome outcome, ref FloatEnvironment environment)
    {
        Span<byte> bytes = stackalloc byte[Float80Convert.PackedBcdLength];
        Float80Convert.StorePackedBcd(record.A, bytes, ref environment);
        Pop(ref record, ref outcome, BitConverter.ToUInt64(bytes), ulong.MaxValue);
        outcome.MemoryHigh = outcome.MemoryHigh & ~0xFFFFUL | BitConverter.ToUInt16(bytes[8..]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ResultAndStatusEqualTheHosts(string name)
    {
        if (!NativeCode.IsSupported) return;
        Operation operation = Operations[name];
        using NativeCode code = X87Record.Loop(operation.Emit);
        var source = new OperandSource(4711);
        var records = new X87Record[Math.Min(OperandSource.Cases, 10_000)];
        for (int done = 0; done < OperandSource.Cases; done += records.Length)
        {
            foreach (ref X87Record record in records.AsSpan()) record = Random(source, operation, name == "fbld");
            var expected = (X87Record[])records.Clone();
            code.Run(expected.AsSpan());
            for (int i = 0; i < records.Length; i++)
            {
                string? difference = Compare(operation, records[i], expected[i]);
                if (difference is not null) Assert.Fail($"{name} {difference}");
            }
        }
    }

    private static X87Record Random(OperandSource source, Operation operation, bool bcd)
    {
        (Float80 a, Float80 b) = source.Float80Pair();
        return new X87Record
        {
            A = a,
            B = b,
            Memory = bcd ? source.Bcd(16) : operation.IntegerMemory ? source.Integer() : operation.DoubleMemory ? source.Float(11, 52) : source.Float(8, 23),
            MemoryHigh = bcd ? source.Bcd(2) | (ulong)source.Next(2) << 15 : 0,
            Control = source.ControlWord(),
        };
    }

    private static string? Compare(Operation operation, X87Record record, in X87Record host)
    {
        FloatEnvironment environment = FloatEnvironment.FromX87(record.Control, 0);
        var outcome = new Outcome { St0 = record.A, Memory = record.Memory, MemoryHigh = record.MemoryHigh, Prevents = FloatExceptions.PreComputation };
        Outcome before = outcome;
        operation.Emulated(ref record, ref outcome, ref environment);
        bool prevented = (environment.Unmasked & outcome.Prevents) != 0;
        if (prevented)
        {
            int conditions = outcome.Conditions;
            ulong rflags = outcome.Rflags;
            outcome = before;
            outcome.Conditions = conditions;
            outcome.Rflags = rflags;
        }
        int status = (int)environment.Flags | outcome.Conditions | (environment.RoundedUp ? C1 : 0);
        int hostStatus = host.Status & ((int)FloatExceptions.All | operation.Conditions);
        bool same = host.St(0) == outcome.St0
            && (outcome.St1 is not { } st1 || host.St(1) == st1)
            && hostStatus == status
            && host.Memory == outcome.Memory && host.MemoryHigh == outcome.MemoryHigh
            && (outcome.Rflags == 0 || (host.Rflags & 0x45) == outcome.Rflags);
        return same ? null
            : $"A={record.A} B={record.B} M={record.Memory:X} cw={record.Control:X4}\n"
            + $"host {host.St(0)} {host.St(1)} {hostStatus:X4} {host.MemoryHigh:X4}:{host.Memory:X} {host.Rflags & 0x45:X2}\n"
            + $"ours {outcome.St0} {outcome.St1} {status:X4} {outcome.MemoryHigh:X4}:{outcome.Memory:X} {outcome.Rflags:X2}";
    }
}
