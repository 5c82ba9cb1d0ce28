using System.Text;
using Emu.Cpu;

namespace Emu.Debugging.Gdb;

// Registers and memory.
internal sealed partial class GdbSession
{
    /// <summary>Memory packets mean physical addresses (QEMU's Qqemu.PhyMemMode).</summary>
    private bool physicalMode;

    private void AddStateHandlers()
    {
        On("g", _ => ReadRegisters());
        On("G", WriteRegisters);
        On("p", ReadRegister);
        On("P", WriteRegister);
        On("m", text => HexText.TryRange(text, out ulong address, out int length) ? ReadMemory(address, length) : BadArgument);
        On("M", text => SplitData(text, out ulong address, out int length, out string data) && HexText.ToBytes(data) is { } bytes && bytes.Length == length
            ? WriteMemory(address, bytes)
            : BadArgument);
        On("X", text => SplitData(text, out ulong address, out int length, out string data) && data.Length == length
            ? WriteMemory(address, Encoding.Latin1.GetBytes(data))
            : BadArgument);
    }

    private string ReadRegisters()
    {
        StringBuilder text = new();
        foreach (GdbRegister register in description.Registers) text.Append(Read(register));
        return text.ToString();
    }

    private string Read(GdbRegister register)
    {
        Span<byte> value = stackalloc byte[register.Size];
        register.Read(selected, value);
        return HexText.From(value);
    }

    /// <summary>Sets those registers that differ: gdb sends all of them when it has changed one.</summary>
    private string WriteRegisters(string digits)
    {
        if (HexText.ToBytes(digits) is not { } bytes) return BadArgument;
        int at = 0;
        bool done = true, any = false;
        foreach (GdbRegister register in description.Registers)
        {
            if (at + register.Size > bytes.Length) break;
            ReadOnlySpan<byte> value = bytes.AsSpan(at, register.Size);
            if (Read(register) != HexText.From(value))
            {
                any = true;
                done &= register.Write(selected, value);
            }

            at += register.Size;
        }

        if (any) NoteChange(true);
        return done ? Ok : BadArgument;
    }

    private GdbRegister? FindRegister(ReadOnlySpan<char> number) =>
        HexText.Number(number) is { } index && index < (ulong)description.Registers.Count ? description.Registers[(int)index] : null;

    private string ReadRegister(string number) => FindRegister(number) is { } register ? Read(register) : BadArgument;

    private string WriteRegister(string text)
    {
        int equals = text.IndexOf('=');
        if (equals < 0 || FindRegister(text.AsSpan(0, equals)) is not { } register || HexText.ToBytes(text[(equals + 1)..]) is not { } value) return BadArgument;
        return value.Length == register.Size && NoteChange(register.Write(selected, value)) ? Ok : BadArgument;
    }

    private static bool SplitData(string text, out ulong address, out int length, out string data)
    {
        int colon = text.IndexOf(':');
        data = colon < 0 ? "" : text[(colon + 1)..];
        (address, length) = (0, 0);
        return colon >= 0 && HexText.TryRange(text[..colon], out address, out length);
    }

    private string ReadMemory(ulong address, int length)
    {
        byte[] buffer = new byte[Math.Min(length, (GdbServer.MaxPacket / 2) - 4)];
        int count = physicalMode ? ReadPhysical(address, buffer) : GuestView.ReadLinear(selected, address, buffer);
        return count == 0 && length != 0 ? NoMemory : HexText.From(buffer.AsSpan(0, count));
    }

    private int ReadPhysical(ulong address, byte[] buffer)
    {
        int count = 0;
        while (count < buffer.Length)
        {
            int chunk = Math.Min(buffer.Length - count, 0x1000 - (int)((address + (uint)count) & 0xFFF));
            if (!selected.Memory.TryPeek(address + (uint)count, buffer.AsSpan(count, chunk))) break;
            count += chunk;
        }

        return count;
    }

    private string WriteMemory(ulong address, byte[] data)
    {
        bool done = physicalMode ? selected.Memory.TryPoke(address, data) : GuestView.WriteLinear(selected, address, data);
        return NoteChange(done) ? Ok : NoMemory;
    }
}
