using Emu.Mmu;

namespace Emu.Devices.Display;

/// <summary>Video memory in a snapshot: only the pages that hold something.</summary>
internal static class VideoMemoryState
{
    private const int EndMark = -1;

    public static void Save(GuestRam vram, BinaryWriter writer)
    {
        Span<byte> bytes = vram.Bytes;
        for (int at = 0; at < bytes.Length; at += GuestMemory.PageSize)
        {
            Span<byte> page = bytes.Slice(at, GuestMemory.PageSize);
            if (!page.ContainsAnyExcept((byte)0))
                continue;
            writer.Write(at);
            writer.Write(page);
        }
        writer.Write(EndMark);
    }

    public static void Load(GuestRam vram, BinaryReader reader)
    {
        vram.Discard();
        byte[] page = new byte[GuestMemory.PageSize];
        for (int at; (at = reader.ReadInt32()) != EndMark;)
        {
            if (at < 0 || (ulong)at + GuestMemory.PageSize > vram.Size)
                throw new InvalidDataException("The snapshot holds more video memory than this machine has.");
            reader.BaseStream.ReadExactly(page);
            vram.Write((ulong)at, page);
        }
    }
}
