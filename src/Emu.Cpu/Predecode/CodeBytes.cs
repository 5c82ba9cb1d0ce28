using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Feeds Iced from at most two runs of host memory: the rest of a page, and the start of the next.</summary>
internal sealed unsafe class CodeBytes : CodeReader
{
    private byte* first;
    private int firstLength;
    private byte* second;
    private byte* next;
    private byte* end;
    private byte* secondStart;
    private byte* secondEnd;

    /// <summary>The bytes from <paramref name="start"/> on.</summary>
    public void Set(byte* start, int length)
    {
        next = first = start;
        firstLength = length;
        end = start + length;
        second = secondStart = secondEnd = null;
    }

    /// <summary>Adds the run that follows.</summary>
    public void Append(byte* start, int length)
    {
        second = secondStart = start;
        secondEnd = start + length;
    }

    /// <summary>A byte that has been decoded, counted from the first.</summary>
    public byte this[int offset] => offset < firstLength ? first[offset] : second[offset - firstLength];

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
