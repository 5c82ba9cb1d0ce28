using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Feeds Iced from at most two runs of host memory: the rest of a page, and the start of the next.</summary>
internal sealed unsafe class CodeBytes : CodeReader
{
    private byte* next;
    private byte* end;
    private byte* secondStart;
    private byte* secondEnd;

    /// <summary>The bytes from <paramref name="start"/> on.</summary>
    public void Set(byte* start, int length)
    {
        next = start;
        end = start + length;
        secondStart = secondEnd = null;
    }

    /// <summary>Adds the run that follows.</summary>
    public void Append(byte* start, int length)
    {
        secondStart = start;
        secondEnd = start + length;
    }

    /// <inheritdoc/>
    public override int ReadByte()
    {
        if (next < end) return *next++;
        if (secondStart == secondEnd) return -1;
        next = secondStart;
        end = secondEnd;
        secondStart = secondEnd;
        return *next++;
    }
}
