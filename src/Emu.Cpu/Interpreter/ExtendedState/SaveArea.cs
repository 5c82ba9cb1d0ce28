using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>
/// A guest's save area while an instruction stores to it: pieces are noted first, then every page is checked, then everything is
/// written, so that a fault leaves the area as it was.
/// </summary>
internal unsafe ref struct SaveArea
{
    private const int MaxPieces = 16;

    private readonly Vcpu cpu;
    private readonly SegmentIndex segment;
    private readonly ulong offset;
    private readonly Span<byte> image;
    private fixed int pieces[MaxPieces * 2];
    private int count;

    /// <summary>The area at the memory operand, which must be aligned; raises #GP(0) if not (SDM Vol. 1 13.7, Vol. 2A FXSAVE).</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="alignment">16 or 64.</param>
    /// <param name="image">Room to prepare the pieces in, zeroed.</param>
    public SaveArea(Vcpu cpu, Op* op, int alignment, Span<byte> image)
    {
        this.cpu = cpu;
        this.image = image;
        segment = op->Segment;
        offset = cpu.EffectiveAddress(op);
        // Alignment comes before the segment's limit and canonical addresses.
        bool based = (cpu.State->Mode & CodeMode.Code64) == 0 || segment >= SegmentIndex.Fs;
        ulong linear = offset + (based ? cpu.State->Segment(segment).Base : 0);
        if ((linear & (uint)(alignment - 1)) != 0) cpu.RaiseGeneralProtection();
    }

    /// <summary>Checks that one byte of the area can be accessed: processors look at the ends of an area first, and CR2 tells.</summary>
    public readonly void Probe(int at, AccessKind kind) => cpu.ProbeLinear(Linear(at, 1, kind), 1, kind, segment);

    /// <summary>Adds bytes to be written; the caller fills them in.</summary>
    public Span<byte> Piece(int at, int length)
    {
        pieces[count * 2] = at;
        pieces[(count * 2) + 1] = length;
        count++;
        return image.Slice(at, length);
    }

    /// <summary>Bytes of the image, as read.</summary>
    public readonly Span<byte> Image(int at, int length) => image.Slice(at, length);

    /// <summary>Reads bytes from the area into the image.</summary>
    public readonly Span<byte> Read(int at, int length)
    {
        Span<byte> target = image.Slice(at, length);
        cpu.ReadLinear(Linear(at, length, AccessKind.Read), target, segment);
        return target;
    }

    /// <summary>Writes the pieces.</summary>
    public readonly void Commit()
    {
        for (int i = 0; i < count; i++)
        {
            (int at, int length) = (pieces[i * 2], pieces[(i * 2) + 1]);
            cpu.ProbeLinear(Linear(at, length, AccessKind.Write), length, AccessKind.Write, segment);
        }

        for (int i = 0; i < count; i++)
        {
            (int at, int length) = (pieces[i * 2], pieces[(i * 2) + 1]);
            cpu.WriteLinear(Linear(at, length, AccessKind.Write), image.Slice(at, length), segment);
        }
    }

    private readonly ulong Linear(int at, int length, AccessKind kind) => cpu.TranslateSegment(segment, offset + (uint)at, length, kind);
}
