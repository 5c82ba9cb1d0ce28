using Iced.Intel;

namespace Emu.Cpu;

/// <summary>How long an instruction is that Iced rejects: whether it is longer than 15 bytes, or undefined, or not all there.</summary>
internal static class InstructionLength
{
    /// <summary>Longest instruction in bytes.</summary>
    public const int Maximum = 15;

    /// <summary>
    /// Bytes of a rejected instruction. Processors fetch them all, which may be #PF, before they look whether there are more than
    /// 15, which is #GP(0) (SDM Vol. 2A 2.3.11), and only then find the instruction undefined. Decodes it again with only those
    /// prefixes that decide its length, once each.
    /// </summary>
    /// <param name="bitness">16, 32 or 64.</param>
    /// <param name="code">Its first bytes, as far as they are known.</param>
    /// <param name="options">Vendor rules of decoding.</param>
    public static int OfRejected(int bitness, ReadOnlySpan<byte> code, DecoderOptions options)
    {
        if (code.Length > Maximum) code = code[..Maximum];
        int prefixes = 0;
        while (prefixes < code.Length && (IsLegacyPrefix(code[prefixes]) || IsRex(bitness, code[prefixes]))) prefixes++;
        if (prefixes == code.Length) return prefixes + 1;
        switch (code[prefixes..])
        {
            case [0x06 or 0x07 or 0x0E or 0x16 or 0x17 or 0x1E or 0x1F or 0x27 or 0x2F or 0x37 or 0x3F or 0x60 or 0x61 or 0xCE or 0xD6, ..]:
                return prefixes + 1;
            case [0x0F, 0x04 or 0x0A or 0x0B or 0x0C or 0x0E or (>= 0x24 and <= 0x27) or 0x36 or 0x37 or 0x39 or (>= 0x3B and <= 0x3F) or 0x7A or 0x7B or 0xA6 or 0xA7 or 0xAA, ..]:
            case [0x0F, 0xB9 or 0xFF, ..] when (options & DecoderOptions.AMD) != 0: // UD1 and UD0 have no ModRM byte there
                return prefixes + 2;
        }

        // An opcode that F2, F3 or 66 makes undefined is measured as if they were absent.
        int length = Measure(bitness, code, prefixes, [], options, out bool valid);
        if (!valid) length = Math.Max(length, Measure(bitness, code, prefixes, [0xF2, 0xF3], options, out valid));
        if (!valid) length = Math.Max(length, Measure(bitness, code, prefixes, [0xF2, 0xF3, 0x66], options, out _));
        return length;
    }

    private static int Measure(int bitness, ReadOnlySpan<byte> code, int prefixes, ReadOnlySpan<byte> without, DecoderOptions options, out bool valid)
    {
        List<byte> compact = [];
        for (int i = 0; i < prefixes; i++)
        {
            byte prefix = code[i];
            // REX counts only in front of the opcode; of the others, operand and address size and the last of REPE and REPNE.
            bool decides = IsRex(bitness, prefix) ? i == prefixes - 1
                : prefix is 0x66 or 0x67 ? !code[(i + 1)..prefixes].Contains(prefix)
                : prefix is (0xF2 or 0xF3) && !code[(i + 1)..prefixes].ContainsAny((byte)0xF2, (byte)0xF3);
            if (decides && !without.Contains(prefix)) compact.Add(prefix);
        }

        int dropped = prefixes - compact.Count;
        compact.AddRange(code[prefixes..]);
        // What lies beyond the limit no longer decides the length.
        compact.AddRange(new byte[Maximum]);
        Decoder decoder = Decoder.Create(bitness, compact.ToArray(), options | DecoderOptions.NoInvalidCheck);
        decoder.Decode(out Instruction instruction);
        valid = !instruction.IsInvalid;
        return dropped + instruction.Length;
    }

    private static bool IsRex(int bitness, byte value) => bitness == 64 && (value & 0xF0) == 0x40;

    private static bool IsLegacyPrefix(byte value) =>
        value is 0xF0 or 0xF2 or 0xF3 or 0x2E or 0x36 or 0x3E or 0x26 or 0x64 or 0x65 or 0x66 or 0x67;
}
