using System.Numerics;

namespace Emu.Stepper.Explain;

/// <summary>The values that flags follow from.</summary>
/// <param name="A">First operand before, unsigned.</param>
/// <param name="B">Second operand before, unsigned.</param>
/// <param name="Result">Result, truncated to the size.</param>
/// <param name="Bits">Operand size in bits.</param>
/// <param name="Carry">CF before.</param>
/// <param name="Overflow">OF before.</param>
public readonly record struct FlagInputs(ulong A, ulong B, ulong Result, int Bits, bool Carry, bool Overflow)
{
    /// <summary>First operand as a signed number.</summary>
    public BigInteger SignedA => Numbers.Signed(A, Bits / 8);

    /// <summary>Second operand as a signed number.</summary>
    public BigInteger SignedB => Numbers.Signed(B, Bits / 8);

    /// <summary>The top bit of the result.</summary>
    public bool Sign => Bit(Result, Bits - 1);

    /// <summary>The count of a shift, as the processor masks it.</summary>
    public int Count => (int)(B & (Bits == 64 ? 63u : 31u));

    /// <summary>A bit.</summary>
    public static bool Bit(ulong value, int number) => number is >= 0 and < 64 && ((value >> number) & 1) != 0;
}

/// <summary>
/// Why a flag has its value: each rule derives the flag from the operands on its own, in words and as a value, so that a test can hold
/// the words to what the processor did.
/// </summary>
public static class FlagRule
{
    /// <summary>Derives a flag.</summary>
    /// <param name="rule">Name of the rule, from the instruction table.</param>
    /// <param name="flag">CF, PF, AF, ZF, SF or OF.</param>
    /// <param name="inputs">What it follows from.</param>
    /// <returns>Its value, or null if the rule only describes it; and the reason.</returns>
    public static (bool? Value, string Reason) Derive(string rule, string flag, in FlagInputs inputs) => rule == "sahf" ? (null, "a copy of the bit in AH") : flag switch
    {
        "ZF" => Zero(rule, inputs),
        "SF" => rule is "comis" or "ptest" or "text" ? (false, "always cleared") : Result(inputs.Sign, rule, $"bit {inputs.Bits - 1} of the result is {(inputs.Sign ? 1 : 0)}: {(inputs.Sign ? "negative" : "not negative")} as a signed number"),
        "PF" => Parity(rule, inputs),
        "CF" => Carry(rule, inputs),
        "OF" => OverflowOf(rule, inputs),
        _ => Adjust(rule, inputs),
    };

    private static (bool? Value, string Reason) Result(bool value, string rule, string reason) =>
        rule is "cmpxchg" or "string" or "decimal" or "compare-exchange" or "text" or "fcomi" or "comis" or "ptest" or "vtest" or "mul" or "imul" ? (null, "as the manual says for this instruction") : (value, reason);

    private static (bool? Value, string Reason) Zero(string rule, in FlagInputs i) => rule switch
    {
        "scan" => (i.B == 0, i.B == 0 ? "the source is zero: there is no bit to find" : "the source is not zero"),
        "popcnt" => (i.B == 0, i.B == 0 ? "the source is zero" : "the source is not zero"),
        "comis" or "fcomi" => (null, "set for equal or unordered"),
        "zf-only" => (null, "tells whether it worked"),
        "ptest" or "vtest" => (null, "set if the AND of the two leaves nothing"),
        _ => Result(i.Result == 0, rule, i.Result == 0 ? "the result is zero" : "the result is not zero"),
    };

    private static (bool? Value, string Reason) Parity(string rule, in FlagInputs i)
    {
        if (rule is "comis" or "fcomi") return (null, "set for unordered: one of them is NaN");
        if (rule is "ptest" or "text" or "vtest" or "popcnt") return (false, "always cleared");
        int count = BitOperations.PopCount((byte)i.Result);
        return Result(count % 2 == 0, rule, $"the low byte of the result, 0x{(byte)i.Result:x2}, has {count} bit{(count == 1 ? "" : "s")} set: {(count % 2 == 0 ? "even" : "odd")}");
    }

