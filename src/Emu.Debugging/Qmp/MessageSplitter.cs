using System.Text;

namespace Emu.Debugging.Qmp;

/// <summary>Cuts a stream of bytes into JSON objects; they need not be on lines of their own.</summary>
/// <param name="limit">Bytes of a message; a longer one is dropped.</param>
internal sealed class MessageSplitter(int limit)
{
    private readonly List<byte> bytes = [];
    private int depth;
    private bool quoted;
    private bool escaped;

    /// <summary>Forgets an unfinished message.</summary>
    public void Clear()
    {
        bytes.Clear();
        depth = 0;
        quoted = escaped = false;
    }

    /// <summary>Takes a byte; returns a whole message, or null.</summary>
    public string? Feed(byte value)
    {
        if (bytes.Count == 0 && (value is (byte)' ' or (byte)'\r' or (byte)'\n' or (byte)'\t')) return null;
        bytes.Add(value);
        if (bytes.Count > limit)
        {
            Clear();
            return null;
        }

        if (quoted)
        {
            if (escaped) escaped = false;
            else if (value == (byte)'\\') escaped = true;
            else if (value == (byte)'"') quoted = false;
            return null;
        }

        switch (value)
        {
            case (byte)'"':
                quoted = true;
                break;
            case (byte)'{' or (byte)'[':
                depth++;
                break;
            case (byte)'}' or (byte)']':
                depth--;
                break;
        }

        // Outside any object a line is a message of its own, which will be refused.
        bool finished = depth <= 0 && (value is (byte)'}' or (byte)']' or (byte)'\n');
        if (!finished) return null;
        string message = Encoding.UTF8.GetString(bytes.ToArray());
        Clear();
        return message;
    }
}
