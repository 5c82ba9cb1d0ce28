using Emu.Mmu;

namespace Emu.Devices.Tests;

/// <summary>A few bytes of memory at bus address 0; beyond them reads are all ones and writes are lost.</summary>
internal sealed class TestBusMemory(int size) : IBusMemory
{
    public byte[] Bytes { get; } = new byte[size];

    public void Read(ulong physical, Span<byte> destination)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = physical + (ulong)i < (ulong)Bytes.Length ? Bytes[physical + (ulong)i] : (byte)0xFF;
    }

    public void Write(ulong physical, ReadOnlySpan<byte> source)
    {
        for (int i = 0; i < source.Length; i++)
        {
            if (physical + (ulong)i < (ulong)Bytes.Length)
                Bytes[physical + (ulong)i] = source[i];
        }
    }
}
