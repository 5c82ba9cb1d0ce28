using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Feeds Iced from at most two runs of host memory: the rest of a page, and the start of the next.</summary>
internal sealed unsafe class CodeBytes : CodeReader
{
    private byte* first;
    private int firstLength;
    private byte* second;
    private int secondLength;
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
        secondLength = 0;
    }

    /// <summary>Adds the run that follows.</summary>
    public void Append(byte* start, int length)
    {
        second = secondStart = start;
        secondEnd = start + length;
        secondLength = length;
    }

    /// <summary>A byte that has been decoded, counted from the first.</summary>
    public byte this[int offset] => offset < firstLength ? first[offset] : second[offset - firstLength];

    /// <summary>Copies bytes, counted from the first; false if that many are not there.</summary>
    public bool TryCopy(int offset, Span<byte> destination)
    {
        if (offset + destination.Length > firstLength + secondLength) return false;
        for (int i = 0; i < destination.Length; i++) destination[i] = this[offset + i];
        return true;
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
