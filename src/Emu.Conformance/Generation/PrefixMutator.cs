using System.Diagnostics.CodeAnalysis;
using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Adds prefixes that are redundant or illegal: they must be ignored, or raise #UD, as the processor does.</summary>
internal static unsafe class PrefixMutator
{
    private const int LongestInstruction = 15;

    private static ReadOnlySpan<byte> Prefixes => [0x26, 0x2E, 0x36, 0x3E, 0x66, 0xF2, 0xF3, 0xF0, 0x66, 0x3E, 0x2E];

    private static ReadOnlySpan<byte> Padding => [0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC];

    /// <summary>Encodes <paramref name="instruction"/> behind a few more prefixes, if the result still is the form or is undefined.</summary>
    public static bool TryMutate(in Instruction instruction, InstructionForm form, InstructionBuilder builder, CaseInput* input, ref Random64 random, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        int count = random.Percent(95) ? 1 + random.Below(3) : 1 + random.Below(10);
        Span<byte> extra = stackalloc byte[count];
        foreach (ref byte prefix in extra)
        {
            prefix = random.Pick(Prefixes);
            // LOCK VERW is undefined (APM Vol. 3 1.2.5), but Zen 5, whose VERW also clears buffers, executes it.
            if (prefix is 0xF0 && form.Mnemonic is Mnemonic.Verw) prefix = 0x3E;
            // A repeat prefix replaces the condition of LOOPE and LOOPNE on some processors; no manual says so.
            if (prefix is 0xF2 or 0xF3 && form.Mnemonic is Mnemonic.Loope or Mnemonic.Loopne) prefix = 0x3E;
        }
        if (form.Bits == 64 && random.Percent(15)) extra[0] = (byte)(0x40 + random.Below(16)); // a REX that is not last is ignored
        // With REX.W the pointer is m16:64 here, whatever the vendor: see FarPointerRow.
        if ((extra[0] & 0xF8) == 0x48 && (instruction.IsJmpFarIndirect || instruction.IsCallFarIndirect)) extra[0] &= 0xF7;

        if (!builder.TryEncode(instruction, input->State.Rip + (ulong)count, out byte[]? plain)) return false;
        // REX must stay the last prefix to have effect, so the new ones go in front.
        byte[] mutated = [.. extra, .. plain];
        // More bytes behind it: an operand-size prefix may lengthen an immediate.
        Instruction decoded = builder.Decode([.. mutated, .. Padding], input->State.Rip);
        if (mutated.Length > LongestInstruction)
        {
            if (mutated.Length > 24 || !decoded.IsInvalid || !random.Percent(10)) return false;
            bytes = mutated; // #GP: longer than 15 bytes
            return true;
        }
        if (decoded.IsInvalid)
        {
            bytes = mutated;
            return random.Percent(30);
        }
        bool same = decoded.Code == form.Code && decoded.Length == mutated.Length && decoded.MemorySegment == instruction.MemorySegment
            && decoded.MemoryDisplacement64 == instruction.MemoryDisplacement64;
        bytes = same ? mutated : null;
        return same;
    }
}
