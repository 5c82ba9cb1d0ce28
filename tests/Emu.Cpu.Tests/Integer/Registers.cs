using Iced.Intel;
using Xunit;

namespace Emu.Cpu.Tests.Integer;

/// <summary>Registers and encodings by number and width.</summary>
internal static class Registers
{
    /// <summary>A general register; for bytes the low one.</summary>
    public static Register Get(int number, int width) => width switch
    {
        8 => number < 4 ? Register.AL + number : number < 8 ? Register.SPL + (number - 4) : Register.R8L + (number - 8),
        16 => Register.AX + number,
        32 => Register.EAX + number,
        _ => Register.RAX + number,
    };

    /// <summary>An encoding by name.</summary>
    public static Code Code(string name) => Enum.Parse<Code>(name);

    /// <summary>[register] in the natural address size of the mode (in 16-bit code [BX], [SI], [DI] exist).</summary>
    public static MemoryOperand At(int register, int bits, int displacement = 0) =>
        new(Get(register, bits), Register.None, 1, displacement, displacement == 0 ? 0 : bits == 16 ? 2 : 4, false, Register.None);

    /// <summary>Widths of operands and code in which they exist.</summary>
    public static TheoryData<int, int> WidthsAndModes
    {
        get
        {
            TheoryData<int, int> data = [];
            foreach (int bits in new[] { 16, 32, 64 })
            {
                foreach (int width in new[] { 8, 16, 32, 64 })
                {
                    if (width < 64 || bits == 64) data.Add(width, bits);
                }
            }

            return data;
        }
    }

    /// <summary>The value a 64-bit register has after a write of a result.</summary>
    public static ulong Merge(ulong old, ulong result, int width) => width switch
    {
        8 => (old & ~0xFFul) | (byte)result,
        16 => (old & ~0xFFFFul) | (ushort)result,
        32 => (uint)result,
        _ => result,
    };
}