    private static (bool? Value, string Reason) Carry(string rule, in FlagInputs i)
    {
        BigInteger limit = BigInteger.One << i.Bits;
        bool carryIn = rule == "adox" ? i.Overflow : i.Carry;
        switch (rule)
        {
            case "add" or "adc" or "adcx":
                BigInteger sum = (BigInteger)i.A + i.B + (rule != "add" && carryIn ? 1 : 0);
                return (sum >= limit, sum >= limit ? $"unsigned, the sum {sum} does not fit in {i.Bits} bits: a carry" : $"unsigned, the sum {sum} fits in {i.Bits} bits: no carry");
            case "sub" or "sbb" or "test-sub":
                BigInteger taken = (BigInteger)i.B + (rule == "sbb" && carryIn ? 1 : 0);
                bool borrow = i.A < taken;
                return (borrow, borrow ? $"unsigned, {i.A} is below {taken}: a borrow" : $"unsigned, {i.A} is not below {taken}: no borrow");
            case "neg":
                return (i.A != 0, i.A != 0 ? "the operand was not zero" : "the operand was zero");
            case "logic" or "test" or "andn" or "bextr":
                return (false, "logical operations clear it");
            case "popcnt":
                return (false, "always cleared");
            case "shl":
                return i.Count > i.Bits ? (null, "shifted out altogether") : ShiftedOut(i.A, i.Bits - i.Count);
            case "shld":
                return i.Count > i.Bits ? (null, "count beyond the size") : ShiftedOut(i.A, i.Bits - i.Count);
            case "shr" or "shrd":
                return i.Count > i.Bits ? (null, "shifted out altogether") : ShiftedOut(i.A, i.Count - 1);
            case "sar":
                return ShiftedOut(i.A, Math.Min(i.Count - 1, i.Bits - 1));
            case "rol":
                return (FlagInputs.Bit(i.Result, 0), $"the last bit carried round, now bit 0, is {(FlagInputs.Bit(i.Result, 0) ? 1 : 0)}");
            case "ror":
                return (i.Sign, $"the last bit carried round, now bit {i.Bits - 1}, is {(i.Sign ? 1 : 0)}");
            case "rcl" or "rcr":
                return RotatedOut(rule == "rcl", i);
            case "bt":
                return (null, "a copy of the bit");
            case "count":
                return (i.B == 0, i.B == 0 ? "the source is zero" : "the source is not zero");
            case "blsi":
                return (i.B != 0, i.B != 0 ? "the source is not zero" : "the source is zero");
            case "bzhi":
                bool beyond = (byte)i.B >= i.Bits;
                return (beyond, $"bit number {(byte)i.B} {(beyond ? "lies beyond" : "lies in")} the operand");
            case "blsr" or "blsmsk":
                return (i.B == 0, i.B == 0 ? "the source is zero" : "the source is not zero");
            case "mul":
                return (null, "set if the upper half of the product is not zero");
            case "imul":
                return (null, "set if the product does not fit in the lower half");
            case "comis" or "fcomi":
                return (null, "set for below or unordered");
            default:
                return (null, "as the manual says for this instruction");
        }
    }

    private static (bool? Value, string Reason) ShiftedOut(ulong value, int bit)
    {
        bool set = FlagInputs.Bit(value, bit);
        return (set, $"the last bit shifted out, bit {bit} of the operand, was {(set ? 1 : 0)}");
    }

    private static (bool? Value, string Reason) RotatedOut(bool left, in FlagInputs i)
    {
        int count = i.Count % (i.Bits + 1);
        BigInteger whole = ((BigInteger)(i.Carry ? 1 : 0) << i.Bits) | i.A;
        int width = i.Bits + 1;
        int turn = left ? count : width - count;
        BigInteger turned = ((whole << turn) | (whole >> (width - turn))) & ((BigInteger.One << width) - 1);
        bool carry = !(turned >> i.Bits).IsZero;
        return (carry, $"the bit that ended up in it is {(carry ? 1 : 0)}");
    }

    private static (bool? Value, string Reason) OverflowOf(string rule, in FlagInputs i)
    {
        BigInteger largest = (BigInteger.One << (i.Bits - 1)) - 1, smallest = -largest - 1;
        BigInteger? exact = rule switch
        {
            "add" => i.SignedA + i.SignedB,
            "adc" => i.SignedA + i.SignedB + (i.Carry ? 1 : 0),
            "inc" => i.SignedA + 1,
            "sub" => i.SignedA - i.SignedB,
            "sbb" => i.SignedA - i.SignedB - (i.Carry ? 1 : 0),
            "dec" => i.SignedA - 1,
            "neg" => -i.SignedA,
            _ => null,
        };
        if (exact is { } value)
        {
            bool outside = value > largest || value < smallest;
            return (outside, $"signed, the result {value} {(outside ? "is outside" : "is within")} {smallest} to {largest}");
        }

        switch (rule)
        {
            case "adox":
                BigInteger sum = (BigInteger)i.A + i.B + (i.Overflow ? 1 : 0);
                return (sum >> i.Bits > 0, sum >> i.Bits > 0 ? "here it takes the carry: the sum does not fit" : "here it takes the carry: the sum fits");
            case "logic" or "test" or "andn" or "popcnt" or "blsi" or "blsr" or "blsmsk" or "bzhi" or "bextr":
                return (false, "always cleared");
            case "comis" or "ptest":
                return (false, "always cleared");
            case "mul" or "imul":
                return (null, "the same as CF");
            case "shl" or "shld" or "rol" or "rcl" or "shr" or "sar" or "ror" or "rcr" or "shrd" when i.Count == 1:
                return (null, "for a count of 1: whether the sign changed");
            default:
                return (null, "as the manual says for this instruction");
        }
    }

    private static (bool? Value, string Reason) Adjust(string rule, in FlagInputs i)
    {
        ulong a = i.A & 15, b = i.B & 15, c = i.Carry ? 1u : 0;
        bool? value = rule switch
        {
            "add" => a + b > 15,
            "adc" => a + b + c > 15,
            "inc" => a == 15,
            "sub" => a < b,
            "sbb" => a < b + c,
            "dec" => a == 0,
            "neg" => a != 0,
            _ => null,
        };
        if (value == null) return rule is "comis" or "ptest" or "vtest" or "text" or "popcnt" ? (false, "always cleared") : (null, "as the manual says for this instruction");
        string what = rule is "add" or "adc" or "inc" ? "carry out of" : "borrow into";
        return (value, $"{(value.Value ? "a" : "no")} {what} the low four bits");
    }
}
