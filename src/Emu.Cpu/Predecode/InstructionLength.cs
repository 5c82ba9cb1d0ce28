using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Tells instructions of more than 15 bytes, which are #GP(0) (SDM Vol. 2A 2.3.11), from undefined ones.</summary>
internal static class InstructionLength
{
    private const int MaxLength = 15;

    /// <summary>
    /// Whether an instruction the decoder refused is too long. The decoder stops at 15 bytes and at an undefined LOCK prefix, while to the
    /// processor the length matters more than LOCK: so it is measured here without LOCK and without repeated prefixes.
    /// </summary>
    /// <param name="code">The first 15 bytes.</param>
    /// <param name="bitness">16, 32 or 64.</param>
    /// <param name="options">The model's decoder options.</param>
    public static bool IsOverlong(ReadOnlySpan<byte> code, int bitness, DecoderOptions options)
    {
        byte segment = 0, repeat = 0, operandSize = 0, addressSize = 0, rex = 0;
        int prefixes = 0;
        for (; prefixes < code.Length; prefixes++)
        {
            byte prefix = code[prefixes];
            bool isRex = bitness == 64 && (prefix & 0xF0) == 0x40;
            if (!isRex && !IsLegacyPrefix(prefix)) break;
            // REX counts only right before the opcode.
            rex = isRex ? prefix : (byte)0;
            if (isRex) continue;
            if (prefix == 0x66) operandSize = prefix;
            else if (prefix == 0x67) addressSize = prefix;
            else if (prefix is 0xF2 or 0xF3) repeat = prefix;
            else if (prefix != 0xF0) segment = prefix;
        }

        // An opcode that is undefined with a mandatory prefix has the length it has without.
        return Exceeds(code, prefixes, [segment, addressSize, repeat, operandSize, rex], bitness, options)
            || Exceeds(code, prefixes, [segment, addressSize, rex], bitness, options);
    }

    private static bool Exceeds(ReadOnlySpan<byte> code, int prefixes, ReadOnlySpan<byte> effective, int bitness, DecoderOptions options)
    {
        // Bytes behind the first 15 do not matter: what needs them is too long.
        byte[] shortened = new byte[MaxLength * 2];
        int kept = 0;
        foreach (byte prefix in effective)
        {
            if (prefix != 0) shortened[kept++] = prefix;
        }

        code[prefixes..].CopyTo(shortened.AsSpan(kept));
        Decoder decoder = Decoder.Create(bitness, new ByteArrayCodeReader(shortened), options | DecoderOptions.NoInvalidCheck);
        Instruction instruction = decoder.Decode();
        return !instruction.IsInvalid && prefixes - kept + instruction.Length > MaxLength;
    }

    private static bool IsLegacyPrefix(byte value) => value is 0x26 or 0x2E or 0x36 or 0x3E or 0x64 or 0x65 or 0x66 or 0x67 or 0xF0 or 0xF2 or 0xF3;
}
