using Iced.Intel;

namespace Emu.Guests.Tests;

/// <summary>A guest written for a test: a Multiboot kernel with address fields, loaded and entered at 1 MiB in 32-bit protected mode.</summary>
internal static class MultibootProgram
{
    private const uint Load = 0x100000, HeaderSize = 32, AddressFields = 1 << 16, Magic = 0x1BADB002;

    /// <summary>Assembles it into a file.</summary>
    public static void Write(string path, Action<Assembler> code)
    {
        Assembler assembler = new(32);
        code(assembler);
        using FileStream file = File.Create(path);
        using (BinaryWriter writer = new(file, System.Text.Encoding.Latin1, leaveOpen: true))
        {
            foreach (uint field in (ReadOnlySpan<uint>)[Magic, AddressFields, unchecked(0u - Magic - AddressFields), Load, Load, 0, 0, Load + HeaderSize]) writer.Write(field);
        }

        assembler.Assemble(new StreamCodeWriter(file), Load + HeaderSize);
    }
}
