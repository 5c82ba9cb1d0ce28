using Emu.Cpu;
using Iced.Intel;
using Decoder = Iced.Intel.Decoder;

namespace Emu.Debugging;

/// <summary>One disassembled instruction.</summary>
/// <param name="Address">Address of its first byte.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Text">Intel syntax as NASM writes it.</param>
public readonly record struct CodeLine(ulong Address, byte[] Bytes, string Text)
{
    /// <summary>The bytes in hexadecimal.</summary>
    public string HexBytes => System.Convert.ToHexStringLower(Bytes);
}

/// <summary>Disassembles guest code.</summary>
public static class CodeListing
{
    private const int MaxLength = 15;

    /// <summary>Instructions from an address on; ends early where memory ends.</summary>
    /// <param name="read">Reads bytes at an address and returns how many there are.</param>
    /// <param name="address">Address of the first one.</param>
    /// <param name="bits">16, 32 or 64.</param>
    /// <param name="count">How many.</param>
    /// <param name="displayed">Address to show for the first one, when it differs (IP rather than CS base + IP).</param>
    public static IEnumerable<CodeLine> Disassemble(Func<ulong, Memory<byte>, int> read, ulong address, int bits, int count, ulong? displayed = null)
    {
        NasmFormatter formatter = new();
        StringOutput output = new();
        byte[] buffer = new byte[MaxLength];
        ulong shown = displayed ?? address;
        for (int i = 0; i < count; i++)
        {
            int available = read(address, buffer);
            if (available == 0) yield break;
            Decoder decoder = Decoder.Create(bits, buffer.AsSpan(0, available).ToArray(), shown);
            Instruction instruction = decoder.Decode();
            int length = instruction.IsInvalid ? 1 : instruction.Length;
            if (instruction.IsInvalid) output.Write($"db {buffer[0]:x2}h", FormatterTextKind.Data);
            else formatter.Format(instruction, output);
            yield return new CodeLine(shown, buffer[..length], output.ToStringAndReset());
            address += (uint)length;
            shown += (uint)length;
        }
    }

    /// <summary>Instructions at a linear address as a processor sees it.</summary>
    public static IEnumerable<CodeLine> Linear(Vcpu cpu, ulong linear, int count, ulong? displayed = null) =>
        Disassemble((at, buffer) => GuestView.ReadLinear(cpu, at, buffer.Span), linear, GuestView.CodeBits(cpu), count, displayed);
}
