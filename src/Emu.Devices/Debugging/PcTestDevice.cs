using System.Buffers.Binary;

using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Debugging;

/// <summary>
/// The test device (<c>pc-testdev</c>) that kvm-unit-tests drives: scratch ports at 0xE0 and 0xE8, a page-flush port at 0xE4, one
/// port for each interrupt input from 0x2000 on, and a window of memory-mapped I/O at 0xFF000000 that behaves as RAM.
/// </summary>
public sealed class PcTestDevice : ISnapshotable, IResettable
{
    /// <summary>First of the scratch and flush ports.</summary>
    public const ushort ScratchPort = 0xE0;

    /// <summary>Number of scratch and flush ports.</summary>
    public const int ScratchPortCount = 12;

    /// <summary>Port of interrupt input 0.</summary>
    public const ushort InterruptPort = 0x2000;

    /// <summary>Interrupt inputs.</summary>
    public const int InterruptCount = 24;

    /// <summary>Physical address of the memory window.</summary>
    public const ulong WindowAddress = 0xFF000000;

    /// <summary>Bytes of the memory window.</summary>
    public const int WindowSize = 0x10000;

    private readonly IInterruptLine[] _lines;
    private readonly bool[] _levels = new bool[InterruptCount];
    private readonly byte[] _window = new byte[WindowSize];
    private uint _scratch;

    /// <param name="line">The wire to global interrupt n (0 to 23).</param>
    public PcTestDevice(Func<int, IInterruptLine> line)
    {
        _lines = [.. Enumerable.Range(0, InterruptCount).Select(line)];
        Scratch = new ScratchPorts(this);
        Interrupts = new InterruptPorts(this);
        Window = new MemoryWindow(_window);
    }

    /// <summary>Claims <see cref="ScratchPortCount"/> ports from <see cref="ScratchPort"/> on.</summary>
    public IPortDevice Scratch { get; }

    /// <summary>Claims <see cref="InterruptCount"/> ports from <see cref="InterruptPort"/> on.</summary>
    public IPortDevice Interrupts { get; }

    /// <summary>Claims <see cref="WindowSize"/> bytes at <see cref="WindowAddress"/>, above the firmware's flash.</summary>
    public IMemoryDevice Window { get; }

    /// <inheritdoc/>
    public void Reset()
    {
        _scratch = 0;
        Array.Clear(_window);
        for (int i = 0; i < InterruptCount; i++)
            Drive(i, false);
    }

    /// <inheritdoc/>
    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_scratch);
        writer.Write(_window);
        foreach (bool level in _levels)
            writer.Write(level);
    }

    /// <inheritdoc/>
    public void LoadState(BinaryReader reader)
    {
        _scratch = reader.ReadUInt32();
        reader.BaseStream.ReadExactly(_window);
        for (int i = 0; i < InterruptCount; i++)
            Drive(i, reader.ReadBoolean());
    }

    private void Drive(int line, bool level)
    {
        _levels[line] = level;
        _lines[line].Set(level);
    }

    /// <summary>
    /// 0xE0 to 0xE3 and 0xE8 to 0xEB are one 32-bit word, byte by byte (the second range exists to be accessed in widths the
    /// first does not care about). A write to 0xE4 asks the host to unmap and remap a page, which changes nothing for a guest
    /// whose memory is always present.
    /// </summary>
    private sealed class ScratchPorts(PcTestDevice owner) : IPortDevice
    {
        private const int FlushOffset = 4;

        public int MaxPortAccessSize => 4;

        public uint ReadPort(ushort offset, int size)
            => IsFlush(offset) ? 0 : owner._scratch >> Shift(offset) & Mask(offset, size);

        public void WritePort(ushort offset, int size, uint value)
        {
            if (IsFlush(offset))
                return;
            uint mask = Mask(offset, size) << Shift(offset);
            owner._scratch = owner._scratch & ~mask | value << Shift(offset) & mask;
        }

        private static bool IsFlush(int offset) => (offset & ~3) == FlushOffset;

        private static int Shift(int offset) => (offset & 3) * 8;

        /// <summary>Bits of an access that stay within the word.</summary>
        private static uint Mask(int offset, int size)
        {
            int bytes = Math.Min(size, 4 - (offset & 3));
            return bytes == 4 ? uint.MaxValue : (1u << 8 * bytes) - 1;
        }
    }

    private sealed class InterruptPorts(PcTestDevice owner) : IPortDevice
    {
        public uint ReadPort(ushort offset, int size) => 0xFF;

        public void WritePort(ushort offset, int size, uint value)
        {
            if (offset < InterruptCount)
                owner.Drive(offset, value != 0);
        }
    }

    private sealed class MemoryWindow(byte[] window) : IMemoryDevice
    {
        public int MaxAccessSize => 8;

        public ulong ReadMemory(ulong offset, int size)
        {
            Span<byte> bytes = stackalloc byte[8];
            bytes.Clear();
            if (offset + (ulong)size <= WindowSize)
                window.AsSpan((int)offset, size).CopyTo(bytes);
            return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }

        public void WriteMemory(ulong offset, int size, ulong value)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
            if (offset + (ulong)size <= WindowSize)
                bytes[..size].CopyTo(window.AsSpan((int)offset));
        }
    }
}
