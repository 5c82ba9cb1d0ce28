using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Emu.Compare;

/// <summary>A line of output and when it came.</summary>
/// <param name="Text">The line.</param>
/// <param name="Begin">Timestamp of its first byte.</param>
/// <param name="End">Timestamp of its newline.</param>
internal readonly record struct MarkedLine(string Text, long Begin, long End);

/// <summary>Reads lines on a thread of its own, so that their times are when they came and not when somebody had time to look.</summary>
internal sealed class MarkedLines
{
    private readonly BlockingCollection<MarkedLine> received = [];

    /// <summary>Begins to read.</summary>
    public MarkedLines(Stream stream)
    {
        Thread reader = new(() => Read(stream)) { IsBackground = true, Name = "output" };
        reader.Start();
    }

    /// <summary>Whether the stream has ended and all its lines were taken.</summary>
    public bool Ended => received.IsCompleted;

    /// <summary>The next line.</summary>
    /// <param name="limit">How long to wait.</param>
    /// <returns>Null when none came, or none will.</returns>
    public MarkedLine? Next(TimeSpan limit) => received.TryTake(out MarkedLine line, limit > TimeSpan.Zero ? limit : TimeSpan.Zero) ? line : null;

    private void Read(Stream stream)
    {
        byte[] buffer = new byte[4096];
        StringBuilder text = new();
        long begin = 0;
        try
        {
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                long now = Stopwatch.GetTimestamp();
                foreach (byte value in buffer.AsSpan(0, count))
                {
                    if (text.Length == 0) begin = now;
                    if (value != '\n')
                    {
                        if (value != '\r') text.Append((char)value);
                        continue;
                    }

                    received.Add(new MarkedLine(text.ToString(), begin, now));
                    text.Clear();
                }
            }
        }
        catch (IOException)
        {
            // The process was ended; so is its output.
        }

        received.CompleteAdding();
    }
}
