using Emu.Conformance.Generation;
using Iced.Intel;

namespace Emu.Conformance.Fuzz;

/// <summary>Makes code to run: random bytes, or random instances of every instruction there is.</summary>
internal sealed class FuzzCode
{
    /// <summary>Bytes of a piece of code.</summary>
    public const int Length = 256;

    private static readonly Code[] Codes = [.. Enum.GetValues<Code>().Where(c => c.ToOpCode() is { IsInstruction: true, Encoding: not (EncodingKind.EVEX or EncodingKind.MVEX) })];

    private readonly int _bits;
    private readonly InstructionBuilder _builder;
    private readonly Code[] _codes;

    /// <summary>A source of code for a mode (16, 32, 64).</summary>
    public FuzzCode(int bits)
    {
        _bits = bits;
        _builder = new InstructionBuilder(bits);
        _codes = [.. Codes.Where(c => bits switch { 16 => c.ToOpCode().Mode16, 32 => c.ToOpCode().Mode32, _ => c.ToOpCode().Mode64 })];
    }

    /// <summary>Fills a piece of code that will run at <paramref name="rip"/>.</summary>
    public void Fill(Span<byte> code, ulong rip, ref Random64 random)
    {
        random.Fill(code);
        if (random.Percent(35)) return;
        for (int used = 0; used < code.Length - 15;)
        {
            if (random.Percent(3))
            {
                used += random.Below(4); // what was there
                continue;
            }
            if (TryEncode(rip + (ulong)used, ref random) is not { } bytes || bytes.Length > code.Length - used) continue;
            if (random.Percent(5)) code[used++] = random.Pick<byte>([0xF0, 0xF2, 0xF3, 0x66, 0x67, 0x2E, 0x64]);
            bytes.AsSpan(0, Math.Min(bytes.Length, code.Length - used)).CopyTo(code[used..]);
            used += bytes.Length;
        }
    }

    private byte[]? TryEncode(ulong rip, ref Random64 random)
    {
        Code code = random.Pick<Code>(_codes);
        if (!_builder.TryBuild(code, ref random, out Instruction instruction)) return null;
        if (instruction.OpCount > 0 && instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64)
            InstructionBuilder.SetBranchTarget(ref instruction, rip + (ulong)random.Below(64) - 16);
        if (instruction.OpCount > 0 && instruction.Op0Kind is OpKind.FarBranch16 or OpKind.FarBranch32)
        {
            instruction.FarBranchSelector = Selector(ref random);
            instruction.FarBranch32 = FuzzImage.Code + (uint)random.Below((int)FuzzImage.CodeSize);
        }
        // Displacements that reach the data, mostly.
        if (instruction.MemoryDisplSize > 1 && random.Percent(70))
            instruction.MemoryDisplacement64 = _bits == 16 ? (ulong)random.Below(0x10000) : FuzzImage.Data + (ulong)random.Below((int)FuzzImage.DataSize);
        return _builder.TryEncode(instruction, rip, out byte[]? bytes) ? bytes : null;
    }

    private static ushort Selector(ref Random64 random) => (ushort)(random.Below(26) * 8 + random.Below(2) * 3);
}
