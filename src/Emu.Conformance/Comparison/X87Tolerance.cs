using System.Buffers.Binary;
using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Comparison;

/// <summary>What x87 instructions leave open.</summary>
internal static class X87Tolerance
{
    private const int C0 = 1 << 8, C1 = 1 << 9, C2 = 1 << 10, C3 = 1 << 14, Underflow = 1 << 4, Precision = 1 << 5, Summary = 0x8080;
    private const int OneExponent = 0x3FFF, QuarterExponent = 0x3FFD;
    private const ulong LargestFyl2xp1 = 0x95F6_1998_0C43_36F7; // 1 - sqrt(1/2), scaled

    /// <summary>Whether the function is transcendental: accurate to 1 ulp, not correctly rounded (SDM Vol. 1 8.3.10).</summary>
    public static bool IsTranscendental(Mnemonic mnemonic) => mnemonic is Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan
        or Mnemonic.Fpatan or Mnemonic.F2xm1 or Mnemonic.Fyl2x or Mnemonic.Fyl2xp1;

    /// <summary>
    /// Whether the operand is outside the range in which the result is defined: F2XM1 beyond 1, FYL2XP1 beyond 1 - sqrt(1/2) (SDM Vol. 2A).
    /// </summary>
    public static unsafe bool IsOutOfRange(Mnemonic mnemonic, CaseInput* input)
    {
        if (mnemonic is not (Mnemonic.F2xm1 or Mnemonic.Fyl2xp1)) return false;
        byte* top = input->State.Xsave + MachineState.StOffset;
        int exponent = *(ushort*)(top + 8) & 0x7FFF;
        ulong significand = *(ulong*)top;
        if (exponent == 0x7FFF) return false;
        return mnemonic == Mnemonic.F2xm1
            ? exponent > OneExponent || (exponent == OneExponent && significand > 1UL << 63)
            : exponent > QuarterExponent || (exponent == QuarterExponent && significand > LargestFyl2xp1);
    }

    /// <summary>Status bits that are undefined after an instruction (condition codes: SDM Vol. 1 table 8-1).</summary>
    public static unsafe int UndefinedStatus(in Instruction instruction, CaseInput* input)
    {
        Mnemonic mnemonic = instruction.Mnemonic;
        if (IsTranscendental(mnemonic))
        {
            // A result that happens to be exact may be reported as inexact, and if tiny as underflow.
            bool unmasked = (input->State.Fcw & (Precision | Underflow)) != (Precision | Underflow);
            return C0 | C1 | C3 | Precision | Underflow | (unmasked ? Summary : 0)
                | (mnemonic is Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan ? 0 : C2);
        }
        return mnemonic switch
        {
            Mnemonic.Fcom or Mnemonic.Fcomp or Mnemonic.Fcompp or Mnemonic.Fucom or Mnemonic.Fucomp or Mnemonic.Fucompp or Mnemonic.Ficom or Mnemonic.Ficomp
                or Mnemonic.Ftst or Mnemonic.Fxam or Mnemonic.Fprem or Mnemonic.Fprem1 or Mnemonic.Frstor or Mnemonic.Fldenv or Mnemonic.Fninit
                or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 or Mnemonic.Xrstor or Mnemonic.Xrstor64 => 0,
            Mnemonic.Fnclex or Mnemonic.Fldcw or Mnemonic.Fnstenv or Mnemonic.Fnstcw or Mnemonic.Fnstsw or Mnemonic.Fnop => C0 | C1 | C2 | C3,
            _ when instruction.Code.CpuidFeatures() is [CpuidFeature.FPU or CpuidFeature.FPU387 or CpuidFeature.FPU287, ..] => C0 | C2 | C3,
            _ => 0,
        };
    }

    /// <summary>Whether two 80-bit numbers are neighbours at most one unit in the last place apart.</summary>
    public static bool WithinOneUlp(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Int128 distance = Ordinal(left) - Ordinal(right);
        return distance >= -1 && distance <= 1;
    }

    // Numbers of one sign in order of magnitude; the explicit integer bit makes significands of one exponent contiguous.
    private static Int128 Ordinal(ReadOnlySpan<byte> value)
    {
        ushort top = BinaryPrimitives.ReadUInt16LittleEndian(value[8..]);
        ulong significand = BinaryPrimitives.ReadUInt64LittleEndian(value);
        int exponent = top & 0x7FFF;
        if (exponent == 0x7FFF) return (Int128)top << 80 | significand; // infinities and NaNs are only near themselves
        Int128 magnitude = (exponent <= 1 ? 0 : (Int128)(exponent - 1) << 63) + significand;
        return (top & 0x8000) != 0 ? -magnitude : magnitude;
    }
}
