using Emu.Mmu;

namespace Emu.Devices.Isa;

/// <summary>
/// The PC/AT's two 8237A controllers: channels 0-3 (bytes) at ports 00h-0Fh, 4-7 (words) at C0h-DFh, page registers at 80h-8Fh
/// (PIIX3 data sheet 2.5.1-2.5.2).
/// </summary>
/// <remarks>Channel 4 carries the cascade; whether it is unmasked is not checked, as not every boot path runs a BIOS that would do it.</remarks>
public sealed class DmaPair : ISnapshotable, IResettable, IDescribable
{
    public const ushort ByteControllerPort = 0x00;
    public const int ByteControllerPortCount = 16;
    public const ushort WordControllerPort = 0xC0;
    public const int WordControllerPortCount = 32;
    public const ushort PagePort = 0x80;
    public const int PagePortCount = 16;

    private const int CascadeChannel = 4;

    private readonly DmaController _bytes;
    private readonly DmaController _words;
    private readonly PageRegisters _pages;

    /// <param name="memory">Memory below 16 MiB as an ISA bus master sees it.</param>
    public DmaPair(IBusMemory memory)
    {
        _bytes = new DmaController(memory, 0, 1);
        _words = new DmaController(memory, CascadeChannel, 2);
        _pages = new PageRegisters(this);
    }

    /// <summary>Ports 00h-0Fh.</summary>
    public IPortDevice ByteController => _bytes;

    /// <summary>Ports C0h-DFh.</summary>
    public IPortDevice WordController => _words;

    /// <summary>Ports 80h-8Fh.</summary>
    public IPortDevice Pages => _pages;

    /// <summary>Channel 0-3 or 5-7.</summary>
    public IDmaChannel GetChannel(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 7);
        ArgumentOutOfRangeException.ThrowIfEqual(number, CascadeChannel);
        return Channel(number);
    }

    private DmaChannel Channel(int number) => number < CascadeChannel ? _bytes[number] : _words[number - CascadeChannel];

    public void Reset()
    {
        _bytes.Reset();
        _words.Reset();
    }

    public void SaveState(BinaryWriter writer)
    {
        _bytes.SaveState(writer);
        _words.SaveState(writer);
        writer.Write(_pages.Scratch);
    }

    public void LoadState(BinaryReader reader)
    {
        _bytes.LoadState(reader);
        _words.LoadState(reader);
        reader.BaseStream.ReadExactly(_pages.Scratch);
    }

    public void Describe(TextWriter writer)
    {
        for (int i = 0; i < 8; i++)
        {
            DmaChannel channel = Channel(i);
            writer.WriteLine($"dma{i}: page={channel.Page:x2} address={channel.CurrentAddress:x4} count={channel.CurrentCount:x4} " +
                $"mode={channel.Mode:x2}{(channel.IsReady ? " ready" : "")}");
        }
    }

    private sealed class PageRegisters(DmaPair pair) : IPortDevice
    {
        /// <summary>Channel whose page lies at 80h + index; -1 for scratch bytes.</summary>
        private static ReadOnlySpan<sbyte> ChannelAt => [-1, 2, 3, 1, -1, -1, -1, 0, -1, 6, 7, 5, -1, -1, -1, 4];

        public byte[] Scratch { get; } = new byte[PagePortCount];

        public uint ReadPort(ushort offset, int size)
        {
            int index = offset & PagePortCount - 1;
            int channel = ChannelAt[index];
            return channel < 0 ? Scratch[index] : pair.Channel(channel).Page;
        }

        public void WritePort(ushort offset, int size, uint value)
        {
            int index = offset & PagePortCount - 1;
            int channel = ChannelAt[index];
            if (channel < 0)
                Scratch[index] = (byte)value;
            else
                pair.Channel(channel).Page = (byte)value;
        }
    }
}
